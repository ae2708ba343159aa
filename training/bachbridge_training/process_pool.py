"""Work on many items with one exported network, on one core or on several: each process loads the network once.

A result depends on its item alone, so the number of processes changes nothing but the time.
"""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")
Result = TypeVar("Result")

_SPEED_AVERAGE_S = 3600
"""Seconds over which the speed is averaged for the time left: single items may take minutes."""
_net: Any = None
"""The model of a process that works for another."""


def map_items(
    items: Sequence[Item],
    work: Callable[[Any, Item], Result],
    load: Callable[[], Any],
    *,
    label: str,
    cost: Callable[[Item], float] = lambda _: 1,
    jobs: int = 1,
) -> list[Result]:
    """`work(load(), item)` of every item, in the items' order; `cost` of an item is its share of the progress.

    With several `jobs`, `load`, `work` and its results travel between processes.
    """
    costs = [cost(item) for item in items]
    with progress_bar(label, sum(costs)) as advance:
        if jobs > 1:
            workers = ProcessPoolExecutor(jobs, get_context("spawn"), _load_in_worker, (load,))
            return _map_in_processes(workers, items, work, costs, advance)
        net, found = load(), list[Result]()
        for item, its in zip(items, costs, strict=True):
            found.append(work(net, item))
            advance(its)
        return found


def _map_in_processes(
    workers: ProcessPoolExecutor,
    items: Sequence[Item],
    work: Callable[[Any, Item], Result],
    costs: Sequence[float],
    advance: Callable[[float], None],
) -> list[Result]:
    """The dearest first, so that the processes end together."""
    try:
        falling = sorted(range(len(items)), key=lambda at: -costs[at])
        asked = {workers.submit(_work_in_worker, work, items[at]): at for at in falling}
        for done in as_completed(asked):
            done.result()
            advance(costs[asked[done]])
        return [future.result() for future, _ in sorted(asked.items(), key=lambda pair: pair[1])]
    finally:
        workers.shutdown(cancel_futures=True)


def _load_in_worker(load: Callable[[], Any]) -> None:
    """Runs in each process at its start."""
    global _net  # noqa: PLW0603  a process has one model, and this is how it is handed one
    _net = load()


def _work_in_worker(work: Callable[[Any, Item], Result], item: Item) -> Result:
    return work(_net, item)


@contextmanager
def progress_bar(label: str, total: float) -> Generator[Callable[[float], None]]:
    """A bar with the time left on stderr; what it gives is told how much of the `total` has been done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, speed_estimate_period=_SPEED_AVERAGE_S) as progress:
        task = progress.add_task(label, total=total)
        yield lambda its: progress.advance(task, its)
