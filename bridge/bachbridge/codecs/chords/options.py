"""Options of how music becomes chord symbols: those of Play Bach, as a recipe and a card hold them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bachbridge.codecs.chords import names as chord_names
from bachbridge.codecs.chords.names import Chord
from bachbridge.codecs.chords.onsets import OnsetGroup, TimedChord, timed_chords
from bachbridge.errors import ConfigError
from bachbridge.music.notes import STEPS_PER_BEAT

NAMINGS = ("full", "normal")
VELOCITY_COUNT = 127
"""MIDI velocities, from 1."""
_STEP_BEATS = Fraction(1, STEPS_PER_BEAT)


@dataclass(frozen=True, slots=True)
class ChordOptions:
    """Options of how music becomes symbols; `unit` and `longest` are durations in beats.

    `names` says whether chords are named by all their pitches ("full") or by their pitch classes ("normal"). `levels`
    is the number of velocities that are told apart; with 0, velocity is not predicted.
    """

    names: str = "full"
    rests: bool = False
    durations: bool = False
    unit: Fraction = _STEP_BEATS
    longest: Fraction = Fraction(8)
    levels: int = 0

    @property
    def max_units(self) -> int:
        """Longest duration, in units."""
        return int(self.longest / self.unit)

    def timed_chords(self, onsets: Sequence[OnsetGroup], end: Fraction | None = None) -> list[TimedChord]:
        """Return the chords of onsets with their durations (see `onsets.timed_chords`)."""
        return list(timed_chords(onsets, unit=self.unit, max_units=self.max_units, rests=self.rests, end=end))

    def velocity_to_level(self, velocity: int) -> int:
        """Return the id of a velocity's level; 1 is the softest."""
        return 1 + (min(max(velocity, 1), VELOCITY_COUNT) - 1) * self.levels // VELOCITY_COUNT

    def make_chord(self, pitches: Sequence[int]) -> Chord:
        return chord_names.make_chord(pitches, by_normal_order=self.names == "normal")


def parse_options(table: Mapping[str, Any]) -> ChordOptions:
    """Return the options of a recipe's or a card's table, whose other keys are ignored; raise `ConfigError`."""
    plain = ChordOptions()
    try:
        found = ChordOptions(
            str(table.get("names", plain.names)),
            bool(table.get("rests", plain.rests)),
            bool(table.get("durations", plain.durations)),
            Fraction(str(table.get("unit", plain.unit))),
            Fraction(str(table.get("longest", plain.longest))),
            int(table.get("levels", plain.levels)),
        )
    except (ValueError, ZeroDivisionError) as error:
        raise ConfigError(f"the options of the chords cannot be read ({error}): give numbers.") from error
    if found.names not in NAMINGS:
        raise ConfigError(f"chords are not named by {found.names!r}: give {' or '.join(NAMINGS)}.")
    if not 0 < found.unit <= found.longest:
        raise ConfigError(f"{found.unit} beats cannot be the unit of up to {found.longest} beats: give a unit above 0.")
    if not 0 <= found.levels <= VELOCITY_COUNT:
        raise ConfigError(f"there cannot be {found.levels} levels of velocity: give from 0 to {VELOCITY_COUNT}.")
    return found
