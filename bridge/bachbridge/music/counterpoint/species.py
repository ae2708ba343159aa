"""The species of counterpoint: when a lane, the voice that goes along with the player's, strikes its notes.

The species are those of J. J. Fux ("Gradus ad Parnassum", 1725), with the beat in place of his whole note: one note
against each of the player's, two or four notes to a quarter, and syncopations. In the last, a note is struck in the
middle of a beat and tied over the next one. Where it cannot be tied, it is struck on the beat too, as Fux allows.
"""

from dataclasses import dataclass
from typing import Literal, cast, get_args

SpeciesName = Literal["1:1", "2:1", "4:1", "suspensions"]
_STEPS_PER_NOTE = {"2:1": 2, "4:1": 1}


@dataclass(frozen=True, slots=True)
class Species:
    """A species in a meter whose beats have `beat_steps` steps of a 16th."""

    name: SpeciesName
    beat_steps: int = 4

    def place(self, bar_step: int) -> int:
        """Return the steps between a step of the bar and the beat before it."""
        return bar_step % self.beat_steps

    def is_strong(self, place: int) -> bool:
        """Return True where struck notes must be consonant: on the beat, note against note, and before a tie."""
        return place == 0 or self.name in ("1:1", "suspensions")

    def strikes_at(self, place: int) -> bool:
        """Return True if the lane strikes a note here whatever the player does."""
        if self.name == "suspensions":
            return place == self.beat_steps // 2
        return self.name in _STEPS_PER_NOTE and place % _STEPS_PER_NOTE[self.name] == 0

    def strikes_with_player(self) -> bool:
        """Return True if the lane strikes with each of the player's notes."""
        return self.name == "1:1"

    def may_break_at(self, place: int) -> bool:
        """Return True where a tied note may have to be struck: on the beats of syncopations."""
        return self.name == "suspensions" and place == 0

    def strikes_on_pulse(self, place: int) -> bool:
        """Return True at the lane's main notes, a beat apart, between which parallels are heard too."""
        return place == (self.beat_steps // 2 if self.name == "suspensions" else 0)

    def leads_to_beat(self, place: int) -> bool:
        """Return True if the note that is struck here is the last one before the beat."""
        if self.name == "suspensions":
            return place > 0
        return place + _STEPS_PER_NOTE.get(self.name, self.beat_steps) >= self.beat_steps


def species_of(name: str, beat_steps: int) -> Species | None:
    """Return the species of this name; None if there is no such species."""
    return Species(cast("SpeciesName", name), beat_steps) if name in get_args(SpeciesName) else None
