"""A tune in ABC as it is played: the notes of each voice with repeats written out, meters and tempos with their times.

The text becomes lines, the lines become tokens, and each voice turns its tokens into notes and marks; then each voice's
repeats are written out (see `tune_text`, `scanner`, `voice` and `playing_order`). A voice without any repeat sign is
played in the order of the first voice that has one.

Fields in the music hold for the voice in which they stand; before the first voice, or in a line of their own just
before a line `V:`, they hold for all voices.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import STEPS_PER_WHOLE_NOTE, TuneNote
from bachbridge.errors import TuneError
from bachbridge.files.abc import fields, scanner
from bachbridge.files.abc.playing_order import Span, has_repeats, moved, played_spans
from bachbridge.files.abc.tune_text import AbcLine, tune_lines
from bachbridge.files.abc.voice import DEFAULT_SYMBOLS, AbcVoice, VoiceState, join_ties, unroll_notes

MAX_VOICES = 64
MAX_NOTES = 50_000
_VOICE_ID = re.compile(r'\s*("[^"]*"|[^\s\]]+)(.*)', re.DOTALL)
_VOICE_NAME = re.compile(r'\b(?:name|nm)\s*=\s*"([^"]*)"')


@dataclass(frozen=True, slots=True)
class PlayedVoice:
    """A voice: its name, its notes by start, and its length in steps."""

    name: str
    notes: tuple[TuneNote, ...]
    end: Fraction


@dataclass(frozen=True, slots=True)
class TuneEnding:
    """Values that hold at the end of a tune, as ABC writes them.

    `key` is empty for a key that has no name; `unit` is in whole notes; `can_continue` is True if a line of music in
    this key can follow the text as it stands.
    """

    meter: str
    unit: Fraction
    key: str
    can_continue: bool


@dataclass(frozen=True, slots=True)
class PlayedTune:
    """A tune as it is played; times are in steps."""

    title: str
    voices: tuple[PlayedVoice, ...]
    end: Fraction
    meters: tuple[tuple[Fraction, str], ...]
    """Each meter with the step from which it holds; empty for free meter."""
    tempos: tuple[tuple[Fraction, float], ...]
    """Quarter notes a minute with the step from which they hold; none if the tune states none."""
    pickup: Fraction
    """Length of the first bar if it is short; else 0."""
    last_bar_steps: Fraction
    """Length of the last bar if it is short; 0 if it is full."""
    ending: TuneEnding

    @property
    def notes(self) -> tuple[TuneNote, ...]:
        """The notes of all voices by start."""
        return tuple(sorted((n for voice in self.voices for n in voice.notes), key=lambda n: (n.start, n.pitch)))


def read_tune(text: str) -> PlayedTune:
    """Return the tune of a text; raise `TuneError`."""
    reader = _TuneTextReader()
    for line in tune_lines(text):
        reader.read_line(line)
    return reader.finish()


class _TuneTextReader:
    """Reader of the lines of a tune."""

    def __init__(self) -> None:
        self._header: dict[str, str] = {}
        self._tempo_words: list[str] = []
        self._symbols = dict(DEFAULT_SYMBOLS)
        self._scope, self._transpose = "pitch", 0
        self._in_body = False
        self._state = VoiceState(AbcKey_C, "", Fraction(1, 8))
        self._voices: dict[str, AbcVoice] = {}
        self._voice_fields: dict[str, str] = {}
        """Names and properties of the voices, by their `V:` in the header."""
        self._current: AbcVoice | None = None
        self._waiting: list[AbcLine] = []
        """Fields that hold for all voices if a line `V:` follows."""
        self._at_start: list[AbcLine] = []
        """Fields of the music before the first voice."""

    # ------------------------------------------------------------ lines

    def read_line(self, line: AbcLine) -> None:
        if not self._in_body:
            self._read_header_field(line)
        elif line.letter == "V":
            waiting, self._waiting = self._waiting, []
            for field_line in waiting:
                self._apply_to_all(field_line)
            self._select_voice(line.text)
        elif line.letter and line.letter in "KMLQP":
            self._waiting.append(line)
        elif line.letter:
            self._read_instruction(line)
        else:
            if not line.text.startswith("[V:"):
                self._apply_waiting()
            self._read_music(line.text)

    def _read_header_field(self, line: AbcLine) -> None:
        match line.letter:
            case "V":
                found = _VOICE_ID.fullmatch(line.text)
                if found:
                    self._voice_fields.setdefault(found[1], found[2])
            case "I" | "U" | "m":
                self._read_instruction(line)
            case "T":
                self._header.setdefault("T", line.text)
            case "K":
                self._header["K"] = line.text
                self._begin_body()
            case _:
                self._header[line.letter] = line.text

    def _begin_body(self) -> None:
        meter = fields.parse_meter(self._header.get("M", ""))
        bar = Fraction(meter) if meter else Fraction(1)
        unit = fields.parse_unit(self._header["L"]) if self._header.get("L") else abc_tokens.default_unit(bar)
        key = fields.parse_key(self._header["K"], AbcKey_C)
        self._state = VoiceState(key, meter, unit, transpose=self._transpose, accidental_scope=self._scope)
        self._in_body = True

    def _read_instruction(self, line: AbcLine) -> None:
        if line.letter == "m":
            raise TuneError("the tune has macros (m:): write out the notes that they stand for.")
        if line.letter == "U":
            found = re.fullmatch(r"([H-Wh-w~.])\s*=\s*[!+]?([^!+\s]*)[!+]?", line.text)
            if found:
                self._symbols[found[1]] = found[2]
        if line.letter == "I" and line.text.startswith("MIDI"):
            self._read_midi_directive(line.text)
        elif line.letter == "I":
            found = re.match(r"propagate-accidentals[\s:=]+(not|octave|pitch)", line.text)
            self._scope = self._state.accidental_scope = found[1] if found else self._scope
            for voice in self._voices.values():
                voice.state.accidental_scope = self._scope

    def _read_midi_directive(self, text: str) -> None:
        """Read abcMIDI's directives for transposition and for music without bar lines."""
        found = re.fullmatch(r"MIDI\s*=?\s*(?:transpose\s+([+-]?\d{1,2})|(nobarlines))\s*", text)
        if not found:
            return
        states = [self._state, *(voice.state for voice in self._voices.values())]
        if found[2]:
            self._scope = "not"
            for state in states:
                state.accidental_scope = "not"
        else:
            self._transpose = int(found[1])
            for state in [self._current.state] if self._current else states:
                state.transpose = int(found[1])

    def _apply_waiting(self) -> None:
        """Apply the fields before a line of music to its voice."""
        waiting, self._waiting = self._waiting, []
        for line in waiting:
            if self._current is None or line.letter in "PQ":
                self._apply_to_all(line)
            else:
                self._apply_field(self._current, line.letter, line.text)

    # ------------------------------------------------------------ voices

    def _select_voice(self, text: str) -> AbcVoice | None:
        """Begin or go on with the voice of a `V:` field."""
        found = _VOICE_ID.fullmatch(text)
        if not found or found[1] == "*":
            return self._current
        self._current = self._voice(found[1])
        shift = fields.parse_shift(found[2])
        if shift is not None:
            self._current.state.shift = shift
        return self._current

    def _voice(self, identity: str) -> AbcVoice:
        if identity not in self._voices:
            if len(self._voices) >= MAX_VOICES:
                raise TuneError(f"the tune has over {MAX_VOICES} voices: leave some of them out.")
            properties = self._voice_fields.get(identity, "")
            named = _VOICE_NAME.search(properties)
            state = replace(self._state, shift=fields.parse_shift(properties) or 0)
            voice = AbcVoice(named[1] if named else identity, state)
            voice.symbols = self._symbols
            for line in self._at_start:
                if line.letter in "PQ":
                    self._apply_field(voice, line.letter, line.text)
            self._voices[identity] = voice
        return self._voices[identity]

    def _apply_to_all(self, line: AbcLine) -> None:
        """Apply a field to every voice that stands at the step of the current one, and to voices that are to come."""
        if self._current is None:
            self._apply_to_state(line)
            self._at_start.append(line)
            return
        step = self._current.step
        for voice in self._voices.values():
            if voice.step == step:
                self._apply_field(voice, line.letter, line.text)

    def _first_voice(self) -> AbcVoice:
        """Return the voice in which the music begins if no `V:` comes first."""
        return self._voice(next(iter(self._voice_fields), ""))

    def _apply_to_state(self, line: AbcLine) -> None:
        match line.letter:
            case "K":
                self._state = replace(self._state, key=fields.parse_key(line.text, self._state.key))
            case "M":
                self._state = replace(self._state, meter=fields.parse_meter(line.text))
            case "L":
                self._state = replace(self._state, unit=fields.parse_unit(line.text))
            case _:
                pass

    def _apply_field(self, voice: AbcVoice, letter: str, text: str) -> None:
        match letter:
            case "K":
                voice.set_key(fields.parse_key(text, voice.state.key))
            case "M":
                voice.set_meter(fields.parse_meter(text))
            case "L":
                voice.state.unit = fields.parse_unit(text)
            case "Q":
                bpm = fields.parse_tempo(text, voice.state.unit)
                voice.tempos += [(voice.step, bpm)] if bpm else []
            case "P":
                voice.begin_part(text[:1])
            case _:
                pass

    # ------------------------------------------------------------ music

    def _read_music(self, text: str) -> None:
        voice = self._current
        for kind, token in scanner.scan(text):
            if kind != "field" and voice is None:
                voice = self._current = self._first_voice()
            if kind == "field":
                letter, value = token[1], token[3:-1].strip()
                if letter == "V":
                    waiting, self._waiting = self._waiting, []
                    for field_line in waiting:
                        self._apply_to_all(field_line)
                    voice = self._select_voice(value) or voice
                elif letter in "IUm":
                    self._read_instruction(AbcLine(letter, value))
                else:
                    if voice is None:
                        voice = self._current = self._first_voice()
                    self._apply_field(voice, letter, value)
            elif voice:
                voice.read_token(kind, token)

    # ------------------------------------------------------------ the whole tune

    def finish(self) -> PlayedTune:
        if not self._in_body:
            raise TuneError("the tune has no key: add a line such as K:G.")
        written = list(self._voices.values()) or [self._first_voice()]
        for voice in written:
            voice.finish()
        spans = self._spans(written)
        self._check_size(written, spans)
        voices = tuple(
            PlayedVoice(voice.name, tuple(join_ties(unroll_notes(voice.notes, played))), _length(played))
            for voice, played in zip(written, spans, strict=True)
        )
        first = max(range(len(written)), key=lambda index: bool(written[index].notes))
        main, played = written[first], spans[first]
        bars = [(begin, end) for begin, end in pairwise(main.bar_lines) if end > begin]
        return PlayedTune(
            title=self._header.get("T", "").strip(),
            voices=tuple(voice for voice in voices if voice.notes) or voices[:1],
            end=max(voice.end for voice in voices),
            meters=moved(main.meters, played),
            tempos=self._tempos(written, spans),
            pickup=_pickup(bars, main.meters[0][1]),
            last_bar_steps=_last_bar_steps(bars, main.state.meter),
            ending=_ending(written, main),
        )

    def _spans(self, written: Sequence[AbcVoice]) -> list[list[Span]]:
        order = fields.parse_part_order(self._header.get("P", ""))
        marked = next((voice.marks for voice in written if has_repeats(voice.marks)), [])
        return [
            played_spans(voice.marks if has_repeats(voice.marks) else marked, voice.step, order) for voice in written
        ]

    def _check_size(self, written: Sequence[AbcVoice], spans: Sequence[Sequence[Span]]) -> None:
        notes = sum(
            len(voice.notes) * (1 + int(_length(played) / voice.step))
            for voice, played in zip(written, spans, strict=True)
            if voice.step
        )
        if notes > 2 * MAX_NOTES:
            raise TuneError(f"the tune has over {MAX_NOTES:,} notes as it is played: cut it into shorter tunes.")

    def _tempos(
        self, written: Sequence[AbcVoice], spans: Sequence[Sequence[Span]]
    ) -> tuple[tuple[Fraction, float], ...]:
        found: dict[Fraction, float] = {}
        for voice, played in zip(written, spans, strict=True):
            start = [(Fraction(0), bpm)] if (bpm := self._header_tempo()) else []
            for step, value in moved([*start, *voice.tempos], played):
                found.setdefault(step, value)
                if (Fraction(0), value) not in start or step:
                    found[step] = value
        return tuple(sorted(found.items()))

    def _header_tempo(self) -> float | None:
        return fields.parse_tempo(self._header["Q"], self._state.unit) if self._header.get("Q") else None


AbcKey_C = fields.AbcKey()


def _length(spans: Sequence[Span]) -> Fraction:
    return sum((end - begin for begin, end in spans), Fraction(0))


def _pickup(bars: Sequence[Span], meter: str) -> Fraction:
    first = bars[0][1] - bars[0][0] if len(bars) > 1 and meter else Fraction(0)
    return first if first < Fraction(meter or 1) * STEPS_PER_WHOLE_NOTE else Fraction(0)


def _last_bar_steps(bars: Sequence[Span], meter: str) -> Fraction:
    return (bars[-1][1] - bars[-1][0]) % (Fraction(meter or 1) * STEPS_PER_WHOLE_NOTE) if bars else Fraction(0)


def _ending(written: Sequence[AbcVoice], main: AbcVoice) -> TuneEnding:
    state = main.state
    can_continue = len(written) == 1 and bool(state.key.name) and not state.shift and not state.key.shift
    return TuneEnding(state.meter or "4/4", state.unit, state.key.name, can_continue)
