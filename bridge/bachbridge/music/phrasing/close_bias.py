"""A planned close as nats on the notes of four voices, `[voice, pitch index]`.

The wishes are strong enough to decide among notes that the voice-leading allows, and no stronger: a close that would
need a forbidden parallel takes another way. Beside the chord's notes they know where the outer voices end: the bass on
the root, the soprano mostly on the tonic, after the leading note or the second degree.
"""

from collections.abc import Collection
from functools import lru_cache

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Floats, pitch_classes
from bachbridge.music.notes import VOICES, scale_pitch_classes
from bachbridge.music.phrasing.close_plan import ClosePlan, DueChord

_CHORD_NATS, _ROOT_NATS = 9.0, 12.0
"""Nats against notes outside the chord that is due, and against another bass than its root."""
_PASSING_NATS = 3.0
"""Nats against notes outside the chord between the beats, and against those that may join it."""
_FOREIGN_NATS = 2.5
"""Nats against notes that are foreign to the key while the music is led home."""
_EARLY_DOMINANT_NATS = 2.5
"""Nats against the last two chords' common root in the bass, just before them."""
_FINAL_SOPRANO_NATS = 2.0
_THIRD_NATS, _LEADING_NATS = 1.0, 1.5
_SOPRANO, _BASS = 0, len(VOICES) - 1
_CLASSES = pitch_classes(np.arange(PITCH_INDEX_COUNT, dtype=np.int32))


class CloseBias:
    """The nats of one plan, computed once and looked up by step."""

    __slots__ = ("_approach", "_before", "_final", "_passing", "_penultimate", "plan")

    def __init__(self, plan: ClosePlan) -> None:
        self.plan = plan
        self._approach = _approach_nats(plan)
        self._before = self._approach + _before_penultimate(plan)
        self._penultimate = _penultimate_nats(plan, strictness=_CHORD_NATS)
        self._passing = _penultimate_nats(plan, strictness=_PASSING_NATS)
        self._final = _final_nats(plan)

    def nats_at(self, step: int) -> Floats:
        """Return the nats for a step of the answer, from where the music is led home."""
        plan = self.plan
        if step >= plan.final:
            return self._final
        if step >= plan.penultimate:
            return self._penultimate if step == plan.penultimate else self._passing
        if step >= 2 * plan.penultimate - plan.final:
            return self._before
        return self._approach


@lru_cache(maxsize=8)
def close_bias(plan: ClosePlan) -> CloseBias:
    """Return the nats of a plan, which is asked for at every step."""
    return CloseBias(plan)


def outside_nats(chord: Collection[int], bass: int, outside: float, other_bass: float) -> Floats:
    """Nats `[voice, pitch index]` against notes outside a chord of pitch classes, and against another bass note."""
    nats = np.zeros((len(VOICES), PITCH_INDEX_COUNT), np.float32)
    nats[:, ~np.isin(_CLASSES, list(chord))] = -outside
    nats[_BASS, bass != _CLASSES] = -other_bass
    nats[:, REST] = 0
    return nats


def _chord_nats(chord: DueChord, outside: float, joining: float) -> Floats:
    """Nats against what does not belong to the chord, with its root in the bass."""
    nats = outside_nats(chord.pitch_classes, chord.root, outside, _ROOT_NATS)
    nats[:_BASS, np.isin(_CLASSES, list(chord.passing))] = -min(outside, joining)
    nats[:, REST] = 0
    return nats


def _approach_nats(plan: ClosePlan) -> Floats:
    nats = np.zeros((len(VOICES), PITCH_INDEX_COUNT), np.float32)
    nats[:, ~np.isin(_CLASSES, list(scale_pitch_classes(plan.key)))] = -_FOREIGN_NATS
    nats[:, REST] = 0
    return nats


def _before_penultimate(plan: ClosePlan) -> Floats:
    """Nats against the dominant in the beat before the last two chords, which it would weaken."""
    nats = np.zeros((len(VOICES), PITCH_INDEX_COUNT), np.float32)
    nats[_BASS, plan.dominant.root == _CLASSES] = -_EARLY_DOMINANT_NATS
    nats[:, plan.leading_note == _CLASSES] -= _EARLY_DOMINANT_NATS / 2
    nats[:, REST] = 0
    return nats


def _penultimate_nats(plan: ClosePlan, *, strictness: float) -> Floats:
    if plan.is_open:
        return 2 * _before_penultimate(plan) + _approach_nats(plan)
    nats = _chord_nats(plan.dominant, strictness, _PASSING_NATS)
    nats[:_BASS, plan.leading_note == _CLASSES] += _LEADING_NATS
    return nats


def _final_nats(plan: ClosePlan) -> Floats:
    chord = plan.last_chord
    nats = _chord_nats(chord, _CHORD_NATS, _CHORD_NATS)
    third = next(iter(chord.pitch_classes - {chord.root, (chord.root + 7) % 12}))
    nats[:_BASS, third == _CLASSES] += _THIRD_NATS
    if not plan.is_open:
        nats[_SOPRANO, chord.root == _CLASSES] += _FINAL_SOPRANO_NATS
    return nats
