"""Reader of the music of one voice of a tune in ABC: notes and marks with exact times, as they are written.

Times are exact fractions of a step (a 16th note). Lengths, chords, broken pairs, tuplets, ties, overlays and rests of
whole bars have the meanings of the ABC standard 2.1, sections 4 and 7.4:

- A chord is as long as its first note, and all its notes are.
- An accidental holds for its letter in all octaves up to the bar line (section 11.3), or as `I:propagate-accidentals`
  says; a tied note keeps its own.
- Grace notes, ornaments and articulations add nothing. Quarter tones are refused.

Ties are joined later, when repeats have been written out (see `unrolled`), because a tie may lead into a second ending.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import STEPS_PER_WHOLE_NOTE
from bachbridge.codecs.abc.rhythm import tuplet_time
from bachbridge.errors import TuneError
from bachbridge.files.abc import scanner
from bachbridge.files.abc.fields import AbcKey
from bachbridge.files.abc.phrase_signs import PhraseSigns
from bachbridge.files.abc.playing_order import Mark, MarkKind, bar_line_marks
from bachbridge.files.abc.written import AbcNote, SpelledNote, VoiceState

_ACCIDENTAL_SEMITONES = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_HIGHEST_PITCH = 127
_MAX_BARS_OF_REST = 999
_MAX_TUPLET = 64
_MAX_BROKEN_SIGNS = 4
_MAX_ENDINGS = 1000
_MAX_DENOMINATOR = 1 << 24
"""The finest part of a step; lengths that do not fit one another would make times of thousands of digits."""
_DECORATIONS: dict[str, MarkKind] = {
    "segno": "segno",
    "fine": "fine",
    "coda": "coda",
    "dacoda": "to coda",
    "dacapo": "da capo",
    "D.C.": "da capo",
    "D.C.alfine": "da capo",
    "D.C.alcoda": "da capo",
    "D.S.": "dal segno",
    "D.S.alfine": "dal segno",
    "D.S.alcoda": "dal segno",
}
_REFUSALS = {
    "long_overlay": "the tune has an overlay over several bars, (& ... &): write it as a voice with V:.",
    "microtone": "the tune has a quarter tone ({}): write the nearest semitone.",
    "open_bracket": "the tune has a bracket [ within a chord or without its end: correct it.",
}
"""Sentences about tokens that are not read."""
_AT_NEXT_BAR_LINE = ("fine", "da capo", "dal segno", "to coda")
DEFAULT_SYMBOLS = {"H": "fermata", "S": "segno", "O": "coda"}
"""Decorations that a letter stands for, unless `U:` gives it another meaning."""


class AbcVoice:
    """A voice of a tune; `name` is empty if it is not named. Lines of music are added with `read_token`."""

    def __init__(self, name: str, state: VoiceState, symbols: Mapping[str, str]) -> None:
        """`symbols` are the decorations that letters stand for."""
        self.name, self.state = name, state
        self._symbols = symbols
        self.notes: list[AbcNote] = []
        self.marks: list[Mark] = []
        self.bar_lines = [Fraction(0)]
        self.meters = [(Fraction(0), state.meter)]
        self.tempos: list[tuple[Fraction, float]] = []
        self.phrase_signs = PhraseSigns()
        self.step = Fraction(0)
        """Step up to which the voice has been read."""
        self._bar_accidentals: dict[tuple[str, int], int] = {}
        self._tied_pitches: dict[tuple[str, int], int] = {}
        """Pitches of the last note or chord that are tied, by letter and octave."""
        self._ties_before_endings: dict[tuple[str, int], int] = {}
        self._tuplet_left, self._tuplet_factor = 0, Fraction(1)
        self._broken_signs = ""
        self._last_first, self._last_length = 0, Fraction(0)
        """Index of the first note of what was read last, a note, chord or rest, and its length."""
        self._last_names: list[tuple[str, int]] = []
        self._layer, self._bar_end = 0, Fraction(0)
        """Overlay that is read, and the end of the bar without its overlays."""
        self._waiting_marks: list[MarkKind] = []
        self._endings = 0
        self._readers: dict[str, Callable[[str], None]] = {
            "note": self._read_note,
            "chord": self._read_chord,
            "rest": lambda text: self._add_notes([], scanner.parse_length(text[1:])),
            "bar": self._read_bar_line,
            "tie": self._tie_last,
            "broken": self._read_broken_sign,
            "tuplet": self._begin_tuplet,
            "bars_rest": self._rest_bars,
            "ending": self._begin_ending,
            "line_ending": self._read_line_ending,
            "overlay": self._begin_overlay,
            "decoration": self._read_decoration,
        }

    def read_token(self, kind: str, text: str) -> None:
        """Read a token of the music; raise `TuneError`."""
        if kind in _REFUSALS:
            raise TuneError(_REFUSALS[kind].format(text))
        reader = self._readers.get(kind)
        if reader:
            reader(text)

    # ------------------------------------------------------------ notes

    def _read_note(self, text: str) -> None:
        found = scanner.NOTE.fullmatch(text)
        assert found
        accidental, letter, octaves, length = found.groups()
        self._add_notes([(accidental, letter, octaves, False)], scanner.parse_length(length))

    def _read_chord(self, text: str) -> None:
        inside, _, after = text[1:].rpartition("]")
        for name in re.findall(r"!([^!]*)!", inside):
            self.phrase_signs.add_decoration(name)
        inside = re.sub(r'"[^"]*"|![^!]*!|\{[^}]*\}', "", inside)
        members = scanner.CHORD_MEMBER.findall(inside)
        if not members:
            if inside.strip():
                raise TuneError(f"the tune has brackets that hold no notes ([{inside[:20]}]): correct it.")
            return
        length = scanner.parse_length(members[0][4]) * scanner.parse_length(after)
        notes = [(sign, letter, octaves, bool(tie)) for sign, letter, octaves, rest, _, tie in members if not rest]
        self._add_notes(notes, length)

    def _add_notes(self, notes: Sequence[SpelledNote], units: Fraction) -> None:
        """Add notes that sound together, or a rest without any, `units` unit lengths long."""
        length = units * self.state.unit * STEPS_PER_WHOLE_NOTE
        if self._tuplet_left:
            length *= self._tuplet_factor
            self._tuplet_left -= 1
        if self._broken_signs:
            length = self._apply_broken_rhythm(length)
        tied_before, self._tied_pitches = self._tied_pitches, {}
        self._last_first, self._last_length, self._last_names = len(self.notes), length, []
        self.phrase_signs.begin_note(self.step, is_sung=bool(notes) and not self._layer)
        for accidental, letter, octaves, is_tied in notes:
            name = letter.upper(), scanner.parse_octaves(letter, octaves)
            pitch = self._pitch(name, accidental, tied_before)
            self._last_names.append(name)
            self.notes.append(AbcNote(self.step, length, pitch, is_tied, self._layer))
            if is_tied:
                self._tied_pitches[name] = pitch
        self._advance(length)

    def _advance(self, length: Fraction) -> None:
        self.step += length
        if self.step.denominator > _MAX_DENOMINATOR:
            raise TuneError("the tune has lengths that do not fit one another: write them with fewer denominators.")

    def _pitch(self, name: tuple[str, int], accidental: str | None, tied: dict[tuple[str, int], int]) -> int:
        if not accidental and name in tied:
            return tied[name]
        letter, octave = name
        place = letter, 0 if self.state.accidental_scope == "pitch" else octave
        semitones = self.state.key.accidentals.get(letter, 0)
        if accidental:
            semitones = _ACCIDENTAL_SEMITONES[accidental]
            if self.state.accidental_scope != "not":
                self._bar_accidentals[place] = semitones
        elif self._bar_accidentals:
            semitones = self._bar_accidentals.get(place, semitones)
        pitch = 60 + abc_tokens.LETTER_SEMITONES[letter] + 12 * octave + semitones + self.state.total_shift
        if not 0 <= pitch <= _HIGHEST_PITCH:
            raise TuneError("the tune has a note beyond the range of MIDI: correct its octave marks.")
        return pitch

    def _tie_last(self, _: str) -> None:
        for index in range(self._last_first, len(self.notes)):
            self.notes[index] = replace(self.notes[index], is_tied=True)
            self._tied_pitches[self._last_names[index - self._last_first]] = self.notes[index].pitch

    def _read_broken_sign(self, text: str) -> None:
        self._broken_signs = text

    def _apply_broken_rhythm(self, length: Fraction) -> Fraction:
        """Share out the time of the last note and the next one, of this `length`; return the new one of the next.

        One loses a half, three quarters or seven eighths to the other. Notes of unequal lengths stay as they are.
        """
        signs, self._broken_signs = self._broken_signs, ""
        if length != self._last_length or len(set(signs)) > 1 or len(signs) > _MAX_BROKEN_SIGNS:
            return length
        moved = length * (1 - Fraction(1, 1 << len(signs))) * (1 if signs[0] == ">" else -1)
        for index in range(self._last_first, len(self.notes)):
            self.notes[index] = replace(self.notes[index], length=length + moved)
        self.step += moved
        return length - moved

    def _begin_tuplet(self, text: str) -> None:
        words = text[1:].split(":")
        if any(len(word) > 3 for word in words):
            raise TuneError(f"the tune has a tuplet {text[:20]} that makes no sense: correct it.")
        notes, time, count = (int(word or 0) for word in [*words, "", ""][:3])
        if notes < 2:
            return  # A slur before a number, such as a fingering.
        if not time:
            numerator = self.state.meter.partition("/")[0]
            compound = numerator in ("6", "9", "12")
            time = tuplet_time(notes, compound=compound) if notes <= 9 else 0
        if not 1 <= time <= _MAX_TUPLET or notes > _MAX_TUPLET or count > _MAX_TUPLET:
            raise TuneError(f"the tune has a tuplet {text} without its time: write it as (p:q:r, such as (10:8:10.")
        self._tuplet_left, self._tuplet_factor = count or notes, Fraction(time, notes)

    def _rest_bars(self, text: str) -> None:
        number = text[1:]
        if len(number) > 4 or int(number or 1) > _MAX_BARS_OF_REST:
            raise TuneError(f"the tune has a rest of over {_MAX_BARS_OF_REST} bars (Z{number[:9]}): shorten it.")
        self._last_first, self._last_length, self._tied_pitches = len(self.notes), Fraction(0), {}
        length = self.state.bar * STEPS_PER_WHOLE_NOTE
        self.step += (int(number or 1) - 1) * length
        if self.step > self.bar_lines[-1]:
            self.bar_lines.append(self.step)
        self.step += length

    # ------------------------------------------------------------ bars

    def _read_bar_line(self, text: str) -> None:
        signs = text.rstrip("0123456789,- \t")
        self._end_bar()
        self.marks += bar_line_marks(signs, self.step)
        if len(signs) < len(text):
            self._begin_ending(text[len(signs) :])

    def _end_bar(self) -> None:
        if self._layer:
            self._layer, self.step = 0, self._bar_end
        self._bar_accidentals = {}
        self._tuplet_left = 0
        self.phrase_signs.end_bar(self.step)
        if self.bar_lines[-1] != self.step:
            self.bar_lines.append(self.step)
        self.marks += [Mark(self.step, kind) for kind in self._waiting_marks]
        self._waiting_marks = []

    def _read_line_ending(self, text: str) -> None:
        """Read a number at the beginning of a line, which is an ending after a bar line."""
        if self.step == self.bar_lines[-1]:
            self._begin_ending(text)

    def _begin_ending(self, text: str) -> None:
        numbers = scanner.parse_ending_numbers(text)
        if 1 in numbers:
            self._ties_before_endings = self._tied_pitches
        else:
            self._tied_pitches = dict(self._ties_before_endings)
        if numbers:
            self._endings += 1
            if self._endings > _MAX_ENDINGS:
                raise TuneError(f"the tune has over {_MAX_ENDINGS:,} endings of repeats: cut it into shorter tunes.")
            self.marks.append(Mark(self.step, "ending", numbers=numbers))

    def _begin_overlay(self, _: str) -> None:
        if not self._layer:
            self._bar_end = self.step
        self._layer += 1
        self.step = self.bar_lines[-1]
        self._tied_pitches, self._bar_accidentals, self._tuplet_left = {}, {}, 0
        self._last_first, self._last_length = len(self.notes), Fraction(0)

    def _read_decoration(self, text: str) -> None:
        name = text.strip("!+") if len(text) > 1 else self._symbols.get(text, "")
        self.phrase_signs.add_decoration(name)
        kind = _DECORATIONS.get(name)
        if kind in _AT_NEXT_BAR_LINE:
            self._waiting_marks.append(kind)
        elif kind:
            self.marks.append(Mark(self.step, kind))

    def finish(self) -> None:
        """End the last bar."""
        self._end_bar()

    # ------------------------------------------------------------ fields

    def begin_part(self, letter: str) -> None:
        """Mark the beginning of a part."""
        self.marks.append(Mark(self.step, "part", part=letter))

    def set_meter(self, meter: str) -> None:
        """Change the meter from here on."""
        self.state.meter = meter
        self.meters.append((self.step, meter))

    def set_tempo(self, bpm: float | None) -> None:
        """Change the tempo from here on; None keeps it."""
        self.tempos += [(self.step, bpm)] if bpm else []

    def set_key(self, key: AbcKey) -> None:
        """Change the key from here on."""
        self.state.key = key
        self._bar_accidentals = {}
