"""A run that shares its batches with other processes, in a child process of the command.

JAX watches the other processes on threads of its own. Where it cannot reach the first one, or where one gives no sign
of life for a minute, these threads end the program with an abort and a trace, and nothing in that program can prevent
it. So the training is done in a child, and its parent turns such an end into a `PeerError`. What JAX's libraries write
on the standard streams goes into a file, which is kept if the child ends in a way that nobody expects.
"""

import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bachbridge.cli.error_messages import FAILED, INTERRUPTED
from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge_training.runs.devices import ApartError, PeerError, is_peer_error

_LEAVE_S = 10
"""Seconds within which a child that has failed may take its leave of the other processes."""
_CONNECT_CALL = "RegisterTask"
"""Name, in JAX's messages, of the call by which a process comes to the others."""
_ABORTED = (-getattr(signal, "SIGABRT", 6), 3)
"""Exit codes of a program that has called `abort`: on POSIX and on Windows."""


def run_in_child(work: Callable[..., None], **arguments: Any) -> None:
    """Call `work(**arguments)` in a child process, which ends with this one.

    Raises the `BachBridgeError` or `OSError` that it raises, `PeerError` if JAX ended it because of another process,
    and `ConfigError` if anything else did. Exits with code 1 after any other error, whose trace the child has shown.
    """
    log = Path(tempfile.mkstemp(prefix="bachbridge-train-", suffix=".log")[1])
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_child_main, args=(sender, log, work, arguments))
    child.start()
    sender.close()
    try:
        error = _received_error(receiver)
        child.join(None if error is None else _LEAVE_S)
        exit_code = child.exitcode
    finally:
        child.kill()
        child.join()
    if error is None and exit_code:
        raise _explain_end(exit_code, log)
    log.unlink(missing_ok=True)
    if error is not None:
        raise error


def _received_error(receiver: Connection) -> Exception | None:
    """Return the error that the child sends, if it sends one before it ends."""
    try:
        return receiver.recv()
    except (EOFError, ConnectionError):
        return None


def _explain_end(exit_code: int, log: Path) -> Exception | SystemExit:
    """Return what to raise after a child that has ended itself, or was ended, without an error of ours."""
    written = log.read_text("utf-8", "replace") if log.is_file() else ""
    if exit_code in _ABORTED and is_peer_error(written):
        log.unlink(missing_ok=True)
        return ApartError() if _CONNECT_CALL in written else PeerError()
    if exit_code in (FAILED, INTERRUPTED):
        log.unlink(missing_ok=True)
        return SystemExit(exit_code)
    if -exit_code == getattr(signal, "SIGKILL", 9):
        log.unlink(missing_ok=True)
        return ConfigError(
            "the training was killed, perhaps because memory is short: start all processes again with --resume; "
            "nothing but the steps since the last checkpoint is lost."
        )
    return ConfigError(
        f"the training ended with code {exit_code}: see what JAX wrote into {log}, and start all processes again with "
        "--resume."
    )


def _child_main(sender: Connection, log: Path, work: Callable[..., None], arguments: dict[str, Any]) -> None:
    threading.Thread(target=_end_with_parent, args=(log,), daemon=True).start()
    _divert_library_output(log)
    try:
        work(**arguments)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)  # otherwise JAX waits for the other processes, here and below
    except (BachBridgeError, OSError) as error:
        sender.send(error)
        if isinstance(error, PeerError):
            os._exit(FAILED)
    except Exception as error:  # noqa: BLE001  JAX reports a peer's end wherever it waits for a result
        if is_peer_error(str(error)):
            sender.send(PeerError())
        else:
            traceback.print_exc()
        os._exit(FAILED)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _end_with_parent(log: Path) -> None:
    parent: BaseProcess | None = parent_process()
    assert parent is not None
    parent.join()
    log.unlink(missing_ok=True)
    os._exit(FAILED)


def _divert_library_output(log: Path) -> None:
    """Let Python's streams write where they did, and whatever else writes on their descriptors write into `log`."""
    opened = os.open(log, os.O_WRONLY | os.O_APPEND)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        stream.flush()
        kept = os.fdopen(os.dup(descriptor), "w", encoding=stream.encoding, errors=stream.errors, buffering=1)
        os.dup2(opened, descriptor)
        setattr(sys, name, kept)
