"""Output for people: tables without colours where nobody wants them, and progress bars that only a terminal shows.

`NO_COLOR` (see https://no-color.org) turns off colours and bold letters. A progress bar is drawn on standard error, and
only if that is a terminal, so that logs and pipes hold nothing but results.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, ProgressColumn

Item = TypeVar("Item")


def make_console(*, stderr: bool = False, highlight: bool = True) -> Console:
    """Return a console that writes to standard output or standard error."""
    return Console(stderr=stderr, highlight=highlight, color_system=None if os.environ.get("NO_COLOR") else "auto")


def make_progress(*columns: str | ProgressColumn, speed_estimate_period: float = 30) -> Progress:
    """Return a progress bar on standard error, which is silent unless that is a terminal."""
    return Progress(
        *columns,
        console=make_console(stderr=True),
        transient=True,
        speed_estimate_period=speed_estimate_period,
        disable=not sys.stderr.isatty(),
    )


def track_progress(items: Iterable[Item], label: str, total: float | None = None) -> Iterator[Item]:
    """Yield the items and show on standard error how many of `total` there have been."""
    with make_progress(*Progress.get_default_columns()) as progress:
        yield from progress.track(items, total=total, description=label)
