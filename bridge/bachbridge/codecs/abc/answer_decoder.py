"""Decoder of the answer to a phrase, character by character, in the key and the meter of its prompt.

It goes on where the text stopped, in the same bar: one line without repeats, since a player cannot be sent back. So it
writes no `:`, no endings, no end and no change of key. Lengths finer than the grid are rounded when a note is written.

With a guide, letters are wished for by the pitches that they would have. An answer that closes ends with one long note:
in the bar before it no length goes beyond its beginning, and no tie, tuplet or broken rhythm is begun; then the decoder
leaves no choice but to finish the bar, if it is full, and to write that note up to the next bar line.
"""

from collections.abc import Set as AbstractSet
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

import numpy as np

from bachbridge.codecs.abc import spelling as abc_spelling
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.grammar import NOTE_LETTERS, GrammarState
from bachbridge.codecs.abc.prompt import AbcPrompt
from bachbridge.codecs.abc.reader import STEPS_PER_WHOLE_NOTE, TuneNote, split_tokens
from bachbridge.codecs.abc.rhythm import QUANTA_PER_UNIT
from bachbridge.codecs.abc.tokens import LENGTH_COMPLETIONS, LENGTH_QUANTA
from bachbridge.codecs.base import Symbol
from bachbridge.music.frames import Bools, Floats
from bachbridge.music.notes import Note, fold_into_range
from bachbridge.music.phrasing.answers.guide import PhraseGuide

if TYPE_CHECKING:
    from bachbridge.codecs.abc.codec import AbcCodec

_NOTE_MODIFIERS = "<>-"
"""Characters that change the note before them."""
_FORBIDDEN_IN_ANSWER = frozenset(":[]K")
"""Characters that the decoder of an answer does not write."""
_FORBIDDEN_BEFORE_CLOSE = frozenset("(<>-")
"""Characters that it does not write in the bar before the last note."""
_MAX_OCTAVE_NATS = 8.0
_LENGTH_NATS, _MAX_LENGTH_NATS = 1.0, 4.0
"""Nats for a longer note for each note by which the answer has had too many, and the most of them."""


class AbcDecoder:
    """Decoder of an answer (a `base.SymbolDecoder`)."""

    __slots__ = (
        "_closing_step",
        "_codec",
        "_final_step",
        "_final_text",
        "_guide",
        "_is_closed",
        "_pending_token",
        "_pitches_by_situation",
        "_prompt",
        "_reader",
        "_reported_start",
        "_state",
    )

    def __init__(self, codec: "AbcCodec", prompt: AbcPrompt, guide: PhraseGuide | None = None) -> None:
        """The decoder begins after the prompt."""
        self._codec, self._prompt, self._guide = codec, prompt, guide
        self._state: GrammarState = prompt.grammar_state
        self._reader = prompt.header.make_reader()
        for token in split_tokens(prompt.body):
            self._reader.read_token(token)
        self._reader.flush()
        self._pending_token = ""
        """Token that may still become longer."""
        self._final_text = ""
        """Characters of the last note that are still to be written, once it has begun."""
        self._is_closed = False
        self._final_step, self._closing_step = _closing_steps(prompt, guide)
        """The text's steps on which the last note begins, and from which the text leads to it; None without a close."""
        self._pitches_by_situation: dict[tuple[str | None, object], tuple[list[int], list[int]]] = {}
        self._reported_start = Fraction(-1)
        """Begin of the last note of which the guide knows."""

    @property
    def step(self) -> int:
        if self._is_closed and self._guide is not None:
            return self._guide.shape.steps
        return self._answer_step(self._reader.settled_step)

    def _answer_step(self, step: Fraction) -> int:
        """Return the step of the answer in which a step of the text lies."""
        return floor((step - self._prompt.steps) * self._prompt.factor)

    def allowed_ids(self, chosen: Symbol) -> Bools:
        """Return which characters may come next, `[id]`."""
        del chosen  # there is one field: nothing is chosen before
        chars = self._state.allowed_characters() - _FORBIDDEN_IN_ANSWER
        would_end = "\n" in chars and (after := self._state.after("\n")) is not None and after.is_finished
        chars = chars - {"\n"} if would_end else chars
        return self._codec.character_mask(self._closing_characters(chars) or chars)

    # ------------------------------------------------------------ the last note

    @property
    def _quanta_to_close(self) -> int | None:
        """Quanta from what has been read to the last note; None where there is none or it is a bar away or more."""
        if self._final_step is None or self._reader.step < self._closing_step:
            return None
        unit_steps = self._prompt.header.unit * STEPS_PER_WHOLE_NOTE
        return floor((self._final_step - self._reader.step) / unit_steps * QUANTA_PER_UNIT)

    def _closing_characters(self, chars: frozenset[str]) -> frozenset[str]:
        """Return those of the characters that lead to the last note, or all where it is far."""
        left = self._quanta_to_close
        if left is None:
            return chars
        if self._final_text:
            return chars & {self._final_text[0]}
        if self._state.phase == "note":
            return self._within(chars - _FORBIDDEN_BEFORE_CLOSE, left)
        if left <= 0 and self._state.phase in ("music", "line"):
            return chars & self._first_of_close(self._state)
        return chars - _FORBIDDEN_BEFORE_CLOSE

    def _within(self, chars: frozenset[str], left: int) -> frozenset[str]:
        """Return those of the characters after which the unfinished note is at most `left` quanta long."""
        state, ended = self._state, self._state.token_ended
        written = LENGTH_QUANTA.get(state.length, 0)
        is_plain = state.bar_state.rhythm.allows_bar_line
        fitting = {
            char
            for char in chars & {*"/0123456789"}
            if not is_plain
            or any(
                value <= left and state.bar_state.rhythm.add_note(value)
                for value in LENGTH_COMPLETIONS.get(state.length + char, ())
            )
        }
        if ended is not None and (written < left or not is_plain):
            fitting |= chars & ended.allowed_characters()
        elif ended is not None and written == left:
            fitting |= chars & self._first_of_close(ended)
        return frozenset(fitting | (chars & {",", "'"}))

    def _first_of_close(self, state: GrammarState) -> AbstractSet[str]:
        """Return the character with which the close begins in this state between tokens: a bar line or the note."""
        ended = state.token_ended if state.phase == "line" else state
        if ended is None or (ended.bar_state.is_full):
            return {"|"}
        return {self._close_text(ended)[0]}

    def _close_text(self, state: GrammarState) -> str:
        """Return the last note as text: the root of the last chord that is nearest, up to the next bar line."""
        guide, header = self._guide, self._prompt.header
        assert guide is not None
        root = (guide.shape.final_chord[0] + self._prompt.shift) % 12
        nats = guide.pitch_nats(guide.shape.final_step)
        names = [
            (letter, marks)
            for letter in NOTE_LETTERS
            for marks in ("", "," if letter.isupper() else "'")
            if abc_tokens.key_pitch(header.key, letter, marks) % 12 == root
        ]
        heights = {name: abc_tokens.key_pitch(header.key, *name) - self._prompt.shift for name in names}
        last = guide.last_pitch
        letter, marks = max(names, key=lambda name: nats[min(127, max(0, heights[name]))] - abs(heights[name] - last))
        pitch = abc_tokens.key_pitch(header.key, letter, marks)
        sign = "" if self._plain_pitch(letter, marks) == pitch else abc_tokens.key_sign(header.key, letter)
        length = Fraction(state.bar_state.rhythm.left or state.bar_state.bar_quanta, QUANTA_PER_UNIT)
        return sign + letter + marks + abc_tokens.format_length(length)

    def _plain_pitch(self, letter: str, marks: str) -> int:
        """Return the pitch of a letter without a sign after the unfinished note, whose accidental still holds."""
        pending = abc_spelling.NOTE_PATTERN.fullmatch(self._pending_token)
        is_same = pending is not None and pending.group(2, 3) == (letter, marks)
        return self._reader.pitch_of(letter, marks, pending[1] if pending and is_same else None)

    # ------------------------------------------------------------ wishes

    def wish_nats(self, chosen: Symbol) -> Floats | None:
        del chosen
        if self._guide is None or self._state.phase in ("quote", "field", "number") or self._final_text:
            return None
        self._report_pending(self._guide)
        pitch_nats = self._guide.pitch_nats(min(self.step, self._guide.shape.final_step - 1))
        sign = self._pending_token if self._state.phase == "sign" else None
        nats = np.zeros(self._codec.vocab_sizes[0], np.float32)
        numbers, pitches = self._letter_pitches(sign)
        nats[numbers] = pitch_nats[pitches]
        if self._state.phase == "note" and (note := abc_spelling.NOTE_PATTERN.fullmatch(self._pending_token)):
            here = self._sounding(self._reader.pitch_of(note[2], note[3], note[1]))
            for mark, semitones in ((",", -12), ("'", 12)):
                beyond = pitch_nats[min(127, max(0, here + semitones))] - pitch_nats[here]
                nats[self._codec.character_id(mark)] = min(_MAX_OCTAVE_NATS, max(-_MAX_OCTAVE_NATS, float(beyond)))
            self._add_length_nats(nats, self._guide)
        return nats

    def _add_length_nats(self, nats: Floats, guide: PhraseGuide) -> None:
        """Wish for longer notes where the answer has had more than the player would, and for the unit otherwise."""
        if self._state.length:
            return
        begun = max(0, self._answer_step(self._reader.step))
        longer = min(_MAX_LENGTH_NATS, max(-_MAX_LENGTH_NATS, _LENGTH_NATS * guide.onset_excess(begun + 1)))
        nats[list(self._codec.digit_ids)] += longer
        nats[self._codec.character_id("/")] -= max(0.0, longer)

    def _letter_pitches(self, sign: str | None) -> tuple[list[int], list[int]]:
        """Return the ids of the letters, and the pitch that sounds for each after this accidental."""
        situation = sign, self._reader.bar_accidentals
        if situation not in self._pitches_by_situation:
            numbers = [number for _, number in self._codec.letter_ids]
            pitches = [self._sounding(self._reader.pitch_of(letter, "", sign)) for letter, _ in self._codec.letter_ids]
            self._pitches_by_situation[situation] = numbers, pitches
        return self._pitches_by_situation[situation]

    def _sounding(self, pitch: int) -> int:
        return fold_into_range(pitch - self._prompt.shift, 0, 127)

    def _report_pending(self, guide: PhraseGuide) -> None:
        """Tell the guide of an unfinished note; a tied one is known."""
        start = self._reader.step
        if start == self._reported_start or self._state.pending_tie or not self._pending_token:
            return
        if note := abc_spelling.NOTE_PATTERN.fullmatch(self._pending_token):
            self._reported_start = start
            guide.add_onset((self._sounding(self._reader.pitch_of(note[2], note[3], note[1])),))

    # ------------------------------------------------------------ symbols

    def add_symbol(self, symbol: Symbol) -> tuple[Note, ...]:
        """Add a character and return the notes that it settles, new or longer."""
        char = self._codec.decode_text([symbol])
        if not self._final_text and self._begins_close(char):
            self._final_text = self._close_text(self._ended_state)
        after = self._state.after(char)
        assert after is not None, (self._state, char)
        self._state = after
        settled = self._read_character(char)
        notes = tuple(note for tune_note in settled for note in self._grid_notes(tune_note))
        if self._final_text:
            self._final_text = self._final_text[1:]
            if not self._final_text:
                return (*notes, *self._close())
        return notes

    @property
    def _ended_state(self) -> GrammarState:
        """State between tokens in which the next token begins."""
        state = self._state
        return (state.token_ended or state) if state.phase in ("note", "line") else state

    def _begins_close(self, char: str) -> bool:
        """Return True if the last note begins with this character."""
        left, state = self._quanta_to_close, self._state
        if left is None or char == "|" or state.phase not in ("music", "line", "note"):
            return False
        if state.phase != "note":
            return left <= 0
        is_longer = char in ",'/" or char.isdigit()
        return not is_longer and LENGTH_QUANTA.get(state.length, 0) >= left and state.bar_state.rhythm.allows_bar_line

    def _close(self) -> tuple[Note, ...]:
        """Return the last note, which lasts to the end of the answer."""
        guide, note = self._guide, abc_spelling.NOTE_PATTERN.fullmatch(self._pending_token)
        assert guide is not None
        assert note is not None
        self._is_closed = True
        start = max(0, self._answer_step(self._reader.step))
        pitch = self._sounding(self._reader.pitch_of(note[2], note[3], note[1]))
        return (Note(start, guide.shape.steps - start, pitch),) if start < guide.shape.steps else ()

    def _read_character(self, char: str) -> tuple[TuneNote, ...]:
        """Add a character to the unfinished token, and return the notes that are settled."""
        token, longer = self._pending_token, self._pending_token + char
        if _is_token(longer):
            self._pending_token = longer
            return ()
        if self._guide is not None:
            self._report_pending(self._guide)
        self._pending_token = char
        settled = self._reader.read_token(token)
        return settled if char in _NOTE_MODIFIERS else settled + self._reader.flush()

    def _grid_notes(self, note: TuneNote) -> tuple[Note, ...]:
        """Return the note on the grid and within MIDI's pitches, or nothing where rounding leaves it no time."""
        start, end = (
            floor((time - self._prompt.steps) * self._prompt.factor + Fraction(1, 2)) for time in (note.start, note.end)
        )
        return (Note(start, end - start, self._sounding(note.pitch)),) if end > start else ()


def _closing_steps(prompt: AbcPrompt, guide: PhraseGuide | None) -> tuple[Fraction | None, Fraction]:
    """Return the text's step on which the last note begins (None without a close), and the step a bar before."""
    if guide is None or guide.shape.final_step >= guide.shape.steps:
        return None, Fraction(0)
    final = prompt.steps + Fraction(guide.shape.final_step, prompt.factor)
    return final, final - prompt.header.meter * STEPS_PER_WHOLE_NOTE


def _is_token(text: str) -> bool:
    """Return True for a token of the music, or the beginning of a note."""
    return text in ("^", "_", "^^", "__") or abc_spelling.TOKEN_PATTERN.fullmatch(text) is not None
