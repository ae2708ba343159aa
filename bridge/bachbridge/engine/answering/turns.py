"""Turns on the shared grid: the player's, the model's, the player's and so on, of a fixed number of bars each.

Turn 0 is the player's. It begins with the bar in which he plays first; what he plays in the second half of a bar is an
upbeat to the next one. A later turn of his has an upbeat as well, if he plays into it while the model's turn ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns from step `first_step` of the shared grid on, each of `turn_steps` steps."""

    first_step: int
    turn_steps: int

    def begin_step(self, turn: int) -> int:
        """Return the step of the shared grid at which a turn begins."""
        return self.first_step + turn * self.turn_steps

    def shifted(self, steps: int) -> "Turns":
        """Return the same turns on a grid whose steps have numbers that are greater by `steps`."""
        return replace(self, first_step=self.first_step + steps)


@dataclass(frozen=True, slots=True)
class Span:
    """A note's steps on the shared grid, from its onset to its end."""

    start: int
    end: int


def first_turn_step(first_note_step: int, steps_per_bar: int) -> int:
    """Return the bar line at which the first turn begins if the player's first note lies on `first_note_step`."""
    missing = -first_note_step % steps_per_bar
    upbeat = missing if 2 * missing <= steps_per_bar else missing - steps_per_bar
    return first_note_step + upbeat


def upbeat_start(spans: Sequence[Span], line: int, steps_per_bar: int, steps_per_beat: int) -> int:
    """Return the step of the first note before the bar line `line` that belongs to the turn that begins there.

    Notes in the last half beat belong to it. So does an upbeat of up to half a bar if it leads into the turn: it
    follows a pause, and its notes leave no gap of more than half a beat between them and before the bar line. Without
    such notes the turn begins at `line`.
    """
    half_beat = max(1, steps_per_beat // 2)
    earlier = sorted((span for span in spans if span.start < line), key=lambda span: span.start, reverse=True)
    begin = line
    for span in earlier:
        if begin - span.end > half_beat:
            break
        begin = span.start
    if line - begin > steps_per_bar // 2:
        begin = line
    return min((begin, *(span.start for span in earlier if line - span.start <= half_beat)))
