"""Tempo from onsets: with jitter, accelerando, chords and the previous tempo."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.tracker import TempoTracker, estimate_bpm, track_onsets
from bachbridge.music.notes import step_ns_from_bpm

TUNE = (4, 4, 2, 2, 4, 4, 6, 2, 8, 4, 4, 2, 2, 4, 4, 4, 8)
"""Note values in steps."""
STARTS = tuple(int(n) for n in np.cumsum((0, *TUNE)))


def tune_onsets(bpm: float, jitter_ms: float = 0.0, gain: float = 0.0, seed: int = 0) -> list[int]:
    """Return the onsets of the tune in ns; the tempo grows by the share `gain` from the first onset to the last."""
    rng = np.random.default_rng(seed)
    bpms = bpm * (1 + gain * np.arange(STARTS[-1]) / STARTS[-1])
    times = np.concatenate(([0.0], np.cumsum(60e9 / bpms / 4)))[list(STARTS)]
    return sorted(int(t) for t in 5e9 + times + rng.normal(0, jitter_ms * 1e6, len(STARTS)))


@pytest.mark.parametrize("bpm", [60, 72, 88, 100, 126])
def test_tempo_is_estimated_in_spite_of_jitter(bpm: float) -> None:
    assert estimate_bpm(tune_onsets(bpm, jitter_ms=12)) == pytest.approx(bpm, rel=0.02)


def test_too_few_notes_keep_previous_tempo() -> None:
    assert estimate_bpm([0, 500_000_000], 117.0) == pytest.approx(117.0)


def test_previous_tempo_decides_ambiguous_phrase() -> None:
    even = [n * 400_000_000 for n in range(8)]
    assert estimate_bpm(even, 150.0) == pytest.approx(150, rel=0.01)
    assert estimate_bpm(even, 75.0) == pytest.approx(75, rel=0.01)


@pytest.mark.parametrize("gain", [-0.15, 0.0, 0.15])
def test_grid_follows_accelerando_and_ritardando(gain: float) -> None:
    tracker = track_onsets(tune_onsets(90, jitter_ms=10, gain=gain), 0)
    assert tracker.steps == list(STARTS)
    assert tracker.grid.bpm == pytest.approx(90 * (1 + gain), rel=0.06)


def test_keys_of_a_chord_fall_on_one_step() -> None:
    onsets = sorted(t + late * 8_000_000 for t in tune_onsets(100) for late in range(3))
    assert set(track_onsets(onsets, 0).steps) == set(STARTS)
    assert set(track_onsets(onsets, 100).steps) == set(STARTS)


def test_early_first_note_does_not_make_others_late() -> None:
    onsets = tune_onsets(100)
    onsets[0] -= 30_000_000
    tracker = track_onsets(onsets, 100)
    assert tracker.offsets_ns[0] == pytest.approx(-30_000_000, abs=1000)
    assert max(abs(offset) for offset in tracker.offsets_ns[1:]) < 1000
    assert tracker.steps == list(STARTS)


def test_next_beat_is_at_or_after_the_time() -> None:
    grid = Grid(1000, 100)
    assert [grid.next_beat_step(t) for t in (1000, 1001, 1400, 1401, 599)] == [0, 4, 4, 8, -4]
    assert step_ns_from_bpm(120) == 125_000_000


@given(st.lists(st.integers(0, 6000) | st.integers(0, 90), min_size=1, max_size=40))
def test_tempo_keeps_its_bounds_whatever_is_played(gaps_ms: list[int]) -> None:
    tracker, onset_ns = TempoTracker(0.0, None), 0
    for number, gap_ms in enumerate(gaps_ms):
        onset_ns += gap_ms * 1_000_000
        tracker.add_onset(onset_ns, 60 + number % 5)
        tracker.add_release(onset_ns + 1_000_000, 60 + number % 5)
        assert 13 < tracker.grid.bpm < 600
    steps = tracker.steps
    assert len(steps) == len(gaps_ms)
    assert steps == sorted(steps)


def test_tracker_begins_anew_after_an_hour() -> None:
    hour_ns = 3600 * 1_000_000_000
    onsets_ns = [0, *(hour_ns + n * 500_000_000 for n in range(8))]
    assert 60 < track_onsets(onsets_ns, 0.0).grid.bpm < 250


def test_tracker_forgets_what_has_settled() -> None:
    whole, cut = TempoTracker(0.0, None), TempoTracker(0.0, None)
    for n in range(300):
        for tracker in (whole, cut):
            tracker.add_onset(n * 500_000_000)
        if n == 200:
            cut.drop_first(150)
    assert cut.steps == whole.steps[150:]
    assert cut.grid == whole.grid
    assert cut.settled_count == whole.settled_count - 150
    assert cut.bar_step == whole.bar_step
