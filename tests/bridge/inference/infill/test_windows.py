"""Windows over a long canvas: everything is decided once, in order, past and near future in view."""

import numpy as np
import pytest

from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill import windows as infill_windows
from bachbridge.inference.infill.gibbs import FilledCanvas, Schedule
from bachbridge.inference.infill.windows import MAX_STEPS_AT_ONCE, CanvasWindow
from bachbridge.music.frames import REST, UNKNOWN, pitch_index
from bachbridge.music.notes import VOICE_RANGES
from bachbridge.protocol.style import Style
from tests.support.biased_infill_net import FourthsNet

QUICK = Schedule(2)


def melody(steps: int) -> Canvas:
    """A soprano of quarters up and down, the rest open."""
    classes = np.full((steps, 4), UNKNOWN, np.int32)
    classes[:, 0] = pitch_index(67) + np.arange(steps) // 4 % 7
    struck = np.zeros(classes.shape, np.bool_)
    struck[::4, 0] = True
    place = infill_grid.place_features(np.arange(steps, dtype=np.int32) % 16, np.full(steps, 16, np.int32))
    return Canvas(classes, struck, place, infill_grid.voice_range_mask(steps))


def bars(steps: int, length: int = 16) -> list[int]:
    return list(range(0, steps, length))


def walked(task: Canvas, lines: list[int], nets: FourthsNet | None = None, seed: int = 1) -> tuple[FilledCanvas, int]:
    """What comes out, and after how many pauses."""
    *pauses, last = infill_windows.fill_windows(
        nets or FourthsNet(), task, lines, QUICK, Style(), candidates=2, seed=seed
    )
    assert last is not None
    assert not any(pauses)
    return last, len(pauses)


@pytest.mark.parametrize("steps", [1, 17, MAX_STEPS_AT_ONCE])
def test_what_is_not_long_is_one_window(steps: int):
    assert list(infill_windows.split_windows(np.ones(steps, np.bool_), bars(steps))) == [
        CanvasWindow(0, 0, steps, steps)
    ]


@pytest.mark.parametrize("length", [1, 7, 12, 16, 1000])
@pytest.mark.parametrize("steps", [MAX_STEPS_AT_ONCE + 1, 999, 8000])
def test_windows_decide_every_step_once_and_show_no_more_than_a_whole(steps: int, length: int):
    lines = bars(steps, length)
    found = list(infill_windows.split_windows(np.ones(steps, np.bool_), lines))
    assert [step for window in found for step in range(window.decided_begin, window.decided_end)] == list(range(steps))
    assert max(window.shown_end - window.shown_begin for window in found) <= MAX_STEPS_AT_ONCE
    for window in found[1:]:
        assert window.decided_begin - window.shown_begin >= 64
    for window in found[:-1]:
        assert window.shown_end - window.decided_end >= min(48, steps - window.decided_end)
        assert window.decided_end % length == 0 or length == 1000


def test_only_what_is_open_is_visited():
    open_ = np.zeros(5000, np.bool_)
    open_[10:20] = open_[4000:4010] = open_[4100:4103] = True
    found = list(infill_windows.split_windows(open_, bars(5000)))
    assert [(window.decided_begin, window.decided_end) for window in found] == [(10, 208), (4000, 4103)]
    assert not list(infill_windows.split_windows(np.zeros(5000, np.bool_), bars(5000)))


def test_a_long_melody_stays_and_all_else_is_sung_within_range():
    task, nets = melody(2000), FourthsNet()
    done, pauses = walked(task, bars(2000), nets)
    assert pauses >= infill_windows.count_sweeps(task, bars(2000), QUICK) >= 2 * 9
    assert max(nets.steps_per_sweep) <= MAX_STEPS_AT_ONCE
    assert (done.pitch_indices[:, 0] == task.pitch_indices[:, 0]).all()
    assert (done.onsets[:, 0] == task.onsets[:, 0]).all()
    for voice, (low, high) in enumerate(VOICE_RANGES):
        assert pitch_index(low) <= done.pitch_indices[:, voice].min()
        assert done.pitch_indices[:, voice].max() <= pitch_index(high)


def test_the_same_seed_fills_alike():
    long = [walked(melody(700), bars(700), seed=seed)[0].pitch_indices.tolist() for seed in (3, 3, 4)]
    assert long[0] == long[1] != long[2]


def test_nothing_open_is_done_at_once():
    task = melody(50)
    given = Canvas(np.maximum(task.pitch_indices, REST), task.onsets, task.place, task.logit_mask)
    done, pauses = walked(given, bars(50))
    assert (done.pitch_indices == given.pitch_indices).all()
    assert not pauses
