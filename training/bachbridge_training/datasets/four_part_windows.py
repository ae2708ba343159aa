"""Windows of chorales for training: transposed legally, with what a player does not tell hidden now and then."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.codecs import satb
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge_training.datasets.chorale_grids import Piece
from bachbridge_training.recipe import Recipe

CHAIN = (0, 3, 1, 2)
"""Soprano, bass, alto, tenor: the order in which the voices of a step are chosen."""


_CLOCK = 0.6
"""Share of the windows with attacks (which a player always tells) that also tell the bar lines."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What `network.window_model` takes, and `weight[batch, step]`: 0 beyond a piece's end."""

    ids: np.ndarray
    known: np.ndarray
    classes: np.ndarray
    struck: np.ndarray
    weight: np.ndarray

    @property
    def inputs(self) -> list[np.ndarray]:
        return [self.ids, self.known, self.classes]

    @property
    def all(self) -> list[np.ndarray]:
        """Of the trainer."""
        return [*self.inputs, self.struck, self.weight]


def classes_of(pitches: np.ndarray, shift: int = 0) -> np.ndarray:
    """Pitches (-1 = rest) transposed by `shift` semitones → classes."""
    return np.where(pitches < 0, satb.REST, pitches + shift - satb.LOWEST + 1).astype(np.int32)


def ranges(pieces: Sequence[Piece]) -> np.ndarray:
    """`ranges[voice, (lowest, highest)]` over the pieces."""
    sung = [np.concatenate([p.pitches[:, v][p.pitches[:, v] >= 0] for p in pieces]) for v in range(len(VOICES))]
    return np.array([(voice.min(), voice.max()) for voice in sung])


def legal_shifts(piece: Piece, limits: np.ndarray) -> list[int]:
    """The transpositions in semitones, within a tritone, that keep every voice in its range."""
    sung = [piece.pitches[:, voice][piece.pitches[:, voice] >= 0] for voice in range(len(VOICES))]
    room = [(limits[v, 0] - line.min(), limits[v, 1] - line.max()) for v, line in enumerate(sung) if len(line)]
    shifts = [shift for shift in range(-6, 7) if all(down <= shift <= up for down, up in room)]
    return shifts or [0]


def known_classes(classes: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """`known[step, voice, other]`: the other's class if it comes before the voice in `order`, else -1."""
    rank = np.argsort(order)
    earlier = rank[None, :] < rank[:, None]
    return np.where(earlier[None], classes[:, None, :], satb.UNKNOWN).astype(np.int32)


def piece_ids(piece: Piece, begin: int, classes: np.ndarray, *, struck: bool, position: bool) -> np.ndarray:
    """The feature ids of a part of a piece, with or without what a player may not tell."""
    part = slice(begin, begin + len(classes))
    return satb.features(
        classes,
        piece.struck[part] if struck else None,
        piece.position[part] if position else None,
        piece.bar[part],
        phase=int(piece.position[begin]) % STEPS_PER_BEAT,
        first=satb.START if begin == 0 else satb.PAST,
    )


class Pool:
    """Pieces to draw from, each as often as it is long, with its legal transpositions."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        limits = ranges(pieces)
        self._pieces = [(piece, legal_shifts(piece, limits)) for piece in pieces]
        lengths = np.array([len(piece.pitches) for piece in pieces], dtype=np.float64)
        self._shares = lengths / lengths.sum()

    def draw(self, rng: np.random.Generator) -> tuple[Piece, list[int]]:
        """A piece and by how many semitones it may be moved."""
        return self._pieces[int(rng.choice(len(self._pieces), p=self._shares))]


class Windows:
    """Random windows of the training pieces; batch `n` depends on the seed and `n` alone."""

    def __init__(self, pieces: Sequence[Piece], recipe: Recipe) -> None:
        self._pool, self._recipe = Pool(pieces), recipe

    def batch(self, number: int) -> Batch:
        rng = np.random.default_rng([self._recipe.seed, number])
        return stacked([self._window(rng) for _ in range(self._recipe.batch)], self._recipe.window)

    def _window(self, rng: np.random.Generator) -> Batch:
        recipe = self._recipe
        piece, shifts = self._pool.draw(rng)
        length = len(piece.pitches)
        begin = 0 if rng.random() < 1 / 3 else int(rng.integers(max(1, length - recipe.window // 2)))
        part = slice(begin, begin + recipe.window)
        classes = classes_of(piece.pitches[part], int(rng.choice(shifts)))
        struck = rng.random() >= recipe.unknown
        position = struck and rng.random() < _CLOCK
        order = rng.permutation(len(VOICES)) if rng.random() < recipe.free_order else CHAIN
        ids = piece_ids(piece, begin, classes, struck=struck, position=position)
        known = known_classes(classes, [int(voice) for voice in order])
        return Batch(ids, known, classes, piece.struck[part].astype(np.float32), np.ones(len(classes), np.float32))


def whole(piece: Piece, *, struck: bool, position: bool) -> Batch:
    """A piece from its first step, untransposed, the voices in the chain's order (no batch axis)."""
    classes = classes_of(piece.pitches)
    ids = piece_ids(piece, 0, classes, struck=struck, position=position)
    weight = np.ones(len(classes), np.float32)
    return Batch(ids, known_classes(classes, CHAIN), classes, piece.struck.astype(np.float32), weight)


def stacked(items: Sequence[Batch], steps: int) -> Batch:
    """Pad single windows to `steps` and stack them."""

    def pad(name: str) -> np.ndarray:
        rows = [getattr(item, name)[:steps] for item in items]
        return np.stack([np.pad(row, [(0, steps - len(row))] + [(0, 0)] * (row.ndim - 1)) for row in rows])

    return Batch(*(pad(name) for name in ("ids", "known", "classes", "struck", "weight")))
