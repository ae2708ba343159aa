"""The engine's connection to the model process: starts it, loads a model, and starts it again when it dies.

A crash costs the answer under way and nothing else: the session gets `ModelDown`, and `ModelUp` when the new process is
ready, and then asks again if its ask was not answered.
"""

import threading
from collections.abc import Callable, Sequence

from bachbridge.process.ipc import ChildProcess
from bachbridge.process.restart import RestartBackoff
from bachbridge.protocol.effects import Ask, Cancel, Feed, Message, PlanRequest
from bachbridge.protocol.events import Answer, AskRefused, Event, ModelDown, ModelUp, Plan, Setting

_RESTART_PAUSES_S = (0.1, 1.0, 5.0, 30.0)
"""Pauses before a restart, growing while the process dies without ever being ready."""
_STOP_TIMEOUT_S = 1.0
"""The process has nothing to clean up, and the program that started the engine is waiting."""


class ModelClient:
    """The model process; its methods may be called on any thread."""

    def __init__(self, command: Sequence[str], model_name: str, on_event: Callable[[Event], None]) -> None:
        """Start `command`; `on_event` is called on the thread that reads the pipe."""
        self._command, self._model_name, self._on_event = command, model_name, on_event
        self._backoff = RestartBackoff(_RESTART_PAUSES_S)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._child: ChildProcess | None = None
        self._start()

    def load(self, model_name: str) -> None:
        """Load a model before the first ask for it."""
        self._model_name = model_name
        self._send(Setting("model", model_name))

    def send(self, message: Feed | Ask | PlanRequest | Cancel) -> None:
        """Send a message and return at once; it is lost while no process runs."""
        self._send(message)

    def stop(self) -> None:
        """End the process for good."""
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
                self._backoff.reset()
                self._on_event(message)
            case Answer() | AskRefused() | Plan() | ModelDown():
                self._on_event(message)
            case None if not self._stopped.is_set():
                self._restart()
            case _:
                pass

    def _restart(self) -> None:
        """Start the process again after a pause; runs on the reading thread of the process that died."""
        status = self._child.returncode if self._child else None
        self._child = None
        self._on_event(ModelDown(f"the model's process ended (status {status}) and is started again"))
        if not self._stopped.wait(self._backoff.record_death()):
            self._start()
