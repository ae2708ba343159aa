"""Workers of a Dask cluster: the user's own (`--scheduler`), or one that is started on this machine.

Dask (https://distributed.dask.org) hands out the tasks, and does those of a worker that died again on another. Each
failure that the user can mend becomes one sentence.
"""

import asyncio
import contextlib
import logging
import os
import platform
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

import numpy as np

import bachbridge
from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.process.standard_streams import report_on_stderr

DaskClient = Any
"""A `distributed.Client`, whose methods are typed as if all of them were asynchronous."""
_CONNECT_S = 10
_IDLE_S = 60
"""Seconds without a result after which the state of the workers is looked at."""
_FETCH_S = 10
"""Seconds within which a result is fetched from its worker."""
_WORKER_MEMORY = "1GiB"
_MEMORY_RULES = {"distributed.worker.memory.pause": False, "distributed.worker.memory.terminate": 0.9}
"""Rules by which workers that are started here begin anew when they come near their limit of memory.

By default Dask pauses them first, and a paused worker whose memory does not shrink waits for ever."""
_IMPORT_ERRORS = ("ImportError", "ModuleNotFoundError", "AttributeError")
_TASKS_PER_THREAD = 2
"""Tasks that are handed out for each thread, so that none waits for its next one."""
PREPARATION_VERSION = 1
"""Increase this when the same music makes other shards: workers of another version are refused."""


@contextlib.contextmanager
def open_cluster(address: str | None, jobs: int | None, *, in_threads: bool = False) -> Generator[DaskClient]:
    """Connect to the scheduler at `address`, or start `jobs` worker processes here (None: one for each core).

    `in_threads` starts threads instead of processes, for tests. Raises `ConfigError`.
    """
    from dask import config
    from distributed import Client, LocalCluster
    from distributed.security import Security

    for name in ("distributed", "distributed.client"):  # both have a level of their own
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        if address is None:
            warnings.filterwarnings("ignore", module="distributed")
            local: Any = LocalCluster
            stack.enter_context(config.set(_MEMORY_RULES))
            cluster = local(
                n_workers=1 if in_threads else jobs or os.cpu_count() or 1,
                threads_per_worker=jobs if in_threads else 1,
                processes=not in_threads,
                # Threads share the memory of the caller, and Dask pauses a worker that is near its limit.
                memory_limit=None if in_threads else _WORKER_MEMORY,
                host=None if in_threads else "127.0.0.1",
                dashboard_address="127.0.0.1:0",
                # Other users of the computer reach local ports, and Dask's messages may hold code.
                security=None if in_threads else Security.temporary(),
                silence_logs=logging.CRITICAL,
            )
            client = stack.enter_context(Client(stack.enter_context(cluster)))
        else:
            client = stack.enter_context(_connect(address))
        with _lost_connections_explained():
            _check_workers(client, address)
            yield client


def _connect(address: str) -> DaskClient:
    """Return a client of the scheduler at `address`, if something answers there."""
    from distributed import Client

    try:
        asyncio.run(_probe(address))
        return Client(address, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no scheduler answers at {address}: start one with `dask scheduler`, and give the address that it prints."
        ) from error


async def _probe(address: str) -> None:
    """Raise `OSError` or `ValueError` if nothing answers at `address`.

    A client that fails to connect is not asked, because it leaves a thread and may hang when it is deleted.
    """
    from distributed.comm.addressing import normalize_address, parse_host_port
    from distributed.comm.core import connect

    scheme, _, place = normalize_address(address).partition("://")
    parse_host_port(place)
    comm = await connect(f"{scheme}://{place}", timeout=_CONNECT_S)
    await comm.close()


def _check_workers(client: DaskClient, address: str | None) -> None:
    """Raise `ConfigError` unless there are workers, all of them with this program in this version."""
    try:
        client.wait_for_workers(1, timeout=_CONNECT_S)
    except TimeoutError as error:
        _count_workers(client).check_memory()
        raise ConfigError(
            f"the scheduler at {address} has no workers: start some with `dask worker {address}`."
        ) from error
    own = worker_versions()
    try:
        found = client.run(worker_versions)
    except Exception as error:
        if not any(kind in repr(error) for kind in _IMPORT_ERRORS):  # errors may come as text
            raise
        raise ConfigError(
            f"a worker of {address} has no BachBridge, or another version: install {_words(own)} on all machines."
        ) from error
    for worker, versions in sorted(found.items()):
        if versions != own:
            raise ConfigError(
                f"the worker {worker} has {_words(versions)}, and here is {_words(own)}: install the same everywhere."
            )


def worker_versions() -> dict[str, str]:
    """Return the versions on which the bytes of a shard depend."""
    return {
        "BachBridge": f"{bachbridge.__version__}.{PREPARATION_VERSION}",
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "numpy": np.__version__,
    }


def _words(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


@contextlib.contextmanager
def _lost_connections_explained() -> Generator[None]:
    from distributed import CancelledError
    from distributed.comm.core import CommClosedError

    try:
        yield
    except (CancelledError, CommClosedError, TimeoutError) as error:
        raise ConfigError(
            "the connection to the scheduler was lost: see that it runs, and give the same command to go on."
        ) from error


def run_tasks(
    client: DaskClient, work: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]
) -> Iterator[tuple[int, Any]]:
    """Yield the number of each task with the result of `work(*task)`, in the order in which they end.

    Only a few tasks at a time are with the scheduler, however many there are. Raises what `work` raises, and
    `ConfigError` if workers keep dying or none is left.
    """
    waiting = enumerate(tasks)
    running: dict[Any, int] = {}
    while True:
        threads = client.nthreads(callback_timeout=_IDLE_S)
        room = _TASKS_PER_THREAD * max(1, sum(threads.values())) - len(running)
        for number, task in islice(waiting, max(0, room)):
            running[client.submit(work, *task, pure=False)] = number
        if not running:
            return
        for future in _finished(client, running):
            # A worker that dies takes its results along, and their tasks are done again: then this one has not ended.
            with contextlib.suppress(_ResultLostError):
                result = _result(future)
                yield running.pop(future), result


def _finished(client: DaskClient, running: dict[Any, int]) -> list[Any]:
    """Return the futures that have ended, at least one; say on stderr how the workers are while none has.

    Raises `ConfigError` if no worker can go on, and `TimeoutError` if the scheduler does not answer.
    """
    from distributed import wait

    for minutes in count(1):
        with contextlib.suppress(TimeoutError):
            ended: Any = wait(list(running), timeout=_IDLE_S, return_when="FIRST_COMPLETED")
            return list(ended.done)
        counts = _count_workers(client)
        if not counts.workers:
            raise ConfigError("no worker is left: start some, and give the same command to go on.")
        counts.check_memory()
        report_on_stderr(
            f"nothing has been finished for {minutes * _IDLE_S / 60:.0f} min (workers: {counts.workers}, at work: "
            f"{counts.busy}, waiting for memory: {counts.paused})."
        )
    raise AssertionError


@dataclass(frozen=True, slots=True)
class _WorkerCounts:
    """How many workers a cluster has, how many of them are at work, and how many are paused because of their memory."""

    workers: int
    busy: int
    paused: int

    def check_memory(self) -> None:
        """Raise `ConfigError` if all workers are paused and do nothing."""
        if self.workers and self.workers == self.paused and not self.busy:
            raise ConfigError(
                "all workers are paused, since their memory is nearly full: start them with more (--memory-limit), and "
                "give the same command to go on."
            )


def _count_workers(client: DaskClient) -> _WorkerCounts:
    """Ask the scheduler about its workers; raises `TimeoutError` if it does not answer."""
    found = client.sync(client.scheduler.identity, n_workers=-1, callback_timeout=_IDLE_S)["workers"].values()
    busy = sum(each["metrics"].get("task_counts", {}).get("executing", 0) > 0 for each in found)
    return _WorkerCounts(len(found), busy, sum(each["status"] == "paused" for each in found))


class _ResultLostError(Exception):
    """The result of a task cannot be fetched at present."""


def _result(future: Any) -> Any:
    from distributed import KilledWorker

    try:
        return future.result(timeout=_FETCH_S)
    except TimeoutError as error:
        raise _ResultLostError from error
    except KilledWorker as error:
        raise ConfigError(
            "workers were killed several times at the same task, perhaps because memory is short: give them more, and "
            "the same command to go on."
        ) from error
    except BachBridgeError:
        raise
    except OSError as error:
        raise ConfigError(
            f"a worker cannot use {error.filename or 'a file'} ({error.strerror}): all machines need the same folders, "
            "under the same paths."
        ) from error
