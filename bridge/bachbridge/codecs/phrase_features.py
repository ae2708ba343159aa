"""A melody as the network of phrase ends sees it: a row of numbers for each note.

A row describes the notes around: how long they are, the rests after them, the intervals between them and their places
in the bar; the degrees of the last two notes in the key; and the notes one to four bars before and after, since phrases
are often alike. D. Temperley ("The Cognition of Basic Musical Structures", 2001, chapter 3) names gaps, the lengths of
phrases and parallelism as what a listener goes by; the intervals are those of E. Cambouropoulos, "The local boundary
detection model (LBDM)", Proceedings of the ICMC, 2001.

Live, no note after the present one is known, and that one's length only so far: its row has zeros for what is unknown.
The network gives a logit for each distance from the beginning of the phrase (`distance_classes`), in quarters of a bar.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.music.frames import Bools, Floats, Ints
from bachbridge.music.keys import estimate_key_numbers
from bachbridge.music.notes import STEPS_PER_BEAT, Note

REACH = 8
"""Notes on each side that a row describes."""
NOTE_FIELDS = 8
LOG_LENGTH, REST = 1, 2
"""Fields of a note that are unknown while it sounds."""
_PARALLEL_BARS = np.array((1.0, 1.5, 2.0, 2.5, 3.0, 4.0))
_PARALLEL_FIELDS = 3
_PLACES = 8
PITCH_CLASSES = 12
_OWN_FIELDS = 2 * PITCH_CLASSES + _PLACES + 6
FEATURE_COUNT = (2 * REACH + 1) * NOTE_FIELDS + 2 * len(_PARALLEL_BARS) * _PARALLEL_FIELDS + _OWN_FIELDS
DISTANCE_CLASSES = 42
"""Quarters of a bar, the last for all that is longer."""
_MAX_SEMITONES = 12


@dataclass(frozen=True, slots=True)
class MelodyArrays:
    """A melody as arrays with an item for each note, in steps; `place` is the position in a bar of `bar` steps.

    `rest` is the silence after the note. `is_placed` is False if the bar lines are unknown.
    """

    start: Ints
    length: Ints
    rest: Ints
    pitch: Ints
    place: Ints
    bar: Ints
    is_placed: bool = True


def melody_arrays(melody: Sequence[Note], position: int | Ints | None, steps_per_bar: int | Ints) -> MelodyArrays:
    """Return a melody, one note at a time, as arrays.

    `position` is step 0's position in its bar (None: unknown), or every step's; `steps_per_bar` is every bar's, or
    every step's.
    """
    start, length, pitch = np.array([(note.start, note.length, note.pitch) for note in melody], np.int32).T
    bar = np.full(len(melody), steps_per_bar, np.int32) if isinstance(steps_per_bar, int) else steps_per_bar[start]
    if position is None or isinstance(position, int):
        place = ((start + (position or 0)) % bar).astype(np.int32)
    else:
        place = position[start].astype(np.int32)
    rest = np.append(np.maximum(0, start[1:] - start[:-1] - length[:-1]), 0).astype(np.int32)
    return MelodyArrays(start, length, rest, pitch, place, bar.astype(np.int32), position is not None)


def feature_rows(melody: MelodyArrays) -> Floats:
    """Return `features[note, field]` with the future seen."""
    at = np.arange(len(melody.start), dtype=np.int32)
    return _rows(melody, at, np.full(len(at), -1, np.int32))


def causal_rows(melody: MelodyArrays, notes: Ints, held: Ints) -> Floats:
    """Return `features[row, field]` of `notes` that have sounded for `held` steps; nothing is known after that."""
    return _rows(melody, notes, held)


def distance_class(steps: int, bar: int) -> int:
    """Return the class of a distance from the beginning of a phrase."""
    return min((8 * steps + bar) // (2 * bar), DISTANCE_CLASSES - 1)


def distance_classes(steps: Ints, bar: Ints) -> Ints:
    """Return the class of each distance from the beginning of a phrase."""
    return np.minimum((8 * steps + bar) // (2 * bar), DISTANCE_CLASSES - 1).astype(np.int32)


# ---------------------------------------------------------------- the parts of a row


def _rows(melody: MelodyArrays, at: Ints, held: Ints) -> Floats:
    """Return the rows of the notes `at`; `held` is -1 where the future is seen."""
    is_causal = held >= 0
    log_length, rest = _log_beats(melody.length), np.minimum(melody.rest / STEPS_PER_BEAT, 2)
    around = _around(_note_fields(melody, log_length, rest), at, is_causal)
    parts = (
        around.reshape(len(at), -1),
        _parallels(melody, log_length, rest, at, is_causal),
        _own(melody, around, at, held),
    )
    return np.concatenate(parts, axis=1, dtype=np.float32)


def _log_beats(steps: Ints) -> Floats:
    return np.log2(np.maximum(steps, 1) / STEPS_PER_BEAT).astype(np.float32)


def _note_fields(melody: MelodyArrays, log_length: Floats, rest: Floats) -> Floats:
    """Return the fields of any note, `fields[note, field]`: it is there, length, rest, interval, place in the bar."""
    fields = np.ones((len(melody.start), NOTE_FIELDS), np.float32)
    fields[:, LOG_LENGTH], fields[:, REST] = log_length, rest
    fields[0, 3] = 0
    fields[1:, 3] = np.clip(melody.pitch[1:] - melody.pitch[:-1], -_MAX_SEMITONES, _MAX_SEMITONES) / 6
    fields[:, 4] = np.abs(fields[:, 3])
    if melody.is_placed:
        fields[:, 5] = melody.place == 0
        fields[:, 6] = 2 * melody.place == melody.bar
        fields[:, 7] = melody.place % STEPS_PER_BEAT == 0
    else:
        fields[:, 5:] = 0
    return fields


def _around(fields: Floats, at: Ints, is_causal: Bools) -> Floats:
    """Return the fields of the notes around each of the notes `at`: `fields[row, slot, field]`."""
    padded = np.zeros((len(fields) + 2 * REACH, NOTE_FIELDS), np.float32)
    padded[REACH : REACH + len(fields)] = fields
    slots = padded[at[:, None] + np.arange(2 * REACH + 1)]
    slots[is_causal, REACH + 1 :] = 0
    slots[is_causal, REACH, LOG_LENGTH : REST + 1] = 0
    return slots


def _parallels(melody: MelodyArrays, log_length: Floats, rest: Floats, at: Ints, is_causal: Bools) -> Floats:
    """Return, for some numbers of bars before and after, whether a note begins there, and its length and rest."""
    away = np.rint(_PARALLEL_BARS * melody.bar[at, None]).astype(np.int32)
    wanted = melody.start[at, None] + np.concatenate([-away, away], axis=1)
    index = np.minimum(np.searchsorted(melody.start, wanted), len(melody.start) - 1)
    begins = melody.start[index] == wanted
    begins[is_causal, len(_PARALLEL_BARS) :] = False
    return np.stack([begins, begins * log_length[index], begins * rest[index]], axis=2).reshape(len(at), -1)


def _own(melody: MelodyArrays, around: Floats, at: Ints, held: Ints) -> Floats:
    """Return the fields of the note itself: its degree and the one before, its place, and its length so far."""
    is_causal = held >= 0
    rows = np.arange(len(at))
    fields = np.zeros((len(at), _OWN_FIELDS), np.float32)
    keys = _keys(melody, at, is_causal)
    for offset, notes in ((0, at), (PITCH_CLASSES, np.maximum(at - 1, 0))):
        fields[rows, offset + (melody.pitch[notes] - keys) % PITCH_CLASSES] = keys >= 0
    place = 2 * PITCH_CLASSES
    if melody.is_placed:
        fields[rows, place + _PLACES * melody.place[at] // melody.bar[at]] = 1
    others = around[:, :, LOG_LENGTH].sum(axis=1) - around[:, REACH, LOG_LENGTH]
    usual = others / np.maximum(around[:, :, 0].sum(axis=1) - 1, 1)
    so_far = _log_beats(np.where(is_causal, held + 1, melody.length[at]))
    last = fields[:, place + _PLACES :]
    last[:, 0], last[:, 1] = keys >= PITCH_CLASSES, is_causal
    last[:, 2], last[:, 3] = is_causal * so_far, so_far - usual
    last[:, 4], last[:, 5] = melody.bar[at] / 16, melody.is_placed
    return fields


def _keys(melody: MelodyArrays, at: Ints, is_causal: Bools) -> Ints:
    """Return the number of the key of the melody, or where nothing later is known of the notes before; -1: none."""
    weights = np.zeros((len(melody.start) + 1, PITCH_CLASSES))
    weights[np.arange(1, len(weights)), melody.pitch % PITCH_CLASSES] = melody.length
    weights = weights.cumsum(axis=0)
    return estimate_key_numbers(weights[np.where(is_causal, at, len(melody.start))]).astype(np.int32)


# ---------------------------------------------------------------- one row, quickly


def parallel_steps(steps_per_bar: int) -> list[int]:
    """Return the distances, in steps, of the notes to which the present one is compared."""
    return [round(bars * steps_per_bar) for bars in _PARALLEL_BARS.tolist()]


def live_row(
    before: Floats,
    parallels: Sequence[tuple[int, float, float] | None],
    *,
    key: int,
    last_pitch: int | None,
    held: int,
    steps_per_bar: int,
    position: int | None,
) -> Floats:
    """Return the row of `causal_rows` of a note without its pitch, from the fields of at most `REACH` notes before.

    `parallels` holds, for each of `parallel_steps`, the end, the log of the length and the rest of the note that begins
    there; None without one.
    """
    row = np.zeros(FEATURE_COUNT, np.float32)
    centre = REACH * NOTE_FIELDS
    row[centre - before.size : centre] = before.ravel()
    row[centre] = 1
    if position is not None:
        row[centre + 5] = position == 0
        row[centre + 6] = 2 * position == steps_per_bar
        row[centre + 7] = position % STEPS_PER_BEAT == 0
    at = (2 * REACH + 1) * NOTE_FIELDS
    for note in parallels:
        if note:
            row[at], row[at + 1], row[at + 2] = 1, note[1], note[2]
        at += _PARALLEL_FIELDS
    own = FEATURE_COUNT - _OWN_FIELDS
    if key >= 0 and last_pitch is not None:
        row[own + PITCH_CLASSES + (last_pitch - key) % PITCH_CLASSES] = 1
    if position is not None:
        row[own + 2 * PITCH_CLASSES + _PLACES * position // steps_per_bar] = 1
    so_far = math.log2((held + 1) / STEPS_PER_BEAT)
    usual = float(before[:, LOG_LENGTH].sum()) / max(len(before), 1)
    row[own + 2 * PITCH_CLASSES + _PLACES :] = (
        key >= PITCH_CLASSES,
        1,
        so_far,
        so_far - usual,
        steps_per_bar / 16,
        position is not None,
    )
    return row


def with_pitches(row: Floats, pitches: Sequence[int], last_pitch: int | None, key: int) -> Floats:
    """Return the row once for each MIDI pitch of the note."""
    rows = np.empty((len(pitches), FEATURE_COUNT), np.float32)
    rows[:] = row
    centre, own = REACH * NOTE_FIELDS, FEATURE_COUNT - _OWN_FIELDS
    for at, pitch in enumerate(pitches):
        if last_pitch is not None:
            interval = min(max(pitch - last_pitch, -_MAX_SEMITONES), _MAX_SEMITONES) / 6
            rows[at, centre + 3], rows[at, centre + 4] = interval, abs(interval)
        if key >= 0:
            rows[at, own + (pitch - key) % PITCH_CLASSES] = 1
    return rows
