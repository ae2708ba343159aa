"""Motions from symbol to symbol, in steps of a scale: what `nets.melodic_sequences` compares."""

from dataclasses import dataclass

import numpy as np

NO_MOTION = 0
"""Motion where there is none: from or to something without a pitch."""
_MAX_INTERVAL = 24
"""Wider intervals, in semitones, count as this one."""
_HALF_STEPS = (0, 2, 2, 4, 4, 6, 7, 8, 10, 10, 12, 12)
"""Twice the number of steps in a scale, by semitones."""


@dataclass(frozen=True, slots=True)
class MotionTable:
    """How symbols move through a scale (see `nets.melodic_sequences`).

    `columns[id]`: what matters of a symbol, such as its pitch; column 0 is nothing. `is_pitched[column]`: True if the
    motion to the next symbols begins there. `motions[last column with a pitch, column]`: the motion, which is the same
    wherever in the scale it begins; a column without a pitch may have a motion of its own.
    """

    columns: np.ndarray
    is_pitched: np.ndarray
    motions: np.ndarray

    @property
    def motion_count(self) -> int:
        return int(self.motions.max()) + 1


def pitch_motions(reference_pitch: np.ndarray, pitch_count: int) -> MotionTable:
    """Return the motions of symbols with the pitches `reference_pitch[id]`, semitone by semitone; -1: none.

    An interval moves by as many steps as it has in a major or minor scale; a minor and a major third are one motion.
    The tritone, a fourth or a fifth, is a motion of its own.
    """
    before, now = np.mgrid[:pitch_count, :pitch_count]
    octaves, semitones = np.divmod(np.minimum(np.abs(now - before), _MAX_INTERVAL), 12)
    half_steps = np.sign(now - before) * (2 * 7 * octaves + np.array(_HALF_STEPS)[semitones])
    motions = np.full((pitch_count + 1, pitch_count + 1), NO_MOTION, np.int32)
    motions[1:, 1:] = 1 + np.unique(half_steps, return_inverse=True)[1].reshape(half_steps.shape)
    return MotionTable((reference_pitch + 1).astype(np.int32), np.arange(pitch_count + 1) > 0, motions)


def letter_motions(letters: dict[int, int], size: int) -> MotionTable:
    """Return the motions of a text of `size` characters, among them `letters`: steps of the scale by id.

    Every other character is a motion of its own.
    """
    columns, count = np.zeros(size, np.int32), 1 + max(letters.values())
    others = [number for number in range(1, size) if number not in letters]
    columns[list(letters)] = [1 + step for step in letters.values()]
    columns[others] = np.arange(len(others)) + 1 + count
    motions = np.full((1 + count, 1 + count + len(others)), NO_MOTION, np.int32)
    before, now = np.mgrid[:count, :count]
    motions[1:, 1 : 1 + count] = now - before + count
    motions[:, 1 + count :] = 2 * count + np.arange(len(others))
    is_pitched = np.zeros(motions.shape[1], bool)
    is_pitched[1 : 1 + count] = True
    return MotionTable(columns, is_pitched, motions)
