"""What is shown of the music: plain values without widgets, which the state keeps and the views read.

Times are those of the engine's monotonic clock, in nanoseconds, the same in every process of this machine.
"""

from dataclasses import dataclass

from bachbridge.music.performance import PLAYER

__all__ = ["PLAYER", "BarLines", "PhraseSpan", "RollNote"]


@dataclass(slots=True)
class RollNote:
    """One note on the roll. It still sounds while `end_ns` is None."""

    voice: int
    pitch: int
    velocity: int
    start_ns: int
    end_ns: int | None = None


@dataclass(frozen=True, slots=True)
class BarLines:
    """Step 0, a bar line, lies at `origin_ns`; in force from `since_ns` on until the next one."""

    since_ns: int
    origin_ns: int
    step_ns: int
    steps_per_bar: int


@dataclass(frozen=True, slots=True)
class PhraseSpan:
    """From when to when phrase `number` and what came back lasted; `end_ns` None: it is still under way."""

    number: int
    start_ns: int
    end_ns: int | None
