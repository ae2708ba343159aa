"""Feature ids of four-voice frames, as the causal chorale network reads them.

Before the network chooses frame `t` it reads a row of feature ids, which point into one shared embedding table: for
each voice its pitch index in the frame before, whether it had an onset there or was held, and for how many steps it
has been held; then the phase in the beat, the position in the bar and the bar's length. What is not known (onsets in
data that has none, bar lines without a clock) has ids of its own, which the network has met in training.
"""

from dataclasses import dataclass, replace

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, Bools, Frame, Ints, held_steps
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES

PIECE_START, UNKNOWN_PAST = PITCH_INDEX_COUNT, PITCH_INDEX_COUNT + 1
"""In place of a voice's pitch index before the first step: the piece begins here, or what was before is unknown."""
_HELD_BUCKETS = np.array([1, 2, 3, 4, 5, 7, 9, 13, 17])
"""Lower bounds of the buckets for how long a voice has been held, in steps."""
MAX_BAR_STEPS = 48
_KNOWN_BAR_STEPS = (8, 12, 16, 24)
BAR_LENGTH_ID_COUNT = len(_KNOWN_BAR_STEPS) + 2
"""Ids of a bar's length (see `bar_length_id`); 0 is an unknown one."""

_FIELD_SIZES = (PITCH_INDEX_COUNT + 2, 3, len(_HELD_BUCKETS) + 1) * len(VOICES) + (
    STEPS_PER_BEAT,
    MAX_BAR_STEPS + 1,
    BAR_LENGTH_ID_COUNT,
)
_FIELD_OFFSETS = np.cumsum((0, *_FIELD_SIZES[:-1])).astype(np.int32)
_PITCH_FIELDS = slice(0, 3 * len(VOICES), 3)
_PITCH_OFFSETS = _FIELD_OFFSETS[_PITCH_FIELDS]
FIELD_COUNT = len(_FIELD_SIZES)
TABLE_ROWS = int(sum(_FIELD_SIZES))
"""Rows of the embedding table that the ids point into."""


@dataclass(frozen=True, slots=True)
class FrameContext:
    """State from which the feature ids of the next step are made.

    Step 0 lies `position` steps into a bar, or on a beat where that is unknown (None).
    """

    previous_frame: Frame | None = None
    held_steps: tuple[int, ...] = (0,) * len(VOICES)
    step: int = 0
    position: int | None = None
    steps_per_bar: int = 16

    def after(self, frame: Frame) -> "FrameContext":
        """Return the context one step later, once `frame` is chosen."""
        is_held = [
            self.previous_frame is not None and now == then and not onset
            for now, onset, then in zip(
                frame.pitch_indices, frame.onsets, (self.previous_frame or frame).pitch_indices, strict=True
            )
        ]
        held = tuple(count + 1 if on else 1 for count, on in zip(self.held_steps, is_held, strict=True))
        return replace(self, previous_frame=frame, held_steps=held, step=self.step + 1)

    def feature_ids(self) -> Ints:
        """Return `ids[1, field]` for the network."""
        row: list[int] = []
        for voice in range(len(VOICES)):
            if self.previous_frame is None:
                row += (PIECE_START, 0, 0)
            else:
                row += (
                    self.previous_frame.pitch_indices[voice],
                    2 if self.previous_frame.onsets[voice] else 1,
                    int(np.searchsorted(_HELD_BUCKETS, self.held_steps[voice], side="right")),
                )
        row.append(((self.position or 0) + self.step) % STEPS_PER_BEAT)
        if self.position is None:
            row += (0, 0)
        else:
            row += (
                1 + (self.position + self.step) % self.steps_per_bar % MAX_BAR_STEPS,
                bar_length_id(self.steps_per_bar),
            )
        return (np.array([row], dtype=np.int32) + _FIELD_OFFSETS).astype(np.int32)


def bar_length_id(steps_per_bar: int) -> int:
    """Return the id of a bar's length: from 1 for those the networks know, then one for all others."""
    return 1 + (_KNOWN_BAR_STEPS.index(steps_per_bar) if steps_per_bar in _KNOWN_BAR_STEPS else len(_KNOWN_BAR_STEPS))


def feature_ids(
    pitch_indices: Ints,
    onsets: Bools | None,
    position: Ints | None,
    steps_per_bar: Ints,
    phase: int = 0,
    first_index: int = PIECE_START,
) -> Ints:
    """Return `ids[step, field]` of a whole piece: row `t` holds what is known before frame `t` is chosen.

    `pitch_indices` and `onsets` are `[step, voice]`; `onsets` and `position` are None where they are not known.
    Step `t` lies `position[t]` steps into a bar of `steps_per_bar[t]` and the first one `phase` steps into a beat.
    `first_index` is `PIECE_START` or `UNKNOWN_PAST`.
    """
    steps = len(pitch_indices)
    rows = np.zeros((steps, FIELD_COUNT), np.int32)
    known = onsets if onsets is not None else np.zeros(pitch_indices.shape, bool)
    buckets = np.searchsorted(_HELD_BUCKETS, held_steps(pitch_indices, known), side="right")
    states = np.zeros(pitch_indices.shape, np.int32) if onsets is None else np.where(onsets, 2, 1)
    for voice in range(len(VOICES)):
        rows[0, 3 * voice] = first_index
        rows[1:, 3 * voice] = pitch_indices[:-1, voice]
        rows[1:, 3 * voice + 1] = states[:-1, voice]
        rows[1:, 3 * voice + 2] = buckets[:-1, voice]
    base = 3 * len(VOICES)
    rows[:, base] = (phase + np.arange(steps)) % STEPS_PER_BEAT
    if position is not None:
        rows[:, base + 1] = 1 + position % MAX_BAR_STEPS
        rows[:, base + 2] = np.vectorize(bar_length_id, otypes=[np.int32])(steps_per_bar)
    return rows + _FIELD_OFFSETS


def previous_pitch_indices(ids: Ints) -> Ints:
    """Pitch indices of the frame before, `[..., voice]`, from `ids[..., field]`.

    Before the first frame they are `PIECE_START` or `UNKNOWN_PAST`.
    """
    return ids[..., _PITCH_FIELDS] - _PITCH_OFFSETS
