"""The engine's connection to the model process: starts it, loads a model, and starts it again when it dies.

A crash costs the answer under way and nothing else: the session gets `ModelDown`, and `ModelUp` when the new process is
ready, and then asks again if its ask was not answered. A process that hangs is ended and started again: it does not
reply to an ask or a plan request, or does not return a `Ping`, which shows it also while nothing is asked and after an
ask that was withdrawn. A model that ends its process whenever it is loaded is given up until a model is chosen again.
"""

import threading
import time
from collections.abc import Callable, Sequence

from bachbridge.process.ipc import ChildProcess
from bachbridge.process.restart import RestartBackoff
from bachbridge.protocol.effects import Ask, Cancel, Feed, PlanRequest
from bachbridge.protocol.events import NO_ASK, Answer, AskRefused, Event, ModelDown, ModelUp, Plan, Setting
from bachbridge.protocol.notices import Message, Ping

_RESTART_PAUSES_S = (0.1, 1.0, 5.0, 30.0)
"""Pauses before a restart, growing while the process dies without ever being ready."""
_LOAD_TIMEOUT_NS, _REPLY_TIMEOUT_NS = 60_000_000_000, 10_000_000_000
"""Times after which a process that loads a model, or is asked for music, counts as hung."""
_MAX_LOAD_DEATHS = 6
"""So often in a row the process may end without being ready, which takes more than a minute with the pauses."""
_STOP_TIMEOUT_S = 1.0
"""The process has nothing to clean up, and the program that started the engine is waiting."""


class ModelClient:
    """The model process; its methods may be called on any thread."""

    def __init__(
        self,
        command: Sequence[str],
        model_name: str,
        on_event: Callable[[Event], None],
        reply_timeout_ns: int = _REPLY_TIMEOUT_NS,
    ) -> None:
        """Start `command`; `on_event` is called on the thread that reads the pipe.

        A process that does not reply or show a sign of life for `reply_timeout_ns` counts as hung.
        """
        self._reply_timeout_ns = reply_timeout_ns
        self._command, self._model_name, self._on_event = command, model_name, on_event
        self._backoff = RestartBackoff(_RESTART_PAUSES_S)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._child: ChildProcess | None = None
        self.reply_due_ns: int | None = None
        """When the process counts as hung for want of music; None while none is awaited."""
        self._ping_due_ns: int | None = None
        """When the process counts as hung for want of the `Ping` that it was sent; None after it has come."""
        self._is_overdue = False
        """True if something was overdue when the process was checked last."""
        self._is_loading, self._plans_refused, self._hung = True, False, False
        self._load_deaths = 0
        """Deaths of the process since a model was chosen or ready."""
        self._has_given_up = False
        self._start()

    @property
    def pid(self) -> int | None:
        """The process's number; None while none runs."""
        child = self._child
        return child.pid if child else None

    def load(self, model_name: str) -> None:
        """Load a model before the first ask for it."""
        self._model_name, self._load_deaths = model_name, 0
        self._await_load()
        if self._has_given_up:
            self._has_given_up = False
            self._start()
        else:
            self._send(Setting("model", model_name))

    def send(self, message: Feed | Ask | PlanRequest | Cancel) -> None:
        """Send a message and return at once; it is lost while no process runs."""
        self._send(message)
        if self._is_loading:
            return
        match message:
            case Ask():
                self._await_reply()
            case PlanRequest() if not self._plans_refused and self.reply_due_ns is None:
                self._await_reply()
            case Cancel():
                self.reply_due_ns = None
            case _:
                pass

    def check_process(self) -> None:
        """Ask for a sign of life, and end a process that hangs; the reading thread then starts it again.

        Call it regularly. Something must be overdue twice in a row: an engine that was suspended finds the replies of
        that time only a moment after it goes on.
        """
        now_ns, child = time.monotonic_ns(), self._child
        was_overdue, self._is_overdue = (
            self._is_overdue,
            any(due_ns is not None and now_ns > due_ns for due_ns in (self.reply_due_ns, self._ping_due_ns)),
        )
        if child is None:
            return
        if was_overdue and self._is_overdue:
            self.reply_due_ns, self._ping_due_ns, self._is_overdue, self._hung = None, None, False, True
            child.kill()
        elif self._ping_due_ns is None and not self._is_loading:
            self._ping_due_ns = now_ns + self._reply_timeout_ns
            child.send(Ping())

    def _await_load(self) -> None:
        self._is_loading, self._plans_refused, self._ping_due_ns = True, False, None
        self.reply_due_ns = time.monotonic_ns() + _LOAD_TIMEOUT_NS

    def _await_reply(self) -> None:
        self.reply_due_ns = time.monotonic_ns() + self._reply_timeout_ns

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
                self._await_load()
                self._child = ChildProcess(self._command, self._handle_message)
                self._send(Setting("model", self._model_name))

    def _handle_message(self, message: Message | None) -> None:
        self._note_reply(message)
        match message:
            case ModelUp():
                self._backoff.reset()
                self._load_deaths = 0
                self._on_event(message)
            case Answer() | AskRefused() | Plan() | ModelDown():
                self._on_event(message)
            case None if not self._stopped.is_set():
                self._restart()
            case _:
                pass

    def _note_reply(self, message: Message | None) -> None:
        """Find out what is still awaited."""
        match message:
            case Ping():
                self._ping_due_ns = None
            case ModelUp() | ModelDown():
                self._is_loading, self.reply_due_ns = False, None
            case Answer(final=False):
                self._await_reply()
            case Answer() | Plan():
                self.reply_due_ns = None
            case AskRefused(number):
                self._plans_refused, self.reply_due_ns = self._plans_refused or number == NO_ASK, None
            case _:
                pass

    def _restart(self) -> None:
        """Start the process again after a pause; runs on the reading thread of the process that died."""
        status, was_hung = self._child.returncode if self._child else None, self._hung
        self._child, self._hung = None, False
        self._load_deaths += 1
        if self._load_deaths >= _MAX_LOAD_DEATHS:
            self._has_given_up, self.reply_due_ns = True, None
            name = self._model_name
            self._on_event(ModelDown(f"the model {name} ends its process or takes too long to load: choose another"))
            return
        reason = "did not answer any more" if was_hung else f"ended (status {status})"
        self._on_event(ModelDown(f"the model's process {reason} and is started again"))
        if not self._stopped.wait(self._backoff.record_death()):
            self._start()
