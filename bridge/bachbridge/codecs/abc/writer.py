"""Writer of music in ABC: notes spelled in a key, barred, with ties over the bar lines and a space before each beat.

Accidentals follow the line of fifths: a note outside the key gets the spelling that is nearest to the middle of the
key's scale. An accidental holds until the bar line, and is written only where it changes something.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import TuneNote

_ACCIDENTAL_SIGNS = {1: "^", 2: "^^", 0: "=", -1: "_", -2: "__"}


class PitchSpeller:
    """Speller of pitches in a key; it remembers the accidentals of a bar."""

    __slots__ = ("_bar_accidentals", "_key_accidentals", "_middle_fifth")

    def __init__(self, key: str) -> None:
        sharps = abc_tokens.key_sharps(key) or 0
        self._key_accidentals = abc_tokens.key_accidentals(sharps)
        self._middle_fifth = 2 + sharps
        self._bar_accidentals: dict[str, int] = {}

    def reset_bar(self) -> None:
        """Forget the accidentals of the bar."""
        self._bar_accidentals = {}

    def spell(self, pitch: int) -> str:
        """Return a note's accidental, letter and octave marks."""
        letter, semitones, octave = self._best_spelling(pitch)
        name = _note_name(letter, octave)
        if semitones == self._bar_accidentals.get(name, self._key_accidentals.get(letter, 0)):
            return name
        self._bar_accidentals[name] = semitones
        return _ACCIDENTAL_SIGNS[semitones] + name

    def spell_explicit(self, pitch: int) -> str:
        """Return the spelling with an accidental wherever programs may differ.

        In some programs an accidental holds for all octaves, in others for one, or for one note alone (ABC 2.1, section
        11.3). So it is left out only where the key alone gives the pitch, and no note of that letter had another
        accidental before in the bar.
        """
        letter, semitones, octave = self._best_spelling(pitch)
        usual = self._key_accidentals.get(letter, 0)
        plain = semitones == usual and letter not in self._bar_accidentals
        if semitones != usual:
            self._bar_accidentals[letter] = semitones
        return ("" if plain else _ACCIDENTAL_SIGNS[semitones]) + _note_name(letter, octave)

    def spell_tied(self, pitch: int) -> str:
        """Return the spelling of the same note after a tie: without an accidental, and none holds from then on."""
        letter, _, octave = self._best_spelling(pitch)
        return _note_name(letter, octave)

    def _best_spelling(self, pitch: int) -> tuple[str, int, int]:
        """Return letter, accidental in semitones, and octave (0: upper case without marks)."""
        names = [
            (letter, semitones)
            for letter in abc_tokens.FIFTHS
            for semitones in (-1, 0, 1)
            if (abc_tokens.natural_pitch(letter) + semitones - pitch) % 12 == 0
        ]
        letter, semitones = min(
            names, key=lambda name: (abs(abc_tokens.FIFTHS[name[0]] + 7 * name[1] - self._middle_fifth), -name[1])
        )
        return letter, semitones, (pitch - semitones - abc_tokens.natural_pitch(letter)) // 12


def _note_name(letter: str, octave: int) -> str:
    """Return the name of a letter in an octave (0: upper case without marks)."""
    return letter.lower() + "'" * (octave - 1) if octave > 0 else letter + "," * -octave


@dataclass(frozen=True, slots=True)
class BarLayout:
    """Lengths in steps of a bar, a beat, the unit length and the first bar."""

    bar_steps: Fraction
    beat_steps: Fraction
    unit_steps: Fraction
    first_bar_steps: Fraction

    def next_bar_line(self, at: Fraction) -> Fraction:
        """Return the first bar line after the step `at`."""
        if at < self.first_bar_steps:
            return self.first_bar_steps
        return self.first_bar_steps + ((at - self.first_bar_steps) // self.bar_steps + 1) * self.bar_steps

    def is_inner_beat(self, at: Fraction) -> bool:
        """Return True if a beat, but no bar, begins at the step `at`."""
        in_bar = (at - self.first_bar_steps) % self.bar_steps
        return in_bar != 0 and in_bar % self.beat_steps == 0


def format_line(notes: Sequence[TuneNote], end: Fraction, key: str, layout: BarLayout) -> str:
    """Return notes that do not overlap as music from step 0 to `end`; a bar that `end` cuts stays open."""
    speller = PitchSpeller(key)
    out: list[str] = []
    at = Fraction(0)
    for note in notes:
        out += _format_pieces(at, note.start, None, speller, layout)
        out += _format_pieces(note.start, note.end, note.pitch, speller, layout)
        at = note.end
    return "".join([*out, *_format_pieces(at, end, None, speller, layout)])


def _format_pieces(
    at: Fraction, end: Fraction, pitch: int | None, speller: PitchSpeller, layout: BarLayout
) -> Iterable[str]:
    """Yield a note or a rest divided at the bar lines, and each bar line after what fills its bar."""
    is_tied = False
    while at < end:
        until = min(end, layout.next_bar_line(at))
        name = "z" if pitch is None else speller.spell_tied(pitch) if is_tied else speller.spell(pitch)
        space = " " if at and layout.is_inner_beat(at) else ""
        tie = "-" if pitch is not None and until < end else ""
        yield space + name + abc_tokens.format_length((until - at) / layout.unit_steps) + tie
        if until == layout.next_bar_line(at):
            yield "|"
            speller.reset_bar()
        at, is_tied = until, True
