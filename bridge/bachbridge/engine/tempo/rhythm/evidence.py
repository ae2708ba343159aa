"""Evidence of pitches and chords for the place of an event in its bar.

A melody moves by step into weak places and leaps into strong ones, repeats notes on beats, and chords are fullest on
beats. `evidence_tables` holds how much likelier than on average each move and size is at each place, counted in
chorales.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.engine.tempo.rhythm.evidence_tables import MOVES, SIZES
from bachbridge.engine.tempo.rhythm.note_values import STRENGTHS

MOVE_CLASSES = 7
SIZE_CLASSES = 3
_TRUST = 0.45
"""Neighbouring notes tell partly the same; so each counts less."""


def move_class(semitones: int) -> int:
    """Return the class of a move of the highest note: none, step, third or leap, up (even) or down (odd)."""
    if semitones == 0:
        return 0
    size = 1 if abs(semitones) <= 2 else 3 if abs(semitones) <= 4 else 5
    return size + (semitones < 0)


def size_class(keys: int, most_keys: int) -> int:
    """Return the class of an event by its keys: all voices, half of them or more, fewer."""
    return 0 if keys >= most_keys else 1 if 2 * keys >= most_keys else 2


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceModel:
    """Logarithms of likelihood ratios of one meter and texture."""

    moves: np.ndarray
    """`array[class, strength of the place before, place]`."""
    sizes: np.ndarray
    """`array[class, place]`."""

    def score_event(self, pitches: Sequence[int], previous_pitches: Sequence[int], most_keys: int) -> np.ndarray:
        """Return the evidence of an event as `array[strength of the place before, place]`."""
        if not pitches or not previous_pitches:
            return np.zeros(self.moves.shape[1:])
        move = self.moves[move_class(max(pitches) - max(previous_pitches))]
        return move + self.sizes[size_class(len(pitches), most_keys)] if most_keys > 1 else move


def evidence_model(steps_per_bar: int, steps_per_beat: int, texture: str) -> EvidenceModel:
    """Return the evidence of a meter; there is none for meters that no table fits."""
    for bar, beat, kind in MOVES:
        if kind == texture and beat == steps_per_beat and (bar % steps_per_bar == 0 or steps_per_bar % bar == 0):
            key = (bar, beat, kind)
            moves = np.array(MOVES[key]).reshape(bar, STRENGTHS, MOVE_CLASSES).transpose(2, 1, 0)
            sizes = np.array(SIZES[key]).T if key in SIZES else np.zeros((SIZE_CLASSES, bar))
            return EvidenceModel(_fit(moves, steps_per_bar), _fit(sizes, steps_per_bar))
    return EvidenceModel(np.zeros((MOVE_CLASSES, STRENGTHS, steps_per_bar)), np.zeros((SIZE_CLASSES, steps_per_bar)))


def _fit(table: np.ndarray, steps_per_bar: int) -> np.ndarray:
    """Repeat or fold the last axis to the bar, and scale to natural logarithms."""
    bar = table.shape[-1]
    if bar > steps_per_bar:
        table = table.reshape(*table.shape[:-1], -1, steps_per_bar).mean(axis=-2)
    else:
        table = np.concatenate([table] * (steps_per_bar // bar), axis=-1)
    return _TRUST * table / 100
