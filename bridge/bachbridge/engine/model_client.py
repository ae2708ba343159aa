"""The engine's end of the model's process: it is started, told which model to load, and started again when it dies.

A death costs the answer under way and nothing else: the session hears of it as `ModelDown`, and when the new process
is ready, as `ModelUp`, upon which it asks again for what was not answered.
"""

import threading
from collections.abc import Callable, Sequence

from bachbridge.process.ipc import ChildProcess
from bachbridge.protocol.events import (
    Answer,
    Ask,
    AskRefused,
    Cancel,
    Event,
    Feed,
    Message,
    ModelDown,
    ModelUp,
    Plan,
    PlanRequest,
    Setting,
)

_RESTART_PAUSES_S = (0.1, 1.0, 5.0, 30.0)
"""Pauses before it is started again, while it dies without having been ready in between."""
_STOP_TIMEOUT_S = 1.0
"""It has nothing to put in order before it ends, and the engine's own starter waits."""


class ModelClient:
    """`feed` is handed what the model says, on a reading thread; the methods may be called on any."""

    def __init__(self, command: Sequence[str], model_name: str, on_event: Callable[[Event], None]) -> None:
        self._command, self._model_name, self._on_event = command, model_name, on_event
        self._crash_count = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._child: ChildProcess | None = None
        self._start()

    def load(self, model_name: str) -> None:
        """Have that model ready before it is asked."""
        self._model_name = model_name
        self._send(Setting("model", model_name))

    def send(self, message: Feed | Ask | PlanRequest | Cancel) -> None:
        """Returns at once; lost while no process lives."""
        self._send(message)

    def stop(self) -> None:
        """End the process and start no other."""
        self._stopped.set()
        with self._lock:
            if self._child:
                self._child.stop(_STOP_TIMEOUT_S)

    def _send(self, message: Message) -> None:
        child = self._child
        if child:
            child.send(message)

    def _start(self) -> None:
        with self._lock:
            if not self._stopped.is_set():
                self._child = ChildProcess(self._command, self._handle_message)
                self._send(Setting("model", self._model_name))

    def _handle_message(self, message: Message | None) -> None:
        match message:
            case ModelUp():
                self._crash_count = 0
                self._on_event(message)
            case Answer() | AskRefused() | Plan() | ModelDown():
                self._on_event(message)
            case None if not self._stopped.is_set():
                self._restart()
            case _:
                pass

    def _restart(self) -> None:
        """On the dead process's reading thread, which has nothing else to do any more."""
        status = self._child.returncode if self._child else None
        self._child = None
        self._on_event(ModelDown(f"the model's process ended (status {status}) and is started again"))
        pause_s = _RESTART_PAUSES_S[min(self._crash_count, len(_RESTART_PAUSES_S) - 1)]
        self._crash_count += 1
        if not self._stopped.wait(pause_s):
            self._start()
