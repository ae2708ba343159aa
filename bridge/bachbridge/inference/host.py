"""The model's process: asks in, answers out, the newest ask wins.

A reading thread puts messages into a queue; the main thread alone touches the models. What has come is taken first,
then the answer under way goes on by one part (a beat, or a pass of a network that needs many), and where there is
none, the model may think ahead, a moment at a time. So nothing waits for longer than a part takes; an answer is given
up as soon as a newer ask or a cancellation has come. The process ends with its input.
"""

import contextlib
import statistics
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol

from bachbridge.errors import BachBridgeError, ModelError
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.library import Card
from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase
from bachbridge.process import ipc, realtime
from bachbridge.protocol.events import (
    Answer,
    Ask,
    AskRefused,
    Cancel,
    Feed,
    Message,
    ModelDown,
    ModelUp,
    Plan,
    PlanRequest,
    Setting,
)

if TYPE_CHECKING:
    from bachbridge.codecs.base import SymbolCodec

NO_ASK = 0
"""The number of no ask: what is refused with it was not asked for but foreseen."""
_EXIT_TIMEOUT_S = 2.0
_WARMUP_STEPS = 16 * STEPS_PER_BEAT
_WARMUP_PHRASE = Phrase((Note(0, _WARMUP_STEPS, 67),), _WARMUP_STEPS)


class LiveModel(Protocol):
    """What the process needs of a model."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """What it can be asked (`Ask.task`)."""
        ...

    @property
    def recorded_step_ns(self) -> int:
        """What a pass of its network takes, if that is on record; 0: a step is to be measured."""
        ...

    def feed(self, feed: Feed) -> None: ...
    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        """The answer in parts; None where it can be put aside, with nothing to tell."""
        ...

    def follow(self, request: PlanRequest) -> None: ...
    def plan(self, request: PlanRequest) -> Plan | None:
        """The chords of the next step; None of a model that does not accompany."""
        ...

    def idle_work(self) -> bool:
        """Think ahead for a moment (some milliseconds); whether there was anything to think about."""
        ...


def load_model(name: str) -> LiveModel:
    """The model of that name, its files checked and loaded; raises `ModelError`."""
    card = library.find_checked_card(name)
    return cached_model(card.folder, library.sha256(card.folder / library.CARD_FILE))


@lru_cache(maxsize=4)
def cached_model(folder: Path, card_hash: str) -> LiveModel:
    """The model in `folder`; `version`, its card's hash, tells one from another that takes its name."""
    del card_hash
    card = library.read_card(folder)
    if card.codec not in _GENERATOR_FACTORIES:
        raise ModelError(f"{card.name} speaks {card.codec!r}, which this version does not: update BachBridge.")
    return _GENERATOR_FACTORIES[card.codec](card)


def _chorale_generator(card: Card) -> LiveModel:
    from bachbridge.inference.chorale.generator import ChoraleGenerator
    from bachbridge.inference.runtime import onnx_nets

    return ChoraleGenerator(onnx_nets.load_chorale_net(card), card.chain)


def _infill_generator(card: Card) -> LiveModel:
    from bachbridge.inference.chorale.generator import ChoraleGenerator
    from bachbridge.inference.infill.generator import InfillGenerator
    from bachbridge.inference.runtime import onnx_nets, sweep_benchmark

    network, partner = onnx_nets.load_infill_net(card), library.find_checked_card(card.partner)
    causal = ChoraleGenerator(onnx_nets.load_chorale_net(partner), partner.chain)
    return InfillGenerator(
        network,
        causal,
        sweep_benchmark.recorded_sweep_ns(network, card.files[onnx_nets.CORE_FILE], sweep_benchmark.record_path()),
    )


def _symbol_generator(card: Card) -> LiveModel:
    from bachbridge.inference.runtime import onnx_nets
    from bachbridge.inference.symbols.generator import SymbolGenerator

    codec = symbol_codec(card)
    # A vocabulary with levels has a field for how loud a symbol is.
    return SymbolGenerator(
        onnx_nets.load_symbol_net(card), codec, dynamics=bool(card.facts["vocabulary"].get("levels"))
    )


def symbol_codec(card: Card) -> "SymbolCodec":
    """The codec of a model of symbols; raises `ModelError`."""
    from bachbridge.inference import codec_registry

    try:
        return codec_registry.make_codec(card.codec, card.facts["vocabulary"])
    except (AttributeError, KeyError, TypeError, ValueError, BachBridgeError) as error:
        raise ModelError(f"the vocabulary of {card.name} is damaged ({error!r}): install the model again.") from error


_GENERATOR_FACTORIES: dict[str, Callable[[Card], LiveModel]] = {
    "satb": _chorale_generator,
    "canvas": _infill_generator,
    **dict.fromkeys(library.SYMBOL_CODECS, _symbol_generator),
}
"""By codec."""


def measure_step_ns(model: LiveModel, name: str) -> int:
    """The median time of one step, all voices, found by feeding; also warms everything up."""
    times: list[int] = []
    for seed in range(_WARMUP_STEPS):
        phrase = Phrase(_WARMUP_PHRASE.notes, seed + 1)
        begin = time.perf_counter_ns()
        model.feed(Feed(name, phrase, 0))
        times.append(time.perf_counter_ns() - begin)
    for _ in model.generate(Ask(0, "continue", name, _WARMUP_PHRASE, 2 * STEPS_PER_BEAT, 1.0, 0.95, 0)):
        pass
    realtime.freeze_heap()
    return int(statistics.median(times))


class HostInbox:
    """Messages on their way from the reading thread to the working one."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Message | None] = SimpleQueue()
        # Each counter is written by one thread only.
        self._cancelling_received = self._cancelling_handled = 0
        """How many messages have come and gone that make the answers before them void."""
        self._plan_requests_received = self._plan_requests_handled = 0

    def put(self, message: Message | None) -> None:
        """On the reading thread; None: nothing will come any more."""
        self._cancelling_received += _cancels_answer(message)
        self._plan_requests_received += isinstance(message, PlanRequest)
        self._queue.put(message)

    def get(self) -> Message | None:
        """On the working thread; waits."""
        message = self._queue.get()
        self._cancelling_handled += _cancels_answer(message)
        self._plan_requests_handled += isinstance(message, PlanRequest)
        return message

    @property
    def has_messages(self) -> bool:
        return not self._queue.empty()

    @property
    def has_newer_plan_request(self) -> bool:
        """Whether something newer is to be foreseen than what was taken last."""
        return self._plan_requests_received > self._plan_requests_handled

    @property
    def is_answer_stale(self) -> bool:
        """Whether what is being answered is no longer wanted."""
        return self._cancelling_received > self._cancelling_handled


def _cancels_answer(message: Message | None) -> bool:
    """A feed does not: the player may play on while an answer is allowed to finish."""
    return message is None or isinstance(message, Ask | Cancel)


def _error_text(error: Exception) -> str:
    """The error as a sentence for the player."""
    if isinstance(error, BachBridgeError):
        return str(error)
    return f"The model has failed ({type(error).__name__}: {error}): try another one."


class Host:
    """The model that is in use. On the process's main thread."""

    def __init__(self, inbox: HostInbox, send: Callable[[Message], None], load: Callable[[str], LiveModel]) -> None:
        self._inbox, self._send, self._load_model = inbox, send, load
        self._model_name = ""
        self._model: LiveModel | None = None
        self._step_ns = 0
        """Its own, as it was told."""
        self._answer_parts: Iterator[Answer | None] | None = None
        """Of the answer under way."""
        self._ask_number = 0
        """The number of the ask that it belongs to."""
        self._idle_worker: LiveModel | None = None
        """Who may have something to think about."""
        self._plan_refused = False
        """Whether it was told that this model does not accompany."""

    def serve(self) -> None:
        """Work until nothing will come any more."""
        goes_on = True
        while goes_on:
            try:
                goes_on = self._do_next()
            except Exception as error:  # noqa: BLE001 # the border of the process: the next ask may go well
                if not isinstance(error, BachBridgeError):
                    traceback.print_exc()
                self._send(ModelDown(_error_text(error)))

    def _do_next(self) -> bool:
        """The next thing that is to be done; False where nothing will come any more."""
        if not self._inbox.has_messages and (self._continue_answer() or self._do_idle_work()):
            return True
        message = self._inbox.get()
        if message is not None:
            self._handle_message(message)
        return message is not None

    def _handle_message(self, message: Message) -> None:
        match message:
            case Setting("model", str(name)) if name == self._model_name and self._model:
                # Something was asked of it before this came: it is there already.
                self._send(ModelUp(name, self._step_ns))
            case Setting("model", str(name)):
                self._try_switch_model(name)
            # A newer message holds the whole phrase again, so a feed that is not the last one may be passed over.
            case Feed() if not self._inbox.has_messages:
                if message.model != self._model_name:
                    self._try_switch_model(message.model)
                if self._model:
                    self._model.feed(message)
            case Ask() | Cancel():
                self._answer_parts = None
                if isinstance(message, Ask) and not self._inbox.is_answer_stale:
                    self._ask_number = message.ask
                    with self._refusing_on_error():
                        model = self._require_model(message.model)
                    self._start_answer(model, message)
            # Each one tells only what is new, so none may be passed over; but only the newest plan is wanted.
            case PlanRequest():
                model = self._require_model(message.model)
                model.follow(message)
                if not self._inbox.has_newer_plan_request:
                    self._send_plan(model, message)
                self._idle_worker = model
            case _:
                pass

    def _try_switch_model(self, name: str) -> None:
        """Have a model at hand; where it cannot be had, an answer that is under way goes on."""
        try:
            self._switch_model(name)
        except BachBridgeError as error:
            self._send(ModelDown(str(error)))

    def _require_model(self, name: str) -> LiveModel:
        if name != self._model_name or self._model is None:
            self._switch_model(name)
        assert self._model
        return self._model

    @contextlib.contextmanager
    def _refusing_on_error(self) -> Generator[None]:
        """What fails in here is the answer's business: nobody shall wait for it."""
        try:
            yield
        except Exception as error:
            if not self._inbox.is_answer_stale:
                self._send(AskRefused(self._ask_number, _error_text(error)))
            raise

    def _start_answer(self, model: LiveModel, ask: Ask) -> None:
        if ask.task in model.tasks:
            self._answer_parts = model.generate(ask)
            self._continue_answer()  # before what was fed for it is overtaken by something newer
        else:
            reason = f"the model {ask.model} cannot {ask.task} a phrase: choose another answer or another model"
            self._send(AskRefused(ask.ask, reason))

    def _send_plan(self, model: LiveModel, request: PlanRequest) -> None:
        """Tell its plan; of a model that has none, that it has none, once."""
        plan = model.plan(request)
        if plan:
            self._send(plan)
        elif not self._plan_refused:
            self._plan_refused = True
            reason = f"the model {request.model} puts no chords under what you play: choose another model or mode"
            self._send(AskRefused(NO_ASK, reason))

    def _continue_answer(self) -> bool:
        """Bring the answer under way one part further; False where there is none."""
        parts, self._answer_parts = self._answer_parts, None
        if parts is None:
            return False
        with self._refusing_on_error(), contextlib.suppress(StopIteration):
            answer = next(parts)
            if not self._inbox.is_answer_stale:
                self._answer_parts = parts
                if answer:
                    self._send(answer)
        return True

    def _do_idle_work(self) -> bool:
        """Let the model think ahead for a moment; False where it has nothing to think about."""
        thinker, self._idle_worker = self._idle_worker, None
        if thinker is None or not thinker.idle_work():
            return False
        self._idle_worker = thinker
        return True

    def _switch_model(self, name: str) -> None:
        """Make the model the one in use, and say so; raises `ModelError`, and is then without one."""
        self._model_name, self._model, self._idle_worker, self._plan_refused = name, None, None, False
        model = self._load_model(name)
        measured_ns = measure_step_ns(model, name)
        self._step_ns = model.recorded_step_ns or measured_ns
        self._send(ModelUp(name, self._step_ns))
        self._model = model


def serve(input_lines: Iterator[str], send: Callable[[Message], None], load: Callable[[str], LiveModel]) -> None:
    """Read messages from the lines, work, and send, until the lines end."""
    inbox = HostInbox()

    def read() -> None:
        ipc.dispatch_messages(input_lines, inbox.put)
        # The engine is gone. A network that does not come back from its work must not stay behind.
        realtime.exit_after(_EXIT_TIMEOUT_S)

    threading.Thread(target=read, name="asks", daemon=True).start()
    Host(inbox, send, load).serve()


def main() -> None:
    """`python -m bachbridge.inference.host`, started by the engine."""
    realtime.prepare_model_process()
    reader, writer = ipc.standard_pipes()

    def send(message: Message) -> None:
        """At once and on the working thread: the engine always reads, and a thread in between would cost time."""
        with contextlib.suppress(OSError):  # the engine has ended; the reading thread finds out as well
            ipc.write_message(writer, message)

    serve(ipc.read_lines(reader), send, load_model)


if __name__ == "__main__":
    main()
