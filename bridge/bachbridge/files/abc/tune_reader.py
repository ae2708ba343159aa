"""Reader of the lines of a tune in ABC: its header, and the music of its voices as it is written.

Fields within the music hold for the voice in which they stand. Before the first voice, or on lines of their own just
before a voice begins (`V:`), they hold for all voices. Of parts and tempos every voice that stands there is told.
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.errors import TuneError
from bachbridge.files.abc import fields, scanner
from bachbridge.files.abc.tune_text import AbcLine, tune_lines
from bachbridge.files.abc.voice import DEFAULT_SYMBOLS, AbcVoice
from bachbridge.files.abc.written import VoiceState

_MAX_VOICES = 64
_VOICE_ID = re.compile(r'\s*("[^"]*"|[^\s\]]+)(.*)', re.DOTALL)
_VOICE_NAME = re.compile(r'\b(?:name|nm)\s*=\s*"([^"]*)"')
_MIDI_DIRECTIVE = re.compile(r"MIDI\s*=?\s*(?:transpose\s+([+-]?\d{1,2})|(nobarlines))\s*")
"""abcMIDI's directives for transposition and for music without bar lines."""
_SCOPE_DIRECTIVE = re.compile(r"propagate-accidentals[\s:=]+(not|octave|pitch)")
_SYMBOL = re.compile(r"([H-Wh-w~.])\s*=\s*[!+]?([^!+\s]*)[!+]?")
_VOICE_FIELDS = "KMLQP"
"""Fields on lines of their own that wait for the voice for which they hold."""


@dataclass(frozen=True, slots=True)
class WrittenTune:
    """A tune as it is written: at least one voice, the order of its parts, and its first tempo (None if not stated)."""

    title: str
    voices: tuple[AbcVoice, ...]
    part_order: str
    bpm: float | None


def read_written_tune(text: str) -> WrittenTune:
    """Return the tune of a text; raise `TuneError`."""
    reader = _LineReader()
    for line in tune_lines(text):
        reader.read_line(line)
    return reader.finish()


class _LineReader:
    """Reader of a tune, line by line."""

    def __init__(self) -> None:
        self._header: dict[str, str] = {}
        self._voice_properties: dict[str, str] = {}
        self._symbols = dict(DEFAULT_SYMBOLS)
        self._in_body = False
        self._state = VoiceState(fields.AbcKey(), "", Fraction(1, 8))
        """State of the voices that are to come."""
        self._voices: dict[str, AbcVoice] = {}
        self._current: AbcVoice | None = None
        self._waiting: list[AbcLine] = []
        """Fields that hold for all voices if one begins next, or else for the current one."""
        self._first_fields: list[AbcLine] = []
        """Parts and tempos in the music before the first voice."""

    def finish(self) -> WrittenTune:
        if not self._in_body:
            raise TuneError("the tune has no key: add a line such as K:G.")
        self._apply_to_current()
        voices = tuple(self._voices.values()) or (self._first_voice(),)
        for voice in voices:
            voice.finish()
        tempo = self._header.get("Q")
        return WrittenTune(
            self._header.get("T", "").strip(),
            voices,
            fields.parse_part_order(self._header.get("P", "")),
            fields.parse_tempo(tempo, self._first_unit) if tempo else None,
        )

    # ------------------------------------------------------------ lines

    def read_line(self, line: AbcLine) -> None:
        if line.letter in ("I", "U", "m"):
            self._read_instruction(line)
        elif not self._in_body:
            self._read_header_field(line)
        elif line.letter == "V":
            self._begin_voice(line.text)
        elif not line.letter:
            self._read_music(line.text)
        elif line.letter == "w" and self._current:
            self._current.phrase_signs.read_words(line.text)
        elif line.letter in _VOICE_FIELDS:
            self._waiting.append(line)

    def _read_header_field(self, line: AbcLine) -> None:
        match line.letter:
            case "V":
                found = _VOICE_ID.fullmatch(line.text)
                if found:
                    self._voice_properties.setdefault(found[1], found[2])
            case "T":
                self._header.setdefault("T", line.text)
            case "K":
                self._begin_body(line.text)
            case _:
                self._header[line.letter] = line.text

    def _begin_body(self, key: str) -> None:
        meter = fields.parse_meter(self._header.get("M", ""))
        unit = self._header.get("L")
        self._first_unit = fields.parse_unit(unit) if unit else abc_tokens.default_unit(Fraction(meter or 1))
        key_field = fields.parse_key(key, self._state.key)
        self._state = replace(self._state, key=key_field, meter=meter, unit=self._first_unit)
        self._in_body = True

    def _read_instruction(self, line: AbcLine) -> None:
        if line.letter == "m":
            raise TuneError("the tune has macros (m:): write out the notes that they stand for.")
        states = [self._state, *(voice.state for voice in self._voices.values())]
        if symbol := _SYMBOL.fullmatch(line.text) if line.letter == "U" else None:
            self._symbols[symbol[1]] = symbol[2]
        elif scope := _SCOPE_DIRECTIVE.match(line.text):
            for state in states:
                state.accidental_scope = scope[1]
        elif directive := _MIDI_DIRECTIVE.fullmatch(line.text):
            for state in [self._current.state] if self._current and directive[1] else states:
                if directive[1]:
                    state.transpose = int(directive[1])
                else:
                    state.accidental_scope = "not"

    # ------------------------------------------------------------ voices

    def _begin_voice(self, text: str) -> None:
        """Begin or go on with the voice of a `V:` field."""
        waiting, self._waiting = self._waiting, []
        for line in waiting:
            self._apply_to_all(line)
        found = _VOICE_ID.fullmatch(text)
        if not found or found[1] == "*":
            return
        self._current = self._voice(found[1])
        shift = fields.parse_shift(found[2])
        if shift is not None:
            self._current.state.shift = shift

    def _voice(self, identity: str) -> AbcVoice:
        if identity not in self._voices:
            if len(self._voices) >= _MAX_VOICES:
                raise TuneError(f"the tune has over {_MAX_VOICES} voices: leave some of them out.")
            properties = self._voice_properties.get(identity, "")
            named = _VOICE_NAME.search(properties)
            state = replace(self._state, shift=fields.parse_shift(properties) or 0)
            voice = AbcVoice(named[1] if named else identity, state, self._symbols)
            self._voices[identity] = voice
            for line in self._first_fields:
                _apply_field(voice, line)
        return self._voices[identity]

    def _first_voice(self) -> AbcVoice:
        """Return the voice in which the music begins if no `V:` comes first."""
        return self._voice(next(iter(self._voice_properties), ""))

    # ------------------------------------------------------------ fields within the music

    def _apply_to_all(self, line: AbcLine) -> None:
        """Apply a field to every voice that stands where the current one does; before the first voice, to all."""
        if self._current is None:
            self._apply_to_coming(line)
            return
        step = self._current.step
        for voice in self._voices.values():
            if voice.step == step:
                _apply_field(voice, line)

    def _apply_to_coming(self, line: AbcLine) -> None:
        match line.letter:
            case "K":
                self._state = replace(self._state, key=fields.parse_key(line.text, self._state.key))
            case "M":
                self._state = replace(self._state, meter=fields.parse_meter(line.text))
            case "L":
                self._state = replace(self._state, unit=fields.parse_unit(line.text))
            case _:
                self._first_fields.append(line)

    def _apply_to_current(self) -> None:
        waiting, self._waiting = self._waiting, []
        for line in waiting:
            if self._current is None or line.letter in "PQ":
                self._apply_to_all(line)
            else:
                _apply_field(self._current, line)

    # ------------------------------------------------------------ music

    def _read_music(self, text: str) -> None:
        if not text.startswith("[V:"):
            self._apply_to_current()
        for voice in self._voices.values():
            voice.phrase_signs.begin_line()
        for kind, token in scanner.scan(text):
            if kind == "field":
                self._read_inline_field(AbcLine(token[1], token[3:-1].strip()))
                continue
            if self._current is None:
                self._current = self._first_voice()
            self._current.read_token(kind, token)

    def _read_inline_field(self, line: AbcLine) -> None:
        if line.letter == "V":
            self._begin_voice(line.text)
        elif line.letter in ("I", "U", "m"):
            self._read_instruction(line)
        else:
            self._current = self._current or self._first_voice()
            _apply_field(self._current, line)


def _apply_field(voice: AbcVoice, line: AbcLine) -> None:
    match line.letter:
        case "K":
            voice.set_key(fields.parse_key(line.text, voice.state.key))
        case "M":
            voice.set_meter(fields.parse_meter(line.text))
        case "L":
            voice.state.unit = fields.parse_unit(line.text)
        case "Q":
            voice.set_tempo(fields.parse_tempo(line.text, voice.state.unit))
        case "P":
            voice.begin_part(line.text[:1])
        case _:
            pass
