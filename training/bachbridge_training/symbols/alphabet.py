"""The alphabet of a codec as a network knows it: how many symbols there are, and which pitches they consist of."""

from dataclasses import dataclass

import numpy as np

_MAX_INTERVAL = 24
"""Intervals up to this many semitones have columns of their own; wider ones share the outermost columns."""
_HALF_STEPS = (0, 2, 2, 4, 4, 6, 7, 8, 10, 10, 12, 12)
"""Twice the number of steps in a scale, by semitones."""
INTERVAL_COLUMNS = 2 * _MAX_INTERVAL + 2
"""Columns of intervals; the last one means "none": a rest, or the beginning."""
NO_MOTION = 0
"""Motion where there is none: from or to something without a pitch."""


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


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The sizes of a symbol's fields, and what the symbols of the first field consist of, if that is known.

    `pitch_features[id, feature]`: the first `pitch_count` features are pitches, semitone by semitone; the others are
    any other features. `reference_pitch[id]`: the feature of the pitch from which intervals are counted; -1: none.
    `motion_table`: how the symbols move through a scale, for codecs whose melodic sequences can be followed.
    """

    vocab_sizes: tuple[int, ...]
    pitch_features: np.ndarray | None = None
    reference_pitch: np.ndarray | None = None
    pitch_count: int = 0
    motion_table: MotionTable | None = None

    def interval_columns(self) -> np.ndarray:
        """Return `column[previous reference pitch + 1, pitch + 1]`."""
        before, now = np.mgrid[-1 : self.pitch_count, -1 : self.pitch_count]
        none = (before < 0) | (now < 0)
        return np.where(
            none, INTERVAL_COLUMNS - 1, np.clip(now - before, -_MAX_INTERVAL, _MAX_INTERVAL) + _MAX_INTERVAL
        ).astype(np.int32)
