"""A small codec and network for symbol models: a melody of pitches with lengths, and logits that are hashes."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from bachbridge.codecs.base import Symbol
from bachbridge.inference.runtime.protocols import State
from bachbridge.music.frames import Bools, Floats, Ints
from bachbridge.music.notes import Key, Note, Phrase
from bachbridge.music.phrasing.answers.guide import PhraseGuide

LOWEST, PITCHES, LONGEST = 60, 13, 8
SIZES = (PITCHES + 1, LONGEST + 1)


@dataclass
class MelodyDecoder:
    """A decoder of notes one after another, each at least `shortest` steps long; if `silent`, it never adds a note."""

    shortest: int = 1
    silent: bool = False
    step: int = 0
    accents: tuple[int, ...] = (11,)
    """Velocities of the notes in turn."""
    count: int = 0
    queries: list[Symbol] = field(default_factory=list[Symbol])

    def allowed_ids(self, chosen: Symbol) -> Bools:
        self.queries.append(chosen)
        ids = np.arange(SIZES[len(chosen)])
        return ids >= (self.shortest if chosen else 1)

    def wish_nats(self, chosen: Symbol) -> None:
        pass

    def add_symbol(self, symbol: Symbol) -> tuple[Note, ...]:
        if self.silent:
            return ()
        pitch, length = symbol
        note = Note(self.step, length, LOWEST + pitch - 1, self.accents[self.count % len(self.accents)])
        self.count += 1
        self.step += length
        return (note,)


@dataclass(frozen=True)
class MelodyCodec:
    """A codec whose symbols are notes: a pitch, and a length up to the next note."""

    shortest: int = 1
    silent: bool = False
    accents: tuple[int, ...] = (11,)
    vocab_sizes = SIZES

    def encode_phrase(self, phrase: Phrase, key: Key | None = None) -> list[Symbol]:
        del key
        ends = [*(note.start for note in phrase.notes[1:]), phrase.steps]
        symbols: list[Symbol] = []
        for note, end in zip(phrase.notes, ends, strict=False):
            symbols.append((1 + (note.pitch - LOWEST) % PITCHES, min(LONGEST, max(1, end - note.start))))
        return symbols

    def decoder(self, phrase: Phrase, key: Key | None = None, guide: PhraseGuide | None = None) -> MelodyDecoder:
        del key, guide
        assert all(a.start <= b.start for a, b in pairwise(phrase.notes))
        return MelodyDecoder(self.shortest, self.silent, accents=self.accents)


@dataclass
class HashNet:
    """A network whose state holds every id and whose logits never repeat; it records its inputs."""

    ids_seen: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    known_seen: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    vocab_sizes: tuple[int, ...] = SIZES

    def initial_state(self) -> State:
        return (np.zeros((1, 0), np.float32),)

    def core(self, ids: Ints, state: State) -> tuple[Floats, State]:
        self.ids_seen.append(tuple(int(i) for i in ids[0]))
        grown = np.concatenate([state[0], ids.astype(np.float32)], axis=1)
        weights = np.sin(np.arange(1, grown.shape[1] + 1, dtype=np.float32))
        return np.array([[grown[0] @ weights]], np.float32), (grown,)

    def heads(self, hidden: Floats, known: Ints) -> Floats:
        self.known_seen.append(tuple(int(i) for i in known[0]))
        ids = np.arange(sum(self.vocab_sizes), dtype=np.float32)
        return (3 * np.sin(hidden + (known.sum() + 3) * ids)).astype(np.float32)
