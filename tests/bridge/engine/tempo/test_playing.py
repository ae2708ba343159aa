"""Tempo, beat and bar inferred from playing: upbeats, meters, rolled chords, grace notes, swing, drift, octaves."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from bachbridge.engine.tempo.tracker import TempoTracker

MS = 1_000_000
MELODY_PITCHES = (67, 67, 69, 71, 72, 71, 69, 71, 69, 67, 67, 66, 67, 69, 71, 74, 72, 71, 69, 71, 69, 67, 66, 67)
DANCE = (4, 4, 4, 8, 4, 4, 2, 2, 4, 8, 4, 6, 2, 4, 8, 4, 4, 4, 4, 12)
"""Values in 3/4 from a bar line."""
HYMN = (4, 4, 4, 2, 2, 4, 4, 8, 4, 4, 4, 4, 4, 4, 4, 8, 4, 4, 2, 2, 4, 4, 4, 8)
"""Values in 4/4 from the last beat of a bar."""
JIG = (2, 4, 2, 4, 2, 2, 2, 2, 6, 4, 2, 2, 2, 2, 4, 2, 2, 2, 2, 6, 4, 2, 4, 2, 4, 2, 4)
"""Values in 6/8 from the last 8th of a bar."""


def starts_of(values: Sequence[int]) -> list[int]:
    return [int(step) for step in np.cumsum((0, *values[:-1]))]


def play(
    tracker: TempoTracker,
    values: Sequence[int],
    bpm: float,
    *,
    jitter_ms: float = 12.0,
    drift: float = 0.0,
    swing: float = 0.5,
) -> None:
    """Play a melody; `drift` is the relative change of the tempo until its end."""
    rng = np.random.default_rng(5)
    starts, total = starts_of(values), sum(values)
    step_ms = 15_000 / bpm / (1 + drift * np.arange(total + 1) / total)
    times = np.concatenate(([0.0], np.cumsum(step_ms)))
    for number, (start, value) in enumerate(zip(starts, values, strict=True)):
        late = (2 * swing - 1) * 2 * step_ms[start] if start % 4 == 2 else 0.0
        on_ns = round((5000 + times[start] + late + rng.normal(0, jitter_ms)) * MS)
        pitch = MELODY_PITCHES[number % len(MELODY_PITCHES)]
        tracker.add_onset(on_ns, pitch)
        tracker.add_release(on_ns + round(0.8 * value * step_ms[start] * MS), pitch)


def right_share(steps: Sequence[int], starts: Sequence[int]) -> float:
    shifts = Counter(step - start for step, start in zip(steps, starts, strict=True))
    return shifts.most_common(1)[0][1] / len(starts)


@pytest.mark.parametrize("bpm", [66, 84, 100, 120, 138])
@pytest.mark.parametrize("drift", [-0.05, 0.0, 0.05])
def test_tracker_hears_tempo_and_upbeat_of_a_quarter(bpm: int, drift: float) -> None:
    tracker = TempoTracker(0.0, None)
    play(tracker, HYMN, bpm, drift=drift)
    assert tracker.grid.bpm == pytest.approx(bpm * (1 + drift), rel=0.05)
    assert tracker.steps == starts_of(HYMN)
    assert tracker.bar_step is not None
    assert tracker.bar_step % 16 == 4
    assert tracker.beat_step % 4 == 0


def test_tracker_hears_upbeat_of_three_quarters() -> None:
    tracker = TempoTracker(0.0, None)
    play(tracker, (4, 4, 4, 12, 4, 4, 4, 2, 2, 4, 12, 4, 4, 4, 4, 4, 12, 4, 4, 4, 2, 2, 4, 12), 96)
    assert tracker.bar_step is not None
    assert tracker.bar_step % 16 == 12


def test_tracker_hears_upbeat_of_an_eighth() -> None:
    tracker = TempoTracker(0.0, None)
    values = (2, 4, 4, 4, 2, 2, 6, 2, 4, 4, 4, 4, 2, 2, 4, 8, 6, 2, 8, 8, 4, 4)
    play(tracker, values, 92)
    assert tracker.steps == starts_of(values)
    assert tracker.beat_step % 4 == 2


@pytest.mark.parametrize("bpm", [72, 104, 132])
def test_tracker_hears_bar_lines_in_three_four(bpm: int) -> None:
    tracker = TempoTracker(0.0, None, steps_per_bar=12)
    play(tracker, DANCE, bpm)
    assert tracker.steps == starts_of(DANCE)
    assert tracker.bar_step is not None
    assert tracker.bar_step % 12 == 0


@pytest.mark.parametrize("bpm", [90, 120, 150])
def test_tracker_hears_beats_in_six_eight(bpm: int) -> None:
    tracker = TempoTracker(0.0, None, steps_per_bar=12, steps_per_beat=6)
    play(tracker, JIG, bpm)
    assert tracker.steps == starts_of(JIG)
    assert tracker.beat_step % 6 == 2


@pytest.mark.parametrize(("bar", "beat"), [(14, 2), (20, 4), (8, 4), (32, 8), (6, 6), (3, 1), (128, 4)])
def test_tracker_follows_any_meter(bar: int, beat: int) -> None:
    tracker = TempoTracker(0.0, None, steps_per_bar=bar, steps_per_beat=beat)
    play(tracker, HYMN, 100)
    assert 0 <= tracker.beat_confidence <= 1 + 1e-9
    assert 0 <= tracker.bar_confidence <= tracker.beat_confidence + 1e-9
    assert len(tracker.steps) == len(tracker.offsets_ns) == len(HYMN)


@pytest.mark.parametrize("spread_ms", [40, 80])
@pytest.mark.parametrize("upwards", [True, False])
def test_rolled_chord_is_one_event(spread_ms: int, upwards: bool) -> None:
    tracker, rng = TempoTracker(0.0, None), np.random.default_rng(3)
    starts = starts_of(HYMN)
    for start, value in zip(starts, HYMN, strict=True):
        chord = (48, 55, 64, 72 + start // 4 % 5)
        for place, pitch in enumerate(chord if upwards else chord[::-1]):
            at_ms = 5000 + start * 150 + spread_ms * place / 3 + rng.normal(0, 5)
            tracker.add_onset(round(at_ms * MS), pitch)
        for pitch in chord:
            tracker.add_release(round((5000 + (start + 0.85 * value) * 150) * MS), pitch)
    assert right_share(tracker.steps, [start for start in starts for _ in range(4)]) >= 0.95
    assert tracker.grid.bpm == pytest.approx(100, rel=0.04)


def test_grace_note_has_step_of_its_note() -> None:
    tracker, played = TempoTracker(0.0, None), []
    for number, (start, value) in enumerate(zip(starts_of(HYMN), HYMN, strict=True)):
        at_ms, pitch = 5000 + start * 165, MELODY_PITCHES[number]
        if number % 4 == 3:
            tracker.add_onset((at_ms - 75) * MS, pitch + 2)
            tracker.add_release((at_ms - 5) * MS, pitch + 2)
            played.append(start)
        tracker.add_onset(at_ms * MS, pitch)
        tracker.add_release(round((at_ms + 0.8 * value * 165) * MS), pitch)
        played.append(start)
    assert tracker.steps == played
    assert tracker.offsets_ns[3] < -40 * MS


def test_quick_notes_that_overlap_are_no_chord() -> None:
    tracker = TempoTracker(0.0, None)
    values = (4, 4, 2, 1, 1, 4, 4, 4, 2, 1, 1, 4, 4, 4, 2, 1, 1, 4, 8)
    for number, start in enumerate(starts_of(values)):
        tracker.add_onset((5000 + start * 110) * MS, 60 + number % 7)
        if number:
            tracker.add_release((5000 + start * 110 + 25) * MS, 60 + (number - 1) % 7)
    assert tracker.steps == starts_of(values)


@pytest.mark.parametrize("ratio", [0.6, 0.667])
def test_swing_is_measured(ratio: float) -> None:
    tracker, values = TempoTracker(0.0, None), (4, 2, 2, 4, 2, 2, 2, 2, 4, 2, 2, 8) * 2
    play(tracker, values, 110, jitter_ms=5, swing=ratio)
    assert tracker.steps == starts_of(values)
    assert tracker.swing == pytest.approx(ratio, abs=0.03)


def test_straight_playing_has_no_swing() -> None:
    tracker = TempoTracker(0.0, None)
    play(tracker, HYMN, 100, jitter_ms=3)
    assert tracker.swing == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(("hint", "heard"), [(75.0, 75.0), (150.0, 150.0)])
def test_tempo_hint_decides_between_quarters_and_eighths(hint: float, heard: float) -> None:
    tracker = TempoTracker(0.0, None, tempo_hint=hint)
    for number in range(9):
        tracker.add_onset(number * 400 * MS)
    assert tracker.grid.bpm == pytest.approx(heard, rel=0.03)


def test_set_tempo_has_beats_and_bars_too() -> None:
    tracker = TempoTracker(100.0, None)
    play(tracker, HYMN, 100)
    assert tracker.grid.bpm == pytest.approx(100)
    assert tracker.bar_step is not None
    assert tracker.bar_step % 16 == 4


def test_bar_lines_of_a_few_notes_are_unknown() -> None:
    tracker = TempoTracker(0.0, None)
    play(tracker, HYMN[:4], 100)
    assert tracker.bar_step is None


def test_settled_steps_stay() -> None:
    tracker, rng = TempoTracker(0.0, None), np.random.default_rng(1)
    kept: list[int] = []
    for number in range(300):
        tracker.add_onset(round((number * 250 + rng.normal(0, 30)) * MS))
        settled = tracker.steps[: tracker.settled_count]
        assert settled[: len(kept)] == kept
        kept = settled
    assert len(kept) > 200
    assert tracker.steps == sorted(tracker.steps)
    tracker.drop_first(250)
    assert len(tracker.steps) == len(tracker.offsets_ns) == 50


def test_onsets_at_one_time_and_long_pauses_do_no_harm() -> None:
    tracker = TempoTracker(0.0, None)
    for at_s in (0.0, 0.0, 0.0, 0.5, 1.0, 1.5, 60.0, 60.5, 61.0, 3600.0):
        tracker.add_onset(round(at_s * 1e9), 60)
    assert len(tracker.steps) == 10
    assert tracker.steps == sorted(tracker.steps)
    assert 20 < tracker.grid.bpm < 400
