"""The engine's end of the model's process: it is started, told which model to load, and started again when it dies.

A death costs the answer under way and nothing else: the session hears of it as `ModelDown`, and when the new process
is ready, as `ModelUp`, upon which it asks again for what was not answered.
"""

import threading
from collections.abc import Callable, Sequence

from bachbridge.process.ipc import Child
from bachbridge.protocol.events import (
    Answer,
    Ask,
    Cancel,
    Event,
    Feed,
    Foresee,
    Message,
    ModelDown,
    ModelUp,
    Plan,
    Refused,
    Setting,
)

_RESTART_S = (0.1, 1.0, 5.0, 30.0)
"""Pauses before it is started again, while it dies without having been ready in between."""
_STOP_S = 1.0
"""It has nothing to put in order before it ends, and the engine's own starter waits."""


class ModelProcess:
    """`feed` is handed what the model says, on a reading thread; the methods may be called on any."""

    def __init__(self, command: Sequence[str], model: str, feed: Callable[[Event], None]) -> None:
        self._command, self._model, self._feed = command, model, feed
        self._deaths = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._child: Child | None = None
        self._start()

    def load(self, model: str) -> None:
        """Have that model ready before it is asked."""
        self._model = model
        self._send(Setting("model", model))

    def send(self, message: Feed | Ask | Foresee | Cancel) -> None:
        """Returns at once; lost while no process lives."""
        self._send(message)

    def stop(self) -> None:
        """End the process and start no other."""
        self._stopped.set()
        with self._lock:
            if self._child:
                self._child.stop(_STOP_S)

    def _send(self, message: Message) -> None:
        child = self._child
        if child:
            child.send(message)

    def _start(self) -> None:
        with self._lock:
            if not self._stopped.is_set():
                self._child = Child(self._command, self._hear)
                self._send(Setting("model", self._model))

    def _hear(self, message: Message | None) -> None:
        match message:
            case ModelUp():
                self._deaths = 0
                self._feed(message)
            case Answer() | Refused() | Plan() | ModelDown():
                self._feed(message)
            case None if not self._stopped.is_set():
                self._revive()
            case _:
                pass

    def _revive(self) -> None:
        """On the dead process's reading thread, which has nothing else to do any more."""
        status = self._child.returncode if self._child else None
        self._child = None
        self._feed(ModelDown(f"the model's process ended (status {status}) and is started again"))
        pause_s = _RESTART_S[min(self._deaths, len(_RESTART_S) - 1)]
        self._deaths += 1
        if not self._stopped.wait(pause_s):
            self._start()
