"""Steps counted while somebody plays, with and without a set tempo."""

import numpy as np
import pytest

from bachbridge.engine.tempo.beat_counter import BeatCounter

MS = 1_000_000
TUNE = (4, 4, 2, 2, 4, 4, 4, 8, 4, 2, 2, 4, 4, 2, 2, 4, 8, 4, 4, 4, 4, 2, 2, 4, 8)
"""Lengths of notes in steps."""


def test_step_is_current_from_half_a_step_before_time() -> None:
    counter = BeatCounter(120.0)
    assert not counter.has_begun
    assert counter.add_onset(1000 * MS) == 0
    assert counter.step_begin_ns(1) == 1000 * MS + 62_500_000
    assert [counter.step_at(t * MS) for t in (1000, 1062, 1063, 1187, 1188)] == [0, 0, 1, 1, 2]


def test_grid_stays_regular_with_set_tempo() -> None:
    counter = BeatCounter(120.0)
    for step in range(0, 64, 4):
        assert counter.add_onset(step * 125 * MS + (step % 8) * 5 * MS) == step
        counter.update_tempo()
    assert counter.step_begin_ns(64) == 64 * 125 * MS - 62_500_000


@pytest.mark.parametrize("bpm", [72, 92, 110])
@pytest.mark.parametrize("faster", [0.0, 0.05])
def test_beat_counter_finds_place_in_beat_without_tempo(bpm: int, faster: float) -> None:
    rng = np.random.default_rng(bpm)
    counter, at_ns, step, in_place = BeatCounter(0.0), 0.0, 0, []
    step_ns = 60e9 / bpm / 4
    for length in TUNE:
        onset = round(at_ns + rng.normal(0, 12 * MS))
        in_place.append((counter.add_onset(max(0, onset)) - step) % 4 == 0)
        counter.update_tempo()
        step += length
        at_ns += length * step_ns
        step_ns *= 1 - faster / len(TUNE)
    assert sum(in_place[6:]) >= len(TUNE) - 6 - 1


def test_skipped_silence_keeps_place_in_beat() -> None:
    counter = BeatCounter(120.0)
    counter.add_onset(0)
    counter.skip_silence(8)
    assert counter.add_onset(10 * 125 * MS) == 2


def test_new_tempo_continues_from_current_step() -> None:
    counter = BeatCounter(120.0)
    counter.add_onset(0)
    counter.add_onset(500 * MS)
    assert counter.with_tempo(60.0).step_at(500 * MS + 1000 * MS) == 8


def test_beat_is_heard_after_a_few_notes_and_upbeat_is_counted() -> None:
    counter, step, known = BeatCounter(0.0), 0, []
    for length in (2, *TUNE):
        at = counter.add_onset(step * 150 * MS)
        counter.update_tempo()
        known.append((counter.is_beat_known, (at - step + 2) % 4))
        step += length
    assert [is_known for is_known, _ in known[:4]] == [False] * 4
    assert known[-1] == (True, 0)


def test_ornament_does_not_move_the_grid() -> None:
    counter = BeatCounter(0.0)
    for quarter in range(4):
        counter.add_onset(quarter * 600 * MS)
    before = counter.grid.time_of(16)
    counter.add_ornament(2460 * MS)
    assert counter.grid.time_of(16) == before
    counter.add_onset(2460 * MS)
    assert counter.grid.time_of(16) > before
