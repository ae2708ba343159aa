"""A full disk or a closed terminal costs what was to be written there, never the music."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from bachbridge.cli.play import terminal
from bachbridge.cli.play.terminal import TerminalReporter
from bachbridge.engine.loop import Engine, EventQueue, NoPorts
from bachbridge.engine.session import Session
from bachbridge.engine.session_log import LogWriter
from bachbridge.errors import BachBridgeError
from bachbridge.protocol.events import ModelUp, Quit
from bachbridge.protocol.notices import Failed, LogStopped, Message
from bachbridge.settings import Settings
from bachbridge_gui.state.notice_text import log_stopped_text

linux = pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")


def bachbridge(shell_line: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run `$B` of a line of shell as the program."""
    program = f"{sys.executable} -m bachbridge.cli.main"
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home), "B": program}
    environment = {**os.environ, **own, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = ["bash", "-c", shell_line]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@linux
@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("$B models > /dev/full", 1, "the output cannot be written (No space left on device)"),
        ("$B --help > /dev/full", 1, "the output cannot be written (No space left on device)"),
        ("$B models 2>&- > /dev/full", 1, ""),
        ("$B models --wrong 2> /dev/full", 2, ""),
        ("$B models >&-", 0, ""),
        ("$B models <&- >&- 2>&-", 0, ""),
        ("$B models | true; exit ${PIPESTATUS[0]}", None, ""),
        ("ulimit -n 16; $B models > /dev/null", 0, ""),
        (
            "ulimit -n 12; $B --headless",
            1,
            "This program may open only 12 files: allow it more",
        ),
    ],
)
def test_output_that_fails_costs_a_sentence_at_most(line: str, code: int | None, says: str, tmp_path: Path) -> None:
    done = bachbridge(line, tmp_path)
    assert code in (None, done.returncode)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == bool(says)


def test_terminal_that_fails_is_said_once_and_play_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Message] = []
    monkeypatch.setattr(terminal, "discard_standard_output", lambda: None)

    def messages() -> Iterator[Message]:
        for number in range(3):
            seen.append(ModelUp(f"model {number}", 1))
            yield seen[-1]

    def show(shown: Iterable[Message], _: TerminalReporter) -> None:
        for _message in shown:
            raise OSError(errno.ENOSPC, "No space left on device")

    terminal._show_while_possible(show, messages(), TerminalReporter(Settings()))
    assert len(seen) == 3
    assert capsys.readouterr().err == (
        "bachbridge: The output cannot be written (No space left on device): the music goes on without it.\n"
    )
    failed = iter([ModelUp("x", 1), Failed("no more")])
    with pytest.raises(BachBridgeError, match="no more"):
        terminal._show_while_possible(show, failed, TerminalReporter(Settings()))


class SilentModel:
    """A model process that answers nothing."""

    def load(self, model_name: str) -> None:
        pass

    def send(self, message: object) -> None:
        pass

    def check_process(self) -> None:
        pass

    def stop(self) -> None:
        pass


@linux
def test_full_disk_of_the_log_is_reported_once() -> None:
    log = LogWriter(Path("/dev/full"), Settings())
    told: list[Message] = []
    queue = EventQueue()
    engine = Engine(Session(Settings()), NoPorts(), SilentModel(), told.append, log)
    engine._do_housekeeping()
    engine._do_housekeeping()
    queue.put(Quit("the test is over"))
    engine.run(queue)
    log.close()
    reports = [message for message in told if isinstance(message, LogStopped)]
    assert reports == [LogStopped("No space left on device")]
    assert TerminalReporter(Settings()).handle_message(reports[0]) == (
        "Log: it cannot be written any more (No space left on device); the music goes on without it."
    )
    assert "No space left on device" in log_stopped_text(reports[0])
