"""Windows over a long canvas: each step is decided once, in order, with its past and near future shown."""

import numpy as np
import pytest

from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill import gibbs
from bachbridge.inference.infill import windows as infill_windows
from bachbridge.inference.infill.gibbs import FilledCanvas, Schedule
from bachbridge.inference.infill.windows import MAX_STEPS_AT_ONCE, CanvasWindow
from bachbridge.music.frames import REST, UNKNOWN, pitch_index
from bachbridge.music.notes import VOICE_RANGES
from bachbridge.protocol.style import Style
from tests.support.biased_infill_net import FourthsNet

QUICK = Schedule(2)


def melody(steps: int) -> Canvas:
    """Return a canvas with a soprano of quarter notes; the other voices are masked."""
    pitch_indices = np.full((steps, 4), UNKNOWN, np.int32)
    pitch_indices[:, 0] = pitch_index(67) + np.arange(steps) // 4 % 7
    onsets = np.zeros(pitch_indices.shape, np.bool_)
    onsets[::4, 0] = True
    place = infill_grid.place_features(np.arange(steps, dtype=np.int32) % 16, np.full(steps, 16, np.int32))
    return Canvas(pitch_indices, onsets, place, infill_grid.voice_range_mask(steps))


def bars(steps: int, length: int = 16) -> list[int]:
    return list(range(0, steps, length))


def fill(
    canvas: Canvas, bar_lines: list[int], net: FourthsNet | None = None, seed: int = 1
) -> tuple[FilledCanvas, int]:
    """Return the filled canvas, and the number of pauses before it."""
    *pauses, last = infill_windows.fill_windows(
        net or FourthsNet(), canvas, bar_lines, QUICK, Style(), candidates=2, seed=seed
    )
    assert last is not None
    assert not any(pauses)
    return last, len(pauses)


@pytest.mark.parametrize("steps", [1, 17, MAX_STEPS_AT_ONCE])
def test_split_windows_gives_one_window_for_a_short_canvas(steps: int):
    assert list(infill_windows.split_windows(np.ones(steps, np.bool_), bars(steps))) == [
        CanvasWindow(0, 0, steps, steps)
    ]


@pytest.mark.parametrize("length", [1, 7, 12, 16, 1000])
@pytest.mark.parametrize("steps", [MAX_STEPS_AT_ONCE + 1, 999, 8000])
def test_split_windows_decides_each_step_once_in_bounded_windows(steps: int, length: int):
    bar_lines = bars(steps, length)
    found = list(infill_windows.split_windows(np.ones(steps, np.bool_), bar_lines))
    assert [step for window in found for step in range(window.decided_begin, window.decided_end)] == list(range(steps))
    assert max(window.shown_end - window.shown_begin for window in found) <= MAX_STEPS_AT_ONCE
    for window in found[1:]:
        assert window.decided_begin - window.shown_begin >= 64
    for window in found[:-1]:
        assert window.shown_end - window.decided_end >= min(48, steps - window.decided_end)
        assert window.decided_end % length == 0 or length == 1000


def test_split_windows_visits_only_masked_steps():
    masked = np.zeros(5000, np.bool_)
    masked[10:20] = masked[4000:4010] = masked[4100:4103] = True
    found = list(infill_windows.split_windows(masked, bars(5000)))
    assert [(window.decided_begin, window.decided_end) for window in found] == [(10, 208), (4000, 4103)]
    assert not list(infill_windows.split_windows(np.zeros(5000, np.bool_), bars(5000)))


def test_fill_windows_keeps_a_long_melody_and_voice_ranges():
    canvas, net = melody(2000), FourthsNet()
    filled, pauses = fill(canvas, bars(2000), net)
    assert pauses >= infill_windows.count_sweeps(canvas, bars(2000), QUICK) >= 2 * 9
    assert max(net.steps_per_sweep) <= MAX_STEPS_AT_ONCE
    assert (filled.pitch_indices[:, 0] == canvas.pitch_indices[:, 0]).all()
    assert (filled.onsets[:, 0] == canvas.onsets[:, 0]).all()
    for voice, (low, high) in enumerate(VOICE_RANGES):
        assert pitch_index(low) <= filled.pitch_indices[:, voice].min()
        assert filled.pitch_indices[:, voice].max() <= pitch_index(high)


def test_fill_windows_is_deterministic():
    long = [fill(melody(700), bars(700), seed=seed)[0].pitch_indices.tolist() for seed in (3, 3, 4)]
    assert long[0] == long[1] != long[2]


def test_fill_windows_gives_the_nats_of_one_window():
    canvas = melody(32)
    whole, _ = fill(canvas, bars(32))
    *_, alone = gibbs.fill_canvas(FourthsNet(), canvas, QUICK, Style(), candidates=2, seed=1)
    assert alone is not None
    assert whole.nats_per_cell == pytest.approx(alone.nats_per_cell)
    assert whole.nats_per_cell > 0


def test_fill_windows_returns_at_once_if_nothing_is_masked():
    canvas = melody(50)
    given = Canvas(np.maximum(canvas.pitch_indices, REST), canvas.onsets, canvas.place, canvas.logit_mask)
    filled, pauses = fill(given, bars(50))
    assert (filled.pitch_indices == given.pitch_indices).all()
    assert not pauses
