"""The touch of the simulated player: when the keys of notes go down and up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np

from bachbridge.music.notes import NS_PER_MS, Note


@dataclass(frozen=True, slots=True)
class Touch:
    """The way in which keys are played."""

    overlap_ms: tuple[int, int] = (-20, -20)
    """Time for which a key stays down under the next one, drawn between these; negative: it goes up before."""
    jitter_ms: float = 0.0
    """Standard deviation of the times of notes."""
    spread_ms: int = 0
    """Time over which the keys of a chord arrive."""
    order: Literal["mixed", "down"] = "mixed"
    """Order of a chord's keys: mixed at random times, or from the top at equal distances."""


DETACHED = Touch()
"""Keys that go up just before the next ones."""


@dataclass(frozen=True, slots=True)
class PlayedKey:
    """A key that goes down and up; `number` is the place of its note among those given."""

    number: int
    pitch: int
    on_ns: int
    off_ns: int


def press_keys(notes: Sequence[Note], touch: Touch, step_ns: int, rng: np.random.Generator) -> list[PlayedKey]:
    """Return the keys of one hand's notes, which are sorted by start, in the order of the notes.

    Notes that start together are a chord. A key goes up before it is struck again.
    """
    begins_ns: list[int] = []
    for start, chord in groupby(notes, key=lambda note: note.start):
        late_ns = round(rng.normal(0, touch.jitter_ms) * NS_PER_MS) if touch.jitter_ms else 0
        delays = _delays_ns([note.pitch for note in chord], touch, rng)
        begins_ns += [start * step_ns + late_ns + delay_ns for delay_ns in delays]
    presses: list[PlayedKey] = []
    for number, (note, on_ns) in enumerate(zip(notes, begins_ns, strict=True)):
        overlap_ns = int(rng.integers(touch.overlap_ms[0], touch.overlap_ms[1], endpoint=True)) * NS_PER_MS
        off_ns = max(on_ns, (note.start + note.length) * step_ns) + overlap_ns
        again = (
            begin_ns
            for later, begin_ns in zip(notes[number + 1 :], begins_ns[number + 1 :], strict=True)
            if later.pitch == note.pitch
        )
        soonest_ns = on_ns + step_ns // 4
        off_ns = min(max(off_ns, soonest_ns), next(again, off_ns + soonest_ns) - 10 * NS_PER_MS)
        presses.append(PlayedKey(number, note.pitch, on_ns, off_ns))
    return presses


def _delays_ns(pitches: Sequence[int], touch: Touch, rng: np.random.Generator) -> Iterator[int]:
    """Return how late each key of a chord is."""
    if len(pitches) == 1 or not touch.spread_ms:
        return iter([0] * len(pitches))
    if touch.order == "mixed":
        return (int(rng.integers(0, touch.spread_ms * NS_PER_MS)) for _ in pitches)
    from_top = sorted(pitches, reverse=True)
    return (from_top.index(pitch) * touch.spread_ms * NS_PER_MS // (len(pitches) - 1) for pitch in pitches)
