"""Children and their pipes, tried with small children that misbehave."""

import os
import sys
from queue import SimpleQueue

import pytest

from bachbridge.process import ipc
from bachbridge.protocol.effects import Message
from bachbridge.protocol.events import Midi, Panic, Reset
from bachbridge.protocol.wire import dumps

PATIENCE_S = 20.0
ECHO = "import sys\nfor line in sys.stdin:\n    print(line, end='', flush=True)"


class Ward:
    """A child of a few lines of Python, and what it says."""

    def __init__(self, program: str) -> None:
        self.said: SimpleQueue[Message | None] = SimpleQueue()
        self.child = ipc.ChildProcess([sys.executable, "-c", program], self.said.put)

    def hear(self) -> Message | None:
        return self.said.get(timeout=PATIENCE_S)


def test_messages_go_there_and_come_back_in_order() -> None:
    ward = Ward(ECHO)
    messages = [Midi(bytes((0x90, pitch, 1))) for pitch in range(128)]
    for message in messages:
        ward.child.send(message)
    assert [ward.hear() for _ in messages] == messages
    assert ward.child.stop() == 0
    assert ward.hear() is None


def test_what_is_no_message_is_passed_over(capfd: pytest.CaptureFixture[str]) -> None:
    ward = Ward(f"print('good morning')\nprint('[1]')\nprint({dumps(Panic())!r})\nprint('no line', end='')")
    assert [ward.hear(), ward.hear()] == [Panic(), None]
    assert ward.child.stop() == 0
    assert "good morning" in capfd.readouterr().err


def test_a_dead_child_is_reported_and_may_be_written_to() -> None:
    ward = Ward("import os\nos._exit(3)")
    assert ward.hear() is None
    assert ward.child.returncode == 3
    for _ in range(1000):
        ward.child.send(Panic())
    assert ward.child.stop() == 3


def test_a_child_that_never_reads_holds_nobody_up_and_is_killed_in_the_end() -> None:
    ward = Ward(f"print({dumps(Reset())!r}, flush=True)\nimport threading\nthreading.Event().wait()")
    assert ward.hear() == Reset()
    message = Midi(bytes(10_000))
    for _ in range(100):
        ward.child.send(message)
    assert ward.child.stop(timeout_s=0.1) < 0
    assert ward.hear() is None


def test_a_child_that_closes_its_pipe_but_lives_on_is_ended() -> None:
    ward = Ward("import os, threading\nos.close(1)\nthreading.Event().wait()")
    assert ward.hear() is None
    assert ward.child.returncode is not None


def test_children_have_a_process_group_of_their_own() -> None:
    ward = Ward(ECHO)
    if sys.platform != "win32":
        assert os.getpgid(ward.child.pid) == ward.child.pid != os.getpgid(0)
    ward.child.stop()


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ipc.process_command("engine") == [sys.executable, "-m", "bachbridge.engine.main"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert ipc.process_command("model") == [sys.executable, "--child", "model"]
