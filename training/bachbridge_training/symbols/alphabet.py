"""What a network knows of a codec's symbols: how many there are, and of which pitches they are made."""

from dataclasses import dataclass

import numpy as np

_REACH = 24
"""Intervals up to so many semitones are told apart; wider ones share the outermost."""
INTERVALS = 2 * _REACH + 2
"""Columns of intervals; the last one stands for none: a rest, the beginning."""


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The fields' sizes, and of what the symbols of the first field are made, if that is known.

    `spelled[id, feature]`: the first `pitches` features are pitches, semitone after semitone, the others what else
    there is to say. `line[id]`: the feature of the pitch from which intervals are counted, -1 where there is none.
    """

    sizes: tuple[int, ...]
    spelled: np.ndarray | None = None
    line: np.ndarray | None = None
    pitches: int = 0

    def interval(self) -> np.ndarray:
        """`column[line before + 1, line + 1]`."""
        before, now = np.mgrid[-1 : self.pitches, -1 : self.pitches]
        none = (before < 0) | (now < 0)
        return np.where(none, INTERVALS - 1, np.clip(now - before, -_REACH, _REACH) + _REACH).astype(np.int32)
