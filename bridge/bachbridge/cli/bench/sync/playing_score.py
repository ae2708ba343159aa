"""Comparison of what a tracker made of a performance with the truth."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bachbridge.cli.bench.sync.former_tracker import FormerTracker
from bachbridge.cli.bench.sync.player import Performance
from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.tracker import TempoTracker

Tracker = TempoTracker | FormerTracker

_TEMPO_TOLERANCE = 0.04
_OCTAVES = (2.0, 0.5, 3.0, 1 / 3, 1.5, 2 / 3, 4.0, 0.25)
_OCTAVE_TOLERANCE = 0.06
_PLACE_TOLERANCE_BEATS = 0.15


@dataclass(frozen=True, slots=True)
class PlayingScore:
    """Figures of one performance; the grid is judged at its end."""

    right_steps: float
    """Share of the notes on their true 16th, counted from the place where most of them are right."""
    right_tempo: bool
    octave_error: bool
    """The tempo is a simple multiple or part of the true one."""
    right_beat: bool
    right_bar: bool
    """A next beat or bar line that is right to 0.15 beats."""


def feed(tracker: Tracker, performance: Performance) -> None:
    """Play the performance to the tracker."""
    for at_ns, is_on, pitch in sorted(_key_changes(performance)):
        if is_on:
            tracker.add_onset(at_ns, pitch)
        else:
            tracker.add_release(at_ns, pitch)


def _key_changes(performance: Performance) -> Iterator[tuple[int, bool, int]]:
    for note in performance.notes:
        yield note.on_ns, True, note.pitch
        yield note.off_ns, False, note.pitch


def score(tracker: Tracker, performance: Performance) -> PlayingScore:
    """Compare the steps, the tempo, the beat and the bar with the true ones."""
    tune, grid = performance.tune, tracker.grid
    shifts = [step - note.step for step, note in zip(tracker.steps, performance.notes, strict=True)]
    true_step_ns = performance.time_of(performance.end_step + 1) - performance.time_of(performance.end_step)
    ratio = true_step_ns / grid.step_ns
    line = tune.bar_line_after(performance.end_step)
    tolerance_ns = _PLACE_TOLERANCE_BEATS * tune.steps_per_beat * true_step_ns
    right_tempo = abs(ratio - 1) < _TEMPO_TOLERANCE
    beat = line - (line - performance.end_step) // tune.steps_per_beat * tune.steps_per_beat
    beat_error_ns = _distance_ns(grid, tracker.beat_step, tune.steps_per_beat, performance.time_of(beat))
    bar_step = tracker.bar_step
    return PlayingScore(
        Counter(shifts).most_common(1)[0][1] / len(shifts),
        right_tempo,
        not right_tempo and any(abs(ratio / octave - 1) < _OCTAVE_TOLERANCE for octave in _OCTAVES),
        beat_error_ns < tolerance_ns,
        bar_step is not None
        and _distance_ns(grid, bar_step, tune.steps_per_bar, performance.time_of(line)) < tolerance_ns,
    )


def _distance_ns(grid: Grid, first_step: int, period_steps: int, time_ns: float) -> float:
    """Return how far `time_ns` is from the nearest of the steps `first_step`, one period later, and so on."""
    period_ns = period_steps * grid.step_ns
    return abs((time_ns - grid.time_of(first_step) + period_ns / 2) % period_ns - period_ns / 2)
