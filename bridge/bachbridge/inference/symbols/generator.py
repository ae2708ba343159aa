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

from bachbridge.codecs.base import Symbol, SymbolCodec
from bachbridge.inference.chorale.generator import sample_nucleus
from bachbridge.inference.runtime.expression import ExpressionSampler
from bachbridge.music.frames import Bools, Floats, Ints
from bachbridge.music.notes import STEPS_PER_BEAT, Key, Note, Phrase, key_from_number
from bachbridge.protocol.events import Answer, Ask, Feed, PlanRequest

State = tuple[Floats, ...]

UNKNOWN_ID = -1
"""An id that is still to be chosen."""
_DENSE_CHECKPOINTS = 32
"""Of about the last `_DENSE` symbols every memory is kept, of those before every other one, and so on."""
_MAX_IDLE_SYMBOLS = 256
"""So many symbols that bring the answer no step further end it: no text can hold up the music."""


class SequenceNet(Protocol):
    """What is needed of the network; see `nets.Sequence`."""

    def initial_state(self) -> State: ...
    def core(self, ids: Ints, state: State) -> tuple[Floats, State]: ...
    def heads(self, hidden: Floats, known: Ints) -> Floats: ...


class SymbolConstraint(Protocol):
    """What is needed of a pen to draw a symbol; see `codecs.symbols.Pen`."""

    def allowed_ids(self, chosen: Symbol) -> Bools: ...


class SymbolWriter(SymbolConstraint, Protocol):
    """And to draw one after another; nothing is allowed any more where all is written."""

    def add_symbol(self, symbol: Symbol) -> object: ...


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """After a symbol: the network's view of the next one, and its state."""

    hidden: Floats
    state: State


class SymbolGenerator:
    """A causal model of symbols, which continues and does nothing else. Used on one thread of the model's process."""

    tasks = ("continue",)
    recorded_step_ns = 0
    """Nothing of its pace is on record: its steps are as quick as they are."""

    __slots__ = ("_cached_phrase", "_cached_symbols", "_checkpoints", "_codec", "_dynamics", "_net")

    def __init__(self, net: SequenceNet, codec: SymbolCodec, *, dynamics: bool = False) -> None:
        """`dynamics`: the symbols say how loud the notes are; otherwise they are as loud as the player's."""
        self._net, self._codec, self._dynamics = net, codec, dynamics
        self._cached_phrase: tuple[Phrase, Key | None] | None = None
        """The phrase that was read last, and the key that was locked."""
        self._cached_symbols: list[Symbol] = []
        """What it reads."""
        self._checkpoints: dict[int, _Checkpoint] = {}
        """By the number of symbols taken in."""

    def feed(self, feed: Feed) -> None:
        """Bring the memory up to the phrase so far."""
        self._checkpoint_after(feed.prompt, key_from_number(feed.key))

    def generate(self, ask: Ask) -> Iterator[Answer]:
        """The answer: its first note as soon as that is settled, then beat by beat; see `events.Answer`."""
        key = key_from_number(ask.key)
        memory = self._checkpoint_after(ask.prompt, key)
        pen = self._codec.decoder(ask.prompt, key)
        sheet = _AnswerBuilder(ask, dynamics=self._dynamics)
        for number in count():
            rng = np.random.default_rng([ask.seed, 4, number])
            symbol = sample_symbol(
                self._net, self._codec.vocab_sizes, memory.hidden, pen, ask.temperature, ask.top_p, rng
            )
            sheet.add_notes(pen.add_symbol(symbol), pen.step)
            if sheet.is_due:
                yield sheet.pop_answer()
            if sheet.is_over:
                return
            memory = self._advance(symbol, memory)

    def follow(self, request: PlanRequest) -> None:
        """It harmonises nothing."""

    def plan(self, request: PlanRequest) -> None:
        """It has no chords to offer."""

    def idle_work(self) -> bool:
        """There is nothing to think about until something more is played."""
        return False

    def _checkpoint_after(self, phrase: Phrase, key: Key | None = None) -> _Checkpoint:
        """The memory after the phrase; what was taken in before is kept as far as it is still true."""
        if (phrase, key) != self._cached_phrase:
            symbols = self._codec.encode_phrase(phrase, key)
            true = common_prefix_length(self._cached_symbols, symbols)
            self._cached_phrase, self._cached_symbols = None, symbols
            self._checkpoints = {at: memory for at, memory in self._checkpoints.items() if at <= true}
            if not self._checkpoints:
                self._checkpoints[0] = self._initial_checkpoint()
            self._advance_through(symbols)
            self._cached_phrase = phrase, key
        return self._checkpoints[len(self._cached_symbols)]

    def _advance_through(self, symbols: list[Symbol]) -> None:
        """The symbols after the newest memory, one after another."""
        known = max(self._checkpoints)
        memory = self._checkpoints[known]
        for at in range(known + 1, len(symbols) + 1):
            memory = self._checkpoints[at] = self._advance(symbols[at - 1], memory)
            if at % _DENSE_CHECKPOINTS == 0:
                self._checkpoints = {
                    old: kept for old, kept in self._checkpoints.items() if old % _checkpoint_interval(at - old) == 0
                }

    def _initial_checkpoint(self) -> _Checkpoint:
        return _Checkpoint(
            *self._net.core(np.zeros((1, len(self._codec.vocab_sizes)), np.int32), self._net.initial_state())
        )

    def _advance(self, symbol: Symbol, checkpoint: _Checkpoint) -> _Checkpoint:
        return _Checkpoint(*self._net.core(np.array([symbol], np.int32), checkpoint.state))


def sample_symbol(
    net: SequenceNet,
    vocab_sizes: Sequence[int],
    hidden: Floats,
    decoder: SymbolConstraint,
    temperature: float,
    top_p: float,
    rng: np.random.Generator,
) -> Symbol:
    """One symbol, field by field (`sizes`: how many ids each has), after what is `hidden`.

    Where only one id is allowed, the network need not be asked.
    """
    known = np.full((1, len(vocab_sizes)), UNKNOWN_ID, np.int32)
    chosen: Symbol = ()
    for number, end in enumerate(accumulate(vocab_sizes)):
        allowed = decoder.allowed_ids(chosen)
        only = np.flatnonzero(allowed)
        if len(only) == 1:
            known[0, number] = only[0]
        else:
            logits = net.heads(hidden, known)[0, end - vocab_sizes[number] : end]
            known[0, number] = sample_nucleus(np.where(allowed, logits, np.float32(-np.inf)), temperature, top_p, rng)
        chosen = (*chosen, int(known[0, number]))
    return chosen


def generate_symbols(
    net: SequenceNet,
    vocab_sizes: Sequence[int],
    decoder: SymbolWriter,
    temperature: float,
    top_p: float,
    rng: np.random.Generator,
) -> Iterator[Symbol]:
    """One symbol after another from an empty past, each written by the pen, until nothing more is allowed."""
    symbol, state = (0,) * len(vocab_sizes), net.initial_state()
    while decoder.allowed_ids(()).any():
        hidden, state = net.core(np.array([symbol], np.int32), state)
        symbol = sample_symbol(net, vocab_sizes, hidden, decoder, temperature, top_p, rng)
        decoder.add_symbol(symbol)
        yield symbol


def common_prefix_length(one: Sequence[object], other: Sequence[object]) -> int:
    """With how many symbols both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _checkpoint_interval(age: int) -> int:
    """Of memories as old as this one in so many is kept: 1, 2, 4 and so on, so that what stays always stayed."""
    return 1 << max(0, (age // _DENSE_CHECKPOINTS).bit_length() - 1)


class _AnswerBuilder:
    """The answer as it is written, and what of it was told."""

    __slots__ = ("_ask", "_dynamics", "_expression", "_idle_symbols", "_sent_step", "_step", "_unsent")

    def __init__(self, ask: Ask, *, dynamics: bool) -> None:
        self._ask, self._dynamics, self._expression = ask, dynamics, ExpressionSampler(ask.prompt, ask.seed)
        self._unsent: dict[tuple[int, int, int], Note] = {}
        self._step = self._sent_step = self._idle_symbols = 0

    def add_notes(self, notes: tuple[Note, ...], step: int) -> None:
        """Some notes more, and up to where the answer is written now; nothing goes on after the answer's end."""
        for note in notes:
            if 0 <= note.start < self._ask.steps:
                touched = self._expression.apply(note)
                loud = note.velocity if self._dynamics else touched.velocity
                length = min(note.length, self._ask.steps - note.start)
                self._unsent[note.start, note.voice, note.pitch] = replace(touched, length=length, velocity=loud)
        self._idle_symbols = 0 if step > self._step else self._idle_symbols + 1
        self._step = step

    @property
    def is_over(self) -> bool:
        """Whether all is written, or nothing more is to be hoped for."""
        return self._step >= self._ask.steps or self._idle_symbols >= _MAX_IDLE_SYMBOLS

    @property
    def is_due(self) -> bool:
        """Whether there is something to tell: the first note, a beat more, the end."""
        beats, told = self._step // STEPS_PER_BEAT, self._sent_step // STEPS_PER_BEAT
        return self.is_over or (self._step > 0 and (self._sent_step == 0 or beats > told))

    def pop_answer(self) -> Answer:
        """What is new or longer since the last time, as far as it is settled."""
        self._sent_step = self._ask.steps if self.is_over else self._step
        settled = sorted(key for key in self._unsent if key[0] < self._sent_step)
        notes = tuple(self._unsent.pop(key) for key in settled)
        return Answer(self._ask.ask, notes, self._sent_step, self.is_over)
