"""A long canvas filled window by window, so that memory does not grow with the piece and time grows with it evenly.

The network looks at all steps that it is shown, and its attention costs the square of their number. Up to `WHOLE` steps
a canvas is filled at once. Of a longer one a window at a time is shown: the last steps of what is decided are given,
then come the steps that are to be decided, then a few more, whose given voices let the window's harmony lead to where
the music goes; what was drawn there is dropped and drawn again in the next window. Windows end at a bar line where
there is one.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill.gibbs import FilledCanvas, MaskedNet, Schedule, fill_canvas
from bachbridge.inference.runtime.style import Style
from bachbridge.music.frames import Bools

MAX_STEPS_AT_ONCE = 320
"""Steps that are filled at once: 20 bars of four quarters."""
_CONTEXT_STEPS, _LOOKAHEAD_STEPS = 64, 48
"""Steps that are shown before and after those that a window decides."""
_DECIDED_STEPS = MAX_STEPS_AT_ONCE - _CONTEXT_STEPS - _LOOKAHEAD_STEPS


@dataclass(frozen=True, slots=True)
class CanvasWindow:
    """Shown are the steps from `begin` to `end`, decided those from `first` to `last` (exclusive both)."""

    shown_begin: int
    decided_begin: int
    decided_end: int
    shown_end: int


def split_windows(to_fill: Bools, bar_lines: Sequence[int]) -> Iterator[CanvasWindow]:
    """The windows over `open_[step]`, steps with something to fill; `lines` are the steps of the bar lines."""
    steps = len(to_fill)
    wanted = np.flatnonzero(to_fill)
    at = 0
    while len(left := wanted[wanted >= at]):
        first, last = int(left[0]), int(left[-1]) + 1
        if steps <= MAX_STEPS_AT_ONCE:
            yield CanvasWindow(0, first, last, steps)
            return
        if last - first > _DECIDED_STEPS:
            last = _bar_line_before(first + _DECIDED_STEPS, bar_lines, after=first + _DECIDED_STEPS // 2)
        end = min(steps, max(last + _LOOKAHEAD_STEPS, first + MAX_STEPS_AT_ONCE - _CONTEXT_STEPS))
        yield CanvasWindow(max(0, min(first - _CONTEXT_STEPS, end - MAX_STEPS_AT_ONCE)), first, last, end)
        at = last


def _bar_line_before(step: int, bar_lines: Sequence[int], after: int) -> int:
    """The last bar line up to `step`, or the step itself where none comes `after` another one."""
    index = bisect_right(bar_lines, step) - 1
    return bar_lines[index] if index >= 0 and bar_lines[index] > after else step


def count_sweeps(canvas: Canvas, bar_lines: Sequence[int], schedule: Schedule) -> int:
    """How many passes of the network `walked` takes at the least."""
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
    """As `gibbs.filled`: None after every pass, and at last the canvas filled; deterministic in `seed`."""
    classes, struck = canvas.pitch_indices.copy(), canvas.onsets.copy()
    parts: list[tuple[int, FilledCanvas]] = []
    for count, window in enumerate(split_windows(_steps_to_fill(canvas), bar_lines)):
        shown = slice(window.shown_begin, window.shown_end)
        part = Canvas(classes[shown], struck[shown], canvas.place[shown], canvas.logit_mask[shown])
        decided, inner = (
            slice(window.decided_begin, window.decided_end),
            slice(window.decided_begin - window.shown_begin, window.decided_end - window.shown_begin),
        )
        for done in fill_canvas(net, part, schedule, style, candidates=candidates, seed=_window_seed(seed, count)):
            if done is None:
                yield None
            else:
                classes[decided], struck[decided] = done.pitch_indices[inner], done.onsets[inner]
                parts.append((int(part.masked.sum()), done))
    yield _with_totals(FilledCanvas(classes, struck, 0.0, 0, 0.0), parts)


def _steps_to_fill(canvas: Canvas) -> Bools:
    """Which steps have something to fill."""
    return np.array(canvas.masked.any(axis=1), np.bool_)


def _window_seed(seed: int, index: int) -> int:
    """A seed for each window; the first window's is the seed itself."""
    rng = np.random.default_rng([seed, index])
    return int(rng.integers(1 << 31)) if index else seed


def _with_totals(whole: FilledCanvas, parts: Sequence[tuple[int, FilledCanvas]]) -> FilledCanvas:
    """The whole with its figures: of `parts`, each with how many cells it had to fill."""
    cells = max(1, sum(count for count, _ in parts))
    return replace(
        whole,
        nats_per_cell=sum(count * part.nats_per_cell for count, part in parts) / cells,
        violations=sum(part.violations for _, part in parts),
        penalty=sum(part.penalty for _, part in parts),
    )
