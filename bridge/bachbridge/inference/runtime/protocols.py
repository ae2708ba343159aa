"""The interfaces between the model process, the generators and the networks.

Networks come from `onnx_nets`; tests and the training put others in their place. Array axes are in the methods: a
chorale network works on pitch indices and onsets (`codecs.satb`), an infilling network on cells
(`codecs.infill_grid`), a symbol network on ids (`codecs.base`).
"""

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from bachbridge.codecs.base import Symbol
from bachbridge.music.frames import Bools, Floats, Ints
from bachbridge.protocol.effects import Ask, Feed, PlanRequest
from bachbridge.protocol.events import Answer, Plan

State = tuple[Any, ...]
"""The state of a symbol network: arrays, and the rows that a network with attention looks back at."""


# ---------------------------------------------------------------- generators


class Generator(Protocol):
    """A model that answers phrases. Used on the main thread of the model process."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """The values of `Ask.task` that it can answer."""
        ...

    @property
    def recorded_step_ns(self) -> int:
        """The recorded time of one sweep of its network in ns; 0: nothing is recorded, so a step has to be timed."""
        ...

    def feed(self, feed: Feed) -> None:
        """Prepare for an ask about the phrase so far."""
        ...

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        """Yield the answer in parts; None marks a point between parts at which the host may do something else."""
        ...


class StepPlanner(Protocol):
    """A model that plans live harmony one step ahead."""

    def follow(self, request: PlanRequest) -> None:
        """Bring the memory up to the frames that have sounded."""
        ...

    def plan(self, request: PlanRequest) -> Plan:
        """Return the chords of the next step for every note that the player may play."""
        ...


@runtime_checkable
class AccompanyingGenerator(StepPlanner, Protocol):
    """The additional methods of a generator that can accompany a player live."""

    def plans(self, request: PlanRequest) -> Iterator[Plan]:
        """Yield plans of the next step, each for more notes than the one before; the last one is that of `plan`."""
        ...

    def idle_work(self) -> bool:
        """Compute ahead for some milliseconds; False if there was nothing to do."""
        ...


# ---------------------------------------------------------------- networks


class VoiceHeads(Protocol):
    """The chain of voices inside a step; one row of `hidden` serves all rows of `known`."""

    def heads(self, hidden: Floats, known: Ints) -> tuple[Floats, Floats]:
        """`hidden[1 or k, unit]`, `known[k, voice]` (-1: unknown) → pitch logits `[k, voice, pitch_index]`, onsets."""
        ...


class FrameNet(VoiceHeads, Protocol):
    """A causal network over frames: `core` makes one step in time, `heads` is the chain of voices inside a step."""

    def initial_state(self) -> Floats:
        """The state before the first step, `state[.., 1, unit]`."""
        ...

    def core(self, ids: Ints, state: Floats) -> tuple[Floats, Floats]:
        """`ids[n, field]`, `state[.., n, unit]` → `hidden[n, unit]`, the next state."""
        ...


class MaskedNet(Protocol):
    """An infilling network: it predicts all masked cells of some canvases at once."""

    def predict(self, seen: Ints, attacks: Ints, place: Ints) -> tuple[Floats, Floats]:
        """`seen`, `attacks` `[chain, step, voice]`, `place[chain, step, field]` → pitch logits, onset logits.

        Their axes are `[chain, step, voice, pitch_index]` and `[chain, step, voice]`.
        """
        ...


class SequenceNet(Protocol):
    """A causal network over symbols: `core` makes one step, `heads` predicts one field after another."""

    def initial_state(self) -> State:
        """The state before the first symbol."""
        ...

    def core(self, ids: Ints, state: State) -> tuple[Floats, State]:
        """`ids[1, field]` (all zeros: the beginning), `state` → `hidden[1, unit]`, the next state."""
        ...

    def heads(self, hidden: Floats, known: Ints) -> Floats:
        """`hidden[k, unit]`, `known[k, field]` (-1: unknown) → logits of all fields' ids side by side, `[k, id]`."""
        ...


# ---------------------------------------------------------------- decoders of symbols


class SymbolConstraint(Protocol):
    """The part of `codecs.base.SymbolDecoder` that is needed to draw one symbol."""

    def allowed_ids(self, chosen: Symbol) -> Bools:
        """Return `allowed[id]` of the field after those `chosen`."""
        ...

    def wish_nats(self, chosen: Symbol) -> Floats | None:
        """Return nats to add to the logits of that field's ids, `[id]`; None: nothing is wished for."""
        ...


class SymbolWriter(SymbolConstraint, Protocol):
    """A decoder for drawing symbols one after another; when the text is complete it allows no further id."""

    def add_symbol(self, symbol: Symbol) -> object:
        """Write a symbol."""
        ...
