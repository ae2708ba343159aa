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
    Cancel,
    Feed,
    Foresee,
    Message,
    ModelDown,
    ModelUp,
    Plan,
    Refused,
    Setting,
)

if TYPE_CHECKING:
    from bachbridge.codecs.base import Codec

NOBODYS = 0
"""The number of no ask: what is refused with it was not asked for but foreseen."""
_LAST_S = 2.0
_WARM_STEPS = 16 * STEPS_PER_BEAT
_WARM_UP = Phrase((Note(0, _WARM_STEPS, 67),), _WARM_STEPS)


class Model(Protocol):
    """What the process needs of a model."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """What it can be asked (`Ask.task`)."""
        ...

    @property
    def recorded_ns(self) -> int:
        """What a pass of its network takes, if that is on record; 0: a step is to be measured."""
        ...

    def feed(self, feed: Feed) -> None: ...
    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        """The answer in parts; None where it can be put aside, with nothing to tell."""
        ...

    def follow(self, foresee: Foresee) -> None: ...
    def plan(self, foresee: Foresee) -> Plan | None:
        """The chords of the next step; None of a model that does not accompany."""
        ...

    def ponder(self) -> bool:
        """Think ahead for a moment (some milliseconds); whether there was anything to think about."""
        ...


def build(name: str) -> Model:
    """The model of that name, its files checked and loaded; raises `ModelError`."""
    card = library.find(name)
    return loaded(card.folder, library.sha256(card.folder / library.CARD))


@lru_cache(maxsize=4)
def loaded(folder: Path, version: str) -> Model:
    """The model in `folder`; `version`, its card's hash, tells one from another that takes its name."""
    del version
    card = library.read(folder)
    if card.codec not in _BUILDERS:
        raise ModelError(f"{card.name} speaks {card.codec!r}, which this version does not: update BachBridge.")
    return _BUILDERS[card.codec](card)


def _causal(card: Card) -> Model:
    from bachbridge.inference.chorale.generator import Autoregressive
    from bachbridge.inference.runtime import onnx_nets

    return Autoregressive(onnx_nets.load(card), card.chain)


def _infilling(card: Card) -> Model:
    from bachbridge.inference.chorale.generator import Autoregressive
    from bachbridge.inference.infill.generator import Infill
    from bachbridge.inference.runtime import onnx_nets, sweep_benchmark

    network, partner = onnx_nets.load_fill(card), library.find(card.partner)
    causal = Autoregressive(onnx_nets.load(partner), partner.chain)
    return Infill(
        network, causal, sweep_benchmark.pass_ns(network, card.files[onnx_nets.CORE], sweep_benchmark.record_path())
    )


def _streaming(card: Card) -> Model:
    from bachbridge.inference.runtime import onnx_nets
    from bachbridge.inference.symbols.generator import Stream

    codec = codec_of(card)
    # A vocabulary with levels has a field for how loud a symbol is.
    return Stream(onnx_nets.load_sequence(card), codec, dynamics=bool(card.facts["vocabulary"].get("levels")))


def codec_of(card: Card) -> "Codec":
    """The codec of a model of symbols; raises `ModelError`."""
    from bachbridge.inference import codec_registry

    try:
        return codec_registry.codec(card.codec, card.facts["vocabulary"])
    except (AttributeError, KeyError, TypeError, ValueError, BachBridgeError) as error:
        raise ModelError(f"the vocabulary of {card.name} is damaged ({error!r}): install the model again.") from error


_BUILDERS: dict[str, Callable[[Card], Model]] = {
    "satb": _causal,
    "canvas": _infilling,
    **dict.fromkeys(library.SYMBOLS, _streaming),
}
"""By codec."""


def step_ns(model: Model, name: str) -> int:
    """The median time of one step, all voices, found by feeding; also warms everything up."""
    times: list[int] = []
    for seed in range(_WARM_STEPS):
        phrase = Phrase(_WARM_UP.notes, seed + 1)
        begin = time.perf_counter_ns()
        model.feed(Feed(name, phrase, 0))
        times.append(time.perf_counter_ns() - begin)
    for _ in model.generate(Ask(0, "continue", name, _WARM_UP, 2 * STEPS_PER_BEAT, 1.0, 0.95, 0)):
        pass
    realtime.settle()
    return int(statistics.median(times))


class Inbox:
    """Messages on their way from the reading thread to the working one."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Message | None] = SimpleQueue()
        # Each counter is written by one thread only.
        self._come = self._gone = 0
        """How many messages have come and gone that make the answers before them void."""
        self._foresees_come = self._foresees_gone = 0

    def put(self, message: Message | None) -> None:
        """On the reading thread; None: nothing will come any more."""
        self._come += _voids(message)
        self._foresees_come += isinstance(message, Foresee)
        self._queue.put(message)

    def get(self) -> Message | None:
        """On the working thread; waits."""
        message = self._queue.get()
        self._gone += _voids(message)
        self._foresees_gone += isinstance(message, Foresee)
        return message

    @property
    def waiting(self) -> bool:
        return not self._queue.empty()

    @property
    def foresees(self) -> bool:
        """Whether something newer is to be foreseen than what was taken last."""
        return self._foresees_come > self._foresees_gone

    @property
    def void(self) -> bool:
        """Whether what is being answered is no longer wanted."""
        return self._come > self._gone


def _voids(message: Message | None) -> bool:
    """A feed does not: the player may play on while an answer is allowed to finish."""
    return message is None or isinstance(message, Ask | Cancel)


def _reason(error: Exception) -> str:
    """The error as a sentence for the player."""
    if isinstance(error, BachBridgeError):
        return str(error)
    return f"The model has failed ({type(error).__name__}: {error}): try another one."


class Host:
    """The model that is in use. On the process's main thread."""

    def __init__(self, inbox: Inbox, send: Callable[[Message], None], build: Callable[[str], Model]) -> None:
        self._inbox, self._send, self._build = inbox, send, build
        self._name = ""
        self._model: Model | None = None
        self._step_ns = 0
        """Its own, as it was told."""
        self._parts: Iterator[Answer | None] | None = None
        """Of the answer under way."""
        self._ask = 0
        """The number of the ask that it belongs to."""
        self._thinker: Model | None = None
        """Who may have something to think about."""
        self._declined = False
        """Whether it was told that this model does not accompany."""

    def serve(self) -> None:
        """Work until nothing will come any more."""
        goes_on = True
        while goes_on:
            try:
                goes_on = self._turn()
            except Exception as error:  # noqa: BLE001 # the border of the process: the next ask may go well
                if not isinstance(error, BachBridgeError):
                    traceback.print_exc()
                self._send(ModelDown(_reason(error)))

    def _turn(self) -> bool:
        """The next thing that is to be done; False where nothing will come any more."""
        if not self._inbox.waiting and (self._go_on() or self._ponder()):
            return True
        message = self._inbox.get()
        if message is not None:
            self._take(message)
        return message is not None

    def _take(self, message: Message) -> None:
        match message:
            case Setting("model", str(name)) if name == self._name and self._model:
                # Something was asked of it before this came: it is there already.
                self._send(ModelUp(name, self._step_ns))
            case Setting("model", str(name)):
                self._ready(name)
            # A newer message holds the whole phrase again, so a feed that is not the last one may be passed over.
            case Feed() if not self._inbox.waiting:
                if message.model != self._name:
                    self._ready(message.model)
                if self._model:
                    self._model.feed(message)
            case Ask() | Cancel():
                self._parts = None
                if isinstance(message, Ask) and not self._inbox.void:
                    self._ask = message.ask
                    with self._owing():
                        model = self._wanted(message.model)
                    self._answer(model, message)
            # Each one tells only what is new, so none may be passed over; but only the newest plan is wanted.
            case Foresee():
                model = self._wanted(message.model)
                model.follow(message)
                if not self._inbox.foresees:
                    self._plan(model, message)
                self._thinker = model
            case _:
                pass

    def _ready(self, name: str) -> None:
        """Have a model at hand; where it cannot be had, an answer that is under way goes on."""
        try:
            self._load(name)
        except BachBridgeError as error:
            self._send(ModelDown(str(error)))

    def _wanted(self, name: str) -> Model:
        if name != self._name or self._model is None:
            self._load(name)
        assert self._model
        return self._model

    @contextlib.contextmanager
    def _owing(self) -> Generator[None]:
        """What fails in here is the answer's business: nobody shall wait for it."""
        try:
            yield
        except Exception as error:
            if not self._inbox.void:
                self._send(Refused(self._ask, _reason(error)))
            raise

    def _answer(self, model: Model, ask: Ask) -> None:
        if ask.task in model.tasks:
            self._parts = model.generate(ask)
            self._go_on()  # before what was fed for it is overtaken by something newer
        else:
            reason = f"the model {ask.model} cannot {ask.task} a phrase: choose another answer or another model"
            self._send(Refused(ask.ask, reason))

    def _plan(self, model: Model, foresee: Foresee) -> None:
        """Tell its plan; of a model that has none, that it has none, once."""
        plan = model.plan(foresee)
        if plan:
            self._send(plan)
        elif not self._declined:
            self._declined = True
            reason = f"the model {foresee.model} puts no chords under what you play: choose another model or mode"
            self._send(Refused(NOBODYS, reason))

    def _go_on(self) -> bool:
        """Bring the answer under way one part further; False where there is none."""
        parts, self._parts = self._parts, None
        if parts is None:
            return False
        with self._owing(), contextlib.suppress(StopIteration):
            answer = next(parts)
            if not self._inbox.void:
                self._parts = parts
                if answer:
                    self._send(answer)
        return True

    def _ponder(self) -> bool:
        """Let the model think ahead for a moment; False where it has nothing to think about."""
        thinker, self._thinker = self._thinker, None
        if thinker is None or not thinker.ponder():
            return False
        self._thinker = thinker
        return True

    def _load(self, name: str) -> None:
        """Make the model the one in use, and say so; raises `ModelError`, and is then without one."""
        self._name, self._model, self._thinker, self._declined = name, None, None, False
        model = self._build(name)
        measured_ns = step_ns(model, name)
        self._step_ns = model.recorded_ns or measured_ns
        self._send(ModelUp(name, self._step_ns))
        self._model = model


def serve(lines: Iterator[str], send: Callable[[Message], None], build: Callable[[str], Model]) -> None:
    """Read messages from the lines, work, and send, until the lines end."""
    inbox = Inbox()

    def read() -> None:
        ipc.pump(lines, inbox.put)
        # The engine is gone. A network that does not come back from its work must not stay behind.
        realtime.exit_within(_LAST_S)

    threading.Thread(target=read, name="asks", daemon=True).start()
    Host(inbox, send, build).serve()


def main() -> None:
    """`python -m bachbridge.inference.host`, started by the engine."""
    realtime.model()
    reader, writer = ipc.standard_pipes()

    def send(message: Message) -> None:
        """At once and on the working thread: the engine always reads, and a thread in between would cost time."""
        with contextlib.suppress(OSError):  # the engine has ended; the reading thread finds out as well
            ipc.write(writer, message)

    serve(ipc.lines(reader), send, build)


if __name__ == "__main__":
    main()
