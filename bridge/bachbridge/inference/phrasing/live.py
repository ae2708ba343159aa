"""The probability, while a melody is played, that a phrase ends with the note that sounds or comes next.

`LiveMelody` is the melody up to its last ended note, with a belief about where the present phrase began: each ended
note has been the end of a phrase with the probability that the network gave it, and so on from note to note. It is a
value; a note that is revised is added again to the melody before it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bachbridge.codecs import phrase_features
from bachbridge.inference.phrasing.predictor import PhraseEndNet
from bachbridge.music.frames import Floats
from bachbridge.music.keys import Weights, estimate_key_numbers
from bachbridge.music.notes import STEPS_PER_BEAT, Note

_KEPT_NOTES = 96
_MIN_SHARE = 1e-3
_NEXT_NOTE = -1
"""Stands for the start of the note after the last ended one."""


@dataclass(frozen=True, slots=True)
class LiveMelody:
    """Ended notes, one at a time, and the shares of belief that the phrase began at certain steps.

    `fields[note, field]` are those of the last notes as the network sees them; `ended` holds the start of each kept
    note with its end and the log of its length. `weights` says how long each pitch class has sounded.
    """

    last: Note | None = None
    fields: Floats = field(default_factory=lambda: np.zeros((0, phrase_features.NOTE_FIELDS), np.float32))
    ended: Mapping[int, tuple[int, float, float]] = field(default_factory=dict[int, tuple[int, float, float]])
    """Start → end, log length and rest after it in beats (see `phrase_features`)."""
    weights: Weights = field(default_factory=lambda: np.zeros(phrase_features.PITCH_CLASSES))
    key: int = -1
    beginnings: tuple[int, ...] = (_NEXT_NOTE,)
    shares: Floats = field(default_factory=lambda: np.ones(1, np.float32))


def phrase_end_probability(
    net: PhraseEndNet,
    melody: LiveMelody,
    pitches: Sequence[int],
    *,
    start: int,
    held: int,
    steps_per_bar: int,
    position: int | None,
) -> Floats:
    """Return, for each MIDI pitch, the probability that a phrase ends with it.

    The note begins at step `start`, `position` steps into its bar (None: the bar lines are unknown), and has sounded
    for `held` steps (0: it begins now). A note that is known to go on has at least that length.
    """
    rows = _rows(melody, pitches, start, held, steps_per_bar, position)
    return _ends(net, melody, rows, start, steps_per_bar) @ melody.shares


def after_note(
    net: PhraseEndNet, melody: LiveMelody, note: Note, *, steps_per_bar: int, position: int | None
) -> LiveMelody:
    """Return the melody with one more note, which has ended; `position` is that of its start in the bar."""
    rows = _rows(melody, (note.pitch,), note.start, note.length - 1, steps_per_bar, position)
    ends = _ends(net, melody, rows, note.start, steps_per_bar)[0]
    shares = melody.shares
    beginnings = (*(note.start if at == _NEXT_NOTE else at for at in melody.beginnings), _NEXT_NOTE)
    updated = np.append(shares * (1 - ends), shares @ ends)
    kept = np.flatnonzero(updated >= _MIN_SHARE)
    log_length = math.log2(max(note.length, 1) / STEPS_PER_BEAT)
    centre = rows[0, phrase_features.REACH * phrase_features.NOTE_FIELDS :][: phrase_features.NOTE_FIELDS].copy()
    centre[phrase_features.LOG_LENGTH] = log_length
    weights = melody.weights.copy()
    weights[note.pitch % phrase_features.PITCH_CLASSES] += note.length
    ended = {**melody.ended, note.start: (note.end, log_length, 0.0)}
    if melody.last and (last := _ended_note(melody, melody.last.start, note.start)):
        ended[melody.last.start] = last
    if len(ended) > _KEPT_NOTES:
        ended = dict(list(ended.items())[-_KEPT_NOTES:])
    return LiveMelody(
        note,
        np.concatenate([_fields_before(melody, note.start), centre[None]])[-phrase_features.REACH :],
        ended,
        weights,
        int(estimate_key_numbers(weights[None])[0]),
        tuple(beginnings[at] for at in kept),
        (updated[kept] / updated[kept].sum()).astype(np.float32),
    )


def _ends(net: PhraseEndNet, melody: LiveMelody, rows: Floats, start: int, steps_per_bar: int) -> Floats:
    """Return `probability[row, beginning]` that a phrase with each beginning ends with the note."""
    begun = (start if at == _NEXT_NOTE else at for at in melody.beginnings)
    classes = [phrase_features.distance_class(start - at, steps_per_bar) for at in begun]
    return (1 / (1 + np.exp(-net.logits(rows)[:, classes]))).astype(np.float32)


def _rest_before(melody: LiveMelody, start: int) -> float:
    return min(max(0, start - melody.last.end) / STEPS_PER_BEAT, 2.0) if melody.last else 0.0


def _fields_before(melody: LiveMelody, start: int) -> Floats:
    """Return the fields of the last notes; the rest after the last one ends at `start`."""
    if melody.last is None:
        return melody.fields
    fields = melody.fields.copy()
    fields[-1, phrase_features.REST] = _rest_before(melody, start)
    return fields


def _ended_note(melody: LiveMelody, step: int, start: int) -> tuple[int, float, float] | None:
    """Return the ended note that begins at a step; the rest after the last one ends at `start`."""
    note = melody.ended.get(step)
    if note and melody.last and step == melody.last.start:
        return note[0], note[1], _rest_before(melody, start)
    return note


def _rows(
    melody: LiveMelody, pitches: Sequence[int], start: int, held: int, steps_per_bar: int, position: int | None
) -> Floats:
    """Return the rows of `phrase_features.causal_rows` for each pitch, put together from what is kept."""
    row = phrase_features.live_row(
        _fields_before(melody, start),
        [_ended_note(melody, start - away, start) for away in phrase_features.parallel_steps(steps_per_bar)],
        key=melody.key,
        last_pitch=melody.last.pitch if melody.last else None,
        held=held,
        steps_per_bar=steps_per_bar,
        position=position,
    )
    return phrase_features.with_pitches(row, pitches, melody.last.pitch if melody.last else None, melody.key)
