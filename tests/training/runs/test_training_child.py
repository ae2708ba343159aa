"""Training in a child process: whichever way it ends, its parent raises an error with one sentence."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bachbridge.errors import ConfigError
from bachbridge_training.runs import training_child
from bachbridge_training.runs.devices import PeerError
from bachbridge_training.runs.training_child import run_in_child

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by signals")


@pytest.fixture(autouse=True)
def _own_log_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def end_as(kind: str) -> None:
    """End this process in a way of JAX's, of the system's or of ours."""
    match kind:
        case "peer":
            os.write(2, b"F1129 client.h:80] the JAX distributed service detected fatal errors: coordination service")
            os.abort()
        case "abort":
            os.write(2, b"F1129 check failed")
            os.abort()
        case "gloo":
            raise PeerError
        case "disk":
            raise OSError(28, "No space left on device", "/runs/mine")
        case _:
            raise ConfigError(kind)


@pytest.mark.parametrize(
    ("kind", "error", "sentence"),
    [
        ("peer", PeerError, "^another process of this run has stopped: start all of them again with --resume"),
        ("abort", ConfigError, r"^the training ended with code -6: see what JAX wrote into .*\.log, and start all"),
        ("gloo", PeerError, "^another process of this run has stopped"),
        pytest.param("disk", OSError, "No space left on device: '/runs/mine'", marks=pytest.mark.soak),
        pytest.param("a batch is too small.", ConfigError, r"^a batch is too small\.$", marks=pytest.mark.soak),
    ],
)
def test_child_of_any_end_is_one_sentence(kind: str, error: type[Exception], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=sentence):
        run_in_child(end_as, kind=kind)
    assert [path.read_text() for path in tmp_path.glob("*.log")] == (["F1129 check failed"] if kind == "abort" else [])


def test_end_without_an_error_of_ours_is_explained(tmp_path: Path) -> None:
    error = training_child._explain_end(-signal.SIGKILL, tmp_path / "none.log")
    assert str(error).startswith("the training was killed, perhaps because memory is short: start all processes again")
    log = tmp_path / "apart.log"
    log.write_text("F1129 client.h:80] DEADLINE_EXCEEDED RPC: /xla.coordination.CoordinationService/RegisterTask")
    apart = training_child._explain_end(-signal.SIGABRT, log)
    assert str(apart).startswith("the processes of this run did not come together within 300 s: start all of them,")
    assert not log.exists()
    interrupted = training_child._explain_end(130, tmp_path / "none.log")
    assert isinstance(interrupted, SystemExit)
    assert interrupted.code == 130


def write_and_wait(folder: Path) -> None:
    os.write(1, b"[Gloo] Rank 0 is connected\n")
    print("epoch 1", flush=True)
    (folder / "fifo").read_text()  # nobody writes into it


def test_child_ends_with_its_parent(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    program = (
        "from pathlib import Path\n"
        "from bachbridge_training.runs.training_child import run_in_child\n"
        "from tests.training.runs.test_training_child import write_and_wait\n"
        f"run_in_child(write_and_wait, folder=Path({str(tmp_path)!r}))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "epoch 1\n"
        parent.kill()
        assert parent.stdout.read() == ""  # its end comes when the child has closed it too
