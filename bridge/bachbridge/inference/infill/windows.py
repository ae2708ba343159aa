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
from bachbridge.inference.infill.gibbs import Filled, Nets, Schedule, filled
from bachbridge.inference.runtime.style import Style
from bachbridge.music.voice_leading import Bools

WHOLE = 320
"""Steps that are filled at once: 20 bars of four quarters."""
_BEFORE, _AHEAD = 64, 48
"""Steps that are shown before and after those that a window decides."""
_DECIDED = WHOLE - _BEFORE - _AHEAD


@dataclass(frozen=True, slots=True)
class Window:
    """Shown are the steps from `begin` to `end`, decided those from `first` to `last` (exclusive both)."""

    begin: int
    first: int
    last: int
    end: int


def windows(open_: Bools, lines: Sequence[int]) -> Iterator[Window]:
    """The windows over `open_[step]`, steps with something to fill; `lines` are the steps of the bar lines."""
    steps = len(open_)
    wanted = np.flatnonzero(open_)
    at = 0
    while len(left := wanted[wanted >= at]):
        first, last = int(left[0]), int(left[-1]) + 1
        if steps <= WHOLE:
            yield Window(0, first, last, steps)
            return
        if last - first > _DECIDED:
            last = _line_before(first + _DECIDED, lines, after=first + _DECIDED // 2)
        end = min(steps, max(last + _AHEAD, first + WHOLE - _BEFORE))
        yield Window(max(0, min(first - _BEFORE, end - WHOLE)), first, last, end)
        at = last


def _line_before(step: int, lines: Sequence[int], after: int) -> int:
    """The last bar line up to `step`, or the step itself where none comes `after` another one."""
    index = bisect_right(lines, step) - 1
    return lines[index] if index >= 0 and lines[index] > after else step


def passes(canvas: Canvas, lines: Sequence[int], schedule: Schedule) -> int:
    """How many passes of the network `walked` takes at the least."""
    return sum(schedule.passes for _ in windows(_steps(canvas), lines))


def walked(
    nets: Nets, canvas: Canvas, lines: Sequence[int], schedule: Schedule, style: Style, *, candidates: int, seed: int
) -> Iterator[Filled | None]:
    """As `gibbs.filled`: None after every pass, and at last the canvas filled; deterministic in `seed`."""
    classes, struck = canvas.classes.copy(), canvas.struck.copy()
    parts: list[tuple[int, Filled]] = []
    for count, window in enumerate(windows(_steps(canvas), lines)):
        shown = slice(window.begin, window.end)
        part = Canvas(classes[shown], struck[shown], canvas.place[shown], canvas.allowed[shown])
        decided, inner = (
            slice(window.first, window.last),
            slice(window.first - window.begin, window.last - window.begin),
        )
        for done in filled(nets, part, schedule, style, candidates=candidates, seed=_seed(seed, count)):
            if done is None:
                yield None
            else:
                classes[decided], struck[decided] = done.classes[inner], done.struck[inner]
                parts.append((int(part.open.sum()), done))
    yield _together(Filled(classes, struck, 0.0, 0, 0.0), parts)


def _steps(canvas: Canvas) -> Bools:
    """Which steps have something to fill."""
    return np.array(canvas.open.any(axis=1), np.bool_)


def _seed(seed: int, count: int) -> int:
    """A seed for each window; the first window's is the seed itself."""
    rng = np.random.default_rng([seed, count])
    return int(rng.integers(1 << 31)) if count else seed


def _together(whole: Filled, parts: Sequence[tuple[int, Filled]]) -> Filled:
    """The whole with its figures: of `parts`, each with how many cells it had to fill."""
    cells = max(1, sum(count for count, _ in parts))
    return replace(
        whole,
        nats=sum(count * part.nats for count, part in parts) / cells,
        forbidden=sum(part.forbidden for _, part in parts),
        penalty=sum(part.penalty for _, part in parts),
    )
