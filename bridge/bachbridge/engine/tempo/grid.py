"""The grid between nanoseconds and steps of a 16th note."""

from dataclasses import dataclass

from bachbridge.music.notes import STEPS_PER_BEAT, bpm_from_step_ns


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid: step `n` lies at `origin_ns + n * step_ns`."""

    origin_ns: int
    step_ns: int

    def time_of(self, step: int) -> int:
        return self.origin_ns + step * self.step_ns

    def nearest_step(self, time_ns: int) -> int:
        return (time_ns - self.origin_ns + self.step_ns // 2) // self.step_ns

    def next_beat_step(self, time_ns: int) -> int:
        """Return the first step on a beat at `time_ns` or later."""
        beat_ns = self.step_ns * STEPS_PER_BEAT
        return -((self.origin_ns - time_ns) // beat_ns) * STEPS_PER_BEAT

    def next_step(self, time_ns: int, every: int, phase: int = 0) -> int:
        """Return the first step at `time_ns` or later that is `phase` steps after a multiple of `every`."""
        first = -((self.origin_ns - time_ns) // self.step_ns)
        return first + (phase - first) % every

    def with_tempo(self, now_ns: int, step_ns: int) -> "Grid":
        """Return a grid of another tempo that agrees with this one at `now_ns`."""
        return Grid(now_ns - (now_ns - self.origin_ns) * step_ns // self.step_ns, step_ns)

    def lies_on(self, other: "Grid") -> bool:
        """Return True if the steps of both grids are at the same times."""
        return self.step_ns == other.step_ns and (self.origin_ns - other.origin_ns) % self.step_ns == 0

    def counts_on_from(self, before: "Grid", now_ns: int, shift_steps: int) -> bool:
        """Return True if the present step has about the number that `before` gave it, plus `shift_steps`."""
        moved_steps = self.nearest_step(now_ns) - before.nearest_step(now_ns) - shift_steps
        return abs(moved_steps) <= STEPS_PER_BEAT

    @property
    def bpm(self) -> float:
        return bpm_from_step_ns(self.step_ns)


def is_due(now_ns: int, due_ns: int | None) -> bool:
    """Return True if `due_ns` is a time that has come."""
    return due_ns is not None and due_ns <= now_ns
