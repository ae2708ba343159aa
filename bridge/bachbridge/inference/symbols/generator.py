"""The symbols model as a generator: it reads a phrase symbol by symbol, and draws the continuation likewise.

The network goes from symbol to symbol, its state an explicit value. A symbol has one id for each field (see
`codecs.base`), and the fields are drawn in order, each knowing those before it: the chain rule of probability, as in
A. Graves, "Generating Sequences With Recurrent Neural Networks", 2013. The codec decides what may come next: its
decoder masks the ids that would make no sense, and the rest is drawn by nucleus sampling. A guide goes along with the
answer (`music.phrasing.answers.guide`): it keeps the key, the register and the rhythm of the phrase, leaves loops and
leads to a close, and the decoder adds its wishes to the network's logits.

`SymbolGenerator` keeps checkpoints along the phrase that it was fed, so that a longer or corrected phrase is taken up
after the longest part that is unchanged. The newest checkpoints are all kept, older ones are thinned out with
age, because the state of a network with attention grows. A phrase is taken in whole, its last symbol too: the
codec reads each phrase as one that is over, and its decoder adds nothing to it, so the first symbol drawn begins on the
answer's first step. While the player still holds a chord, its length is the part that is corrected with each feed.

A key that the player has locked is the codec's concern, too: `abc` writes it into the tune's header, which is then read
anew; `keys88` and `chords` have no symbol for a key, and their decoders forbid what is foreign to it.

All random numbers come from the ask's seed and the number of the symbol; the same ask gives the same answer whether or
not it was fed beforehand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, count

import numpy as np

from bachbridge.codecs.base import Symbol, SymbolCodec
from bachbridge.inference.runtime.expression import ExpressionSampler
from bachbridge.inference.runtime.protocols import SequenceNet, State, SymbolConstraint, SymbolWriter
from bachbridge.inference.runtime.sampling import sample_nucleus
from bachbridge.music.frames import Floats
from bachbridge.music.notes import STEPS_PER_BEAT, Key, Note, Phrase, key_from_number
from bachbridge.music.phrasing.answers.guide import PhraseGuide
from bachbridge.music.phrasing.answers.shape import shape_answer
from bachbridge.protocol.effects import Ask, Feed
from bachbridge.protocol.events import Answer

UNKNOWN_ID = -1
"""An id that is still to be chosen."""
_NEGLIGIBLE_NATS = 20.0
"""A choice that is less likely than the likeliest one by so many nats is never drawn."""
_DENSE_CHECKPOINTS = 32
"""About this many of the newest checkpoints are all kept; of those before them every other one, and so on."""
_MAX_SEEN = 64
"""Notes whose velocity is remembered: more than can still become longer."""
_FREE_LOUDNESS = 5.0
"""Velocity by which the mean of the answer may lie beside the player's."""
_MAX_IDLE_SYMBOLS = 256
"""An answer ends after this many symbols in a row that do not advance it: no text may hold up the music."""


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """The situation after a symbol: the network's view of the next one, and its state."""

    hidden: Floats
    state: State


class SymbolGenerator:
    """Continues phrases with a causal model of symbols. Used on the main thread of the model process."""

    tasks = ("continue",)
    recorded_step_ns = 0
    """No step time is on record: it is measured."""

    __slots__ = ("_cached_phrase", "_cached_symbols", "_checkpoints", "_codec", "_dynamics", "_net")

    def __init__(self, net: SequenceNet, codec: SymbolCodec, *, dynamics: bool = False) -> None:
        """With `dynamics` the symbols hold velocities; otherwise the notes are as loud as the player's."""
        self._net, self._codec, self._dynamics = net, codec, dynamics
        self._cached_phrase: tuple[Phrase, Key | None] | None = None
        """The phrase that was processed last, and the key that was locked."""
        self._cached_symbols: list[Symbol] = []
        """The symbols of that phrase."""
        self._checkpoints: dict[int, _Checkpoint] = {}
        """Number of symbols processed → checkpoint after them."""

    def feed(self, feed: Feed) -> None:
        """Bring the memory up to the phrase so far."""
        self._checkpoint_after(feed.prompt, key_from_number(feed.key))

    def generate(self, ask: Ask) -> Iterator[Answer]:
        """Yield the first note as soon as it is settled, then beat by beat; see `events.Answer`."""
        key = key_from_number(ask.key)
        checkpoint = self._checkpoint_after(ask.prompt, key)
        shape = shape_answer(ask.prompt, ask.steps, ask.close, key)
        decoder = self._codec.decoder(ask.prompt, key, PhraseGuide(shape, ask.prompt) if shape else None)
        builder = _AnswerBuilder(ask, dynamics=self._dynamics)
        for number in count():
            rng = np.random.default_rng([ask.seed, 4, number])
            symbol = sample_symbol(
                self._net, self._codec.vocab_sizes, checkpoint.hidden, decoder, ask.temperature, ask.top_p, rng
            )
            builder.add_notes(decoder.add_symbol(symbol), decoder.step)
            if builder.is_due:
                yield builder.pop_answer()
            if builder.is_over:
                return
            checkpoint = self._advance(symbol, checkpoint)

    def _checkpoint_after(self, phrase: Phrase, key: Key | None = None) -> _Checkpoint:
        """Return the checkpoint after the phrase; those along its unchanged beginning are kept."""
        if (phrase, key) != self._cached_phrase:
            symbols = self._codec.encode_phrase(phrase, key)
            unchanged = common_prefix_length(self._cached_symbols, symbols)
            self._cached_phrase, self._cached_symbols = None, symbols
            self._checkpoints = {number: kept for number, kept in self._checkpoints.items() if number <= unchanged}
            if not self._checkpoints:
                self._checkpoints[0] = self._initial_checkpoint()
            self._advance_through(symbols)
            self._cached_phrase = phrase, key
        return self._checkpoints[len(self._cached_symbols)]

    def _advance_through(self, symbols: list[Symbol]) -> None:
        """Take in the symbols after the newest checkpoint, and thin out the old ones."""
        newest = max(self._checkpoints)
        checkpoint = self._checkpoints[newest]
        for number in range(newest + 1, len(symbols) + 1):
            checkpoint = self._checkpoints[number] = self._advance(symbols[number - 1], checkpoint)
            if number % _DENSE_CHECKPOINTS == 0:
                self._checkpoints = {
                    old: kept
                    for old, kept in self._checkpoints.items()
                    if old % _checkpoint_interval(number - old) == 0
                }

    def _initial_checkpoint(self) -> _Checkpoint:
        beginning = np.zeros((1, len(self._codec.vocab_sizes)), np.int32)
        return _Checkpoint(*self._net.core(beginning, self._net.initial_state()))

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
    """Draw one symbol field by field after the network's view `hidden`; `vocab_sizes[field]` counts each field's ids.

    Where the decoder allows only one id, the network is not asked.
    """
    known = np.full((1, len(vocab_sizes)), UNKNOWN_ID, np.int32)
    chosen: Symbol = ()
    for field, end in enumerate(accumulate(vocab_sizes)):
        allowed = decoder.allowed_ids(chosen)
        allowed_ids = np.flatnonzero(allowed)
        if len(allowed_ids) == 1:
            known[0, field] = allowed_ids[0]
        else:
            logits = net.heads(hidden, known)[0, end - vocab_sizes[field] : end]
            if (wished := decoder.wish_nats(chosen)) is not None:
                logits = logits + wished * np.float32(max(1.0, temperature))
            possible: Floats = logits[allowed_ids].astype(np.float32)
            likely = np.flatnonzero(possible >= possible.max() - _NEGLIGIBLE_NATS * temperature)
            drawn = sample_nucleus(possible[likely], temperature, top_p, rng)
            known[0, field] = allowed_ids[likely[drawn]]
        chosen = (*chosen, int(known[0, field]))
    return chosen


def generate_symbols(
    net: SequenceNet,
    vocab_sizes: Sequence[int],
    decoder: SymbolWriter,
    temperature: float,
    top_p: float,
    rng: np.random.Generator,
) -> Iterator[Symbol]:
    """Yield symbols from an empty past, each written by the decoder, until it allows nothing more."""
    symbol, state = (0,) * len(vocab_sizes), net.initial_state()
    while decoder.allowed_ids(()).any():
        hidden, state = net.core(np.array([symbol], np.int32), state)
        symbol = sample_symbol(net, vocab_sizes, hidden, decoder, temperature, top_p, rng)
        decoder.add_symbol(symbol)
        yield symbol


def common_prefix_length(one: Sequence[object], other: Sequence[object]) -> int:
    """Count the symbols with which both sequences begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


def _checkpoint_interval(age: int) -> int:
    """Keep every n-th checkpoint of this age, n = 1, 2, 4 …; the kept sets are nested, so nothing is recomputed."""
    return 1 << max(0, (age // _DENSE_CHECKPOINTS).bit_length() - 1)


class _AnswerBuilder:
    """Collects the notes of an answer, and hands out those that are settled."""

    __slots__ = ("_ask", "_expression", "_idle_symbols", "_loudness", "_sent_step", "_step", "_unsent")

    def __init__(self, ask: Ask, *, dynamics: bool) -> None:
        self._ask, self._expression = ask, ExpressionSampler(ask.prompt, ask.seed)
        self._loudness = _Loudness(ask.prompt, follows_model=dynamics)
        self._unsent: dict[tuple[int, int, int], Note] = {}
        self._step = self._sent_step = self._idle_symbols = 0

    def add_notes(self, notes: tuple[Note, ...], step: int) -> None:
        """Add notes that are new or longer; the answer is now settled up to `step`. Notes end with the answer."""
        for note in notes:
            if 0 <= note.start < self._ask.steps:
                expressive = self._expression.apply(note)
                velocity = self._loudness.velocity(note, expressive)
                length = min(note.length, self._ask.steps - note.start)
                self._unsent[note.start, note.voice, note.pitch] = replace(expressive, length=length, velocity=velocity)
        self._idle_symbols = 0 if step > self._step else self._idle_symbols + 1
        self._step = step

    @property
    def is_over(self) -> bool:
        """True if the answer is complete, or if the symbols have stopped making progress."""
        return self._step >= self._ask.steps or self._idle_symbols >= _MAX_IDLE_SYMBOLS

    @property
    def is_due(self) -> bool:
        """True if there is something to send: the first note, another beat, or the end."""
        beats, sent_beats = self._step // STEPS_PER_BEAT, self._sent_step // STEPS_PER_BEAT
        return self.is_over or (self._step > 0 and (self._sent_step == 0 or beats > sent_beats))

    def pop_answer(self) -> Answer:
        """Return the settled notes that are new or longer since the last call."""
        self._sent_step = self._ask.steps if self.is_over else self._step
        settled = sorted(key for key in self._unsent if key[0] < self._sent_step)
        notes = tuple(self._unsent.pop(key) for key in settled)
        return Answer(self._ask.ask, notes, self._sent_step, self.is_over)


class _Loudness:
    """Keeps an answer as loud as the phrase on average.

    The model's velocities give only the shape: how much louder a note is than the answer's notes so far. The player's
    own velocities, drawn for each kind of step, are taken as they are while their mean is near the phrase's.
    """

    __slots__ = ("_count", "_follows_model", "_mean", "_played_mean", "_seen")

    def __init__(self, prompt: Phrase, *, follows_model: bool) -> None:
        self._follows_model = follows_model
        velocities = [note.velocity for note in prompt.notes]
        self._played_mean = sum(velocities) / len(velocities) if velocities else 80.0
        self._mean, self._count = 0.0, 0
        self._seen: dict[tuple[int, int, int], int] = {}
        """Velocities that were given, by start, voice and pitch: a note that comes again, longer, keeps its own."""

    def velocity(self, note: Note, expressive: Note) -> int:
        """Return the velocity of a note of the model's, of which `expressive` is the player's manner."""
        key = note.start, note.voice, note.pitch
        if key not in self._seen:
            given = note.velocity if self._follows_model else expressive.velocity
            self._count += 1
            self._mean += (given - self._mean) / self._count
            free = 0.0 if self._follows_model else _FREE_LOUDNESS
            excess = self._mean - self._played_mean
            excess -= min(free, max(-free, excess))
            self._seen[key] = min(127, max(1, round(given - excess)))
            if len(self._seen) > _MAX_SEEN:
                del self._seen[next(iter(self._seen))]
        return self._seen[key]
