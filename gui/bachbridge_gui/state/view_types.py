"""The music that is shown: plain values without widgets, kept by the state and read by the views.

Times are in nanoseconds of the monotonic clock, which is the same for every process of a machine.
"""

from dataclasses import dataclass

from bachbridge.music.performance import PLAYER

__all__ = ["PLAYER", "BarLines", "PhraseSpan", "RollNote"]


@dataclass(slots=True)
class RollNote:
    """A note on the roll. It still sounds while `end_ns` is None."""

    voice: int
    pitch: int
    velocity: int
    start_ns: int
    end_ns: int | None = None


@dataclass(frozen=True, slots=True)
class BarLines:
    """A grid of bars: step 0, a bar line, is at `origin_ns`. It is valid from `since_ns` until the next grid begins."""

    since_ns: int
    origin_ns: int
    step_ns: int
    steps_per_bar: int


@dataclass(frozen=True, slots=True)
class PhraseSpan:
    """The time of phrase `number` and its answer. They are still under way while `end_ns` is None."""

    number: int
    start_ns: int
    end_ns: int | None
