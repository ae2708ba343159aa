"""The walk of a network over a sequence of symbols: a phrase is taken in, and its continuation drawn, one by one.

The network goes from symbol to symbol, its state an explicit value. A symbol has one id for each field (see
`codecs.symbols`), and the fields are drawn in order, each knowing those before it: the chain rule of probability, as in
A. Graves, "Generating sequences with recurrent neural networks", 2013. What may come next is the codec's affair: its
pen masks the ids that would make no sense, and the nucleus is drawn from the rest.

`Stream` keeps the memories along the phrase that it was fed, so that a longer or corrected phrase is taken up after the
longest part that is still true. The newest are all kept and older ones the sparser the older, for a network that looks
back on all it has said has a state that grows. A phrase is taken in whole, its last symbol too: the codec reads each
phrase as one that is over, and its pen adds nothing to it, so the first symbol drawn begins on the answer's first step.
While the player still holds a chord, its length is the part that is corrected with each feed.

A key that the player has locked is the codec's affair: `abc` writes it into the tune's header, which is read anew then;
`keys88` and `chords` have no word for a key, and their pens bar what is foreign to it.

All chance comes from the ask's seed and the number of the symbol; the same ask gives the same answer whether or not
it was fed beforehand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, count
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bachbridge.codecs.base import Bools, Codec, Symbol
from bachbridge.inference.chorale.generator import choose
from bachbridge.inference.runtime.expression import Touch
from bachbridge.music.notes import STEPS_PER_BEAT, Key, Note, Phrase, key_numbered
from bachbridge.protocol.events import Answer, Ask, Feed, Foresee

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
State = tuple[Floats, ...]

OPEN = -1
"""An id that is still to be chosen."""
_DENSE = 32
"""Of about the last `_DENSE` symbols every memory is kept, of those before every other one, and so on."""
_MOST_SYMBOLS = 256
"""So many symbols that bring the answer no step further end it: no text can hold up the music."""


class Nets(Protocol):
    """What is needed of the network; see `nets.Sequence`."""

    def initial_state(self) -> State: ...
    def core(self, ids: Ints, state: State) -> tuple[Floats, State]: ...
    def heads(self, hidden: Floats, known: Ints) -> Floats: ...


class Allowing(Protocol):
    """What is needed of a pen to draw a symbol; see `codecs.symbols.Pen`."""

    def allowed(self, chosen: Symbol) -> Bools: ...


class Taking(Allowing, Protocol):
    """And to draw one after another; nothing is allowed any more where all is written."""

    def take(self, symbol: Symbol) -> object: ...


@dataclass(frozen=True, slots=True)
class _Memory:
    """After a symbol: the network's view of the next one, and its state."""

    hidden: Floats
    state: State


class Stream:
    """A causal model of symbols, which continues and does nothing else. Used on one thread of the model's process."""

    tasks = ("continue",)
    recorded_ns = 0
    """Nothing of its pace is on record: its steps are as quick as they are."""

    __slots__ = ("_codec", "_dynamics", "_memories", "_nets", "_read", "_symbols")

    def __init__(self, nets: Nets, codec: Codec, *, dynamics: bool = False) -> None:
        """`dynamics`: the symbols say how loud the notes are; otherwise they are as loud as the player's."""
        self._nets, self._codec, self._dynamics = nets, codec, dynamics
        self._read: tuple[Phrase, Key | None] | None = None
        """The phrase that was read last, and the key that was locked."""
        self._symbols: list[Symbol] = []
        """What it reads."""
        self._memories: dict[int, _Memory] = {}
        """By the number of symbols taken in."""

    def feed(self, feed: Feed) -> None:
        """Bring the memory up to the phrase so far."""
        self._follow(feed.prompt, key_numbered(feed.key))

    def generate(self, ask: Ask) -> Iterator[Answer]:
        """The answer: its first note as soon as that is settled, then beat by beat; see `events.Answer`."""
        key = key_numbered(ask.key)
        memory = self._follow(ask.prompt, key)
        pen = self._codec.pen(ask.prompt, key)
        sheet = _Sheet(ask, dynamics=self._dynamics)
        for number in count():
            rng = np.random.default_rng([ask.seed, 4, number])
            symbol = drawn(self._nets, self._codec.sizes, memory.hidden, pen, ask.temperature, ask.top_p, rng)
            sheet.write(pen.take(symbol), pen.step)
            if sheet.due:
                yield sheet.told()
            if sheet.over:
                return
            memory = self._taken(symbol, memory)

    def follow(self, foresee: Foresee) -> None:
        """It harmonises nothing."""

    def plan(self, foresee: Foresee) -> None:
        """It has no chords to offer."""

    def ponder(self) -> bool:
        """There is nothing to think about until something more is played."""
        return False

    def _follow(self, phrase: Phrase, key: Key | None = None) -> _Memory:
        """The memory after the phrase; what was taken in before is kept as far as it is still true."""
        if (phrase, key) != self._read:
            symbols = self._codec.read(phrase, key)
            true = common(self._symbols, symbols)
            self._read, self._symbols = None, symbols
            self._memories = {at: memory for at, memory in self._memories.items() if at <= true}
            if not self._memories:
                self._memories[0] = self._beginning()
            self._take_in(symbols)
            self._read = phrase, key
        return self._memories[len(self._symbols)]

    def _take_in(self, symbols: list[Symbol]) -> None:
        """The symbols after the newest memory, one after another."""
        known = max(self._memories)
        memory = self._memories[known]
        for at in range(known + 1, len(symbols) + 1):
            memory = self._memories[at] = self._taken(symbols[at - 1], memory)
            if at % _DENSE == 0:
                self._memories = {old: kept for old, kept in self._memories.items() if old % _spacing(at - old) == 0}

    def _beginning(self) -> _Memory:
        return _Memory(*self._nets.core(np.zeros((1, len(self._codec.sizes)), np.int32), self._nets.initial_state()))

    def _taken(self, symbol: Symbol, memory: _Memory) -> _Memory:
        return _Memory(*self._nets.core(np.array([symbol], np.int32), memory.state))


def drawn(
    nets: Nets,
    sizes: Sequence[int],
    hidden: Floats,
    pen: Allowing,
    temperature: float,
    top_p: float,
    rng: np.random.Generator,
) -> Symbol:
    """One symbol, field by field (`sizes`: how many ids each has), after what is `hidden`.

    Where only one id is allowed, the network need not be asked.
    """
    known = np.full((1, len(sizes)), OPEN, np.int32)
    chosen: Symbol = ()
    for number, end in enumerate(accumulate(sizes)):
        allowed = pen.allowed(chosen)
        only = np.flatnonzero(allowed)
        if len(only) == 1:
            known[0, number] = only[0]
        else:
            logits = nets.heads(hidden, known)[0, end - sizes[number] : end]
            known[0, number] = choose(np.where(allowed, logits, np.float32(-np.inf)), temperature, top_p, rng)
        chosen = (*chosen, int(known[0, number]))
    return chosen


def invented(
    nets: Nets, sizes: Sequence[int], pen: Taking, temperature: float, top_p: float, rng: np.random.Generator
) -> Iterator[Symbol]:
    """One symbol after another from an empty past, each written by the pen, until nothing more is allowed."""
    symbol, state = (0,) * len(sizes), nets.initial_state()
    while pen.allowed(()).any():
        hidden, state = nets.core(np.array([symbol], np.int32), state)
        symbol = drawn(nets, sizes, hidden, pen, temperature, top_p, rng)
        pen.take(symbol)
        yield symbol


def common(one: Sequence[object], other: Sequence[object]) -> int:
    """With how many symbols both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _spacing(age: int) -> int:
    """Of memories as old as this one in so many is kept: 1, 2, 4 and so on, so that what stays always stayed."""
    return 1 << max(0, (age // _DENSE).bit_length() - 1)


class _Sheet:
    """The answer as it is written, and what of it was told."""

    __slots__ = ("_ask", "_dynamics", "_idle", "_step", "_told_step", "_touch", "_untold")

    def __init__(self, ask: Ask, *, dynamics: bool) -> None:
        self._ask, self._dynamics, self._touch = ask, dynamics, Touch(ask.prompt, ask.seed)
        self._untold: dict[tuple[int, int, int], Note] = {}
        self._step = self._told_step = self._idle = 0

    def write(self, notes: tuple[Note, ...], step: int) -> None:
        """Some notes more, and up to where the answer is written now; nothing goes on after the answer's end."""
        for note in notes:
            if 0 <= note.start < self._ask.steps:
                touched = self._touch.of(note)
                loud = note.velocity if self._dynamics else touched.velocity
                length = min(note.length, self._ask.steps - note.start)
                self._untold[note.start, note.voice, note.pitch] = replace(touched, length=length, velocity=loud)
        self._idle = 0 if step > self._step else self._idle + 1
        self._step = step

    @property
    def over(self) -> bool:
        """Whether all is written, or nothing more is to be hoped for."""
        return self._step >= self._ask.steps or self._idle >= _MOST_SYMBOLS

    @property
    def due(self) -> bool:
        """Whether there is something to tell: the first note, a beat more, the end."""
        beats, told = self._step // STEPS_PER_BEAT, self._told_step // STEPS_PER_BEAT
        return self.over or (self._step > 0 and (self._told_step == 0 or beats > told))

    def told(self) -> Answer:
        """What is new or longer since the last time, as far as it is settled."""
        self._told_step = self._ask.steps if self.over else self._step
        settled = sorted(key for key in self._untold if key[0] < self._told_step)
        notes = tuple(self._untold.pop(key) for key in settled)
        return Answer(self._ask.ask, notes, self._told_step, self.over)
