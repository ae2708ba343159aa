"""A long canvas filled window by window, so that memory does not grow with the piece and time grows in proportion.

The network looks at all steps that it is shown, and its attention costs the square of their number. A canvas of up to
`MAX_STEPS_AT_ONCE` steps is filled at once. Of a longer one a window at a time is shown: first the last steps that are
decided, as context, then the steps to decide, then a few more, whose given voices let the window's harmony lead to
where the music goes; what is drawn there is dropped and drawn again in the next window. Windows end at a bar line where
there is one.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill.gibbs import FilledCanvas, Schedule, fill_canvas
from bachbridge.inference.runtime.protocols import MaskedNet
from bachbridge.music.frames import Bools
from bachbridge.music.notes import SEED_COUNT
from bachbridge.protocol.style import Style

MAX_STEPS_AT_ONCE = 320
"""Steps that are filled at once: 20 bars of four quarters."""
_CONTEXT_STEPS, _LOOKAHEAD_STEPS = 64, 48
"""Steps that are shown before and after those that a window decides."""
_DECIDED_STEPS = MAX_STEPS_AT_ONCE - _CONTEXT_STEPS - _LOOKAHEAD_STEPS


@dataclass(frozen=True, slots=True)
class CanvasWindow:
    """The steps that a window shows and those that it decides; ends are exclusive."""

    shown_begin: int
    decided_begin: int
    decided_end: int
    shown_end: int


def split_windows(to_fill: Bools, bar_lines: Sequence[int]) -> Iterator[CanvasWindow]:
    """Yield the windows over the steps `to_fill[step]`; `bar_lines` are the steps of the bar lines, in order."""
    steps = len(to_fill)
    steps_to_fill = np.flatnonzero(to_fill)
    done = 0
    while len(left := steps_to_fill[steps_to_fill >= done]):
        first, last = int(left[0]), int(left[-1]) + 1
        if steps <= MAX_STEPS_AT_ONCE:
            yield CanvasWindow(0, first, last, steps)
            return
        if last - first > _DECIDED_STEPS:
            last = _bar_line_before(first + _DECIDED_STEPS, bar_lines, after=first + _DECIDED_STEPS // 2)
        end = min(steps, max(last + _LOOKAHEAD_STEPS, first + MAX_STEPS_AT_ONCE - _CONTEXT_STEPS))
        yield CanvasWindow(max(0, min(first - _CONTEXT_STEPS, end - MAX_STEPS_AT_ONCE)), first, last, end)
        done = last


def _bar_line_before(step: int, bar_lines: Sequence[int], after: int) -> int:
    """The last bar line up to `step`, or `step` itself if that bar line is not later than `after`."""
    index = bisect_right(bar_lines, step) - 1
    return bar_lines[index] if index >= 0 and bar_lines[index] > after else step


def count_sweeps(canvas: Canvas, bar_lines: Sequence[int], schedule: Schedule) -> int:
    """The least number of sweeps that `fill_windows` makes."""
    return sum(schedule.sweeps for _ in split_windows(_steps_to_fill(canvas), bar_lines))


def fill_windows(
    net: MaskedNet,
    canvas: Canvas,
    bar_lines: Sequence[int],
    schedule: Schedule,
    style: Style,
    *,
    candidates: int,
    seed: int,
) -> Iterator[FilledCanvas | None]:
    """Fill a canvas of any length as `gibbs.fill_canvas` does: yield None after every sweep, and finally the result."""
    pitch_indices, onsets = canvas.pitch_indices.copy(), canvas.onsets.copy()
    parts: list[tuple[int, FilledCanvas]] = []
    for index, window in enumerate(split_windows(_steps_to_fill(canvas), bar_lines)):
        shown = slice(window.shown_begin, window.shown_end)
        holds = None if canvas.holds is None else canvas.holds[shown]
        part = Canvas(pitch_indices[shown], onsets[shown], canvas.place[shown], canvas.logit_mask[shown], holds)
        masked_count = int(part.masked.sum())  # before the cells, which the part shares, are filled
        decided = slice(window.decided_begin, window.decided_end)
        decided_in_part = slice(window.decided_begin - window.shown_begin, window.decided_end - window.shown_begin)
        for filled in fill_canvas(net, part, schedule, style, candidates=candidates, seed=_window_seed(seed, index)):
            if filled is None:
                yield None
            else:
                pitch_indices[decided] = filled.pitch_indices[decided_in_part]
                onsets[decided] = filled.onsets[decided_in_part]
                parts.append((masked_count, filled))
    yield _with_totals(FilledCanvas(pitch_indices, onsets, 0.0, 0, 0.0), parts)


def _steps_to_fill(canvas: Canvas) -> Bools:
    """`[step]`: True where any cell is masked."""
    return np.array(canvas.masked.any(axis=1), np.bool_)


def _window_seed(seed: int, index: int) -> int:
    """Return a seed for each window; the first window's is the seed itself."""
    rng = np.random.default_rng([seed, index])
    return int(rng.integers(SEED_COUNT)) if index else seed


def _with_totals(whole: FilledCanvas, parts: Sequence[tuple[int, FilledCanvas]]) -> FilledCanvas:
    """Return the whole with the figures of `parts`, each given with its number of masked cells."""
    cells = max(1, sum(count for count, _ in parts))
    return replace(
        whole,
        nats_per_cell=sum(count * part.nats_per_cell for count, part in parts) / cells,
        violations=sum(part.violations for _, part in parts),
        penalty=sum(part.penalty for _, part in parts),
    )
