"""Frames of four voices on the grid of 16ths: the common form of four-part music for rules, codecs and networks.

A frame is one step: a pitch index for each voice, in the order of `notes.VOICES`, and for each voice whether it has an
onset there or is held from the step before. Pitch index 0 is a rest, 1 to 46 are the MIDI pitches 36 to 81. A piece is
a pair of arrays, `pitch_indices[step, voice]` and `onsets[step, voice]`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbridge.music.notes import VOICES, Note, fold_into_range

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

REST = 0
LOWEST_PITCH, HIGHEST_PITCH = 36, 81
PITCH_INDEX_COUNT = HIGHEST_PITCH - LOWEST_PITCH + 2
UNKNOWN = -1
"""In place of a pitch index: not yet chosen, or not given."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One step: `pitch_indices[voice]`, and `onsets[voice]` (a rest never has an onset)."""

    pitch_indices: tuple[int, ...]
    onsets: tuple[bool, ...]


def pitch_index(pitch: int) -> int:
    """Return the index of a MIDI pitch from `LOWEST_PITCH` to `HIGHEST_PITCH`."""
    return pitch - LOWEST_PITCH + 1


def folded_pitch_index(pitch: int) -> int:
    """Return the index of a MIDI pitch that is first moved by octaves into the range of the indices."""
    return pitch_index(fold_into_range(pitch, LOWEST_PITCH, HIGHEST_PITCH))


def midi_pitch(index: int) -> int:
    """Return the MIDI pitch of an index that is not `REST`."""
    return index + LOWEST_PITCH - 1


def pitch_classes(pitch_indices: Ints) -> Ints:
    """Pitch classes (0 = C), in the shape of `pitch_indices`; meaningless where no voice sounds."""
    return (pitch_indices + (LOWEST_PITCH - 1)) % 12


def changed_pitches(pitch_indices: Ints) -> Bools:
    """`[step, voice]`: True where a voice's pitch is another than in the step before, and in all of the first step."""
    changed = np.ones(pitch_indices.shape, bool)
    changed[1:] = pitch_indices[1:] != pitch_indices[:-1]
    return changed


def held_steps(pitch_indices: Ints, onsets: Bools) -> Ints:
    """Steps for which each voice has been held at the end of each step, `[step, voice]`, 1 at an onset."""
    fresh = onsets | changed_pitches(pitch_indices)
    steps = np.arange(len(pitch_indices), dtype=np.int32)[:, None]
    begun = np.maximum.accumulate(np.where(fresh, steps, 0), axis=0)
    return steps - begun + 1


def notes_from_frames(pitch_indices: Ints, onsets: Bools) -> tuple[Note, ...]:
    """Notes by start and voice: a note lasts until its voice has an onset, moves or rests."""
    lengths: dict[tuple[int, int], int] = {}
    begun = [0] * len(VOICES)
    for step, voice in np.argwhere(pitch_indices > REST).tolist():
        if step == 0 or onsets[step, voice] or pitch_indices[step, voice] != pitch_indices[step - 1, voice]:
            begun[voice] = step
        lengths[begun[voice], voice] = step - begun[voice] + 1
    return tuple(
        Note(start, length, midi_pitch(int(pitch_indices[start, voice])), voice=voice)
        for (start, voice), length in sorted(lengths.items())
    )
