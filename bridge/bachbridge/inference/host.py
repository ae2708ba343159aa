"""The model process: asks come in, answers go out, and the newest ask wins.

A reading thread puts messages into a queue; only the main thread touches the models. It attends to one thing at a
time, in this order:

1. a message that has come,
2. the answer in progress, by one part (a beat, or one sweep of a network that needs many),
3. computing ahead for live harmony, for some milliseconds,
4. waiting for a message.

So a message never waits for longer than a part takes, and an answer is given up as soon as a newer ask or a
cancellation has come. The process ends with its input.
"""

import collections.abc
import contextlib
import statistics
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue

from bachbridge.errors import BachBridgeError
from bachbridge.inference.loading import load_model, with_expected_ends
from bachbridge.inference.runtime.protocols import AccompanyingGenerator, Generator
from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase
from bachbridge.process import ipc, limits, realtime
from bachbridge.protocol.effects import Ask, Cancel, Feed, PlanRequest
from bachbridge.protocol.events import NO_ASK, Answer, AskRefused, ModelDown, ModelUp, Setting
from bachbridge.protocol.notices import Message, Ping

_EXIT_TIMEOUT_S = 2.0
LoadGuard = Callable[[], contextlib.AbstractContextManager[None]]
"""Makes the context in which a model is loaded and timed."""
_WARMUP_STEPS = 16 * STEPS_PER_BEAT
_WARMUP_PHRASE = Phrase((Note(0, _WARMUP_STEPS, 67),), _WARMUP_STEPS)


def measure_step_ns(model: Generator, name: str) -> int:
    """Return the median time of one step in ns, all voices, found by feeding; this also warms the model up."""
    times: list[int] = []
    for step in range(_WARMUP_STEPS):
        phrase = Phrase(_WARMUP_PHRASE.notes, step + 1)
        begin = time.perf_counter_ns()
        model.feed(Feed(name, phrase, 0))
        times.append(time.perf_counter_ns() - begin)
    for _ in model.generate(Ask(0, "continue", name, _WARMUP_PHRASE, 2 * STEPS_PER_BEAT, 1.0, 0.95, 0)):
        pass
    realtime.freeze_heap()
    return int(statistics.median(times))


@dataclass(slots=True)
class _MessageCount:
    """Numbers of messages of a kind; the reading thread counts those received, the main thread those handled."""

    received: int = 0
    handled: int = 0

    @property
    def is_any_waiting(self) -> bool:
        return self.received > self.handled


class HostInbox:
    """The queue from the reading thread to the main thread, which also tells what is waiting in it."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Message | None] = SimpleQueue()
        self._overriding = _MessageCount()
        """Messages that end the answer in progress."""
        self._plan_requests, self._pings = _MessageCount(), _MessageCount()

    def put(self, message: Message | None) -> None:
        """Add a message; None marks the end of the input. Called on the reading thread."""
        self._overriding.received += _ends_answer(message)
        self._plan_requests.received += isinstance(message, PlanRequest)
        self._pings.received += isinstance(message, Ping)
        self._queue.put(message)

    def get(self) -> Message | None:
        """Wait for the next message and return it. Called on the main thread."""
        message = self._queue.get()
        self._overriding.handled += _ends_answer(message)
        self._plan_requests.handled += isinstance(message, PlanRequest)
        self._pings.handled += isinstance(message, Ping)
        return message

    @property
    def has_messages(self) -> bool:
        return not self._queue.empty()

    @property
    def has_newer_music(self) -> bool:
        """True if anything but pings is waiting."""
        return self._queue.qsize() > self._pings.received - self._pings.handled

    @property
    def has_newer_plan_request(self) -> bool:
        """True if a plan request is waiting behind the one that was taken out last."""
        return self._plan_requests.is_any_waiting

    @property
    def is_answer_stale(self) -> bool:
        """True if a message is waiting that ends the answer in progress."""
        return self._overriding.is_any_waiting


def _ends_answer(message: Message | None) -> bool:
    """True of a new ask, a cancellation and the end of the input. A feed does not end an answer that may finish."""
    return message is None or isinstance(message, Ask | Cancel)


def _error_text(error: Exception) -> str:
    """Return the error as a sentence for the player."""
    if isinstance(error, BachBridgeError):
        return str(error)
    return f"The model has failed ({type(error).__name__}: {error}): try another one."


@dataclass(frozen=True, slots=True)
class _AnswerInProgress:
    ask_number: int
    parts: Iterator[Answer | None]


@dataclass(frozen=True, slots=True)
class _LoadedModel:
    name: str
    generator: Generator
    accompanist: AccompanyingGenerator | None
    """`generator` itself if it can accompany, otherwise None."""
    step_ns: int
    """Its step time as reported to the engine."""


class Host:
    """Works through an inbox with one model at a time. Used on the main thread of the model process."""

    def __init__(
        self,
        inbox: HostInbox,
        send: Callable[[Message], None],
        load: Callable[[str], Generator],
        load_guard: LoadGuard = contextlib.nullcontext,
    ) -> None:
        self._inbox, self._send, self._load, self._load_guard = inbox, send, load, load_guard
        self._model: _LoadedModel | None = None
        self._last_tried = ""
        """The model that was loaded last; that may have failed."""
        self._answer: _AnswerInProgress | None = None
        self._idle_worker: AccompanyingGenerator | None = None
        """The accompanist that may have something to compute ahead."""
        self._was_plan_refused = False
        """True once the engine was told that this model does not accompany."""

    def serve(self) -> None:
        """Work until the input ends. An error is reported, and the next message may succeed."""
        is_open = True
        while is_open:
            try:
                is_open = self._do_next_thing()
            except Exception as error:  # noqa: BLE001 # the border of the process: whatever fails is reported
                if not isinstance(error, BachBridgeError):
                    traceback.print_exc()
                self._send(ModelDown(_error_text(error)))

    def _do_next_thing(self) -> bool:
        """Attend to one thing in the order that the module describes; False at the end of the input."""
        if not self._inbox.has_messages:
            if self._answer is not None:
                self._advance_answer(self._answer)
                return True
            if self._idle_worker is not None:
                self._compute_ahead(self._idle_worker)
                return True
        message = self._inbox.get()
        if message is not None:
            self._handle(message)
        return message is not None

    # ------------------------------------------------------------ messages

    def _handle(self, message: Message) -> None:
        match message:
            case Setting("model", str(name)):
                self._choose_model(name)
            case Feed():
                self._feed(message)
            case Ask():
                self._begin_answer(message)
            case Cancel():
                self._answer = None
            case PlanRequest():
                self._plan(message)
            case Ping():
                self._send(message)
            case _:
                pass

    def _choose_model(self, name: str) -> None:
        if self._model is not None and self._model.name == name:
            # An earlier message needed the model, so it is loaded already.
            self._send(ModelUp(name, self._model.step_ns))
        else:
            self._try_model(name)

    def _feed(self, feed: Feed) -> None:
        """Feed the model, unless more is waiting: a newer message holds the whole phrase."""
        if self._inbox.has_newer_music:
            return
        if feed.model != self._last_tried:
            self._try_model(feed.model)
        if self._model is not None:
            self._model.generator.feed(feed)
            self._idle_worker = self._model.accompanist
            if self._answer is not None and self._idle_worker is not None:
                # No idle moment is near, and the next answer is the more urgent one.
                self._compute_ahead(self._idle_worker)

    def _begin_answer(self, ask: Ask) -> None:
        """Replace the answer in progress and send the first part, before a newer feed changes the model's memory."""
        self._answer = None
        if self._inbox.is_answer_stale:
            return
        with self._refusing_on_failure(ask.ask):
            generator = self._require_model(ask.model).generator
        if ask.task not in generator.tasks:
            reason = f"the model {ask.model} cannot {ask.task} a phrase: choose another answer or another model"
            self._send(AskRefused(ask.ask, reason))
            return
        self._advance_answer(_AnswerInProgress(ask.ask, generator.generate(with_expected_ends(ask))))

    def _plan(self, request: PlanRequest) -> None:
        """Follow every request, since each holds only what is new, but plan only for the newest.

        The likely notes come first, so that a busy machine is late for few.
        """
        accompanist = self._require_model(request.model).accompanist
        if accompanist is None:
            self._refuse_plan(request)
            return
        accompanist.follow(request)
        if not self._inbox.has_newer_plan_request:
            for plan in accompanist.plans(request):
                self._send(plan)
                if self._inbox.has_newer_plan_request:
                    break
        self._idle_worker = accompanist

    def _refuse_plan(self, request: PlanRequest) -> None:
        """Tell the engine that the model does not accompany, once for each loaded model."""
        if not self._was_plan_refused:
            self._was_plan_refused = True
            reason = f"the model {request.model} puts no chords under what you play: choose another model or mode"
            self._send(AskRefused(NO_ASK, reason))

    # ------------------------------------------------------------ work in parts

    def _advance_answer(self, answer: _AnswerInProgress) -> None:
        """Compute the next part and send it; an answer that is finished, stale or has failed is dropped."""
        self._answer = None
        with self._refusing_on_failure(answer.ask_number), contextlib.suppress(StopIteration):
            part = next(answer.parts)
            if not self._inbox.is_answer_stale:
                self._answer = answer
                if part:
                    self._send(part)

    def _compute_ahead(self, worker: AccompanyingGenerator) -> None:
        """Let the accompanist compute ahead; it is asked again until it has nothing to do or fails."""
        self._idle_worker = None
        if worker.idle_work():
            self._idle_worker = worker

    @contextlib.contextmanager
    def _refusing_on_failure(self, ask_number: int) -> collections.abc.Generator[None]:
        """Refuse the ask if the block fails, so that nobody waits for it; `serve` then reports the error."""
        try:
            yield
        except Exception as error:
            if not self._inbox.is_answer_stale:
                self._send(AskRefused(ask_number, _error_text(error)))
            raise

    # ------------------------------------------------------------ loading

    def _require_model(self, name: str) -> _LoadedModel:
        """Return the model `name`, loading it if it is not in use; raises `ModelError`."""
        if self._model is not None and self._model.name == name:
            return self._model
        return self._load_model(name)

    def _try_model(self, name: str) -> None:
        """Load a model, or report why it cannot be loaded; an answer in progress goes on in either case."""
        try:
            self._load_model(name)
        except BachBridgeError as error:
            self._send(ModelDown(str(error)))

    def _load_model(self, name: str) -> _LoadedModel:
        """Load and time a model, and report it; raises `ModelError`, and then no model is in use."""
        self._last_tried, self._model, self._idle_worker, self._was_plan_refused = name, None, None, False
        with self._load_guard():
            generator = self._load(name)
            measured_ns = measure_step_ns(generator, name)
        accompanist = generator if isinstance(generator, AccompanyingGenerator) else None
        loaded = _LoadedModel(name, generator, accompanist, generator.recorded_step_ns or measured_ns)
        self._send(ModelUp(name, loaded.step_ns))
        self._model = loaded
        return loaded


def serve(
    input_lines: Iterator[str],
    send: Callable[[Message], None],
    load: Callable[[str], Generator],
    load_guard: LoadGuard = contextlib.nullcontext,
) -> None:
    """Read messages from the lines, answer them with `send`, and return when the lines end."""
    inbox = HostInbox()

    def read_messages() -> None:
        ipc.dispatch_messages(input_lines, inbox.put)
        # The engine has ended. A network that does not return from its work must not keep this process alive.
        realtime.exit_after(_EXIT_TIMEOUT_S)

    threading.Thread(target=read_messages, name="asks", daemon=True).start()
    Host(inbox, send, load, load_guard).serve()


def main() -> None:
    """Run `python -m bachbridge.inference.host`, which the engine starts."""
    realtime.prepare_model_process()
    limits.limit_memory(limits.MAX_MODEL_BYTES)
    reader, writer = ipc.standard_pipes()

    def send(message: Message) -> None:
        """Write at once on the main thread: the engine always reads, and a thread in between would cost time."""
        with contextlib.suppress(OSError):  # the engine has ended; the reading thread notices as well
            ipc.write_message(writer, message)

    serve(ipc.read_lines(reader), send, load_model, lambda: limits.time_limit(limits.MAX_LOAD_S))


if __name__ == "__main__":
    main()
