"""The alphabet of a codec as a network knows it: how many symbols there are, and which pitches they consist of."""

from dataclasses import dataclass

import numpy as np

from bachbridge_training.nets.motions import MotionTable

_MAX_INTERVAL = 24
"""Intervals up to this many semitones have columns of their own; wider ones share the outermost columns."""
INTERVAL_COLUMNS = 2 * _MAX_INTERVAL + 2
"""Columns of intervals; the last one means "none": a rest, or the beginning."""


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
