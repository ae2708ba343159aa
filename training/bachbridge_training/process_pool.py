"""Work on many items with one exported network, on one core or several; each process loads the network once.

A result depends on its item alone, so the number of processes changes nothing but the time.
"""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bachbridge.console import make_progress

Item = TypeVar("Item")
Result = TypeVar("Result")

_SPEED_AVERAGE_S = 3600
"""Seconds over which the speed is averaged to estimate the time left, since single items may take minutes."""
_net: Any = None
"""The network of a worker process."""


def map_items(
    items: Sequence[Item],
    work: Callable[[Any, Item], Result],
    load: Callable[[], Any],
    *,
    label: str,
    cost: Callable[[Item], float] = lambda _: 1,
    jobs: int = 1,
) -> list[Result]:
    """Return `work(load(), item)` of every item, in the order of the items.

    `cost` of an item is its share of the progress. With several `jobs`, `load`, `work` and its results are pickled.
    """
    costs, jobs = [cost(item) for item in items], min(jobs, len(items))
    with progress_bar(label, sum(costs)) as advance:
        if jobs > 1:
            workers = ProcessPoolExecutor(jobs, get_context("spawn"), _load_in_worker, (load,))
            return _map_in_processes(workers, items, work, costs, advance)
        net, results = load(), list[Result]()
        for item, item_cost in zip(items, costs, strict=True):
            results.append(work(net, item))
            advance(item_cost)
        return results


def _map_in_processes(
    workers: ProcessPoolExecutor,
    items: Sequence[Item],
    work: Callable[[Any, Item], Result],
    costs: Sequence[float],
    advance: Callable[[float], None],
) -> list[Result]:
    """Begin with the items that cost most, so that the processes finish at about the same time."""
    try:
        costliest_first = sorted(range(len(items)), key=lambda index: -costs[index])
        futures = {workers.submit(_work_in_worker, work, items[index]): index for index in costliest_first}
        for future in as_completed(futures):
            future.result()
            advance(costs[futures[future]])
        return [future.result() for future, _ in sorted(futures.items(), key=lambda pair: pair[1])]
    finally:
        workers.shutdown(cancel_futures=True)


def _load_in_worker(load: Callable[[], Any]) -> None:
    """Load the network at the start of a worker process."""
    global _net  # noqa: PLW0603  a worker has one network, and an initializer has no other place for it
    _net = load()


def _work_in_worker(work: Callable[[Any, Item], Result], item: Item) -> Result:
    return work(_net, item)


@contextmanager
def progress_bar(label: str, total: float) -> Generator[Callable[[float], None]]:
    """Show a bar with the time left on stderr; yield a function that adds to the finished part of `total`."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with make_progress(*columns, speed_estimate_period=_SPEED_AVERAGE_S) as progress:
        task = progress.add_task(label, total=total)
        yield lambda amount: progress.advance(task, amount)
