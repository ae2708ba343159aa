"""Child processes: no sockets, a small environment, and limits for what is loaded."""

import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from bachbridge.cli.main import command_line
from bachbridge.engine import model_client
from bachbridge.engine.model_client import ModelClient
from bachbridge.errors import ModelError
from bachbridge.files.midi_writer import part_track, write_tracks
from bachbridge.process import ipc, limits
from bachbridge.process.child_environment import minimal_environment
from bachbridge.protocol.events import Event, ModelDown, ModelUp, Setting
from bachbridge.protocol.notices import Message
from bachbridge.settings import Settings


def test_processes_have_no_internet_sockets() -> None:
    with ipc.EngineLink(Settings(), ports=False) as link:
        while not isinstance(message := link.receive(60), ModelUp):
            assert message is not None
        engine = psutil.Process(link.pid)
        family = [engine, *engine.children(recursive=True)]
        assert len(family) >= 2
        assert [process.net_connections(kind="inet") for process in family] == [[] for _ in family]


def test_children_get_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("LD_PRELOAD", "x")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1")
    environment = ipc.child_environment()
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert "LD_PRELOAD" not in environment
    assert environment["XDG_RUNTIME_DIR"] == "/run/user/1"
    assert environment["PATH"]
    kept = {"Path": "x", "LC_ALL": "C", "JACK_DEFAULT_SERVER": "a", "SystemRoot": "w", "BACHBRIDGE_X": "1"}
    assert minimal_environment({**kept, "GITHUB_TOKEN": "x", "SSH_AUTH_SOCK": "x"}) == kept


def run(program: str) -> subprocess.CompletedProcess[str]:
    own = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin"}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=own, capture_output=True, text=True, check=False, timeout=60)


def test_load_that_takes_too_long_ends_its_process() -> None:
    program = "from bachbridge.process import limits\nwith limits.time_limit(0.1):\n    sum(range(10**12))\n"
    done = run(program)
    assert (done.returncode, done.stderr) == (1, "")
    with limits.time_limit(60):
        pass


def load_too_much() -> None:
    with limits.model_load_limits("hymns"):
        bytearray(16 << 30)


def test_command_says_which_model_loads_too_long() -> None:
    program = (
        "from bachbridge.process import limits\n"
        "limits.MAX_LOAD_S = 0.1\n"
        "with limits.model_load_limits('hymns'):\n    while True: pass\n"
    )
    done = run(program)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "bachbridge: the model hymns takes over 0.1 s to load: choose another.\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_command_refuses_a_model_that_takes_much_memory() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(ModelError, match="the model hymns takes over 4 GiB to load"):
        load_too_much()
    assert resource.getrlimit(resource.RLIMIT_AS) == before


@pytest.mark.parametrize("command", [["continue"], ["harmonize"], ["harmonize", "--model", "coconet"]])
def test_command_loads_its_model_within_limits(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def refuse(model: str) -> Generator[None]:
        raise ModelError(f"the model {model} is loaded within limits")
        yield

    monkeypatch.setattr(limits, "model_load_limits", refuse)
    song = tmp_path / "a.mid"
    write_tracks(song, [part_track("a", 0, 0, [(0, 3840, 60, 80)])])
    with pytest.raises(ModelError, match="within limits"):
        command_line()(args=[*command, str(song), "-o", str(tmp_path / "b.mid")], standalone_mode=False)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_load_that_takes_too_much_memory_fails() -> None:
    program = (
        "from bachbridge.process import limits\n"
        "limits.limit_memory(1 << 30)\n"
        "try:\n    bytearray(16 << 30)\n"
        "except MemoryError:\n    print('refused')\n"
    )
    assert run(program).stdout == "refused\n"


@dataclass
class DyingChild:
    """A child process that ends as soon as it is told to load."""

    arguments: Sequence[str]
    on_message: ipc.MessageCallback
    returncode: int = 1
    sent: list[Message | str] = field(default_factory=list[Message | str])

    def send(self, message: Message | str) -> None:
        self.sent.append(message)

    def stop(self, timeout_s: float) -> int:
        return self.returncode


def test_model_that_ends_its_process_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[DyingChild] = []
    told: list[Event] = []

    def start(arguments: Sequence[str], on_message: ipc.MessageCallback) -> DyingChild:
        children.append(DyingChild(arguments, on_message))
        return children[-1]

    monkeypatch.setattr(model_client, "ChildProcess", start)
    monkeypatch.setattr(model_client, "_RESTART_PAUSES_S", (0.0,))
    client = ModelClient(["model"], "hymns", told.append)
    while len(told) < model_client._MAX_LOAD_DEATHS:
        children[-1].on_message(None)
    assert told[-1] == ModelDown("the model hymns ends its process or takes too long to load: choose another")
    assert len(children) == model_client._MAX_LOAD_DEATHS
    client.load("chorale-lstm")
    assert len(children) == model_client._MAX_LOAD_DEATHS + 1
    assert children[-1].sent == [Setting("model", "chorale-lstm")]
    children[-1].on_message(ModelUp("chorale-lstm", 1))
    children[-1].on_message(None)
    assert told[-1] == ModelDown("the model's process ended (status 1) and is started again")
