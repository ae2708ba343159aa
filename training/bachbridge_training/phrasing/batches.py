"""Batches of notes for training: with the future seen or as in live play, with bar lines or without."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs import phrase_features
from bachbridge.music.frames import Floats, Ints
from bachbridge_training.phrasing.melodies import PhrasedMelody
from bachbridge_training.recipe import PhrasingRecipe


@dataclass(frozen=True, slots=True)
class NoteBatch:
    """Rows of notes, `features[n, field]`, the class of each note's distance, and 1 for each end of a phrase."""

    features: Floats
    distance: Ints
    is_end: Floats

    @property
    def trainer_inputs(self) -> list[np.ndarray]:
        return [self.features, self.distance, self.is_end]


class NoteBatches:
    """Batches by number; batch `n` depends on the recipe's seed and `n` alone."""

    def __init__(self, melodies: Sequence[PhrasedMelody], recipe: PhrasingRecipe) -> None:
        self._recipe = recipe
        rng = np.random.default_rng([recipe.seed, 1])
        self._placed = [rows_of(melodies, rng, is_placed=True, is_live=live) for live in (False, True)]
        self._unplaced = [rows_of(melodies, rng, is_placed=False, is_live=live) for live in (False, True)]

    def batch(self, number: int) -> NoteBatch:
        rng = np.random.default_rng([self._recipe.seed, 2, number])
        size = self._recipe.batch
        unplaced, live = rng.random(size) < self._recipe.unknown, rng.random(size) < self._recipe.live
        share = rng.random(size)
        parts: list[NoteBatch] = []
        for is_unplaced, sources in ((False, self._placed), (True, self._unplaced)):
            for is_live, source in zip((False, True), sources, strict=True):
                chosen = (unplaced == is_unplaced) & (live == is_live)
                parts.append(_select(source, (share[chosen] * len(source.is_end)).astype(np.intp)))
        return _join(parts)


def rows_of(
    melodies: Sequence[PhrasedMelody], rng: np.random.Generator, *, is_placed: bool, is_live: bool
) -> NoteBatch:
    """Return the rows of all notes; live ones twice, at their beginning and after a random part of their length."""
    parts: list[NoteBatch] = []
    for melody in melodies:
        notes = replace(melody.notes, is_placed=is_placed)
        at = np.arange(len(notes.start), dtype=np.int32)
        is_end = melody.is_end.astype(np.float32)
        if is_live:
            for part in (0.0, rng.random(len(at))):
                rows = phrase_features.causal_rows(notes, at, (part * notes.length).astype(np.int32))
                parts.append(NoteBatch(rows, melody.distances, is_end))
        else:
            parts.append(NoteBatch(phrase_features.feature_rows(notes), melody.distances, is_end))
    return _join(parts)


def _select(batch: NoteBatch, rows: np.ndarray) -> NoteBatch:
    return NoteBatch(batch.features[rows], batch.distance[rows], batch.is_end[rows])


def _join(parts: Sequence[NoteBatch]) -> NoteBatch:
    columns = zip(*(part.trainer_inputs for part in parts), strict=True)
    features, distance, is_end = (np.concatenate(column) for column in columns)
    return NoteBatch(features, distance, is_end)
