"""Notes as music in ABC: spelled in a key, barred, with ties over the bar lines and a space before each beat.

Signs follow the line of fifths: a note outside the key is spelled as the one there that is nearest to the middle of the
key's scale. A sign holds until the bar line, and is written only where it is news.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import TuneNote

_ACCIDENTAL_SIGNS = {1: "^", 2: "^^", 0: "=", -1: "_", -2: "__"}
_FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}


class PitchSpeller:
    """Writes pitches in a key; remembers the signs of a bar."""

    __slots__ = ("_bar_accidentals", "_key_accidentals", "_middle_fifth")

    def __init__(self, key: str) -> None:
        sharps = abc_tokens.key_sharps(key) or 0
        self._key_accidentals = abc_tokens.key_accidentals(sharps)
        self._middle_fifth = 2 + sharps
        self._bar_accidentals: dict[str, int] = {}

    def reset_bar(self) -> None:
        """The signs of the bar are forgotten."""
        self._bar_accidentals = {}

    def spell(self, pitch: int) -> str:
        """A note's sign, letter and octave marks."""
        letter, semitones, octave = self._best_spelling(pitch)
        name = _note_name(letter, octave)
        if semitones == self._bar_accidentals.get(name, self._key_accidentals.get(letter, 0)):
            return name
        self._bar_accidentals[name] = semitones
        return _ACCIDENTAL_SIGNS[semitones] + name

    def spell_explicit(self, pitch: int) -> str:
        """The same with a sign for whoever lets signs hold for all octaves, for one, or for a note alone.

        Programs differ in that (ABC 2.1, section 11.3): there is none only where the key alone tells the pitch, and
        nothing of that letter had another one before in the bar.
        """
        letter, semitones, octave = self._best_spelling(pitch)
        usual = self._key_accidentals.get(letter, 0)
        plain = semitones == usual and letter not in self._bar_accidentals
        if semitones != usual:
            self._bar_accidentals[letter] = semitones
        return ("" if plain else _ACCIDENTAL_SIGNS[semitones]) + _note_name(letter, octave)

    def spell_tied(self, pitch: int) -> str:
        """The same note again after a tie: without a sign, and none holds from then on."""
        letter, _, octave = self._best_spelling(pitch)
        return _note_name(letter, octave)

    def _best_spelling(self, pitch: int) -> tuple[str, int, int]:
        """Letter, semitones and octave (0: upper case without marks)."""
        names = [
            (letter, semitones)
            for letter in _FIFTHS
            for semitones in (-1, 0, 1)
            if (abc_tokens.natural_pitch(letter) + semitones - pitch) % 12 == 0
        ]
        letter, semitones = min(
            names, key=lambda name: (abs(_FIFTHS[name[0]] + 7 * name[1] - self._middle_fifth), -name[1])
        )
        return letter, semitones, (pitch - semitones - abc_tokens.natural_pitch(letter)) // 12


def _note_name(letter: str, octave: int) -> str:
    """A letter in an octave (0: upper case without marks)."""
    return letter.lower() + "'" * (octave - 1) if octave > 0 else letter + "," * -octave


@dataclass(frozen=True, slots=True)
class BarLayout:
    """How music is barred: a bar, a beat and the unit length in steps; the first bar has `first` steps."""

    bar_steps: Fraction
    beat_steps: Fraction
    unit_steps: Fraction
    first_bar_steps: Fraction

    def next_bar_line(self, at: Fraction) -> Fraction:
        """The first bar line after a time."""
        if at < self.first_bar_steps:
            return self.first_bar_steps
        return self.first_bar_steps + ((at - self.first_bar_steps) // self.bar_steps + 1) * self.bar_steps

    def is_inner_beat(self, at: Fraction) -> bool:
        """Whether a beat begins there, and no bar."""
        away = (at - self.first_bar_steps) % self.bar_steps
        return away != 0 and away % self.beat_steps == 0


def format_line(notes: Sequence[TuneNote], end: Fraction, key: str, layout: BarLayout) -> str:
    """One line of notes, none over another, as music from time 0 to `end`; a bar that `end` cuts stays open."""
    spelling = PitchSpeller(key)
    out: list[str] = []
    at = Fraction(0)
    for note in notes:
        out += _format_pieces(at, note.start, None, spelling, layout)
        out += _format_pieces(note.start, note.end, note.pitch, spelling, layout)
        at = note.end
    return "".join([*out, *_format_pieces(at, end, None, spelling, layout)])


def _format_pieces(
    at: Fraction, end: Fraction, pitch: int | None, speller: PitchSpeller, layout: BarLayout
) -> Iterable[str]:
    """A note or a rest, divided at the bar lines; each bar line stands after what fills its bar."""
    again = False
    while at < end:
        until = min(end, layout.next_bar_line(at))
        word = "z" if pitch is None else speller.spell_tied(pitch) if again else speller.spell(pitch)
        space = " " if at and layout.is_inner_beat(at) else ""
        tie = "-" if pitch is not None and until < end else ""
        yield space + word + abc_tokens.format_length((until - at) / layout.unit_steps) + tie
        if until == layout.next_bar_line(at):
            yield "|"
            speller.reset_bar()
        at, again = until, True
