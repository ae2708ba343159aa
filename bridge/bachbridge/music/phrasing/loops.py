"""Loops in four voices, and nats that lead out of them.

A network that continues its own output may fall into a loop: one chord held on, one note repeated, a figure of some
notes over and over. Each reading of the last frames that finds one makes the way on that the loop would take less
likely. A passage may come twice, as in music; the third time in a row is a loop.
"""

from collections.abc import Sequence

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Floats, Frame
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES

_STILL_STEPS, _MAX_STILL_STEPS = 10, 3 * STEPS_PER_BEAT + 2
"""Steps of a held chord from which on something should move, and after which it has to."""
_STILL_NATS, _STUCK_NATS = 1.0, 8.0
_PERIODS = (2, 4, 6, 8, 12, 16)
_TURNS = 2
"""Equal turns of a figure after which a third one is unlikely."""
_TURN_NATS = 3.0
_FEW_PITCHES, _FEW_PITCHES_STEPS, _FEW_PITCHES_NATS = 2, 7 * STEPS_PER_BEAT, 2.0
"""A melody of so few pitches for so many steps is stuck."""
_SOPRANO = 0


def loop_nats(frames: Sequence[Frame]) -> Floats:
    """Nats `[voice, pitch index]` against going on as a loop in `frames` would, the last frame being the newest."""
    nats = np.zeros((len(VOICES), PITCH_INDEX_COUNT), np.float32)
    if not frames:
        return nats
    last = frames[-1].pitch_indices
    still = still_steps(frames)
    if still >= _STILL_STEPS:
        _add(nats, last, -(_STUCK_NATS if still >= _MAX_STILL_STEPS else _STILL_NATS))
    for period in _PERIODS:
        if _has_turned(frames, period):
            _add(nats, frames[-period].pitch_indices, -_TURN_NATS)
    lately = {frame.pitch_indices[_SOPRANO] for frame in frames[-_FEW_PITCHES_STEPS:]}
    if len(frames) >= _FEW_PITCHES_STEPS and len(lately) <= _FEW_PITCHES:
        nats[_SOPRANO, [index for index in lately if index > REST]] -= _FEW_PITCHES_NATS
    return nats


def still_steps(frames: Sequence[Frame]) -> int:
    """Return for how many steps nothing has begun or moved."""
    count = 0
    for frame in reversed(frames):
        count += 1
        if any(frame.onsets) or frame.pitch_indices != frames[-1].pitch_indices:
            break
    return count


def _has_turned(frames: Sequence[Frame], period: int) -> bool:
    """Return True if the last frames are some equal turns of a figure in which something moves."""
    turn = [frame.pitch_indices for frame in frames[-period:]]
    if len(frames) < _TURNS * period or len(set(turn)) == 1:
        return False
    return all(
        [frame.pitch_indices for frame in frames[-(number + 1) * period : -number * period]] == turn
        for number in range(1, _TURNS)
    )


def _add(nats: Floats, pitch_indices: Sequence[int], extra: float) -> None:
    for voice, index in enumerate(pitch_indices):
        if index > REST:
            nats[voice, index] += extra
