"""The measures of a part in MusicXML: notes at exact times, meters, tempos and the signs of repetition.

Times are fractions of a quarter note from the beginning of the measure. Pitches are those that sound: a transposing
instrument is read as it is heard. Grace notes, cue notes and percussion are left out.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from xml.etree.ElementTree import Element

from bachbridge.files.score_reading.xml_stream import ScoreError
from bachbridge.music.phrasing.marks import Sign, sign_of_syllable

_NATURAL_PITCHES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_BEAT_UNITS = {
    "breve": Fraction(8),
    "whole": Fraction(4),
    "half": Fraction(2),
    "quarter": Fraction(1),
    "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4),
    "32nd": Fraction(1, 8),
}
_JUMPS = ("dacapo", "dalsegno", "segno", "coda", "tocoda", "fine")
_DECIMAL = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})")
_MAX_BEATS = 255
"""The most beats of a meter, as in MIDI files."""
_MAX_QUARTERS = 1000
"""The longest measure; so no note is longer."""
_MAX_NUMBER_CHARACTERS = 40
_MAX_DOTS = 4
_MAX_ENDING_DIGITS = 2
_SHOWN_CHARACTERS = 20
"""Characters of a damaged text that an error quotes."""
MAX_DENOMINATOR = 1 << 24
"""The finest part of a quarter note; divisions that do not fit one another would make times of thousands of digits."""
_BEFORE_BAR_LINE = Fraction(1, 64)
"""Quarter notes by which a sign over a bar line is moved to the note before it."""
_SIGNS: tuple[tuple[str, Sign], ...] = (
    ("notations/fermata", "fermata"),
    ("notations/articulations/breath-mark", "breath"),
    ("notations/articulations/caesura", "caesura"),
)


@dataclass(frozen=True, slots=True)
class ScoreNote:
    """A note of a measure, in quarter notes; `tied_before` says that it continues a note of its pitch."""

    start: Fraction
    length: Fraction
    pitch: int
    voice: str
    staff: str
    tied_before: bool = False


@dataclass(frozen=True, slots=True)
class ScoreSign:
    """A sign of the end of a phrase, for the note that begins at or before `at` (quarter notes).

    `voice` and `staff` are empty if it holds for the whole part.
    """

    at: Fraction
    sign: Sign
    voice: str = ""
    staff: str = ""


@dataclass(slots=True)
class Measure:
    """A measure of one part: its notes, its length (0 if it is empty), and what is written at its bar lines.

    `meter` is the time signature that holds, as (beats, beat type); `endings` are the numbers of the ending that begins
    here, `ends_ending` says that it ends here. `jumps` are words such as "dacapo".
    """

    meter: tuple[int, int]
    notes: list[ScoreNote] = field(default_factory=list[ScoreNote])
    length: Fraction = Fraction(0)
    tempos: list[tuple[Fraction, Fraction]] = field(default_factory=list[tuple[Fraction, Fraction]])
    repeat_begins: bool = False
    repeat_ends: int = 0
    endings: tuple[int, ...] = ()
    ends_ending: bool = False
    jumps: set[str] = field(default_factory=set[str])
    signs: list[ScoreSign] = field(default_factory=list[ScoreSign])

    @property
    def nominal_length(self) -> Fraction:
        return Fraction(4 * self.meter[0], self.meter[1])


class PartReader:
    """Reader of one part, measure by measure."""

    __slots__ = ("_at", "_chord_start", "_common_divisions", "_divisions", "_meter", "_transposition", "measures")

    def __init__(self) -> None:
        self.measures: list[Measure] = []
        self._divisions, self._common_divisions = Fraction(1), 1
        self._meter = (4, 4)
        self._transposition: dict[str, int] = {}
        self._at = self._chord_start = Fraction(0)

    def read_measure(self, element: Element) -> None:
        """Read the next measure; raises `ScoreError`."""
        measure = Measure(self._meter)
        self._at = self._chord_start = Fraction(0)
        for child in element:
            match child.tag:
                case "note":
                    self._read_note(child, measure)
                case "backup":
                    self._at = max(Fraction(0), self._at - self._duration(child))
                case "forward":
                    self._at += self._duration(child)
                case "attributes":
                    self._read_attributes(child)
                    measure.meter = self._meter
                case "direction":
                    self._read_direction(child, measure)
                case "sound":
                    self._read_sound(child, measure)
                case "barline":
                    _read_bar_line(child, measure, self._at)
                case _:
                    pass
            measure.length = max(measure.length, self._at)
            self._check_place()
        self.measures.append(measure)

    def _check_place(self) -> None:
        if self._at > _MAX_QUARTERS:
            raise ScoreError(f"has a measure of over {_MAX_QUARTERS} quarter notes: export the score again.")
        if self._at.denominator > MAX_DENOMINATOR:
            raise _misfit_error()

    def _duration(self, element: Element) -> Fraction:
        return max(Fraction(0), _number(element.findtext("duration", "0")) / self._divisions)

    def _read_attributes(self, element: Element) -> None:
        divisions = _number(element.findtext("divisions", "0"))
        if divisions > 0:
            self._divisions = divisions
            self._common_divisions = lcm(self._common_divisions, divisions.numerator)
            if self._common_divisions > MAX_DENOMINATOR:
                raise _misfit_error()
        time = element.find("time")
        if time is not None:
            self._read_time(time)
        for transpose in element.findall("transpose"):
            chromatic = _number(transpose.findtext("chromatic", "0"))
            octaves = _number(transpose.findtext("octave-change", "0"))
            self._transposition[transpose.get("number", "")] = round(chromatic + 12 * octaves)

    def _read_time(self, time: Element) -> None:
        """Read a time signature; of several added ones ("3+2/8") the sum is taken."""
        pairs = list(zip(time.findall("beats"), time.findall("beat-type"), strict=False))
        try:
            meters = [(_beats(b.text or ""), int(t.text or "")) for b, t in pairs[:_MAX_BEATS]]
        except ValueError:
            return
        if not meters or any(beats < 1 or unit not in {1, 2, 4, 8, 16, 32, 64} for beats, unit in meters):
            return
        unit = max(unit for _, unit in meters)
        beats = sum(beats * unit // own for beats, own in meters)
        if beats <= _MAX_BEATS:
            self._meter = beats, unit

    def _read_note(self, element: Element, measure: Measure) -> None:
        if element.find("grace") is not None:
            return
        length = self._duration(element)
        if element.find("chord") is None:
            self._chord_start = self._at
            self._at += length
        _read_signs(element, measure, self._chord_start)
        pitch = element.find("pitch")
        if pitch is None or element.find("cue") is not None or length == 0:
            return
        staff = element.findtext("staff", "1").strip()
        shift = self._transposition.get(staff, self._transposition.get("", 0))
        number = _pitch_number(pitch) + shift
        if 0 <= number <= 127:
            ties = {tie.get("type") for tie in [*element.findall("tie"), *element.findall("notations/tied")]}
            voice = element.findtext("voice", "1").strip()
            measure.notes.append(
                ScoreNote(self._chord_start, length, number, voice, staff, bool(ties & {"stop", "continue"}))
            )

    def _read_direction(self, element: Element, measure: Measure) -> None:
        sound = element.find("sound")
        if sound is not None:
            self._read_sound(sound, measure)
        for metronome in element.findall("direction-type/metronome"):
            unit = _BEAT_UNITS.get(metronome.findtext("beat-unit", ""))
            if unit is None or (sound is not None and sound.get("tempo")):
                continue
            dots = min(_MAX_DOTS, len(metronome.findall("beat-unit-dot")))
            text = metronome.findtext("per-minute", "")[:_MAX_NUMBER_CHARACTERS]
            beats = _number("".join(c for c in text if c.isdigit() or c == "."))
            measure.tempos.append((self._at, beats * unit * (2 - Fraction(1, 2**dots))))
        measure.jumps |= {word for word in ("segno", "coda") if element.find(f"direction-type/{word}") is not None}

    def _read_sound(self, element: Element, measure: Measure) -> None:
        if tempo := element.get("tempo"):
            measure.tempos.append((self._at, _number(tempo)))
        measure.jumps |= {word for word in _JUMPS if element.get(word)}


def _read_signs(element: Element, measure: Measure, at: Fraction) -> None:
    """Read the signs over a note or a rest, and the first verse below it."""
    signs: list[Sign] = [sign for path, sign in _SIGNS if element.find(path) is not None]
    texts = [text.text or "" for text in element.findall("lyric[1]/text")]
    if texts:
        signs.append(sign_of_syllable(texts[-1]))
    if signs:
        voice, staff = element.findtext("voice", "1").strip(), element.findtext("staff", "1").strip()
        measure.signs += (ScoreSign(at, sign, voice, staff) for sign in signs)


def _read_bar_line(element: Element, measure: Measure, at: Fraction) -> None:
    if element.find("fermata") is not None:
        measure.signs.append(ScoreSign(at - _BEFORE_BAR_LINE, "fermata"))
    repeat, ending = element.find("repeat"), element.find("ending")
    if repeat is not None and repeat.get("direction") == "forward":
        measure.repeat_begins = True
    elif repeat is not None:
        times = repeat.get("times", "")
        measure.repeat_ends = int(times) if len(times) == 1 and times.isdecimal() and times not in "01" else 2
    if ending is not None and ending.get("type") == "start":
        words = ending.get("number", "").replace(",", " ").replace(".", " ").split()
        numbers = (int(word) for word in words if word.isdecimal() and len(word) <= _MAX_ENDING_DIGITS)
        measure.endings = tuple(number for number in numbers if number)
    elif ending is not None:
        measure.ends_ending = True


def _misfit_error() -> ScoreError:
    return ScoreError("has lengths that do not fit one another: export the score again.")


def _beats(text: str) -> int:
    """Return the sum of the numbers in "3+2"; raises `ValueError`."""
    return sum(map(int, text[: 4 * _MAX_BEATS].split("+")))


def _pitch_number(pitch: Element) -> int:
    step = pitch.findtext("step", "").strip().upper()
    if step not in _NATURAL_PITCHES:
        raise ScoreError(f'holds a note on the step "{_shown(step)}": export the score again.')
    octave, alter = _number(pitch.findtext("octave", "4")), _number(pitch.findtext("alter", "0"))
    return round(12 * (octave + 1) + _NATURAL_PITCHES[step] + alter)


def _number(text: str) -> Fraction:
    """Return a decimal number; raises `ScoreError` if the text is none, or a number that no score needs."""
    text = text.strip() or "0"
    # An exponent is refused before it is worked out: "1e99999999" has as many digits as it says.
    number = Fraction(text) if _DECIMAL.fullmatch(text) else None
    if number is None or abs(number) > 1 << 24 or number.denominator > 1 << 24:
        raise ScoreError(f'holds the number "{_shown(text)}": export the score again.')
    return number


def _shown(text: str) -> str:
    """Return the beginning of a text as an error quotes it, on one line."""
    return " ".join(text[:_SHOWN_CHARACTERS].split())
