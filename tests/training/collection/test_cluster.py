"""The cluster: schedulers and workers that cannot be used are told apart, each in a sentence."""

import socket
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import LocalCluster

from bachbridge.errors import ConfigError
from bachbridge_training.collection import cluster


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_S", 0.2)


class _Workers:
    """A client whose workers have these versions."""

    def __init__(self, *versions: dict[str, str] | Exception) -> None:
        self._versions = versions

    scheduler = SimpleNamespace(identity=None)

    def sync(self, _identity: Any, **_: Any) -> dict[str, Any]:
        return {"workers": {}}

    def wait_for_workers(self, _count: int, timeout: float) -> None:
        if not self._versions:
            raise TimeoutError

    def run(self, _function: Any) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for number, versions in enumerate(self._versions):
            if isinstance(versions, Exception):
                raise versions
            found[f"tcp://node{number}:1"] = versions
        return found


def test_workers_of_this_version_are_accepted() -> None:
    cluster._check_workers(_Workers(cluster.worker_versions(), cluster.worker_versions()), "tcp://head:8786")


@pytest.mark.parametrize(
    ("workers", "sentence"),
    [
        (
            _Workers(),
            r"^the scheduler at tcp://head:8786 has no workers: start some with `dask worker tcp://head:8786`\.$",
        ),
        (
            _Workers(cluster.worker_versions(), {**cluster.worker_versions(), "BachBridge": "0.1.1"}),
            r"^the worker tcp://node1:1 has BachBridge 0\.1\.1, .*: install the same everywhere\.$",
        ),
        (
            _Workers(RuntimeError("ModuleNotFoundError('bachbridge_training')")),
            r"^a worker of tcp://head:8786 has no BachBridge.*",
        ),
    ],
)
def test_workers_that_cannot_be_used_are_refused(workers: _Workers, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        cluster._check_workers(workers, "tcp://head:8786")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:{port}", "127.0.0.1:{port}", "nonsense", "http://127.0.0.1:1", ""]
)
def test_unreachable_scheduler_is_one_sentence(address: str) -> None:
    with (
        pytest.raises(ConfigError, match=r"^no scheduler answers at .*: start one with `dask scheduler`"),
        cluster.open_cluster(address.format(port=_free_port()), None),
    ):
        pass


def test_cluster_of_the_user_is_used_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_S", 20)
    local: Any = LocalCluster
    with (
        local(1, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0") as owned,
        cluster.open_cluster(owned.scheduler_address, None) as client,
    ):
        assert dict(cluster.run_tasks(client, divmod, [(7, 3)])) == {0: (2, 1)}


def _identity(*workers: tuple[str, int]) -> Any:
    """Return a scheduler's function that answers with workers of these states, with so many tasks each."""

    async def identity(n_workers: int) -> dict[str, Any]:
        del n_workers
        found = {
            str(n): {"status": state, "metrics": {"task_counts": {"executing": tasks}}}
            for n, (state, tasks) in enumerate(workers)
        }
        return {"workers": found}

    return identity


@pytest.mark.parametrize(
    ("workers", "sentence"),
    [
        ((), r"^no worker is left: start some, and give the same command to go on\.$"),
        ((("paused", 0), ("paused", 0)), r"^all workers are paused, since their memory is nearly full: start them"),
    ],
)
def test_work_ends_where_no_worker_can_go_on(
    workers: tuple[tuple[str, int], ...], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_IDLE_S", 0.05)
    with cluster.open_cluster(None, 1, in_threads=True) as client:
        never = client.submit(divmod, 7, 3, resources={"nowhere": 1})
        monkeypatch.setattr(client.scheduler, "identity", _identity(*workers), raising=False)
        with pytest.raises(ConfigError, match=sentence):
            cluster._finished(client, {never: 0})


def test_work_that_takes_long_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cluster, "_IDLE_S", 0.05)
    with cluster.open_cluster(None, 1, in_threads=True) as client:
        never = client.submit(divmod, 7, 3, resources={"nowhere": 1})
        answers = iter([_identity(("running", 1), ("paused", 0)), _identity()])

        def next_answer(n_workers: int) -> Any:
            return next(answers)(n_workers)

        monkeypatch.setattr(client.scheduler, "identity", next_answer, raising=False)
        with pytest.raises(ConfigError, match="no worker is left"):
            cluster._finished(client, {never: 0})
    sentences = capsys.readouterr().err.splitlines()
    assert sentences == [
        "bachbridge: nothing has been finished for 0 min (workers: 2, at work: 1, waiting for memory: 1)."
    ]


class _LostFuture:
    """A future whose worker dies before its result is fetched; the second time it is there."""

    def __init__(self) -> None:
        self._timeouts = iter([True, False])

    def result(self, timeout: float) -> int:
        del timeout
        if next(self._timeouts):
            raise TimeoutError
        return 7


def test_result_that_is_lost_is_awaited_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def submit(*_: Any, **__: Any) -> _LostFuture:
        return _LostFuture()

    client = SimpleNamespace(submit=submit, nthreads=lambda callback_timeout: {"tcp://node1:1": callback_timeout})
    monkeypatch.setattr(cluster, "_finished", lambda _, running: list(running))
    assert dict(cluster.run_tasks(client, divmod, [(7, 1), (7, 1)])) == {0: 7, 1: 7}


def _fail(kind: type[Exception]) -> None:
    raise kind(2, "No such file or directory", "/data/music")


def test_tasks_all_come_back_and_their_errors_too() -> None:
    with cluster.open_cluster(None, 3, in_threads=True) as client:
        results = dict(cluster.run_tasks(client, divmod, ((number, 7) for number in range(50))))
        assert results == {number: divmod(number, 7) for number in range(50)}
        with pytest.raises(ConfigError, match=r"^a worker cannot use /data/music .*under the same paths\.$"):
            list(cluster.run_tasks(client, _fail, [(FileNotFoundError,)]))
