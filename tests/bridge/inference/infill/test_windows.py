"""Windows over a long canvas: everything is decided once, in order, past and near future in view."""

import numpy as np
import pytest

from bachbridge.codecs import infill_grid, satb
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill import windows as infill_windows
from bachbridge.inference.infill.gibbs import Filled, Schedule
from bachbridge.inference.infill.windows import WHOLE, Window
from bachbridge.inference.runtime.style import Style
from bachbridge.music.notes import RANGES
from tests.support.biased_infill_net import Leaning

QUICK = Schedule(2)


def melody(steps: int) -> Canvas:
    """A soprano of quarters up and down, the rest open."""
    classes = np.full((steps, 4), satb.UNKNOWN, np.int32)
    classes[:, 0] = satb.class_of(67) + np.arange(steps) // 4 % 7
    struck = np.zeros(classes.shape, np.bool_)
    struck[::4, 0] = True
    place = infill_grid.places(np.arange(steps, dtype=np.int32) % 16, np.full(steps, 16, np.int32))
    return Canvas(classes, struck, place, infill_grid.within_ranges(steps))


def bars(steps: int, length: int = 16) -> list[int]:
    return list(range(0, steps, length))


def walked(task: Canvas, lines: list[int], nets: Leaning | None = None, seed: int = 1) -> tuple[Filled, int]:
    """What comes out, and after how many pauses."""
    *pauses, last = infill_windows.walked(nets or Leaning(), task, lines, QUICK, Style(), candidates=2, seed=seed)
    assert last is not None
    assert not any(pauses)
    return last, len(pauses)


@pytest.mark.parametrize("steps", [1, 17, WHOLE])
def test_what_is_not_long_is_one_window(steps: int):
    assert list(infill_windows.windows(np.ones(steps, np.bool_), bars(steps))) == [Window(0, 0, steps, steps)]


@pytest.mark.parametrize("length", [1, 7, 12, 16, 1000])
@pytest.mark.parametrize("steps", [WHOLE + 1, 999, 8000])
def test_windows_decide_every_step_once_and_show_no_more_than_a_whole(steps: int, length: int):
    lines = bars(steps, length)
    found = list(infill_windows.windows(np.ones(steps, np.bool_), lines))
    assert [step for window in found for step in range(window.first, window.last)] == list(range(steps))
    assert max(window.end - window.begin for window in found) <= WHOLE
    for window in found[1:]:
        assert window.first - window.begin >= 64
    for window in found[:-1]:
        assert window.end - window.last >= min(48, steps - window.last)
        assert window.last % length == 0 or length == 1000


def test_only_what_is_open_is_visited():
    open_ = np.zeros(5000, np.bool_)
    open_[10:20] = open_[4000:4010] = open_[4100:4103] = True
    found = list(infill_windows.windows(open_, bars(5000)))
    assert [(window.first, window.last) for window in found] == [(10, 208), (4000, 4103)]
    assert not list(infill_windows.windows(np.zeros(5000, np.bool_), bars(5000)))


def test_a_long_melody_stays_and_all_else_is_sung_within_range():
    task, nets = melody(2000), Leaning()
    done, pauses = walked(task, bars(2000), nets)
    assert pauses >= infill_windows.passes(task, bars(2000), QUICK) >= 2 * 9
    assert max(nets.shown) <= WHOLE
    assert (done.classes[:, 0] == task.classes[:, 0]).all()
    assert (done.struck[:, 0] == task.struck[:, 0]).all()
    for voice, (low, high) in enumerate(RANGES):
        assert satb.class_of(low) <= done.classes[:, voice].min()
        assert done.classes[:, voice].max() <= satb.class_of(high)


def test_the_same_seed_fills_alike():
    long = [walked(melody(700), bars(700), seed=seed)[0].classes.tolist() for seed in (3, 3, 4)]
    assert long[0] == long[1] != long[2]


def test_nothing_open_is_done_at_once():
    task = melody(50)
    given = Canvas(np.maximum(task.classes, satb.REST), task.struck, task.place, task.allowed)
    done, pauses = walked(given, bars(50))
    assert (done.classes == given.classes).all()
    assert not pauses
