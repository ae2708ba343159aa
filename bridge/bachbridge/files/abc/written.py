"""Written music of a voice: its notes before repeats and ties, and the values of fields that hold for it."""

from dataclasses import dataclass
from fractions import Fraction

from bachbridge.files.abc.fields import AbcKey

SpelledNote = tuple[str | None, str, str, bool]
"""Accidental, letter, octave marks, and True if a tie follows."""


@dataclass(frozen=True, slots=True)
class AbcNote:
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
    def total_shift(self) -> int:
        """All transposition in semitones."""
        return self.shift + self.transpose + self.key.shift

    @property
    def bar(self) -> Fraction:
        """Length of a bar; a whole note in free meter."""
        return Fraction(self.meter) if self.meter else Fraction(1)
