"""The model's process: asks in, answers out, the newest ask wins.

A reading thread puts messages into a queue; the main thread alone touches the models. An answer under way is given up
between two of its parts as soon as anything newer is waiting. The process ends with its input.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import cache
from queue import SimpleQueue
from typing import Protocol

from bachbridge import link, realtime
from bachbridge.errors import BachBridgeError
from bachbridge.events import Answer, Ask, Cancel, Feed, Message, ModelDown, ModelUp, Setting
from bachbridge.music import STEPS_PER_BEAT, VOICES, Note, Phrase

_WARM_STEPS = 16 * STEPS_PER_BEAT
_WARM_UP = Phrase((Note(0, _WARM_STEPS, 67),), _WARM_STEPS)


class Model(Protocol):
    """What the process needs of a model."""

    def feed(self, feed: Feed) -> None: ...
    def generate(self, ask: Ask) -> Iterator[Answer]: ...


@cache
def build(name: str) -> Model:
    """The model of that name, its files checked and loaded; raises `ModelError`."""
    from bachbridge import library
    from bachbridge.nets import Nets
    from bachbridge.sampling import Autoregressive

    card = library.find(name)
    nets = Nets(card.folder, layers=card.facts["layers"], units=card.facts["units"])
    return Autoregressive(nets, [VOICES.index(voice) for voice in card.facts["chain"]])


def step_ns(model: Model, name: str) -> int:
    """The median time of one step, all voices, found by feeding; also warms everything up."""
    times: list[int] = []
    for seed in range(_WARM_STEPS):
        phrase = Phrase(_WARM_UP.notes, seed + 1)
        begin = time.perf_counter_ns()
        model.feed(Feed(name, phrase, 1.0, 0))
        times.append(time.perf_counter_ns() - begin)
    for _ in model.generate(Ask(0, "continue", name, _WARM_UP, 2 * STEPS_PER_BEAT, 1.0, 0.95, 0)):
        pass
    return int(statistics.median(times))


class Inbox:
    """Messages on their way from the reading thread to the working one."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Message | None] = SimpleQueue()
        self._voiding = 0
        """Asks and cancels that wait: each makes the answer under way void."""

    def put(self, message: Message | None) -> None:
        """On the reading thread; None: nothing will come any more."""
        self._voiding += message is None or isinstance(message, Ask | Cancel)
        self._queue.put(message)

    def get(self) -> Message | None:
        """On the working thread; waits."""
        message = self._queue.get()
        self._voiding -= isinstance(message, Ask | Cancel)
        return message

    @property
    def waiting(self) -> bool:
        return not self._queue.empty()

    @property
    def void(self) -> bool:
        """Whether what is being answered is no longer wanted."""
        return self._voiding > 0


class Host:
    """The models that are loaded, and the one that is in use. On the process's main thread."""

    def __init__(self, inbox: Inbox, send: Callable[[Message], None], build: Callable[[str], Model]) -> None:
        self._inbox, self._send, self._build = inbox, send, build
        self._name = ""
        self._model: Model | None = None

    def serve(self) -> None:
        """Work until nothing will come any more."""
        while (message := self._inbox.get()) is not None:
            self._take(message)

    def _take(self, message: Message) -> None:
        match message:
            case Setting("model", str(name)):
                self._use(name)
            # A newer message holds the whole phrase again, so a feed that is not the last one may be passed over.
            case Feed() if not self._inbox.waiting and (model := self._use(message.model)):
                model.feed(message)
            case Ask() if model := self._use(message.model):
                self._answer(model, message)
            case _:
                pass

    def _answer(self, model: Model, ask: Ask) -> None:
        for answer in model.generate(ask):
            self._send(answer)
            if self._inbox.void:
                return

    def _use(self, name: str) -> Model | None:
        """The model, loaded if it is another one than before; says how that went."""
        if name == self._name:
            return self._model
        self._name, self._model = name, None
        try:
            model = self._build(name)
            self._send(ModelUp(name, step_ns(model, name)))
            self._model = model
        except BachBridgeError as error:
            self._send(ModelDown(str(error)))
        return self._model


def main() -> None:
    """`python -m bachbridge.modelhost`, started by the engine."""
    source, sink = link.own_pipes()
    inbox = Inbox()
    pipe = link.Pipe(source, sink, inbox.put, lambda: inbox.put(None))
    pipe.start()
    realtime.prepare_model()
    Host(inbox, pipe.send, build).serve()


if __name__ == "__main__":
    main()
