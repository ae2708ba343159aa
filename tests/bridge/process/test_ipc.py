"""Child processes and their pipes, tried with small children that misbehave."""

import os
import sys
from queue import SimpleQueue

import pytest

from bachbridge.process import ipc
from bachbridge.protocol.events import Midi, Panic, Reset
from bachbridge.protocol.notices import Message
from bachbridge.protocol.wire import dumps

PATIENCE_S = 20.0
ECHO = "import sys\nfor line in sys.stdin:\n    print(line, end='', flush=True)"


class ScriptedChild:
    """A child process that runs a few lines of Python, and the messages that it sends."""

    def __init__(self, program: str) -> None:
        self._received: SimpleQueue[Message | None] = SimpleQueue()
        self.process = ipc.ChildProcess([sys.executable, "-c", program], self._received.put)

    def next_message(self) -> Message | None:
        return self._received.get(timeout=PATIENCE_S)


def test_child_process_returns_messages_in_order() -> None:
    child = ScriptedChild(ECHO)
    messages = [Midi(bytes((0x90, pitch, 1))) for pitch in range(128)]
    for message in messages:
        child.process.send(message)
    assert [child.next_message() for _ in messages] == messages
    assert child.process.stop() == 0
    assert child.next_message() is None


def test_lines_that_are_no_messages_are_skipped(capfd: pytest.CaptureFixture[str]) -> None:
    child = ScriptedChild(f"print('good morning')\nprint('[1]')\nprint({dumps(Panic())!r})\nprint('no line', end='')")
    assert [child.next_message(), child.next_message()] == [Panic(), None]
    assert child.process.stop() == 0
    assert "good morning" in capfd.readouterr().err


def test_dead_child_is_reported_and_may_be_sent_messages() -> None:
    child = ScriptedChild("import os\nos._exit(3)")
    assert child.next_message() is None
    assert child.process.returncode == 3
    for _ in range(1000):
        child.process.send(Panic())
    assert child.process.stop() == 3


def test_child_that_never_reads_blocks_nobody_and_is_killed() -> None:
    child = ScriptedChild(f"print({dumps(Reset())!r}, flush=True)\nimport threading\nthreading.Event().wait()")
    assert child.next_message() == Reset()
    message = Midi(bytes(10_000))
    for _ in range(100):
        child.process.send(message)
    assert child.process.stop(timeout_s=0.1) < 0
    assert child.next_message() is None


def test_child_that_only_closes_its_pipe_is_killed() -> None:
    child = ScriptedChild("import os, threading\nos.close(1)\nthreading.Event().wait()")
    assert child.next_message() is None
    assert child.process.returncode is not None


def test_child_process_has_its_own_process_group() -> None:
    child = ScriptedChild(ECHO)
    if sys.platform != "win32":
        assert os.getpgid(child.process.pid) == child.process.pid != os.getpgid(0)
    child.process.stop()


def test_process_command_of_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ipc.process_command("engine") == [sys.executable, "-m", "bachbridge.engine.main"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert ipc.process_command("model") == [sys.executable, "--child", "model"]
