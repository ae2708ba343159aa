"""Notes as music in ABC: spelled in a key, barred, with ties over the bar lines and a space before each beat.

Signs follow the line of fifths: a note outside the key is spelled as the one there that is nearest to the middle of the
key's scale. A sign holds until the bar line, and is written only where it is news.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import Sung

_ALTERED = {1: "^", 2: "^^", 0: "=", -1: "_", -2: "__"}
_FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}


class Spelling:
    """Writes pitches in a key; remembers the signs of a bar."""

    __slots__ = ("_bar", "_key", "_middle")

    def __init__(self, key: str) -> None:
        sharps = abc_tokens.signature(key) or 0
        self._key = abc_tokens.altered(sharps)
        self._middle = 2 + sharps
        self._bar: dict[str, int] = {}

    def bar_line(self) -> None:
        """The signs of the bar are forgotten."""
        self._bar = {}

    def note(self, pitch: int) -> str:
        """A note's sign, letter and octave marks."""
        letter, semitones, octave = self._spelled(pitch)
        name = _named(letter, octave)
        if semitones == self._bar.get(name, self._key.get(letter, 0)):
            return name
        self._bar[name] = semitones
        return _ALTERED[semitones] + name

    def signed(self, pitch: int) -> str:
        """The same with a sign for whoever lets signs hold for all octaves, for one, or for a note alone.

        Programs differ in that (ABC 2.1, section 11.3): there is none only where the key alone tells the pitch, and
        nothing of that letter had another one before in the bar.
        """
        letter, semitones, octave = self._spelled(pitch)
        usual = self._key.get(letter, 0)
        plain = semitones == usual and letter not in self._bar
        if semitones != usual:
            self._bar[letter] = semitones
        return ("" if plain else _ALTERED[semitones]) + _named(letter, octave)

    def tied(self, pitch: int) -> str:
        """The same note again after a tie: without a sign, and none holds from then on."""
        letter, _, octave = self._spelled(pitch)
        return _named(letter, octave)

    def _spelled(self, pitch: int) -> tuple[str, int, int]:
        """Letter, semitones and octave (0: upper case without marks)."""
        names = [
            (letter, semitones)
            for letter in _FIFTHS
            for semitones in (-1, 0, 1)
            if (abc_tokens.natural(letter) + semitones - pitch) % 12 == 0
        ]
        letter, semitones = min(names, key=lambda name: (abs(_FIFTHS[name[0]] + 7 * name[1] - self._middle), -name[1]))
        return letter, semitones, (pitch - semitones - abc_tokens.natural(letter)) // 12


def _named(letter: str, octave: int) -> str:
    """A letter in an octave (0: upper case without marks)."""
    return letter.lower() + "'" * (octave - 1) if octave > 0 else letter + "," * -octave


@dataclass(frozen=True, slots=True)
class Measure:
    """How music is barred: a bar, a beat and the unit length in steps; the first bar has `first` steps."""

    bar: Fraction
    beat: Fraction
    unit: Fraction
    first: Fraction

    def bar_line_after(self, at: Fraction) -> Fraction:
        """The first bar line after a time."""
        if at < self.first:
            return self.first
        return self.first + ((at - self.first) // self.bar + 1) * self.bar

    def begins_beat(self, at: Fraction) -> bool:
        """Whether a beat begins there, and no bar."""
        away = (at - self.first) % self.bar
        return away != 0 and away % self.beat == 0


def line_text(notes: Sequence[Sung], end: Fraction, key: str, measure: Measure) -> str:
    """One line of notes, none over another, as music from time 0 to `end`; a bar that `end` cuts stays open."""
    spelling = Spelling(key)
    out: list[str] = []
    at = Fraction(0)
    for note in notes:
        out += _pieces(at, note.start, None, spelling, measure)
        out += _pieces(note.start, note.end, note.pitch, spelling, measure)
        at = note.end
    return "".join([*out, *_pieces(at, end, None, spelling, measure)])


def _pieces(at: Fraction, end: Fraction, pitch: int | None, spelling: Spelling, measure: Measure) -> Iterable[str]:
    """A note or a rest, divided at the bar lines; each bar line stands after what fills its bar."""
    again = False
    while at < end:
        until = min(end, measure.bar_line_after(at))
        word = "z" if pitch is None else spelling.tied(pitch) if again else spelling.note(pitch)
        space = " " if at and measure.begins_beat(at) else ""
        tie = "-" if pitch is not None and until < end else ""
        yield space + word + abc_tokens.length_word((until - at) / measure.unit) + tie
        if until == measure.bar_line_after(at):
            yield "|"
            spelling.bar_line()
        at, again = until, True
