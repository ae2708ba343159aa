"""The player's expression, given to the answer: velocities and micro-timing are drawn from what was played.

Each step of the answer on which something begins draws one of the player's notes that lay on the same kind of step (bar
line, beat, off-beat, 16th), or on the nearest kind that occurs, and takes that note's velocity and distance from the
grid together: a loud, late downbeat stays loud and late. Smoothing towards the previous draw keeps the velocities from
jumping about. All voices of a step share a draw (the settings give the balance between them). Notes off the beat that
lie late as a rule are swung; the answer's notes on the same kind of step are late by as much.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np

from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase

_SMOOTHING = 0.5
_MAX_OFFSET_NS = 30_000_000
"""A larger distance from the grid (or from the swung grid) is a slip or a wrong tempo, and is not imitated."""
_FIRST_SWUNG_KIND = 2
_MIN_SWUNG_NOTES = 3
"""Fewer notes off the beat show no swing."""


def _metrical_kind(step: int, steps_per_bar: int) -> int:
    """0: bar line, 1: beat, 2: half a beat, 3: a 16th off."""
    if step % steps_per_bar == 0:
        return 0
    if step % STEPS_PER_BEAT == 0:
        return 1
    return 2 if step % (STEPS_PER_BEAT // 2) == 0 else 3


class ExpressionSampler:
    """Draws for one answer; the same prompt and seed give the same expression if steps are drawn in order."""

    __slots__ = ("_draw_by_step", "_last_velocity", "_notes_by_kind", "_prompt", "_rng", "_swing_ns")

    def __init__(self, prompt: Phrase, seed: int) -> None:
        self._prompt = prompt
        self._rng = np.random.default_rng([seed, 1])
        self._notes_by_kind: list[list[Note]] = [[], [], [], []]
        for note in prompt.notes:
            self._notes_by_kind[self._kind_at(note.start)].append(note)
        self._swing_ns = [_usual_offset_ns(kind, notes) for kind, notes in enumerate(self._notes_by_kind)]
        self._last_velocity = float(np.mean([note.velocity for note in prompt.notes])) if prompt.notes else 80.0
        self._draw_by_step: dict[int, tuple[int, int]] = {}

    def apply(self, note: Note) -> Note:
        """Return the note with the velocity and offset of its step."""
        velocity, offset_ns = self._draw_at(note.start)
        return replace(note, velocity=min(127, max(1, velocity)), offset_ns=offset_ns)

    def _kind_at(self, step: int) -> int:
        return _metrical_kind(step + (self._prompt.position or 0), self._prompt.steps_per_bar)

    def _draw_at(self, step: int) -> tuple[int, int]:
        if step not in self._draw_by_step:
            self._draw_by_step[step] = self._draw(step)
        return self._draw_by_step[step]

    def _draw(self, step: int) -> tuple[int, int]:
        kind = self._kind_at(self._prompt.steps + step)
        model_kind = self._nearest_kind(kind)
        if model_kind is None:
            return round(self._last_velocity), 0
        pool = self._notes_by_kind[model_kind]
        model = pool[int(self._rng.integers(len(pool)))]
        self._last_velocity += (1 - _SMOOTHING) * (model.velocity - self._last_velocity)
        offset_ns = self._swing_ns[kind] + _clamp_offset(model.offset_ns - self._swing_ns[model_kind])
        return round(self._last_velocity), offset_ns

    def _nearest_kind(self, kind: int) -> int | None:
        """Return the kind of step nearest to `kind` on which the player had a note; None without any note."""
        kinds = sorted(range(4), key=lambda other: abs(other - kind))
        return next((other for other in kinds if self._notes_by_kind[other]), None)


def _usual_offset_ns(kind: int, notes: Sequence[Note]) -> int:
    """Return by how much notes on this kind of step are swung: 0 on beats, and where they vary little from the grid."""
    if kind < _FIRST_SWUNG_KIND or len(notes) < _MIN_SWUNG_NOTES:
        return 0
    usual_ns = round(median(note.offset_ns for note in notes))
    return usual_ns if usual_ns > _MAX_OFFSET_NS else 0


def match_expression(note: Note, played: Sequence[Note]) -> Note:
    """Return the note with the velocity of the last `played` note up to it, and its offset if both start together."""
    before = bisect_right(played, note.start, key=lambda other: other.start)
    if not before:
        return note
    leading = played[before - 1]
    offset_ns = leading.offset_ns if leading.start == note.start else 0
    return replace(note, velocity=min(127, max(1, leading.velocity)), offset_ns=_clamp_offset(offset_ns))


def _clamp_offset(offset_ns: int) -> int:
    return max(-_MAX_OFFSET_NS, min(_MAX_OFFSET_NS, offset_ns))
