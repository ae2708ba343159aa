"""Reader of the music of one voice of a tune in ABC: notes and marks with exact times, as they are written.

Times are exact fractions of a step (a 16th note). Lengths, chords, broken pairs, tuplets, ties, overlays and rests of
whole bars have the meanings of the ABC standard 2.1, sections 4 and 7.4:

- A chord is as long as its first note, and all its notes are.
- An accidental holds for its letter in all octaves up to the bar line (section 11.3), or as `I:propagate-accidentals`
  says; a tied note keeps its own.
- Grace notes, ornaments and articulations add nothing. Quarter tones are refused.

Ties are joined later, when repeats have been written out (`join_ties`), because a tie may lead into a second ending.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import STEPS_PER_WHOLE_NOTE, TuneNote
from bachbridge.codecs.abc.rhythm import tuplet_time
from bachbridge.errors import TuneError
from bachbridge.files.abc import scanner
from bachbridge.files.abc.fields import AbcKey
from bachbridge.files.abc.playing_order import Mark, MarkKind, Span, bar_line_marks

_ACCIDENTAL_SEMITONES = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_HIGHEST_PITCH = 127
_MAX_BARS_OF_REST = 999
_MAX_TUPLET = 64
_MAX_BROKEN_SIGNS = 4
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
_AT_NEXT_BAR_LINE = ("fine", "da capo", "dal segno", "to coda")
DEFAULT_SYMBOLS = {"S": "segno", "O": "coda"}
"""Decorations that a letter stands for, unless `U:` gives it another meaning."""


@dataclass(frozen=True, slots=True)
class WrittenNote:
    """A note of the written music: `start` and `length` in steps; `layer` counts a voice's overlays."""

    start: Fraction
    length: Fraction
    pitch: int
    is_tied: bool = False
    """True if a tie follows it."""
    layer: int = 0


@dataclass(slots=True)
class VoiceState:
    """Values of the fields that hold for a voice; `shift` in semitones, `unit` and `bar` in whole notes."""

    key: AbcKey
    meter: str
    unit: Fraction
    shift: int = 0
    transpose: int = 0
    """Transposition by a directive, in semitones."""
    accidental_scope: str = "pitch"
    """Notes for which an accidental holds: `pitch` (all octaves), `octave` or `not` (the note alone)."""

    @property
    def bar(self) -> Fraction:
        """Length of a bar; a whole note in free meter."""
        return Fraction(self.meter) if self.meter else Fraction(1)


class AbcVoice:
    """A voice of a tune; `name` is empty if it is not named. Lines of music are added with `read_token`."""

    def __init__(self, name: str, state: VoiceState) -> None:
        self.name, self.state = name, state
        self.notes: list[WrittenNote] = []
        self.marks: list[Mark] = []
        self.bar_lines = [Fraction(0)]
        self.meters = [(Fraction(0), state.meter)]
        self.tempos: list[tuple[Fraction, float]] = []
        self.step = Fraction(0)
        """Step up to which the voice has been read."""
        self._bar_accidentals: dict[tuple[str, int], int] = {}
        self._tied_pitches: dict[tuple[str, int], int] = {}
        """Pitches of the last note or chord that are tied, by letter and octave."""
        self._ties_before_endings: dict[tuple[str, int], int] = {}
        self._tuplet_left, self._tuplet_factor = 0, Fraction(1)
        self._broken_signs = ""
        self._last_first, self._last_length = 0, Fraction(0)
        """Index of the first note of the last note, chord or rest, and its length, which a broken pair changes."""
        self._last_names: list[tuple[str, int]] = []
        self._layer, self._bar_end = 0, Fraction(0)
        """Overlay that is read, and the end of the bar without its overlays."""
        self._waiting_marks: list[MarkKind] = []
        self.symbols = DEFAULT_SYMBOLS

    def read_token(self, kind: str, text: str) -> None:
        """Read a token of the music; raise `TuneError`."""
        match kind:
            case "note":
                accidental, letter, octaves, length = scanner.NOTE.fullmatch(text).groups()  # pyright: ignore[reportOptionalMemberAccess] # a note matches it
                self._add_chord([(accidental, letter, octaves, False)], length)
            case "chord":
                self._read_chord(text)
            case "rest":
                self._add_chord([], text[1:])
            case "bar":
                self._read_bar_line(text)
            case "tie":
                self._tie_last()
            case "broken":
                self._broken_signs = text
            case "tuplet":
                self._begin_tuplet(text)
            case "bars_rest":
                self._rest_bars(text[1:])
            case "ending":
                self._begin_ending(text)
            case "line_ending" if self.step == self.bar_lines[-1]:
                self._begin_ending(text)
            case "overlay":
                self._begin_overlay()
            case "decoration":
                self._read_decoration(text)
            case "long_overlay":
                raise TuneError("the tune has an overlay over several bars, (& ... &): write it as a voice with V:.")
            case "microtone":
                raise TuneError(f"the tune has a quarter tone ({text}): write the nearest semitone.")
            case "open_bracket":
                raise TuneError("the tune has a bracket [ within a chord or without its end: correct it.")
            case _:
                pass

    # ------------------------------------------------------------ notes

    def _read_chord(self, text: str) -> None:
        inside, _, after = text[1:].rpartition("]")
        inside = re.sub(r'"[^"]*"|![^!]*!|\{[^}]*\}', "", inside)
        members = scanner.CHORD_MEMBER.findall(inside)
        if not members:
            if inside.strip():
                raise TuneError(f"the tune has brackets that hold no notes ([{inside[:20]}]): correct it.")
            return
        length = scanner.parse_length(members[0][4]) * scanner.parse_length(after)
        notes = [(sign, letter, octaves, bool(tie)) for sign, letter, octaves, rest, _, tie in members if not rest]
        self._add_units(notes, length)

    def _add_chord(self, notes: Sequence[tuple[str | None, str, str, bool]], length: str) -> None:
        self._add_units(notes, scanner.parse_length(length))

    def _add_units(self, notes: Sequence[tuple[str | None, str, str, bool]], units: Fraction) -> None:
        """Add notes that sound together, or a rest without any, `units` unit lengths long."""
        length = units * self.state.unit * STEPS_PER_WHOLE_NOTE
        if self._tuplet_left:
            length *= self._tuplet_factor
            self._tuplet_left -= 1
        if self._broken_signs:
            length = self._apply_broken_rhythm(length)
        tied_before, self._tied_pitches = self._tied_pitches, {}
        self._last_first, self._last_length, self._last_names = len(self.notes), length, []
        for accidental, letter, octaves, is_tied in notes:
            name = letter.upper(), scanner.parse_octaves(letter, octaves)
            pitch = self._pitch(name, accidental, tied_before)
            self._last_names.append(name)
            self.notes.append(WrittenNote(self.step, length, pitch, is_tied, self._layer))
            if is_tied:
                self._tied_pitches[name] = pitch
        self.step += length

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
        shift = self.state.shift + self.state.transpose + self.state.key.shift
        pitch = 60 + abc_tokens.LETTER_SEMITONES[letter] + 12 * octave + semitones + shift
        if not 0 <= pitch <= _HIGHEST_PITCH:
            raise TuneError("the tune has a note beyond the range of MIDI: correct its octave marks.")
        return pitch

    def _tie_last(self) -> None:
        for index in range(self._last_first, len(self.notes)):
            self.notes[index] = replace(self.notes[index], is_tied=True)
            self._tied_pitches[self._last_names[index - self._last_first]] = self.notes[index].pitch

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

    def _rest_bars(self, number: str) -> None:
        if len(number) > 4 or int(number or 1) > _MAX_BARS_OF_REST:
            raise TuneError(f"the tune has a rest of over {_MAX_BARS_OF_REST} bars (Z{number[:9]}): shorten it.")
        self._last_first, self._last_length, self._tied_pitches = len(self.notes), Fraction(0), {}
        length = self.state.bar * STEPS_PER_WHOLE_NOTE
        for _ in range(int(number or 1) - 1):
            self.step += length
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
        if self.bar_lines[-1] != self.step:
            self.bar_lines.append(self.step)
        self.marks += [Mark(self.step, kind) for kind in self._waiting_marks]
        self._waiting_marks = []

    def _begin_ending(self, text: str) -> None:
        numbers = scanner.parse_ending_numbers(text)
        if 1 in numbers:
            self._ties_before_endings = self._tied_pitches
        else:
            self._tied_pitches = dict(self._ties_before_endings)
        if numbers:
            self.marks.append(Mark(self.step, "ending", numbers=numbers))

    def _begin_overlay(self) -> None:
        if not self._layer:
            self._bar_end = self.step
        self._layer += 1
        self.step = self.bar_lines[-1]
        self._tied_pitches, self._bar_accidentals, self._tuplet_left = {}, {}, 0
        self._last_first, self._last_length = len(self.notes), Fraction(0)

    def _read_decoration(self, text: str) -> None:
        name = text.strip("!+") if len(text) > 1 else self.symbols.get(text, "")
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

    def set_key(self, key: AbcKey) -> None:
        """Change the key from here on."""
        self.state.key = key
        self._bar_accidentals = {}


# ---------------------------------------------------------------- written music as it is played


def unroll_notes(notes: Sequence[WrittenNote], spans: Sequence[Span]) -> Iterator[WrittenNote]:
    """Yield the notes of each span, one span after another; a note is cut at the end of its span."""
    at = Fraction(0)
    ordered = sorted(notes, key=lambda note: note.start)
    for begin, end in spans:
        for note in ordered:
            if note.start >= end:
                break
            if note.start >= begin:
                yield replace(note, start=at + note.start - begin, length=min(note.length, end - note.start))
        at += end - begin


def join_ties(notes: Iterator[WrittenNote]) -> list[TuneNote]:
    """Return the notes by start; a note that is tied goes on in the note of its pitch that begins where it ends."""
    waiting: dict[tuple[int, int], tuple[TuneNote, int]] = {}
    out: list[TuneNote] = []
    for note in notes:
        place = note.layer, note.pitch
        tied, index = waiting.pop(place, (None, 0))
        if tied and tied.end == note.start:
            joined = TuneNote(tied.start, tied.length + note.length, note.pitch)
            out[index] = joined
        else:
            joined, index = TuneNote(note.start, note.length, note.pitch), len(out)
            out.append(joined)
        if note.is_tied:
            waiting[place] = joined, index
    return sorted(out, key=lambda note: (note.start, note.pitch))
