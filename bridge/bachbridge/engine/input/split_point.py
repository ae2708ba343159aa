"""The split point between the hands, learnt from the gap between them.

Each time that keys are down which no single hand can span, the middle of the widest gap between them is a hint. The
split point is the median of the last hints; before the first, it is middle C.
"""

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from statistics import median_low

_FIRST_SPLIT = 60
_MIN_SPAN = 15
"""Semitones that one hand hardly spans."""
_MIN_GAP = 5
"""Semitones between neighbouring keys, above which they may belong to different hands."""
_HINTS = 9
_STEPWISE = 4
"""A single note this near to the melody's last one goes on with it, wherever the split point is."""


class LearntSplit:
    """Used on the engine's thread only."""

    __slots__ = ("_hints",)

    def __init__(self) -> None:
        self._hints: deque[int] = deque(maxlen=_HINTS)

    @property
    def point(self) -> int:
        """The lowest pitch of the right hand."""
        return median_low(self._hints) if self._hints else _FIRST_SPLIT

    def learn(self, pitches: Sequence[int]) -> None:
        """Learn from all keys that are down."""
        held = sorted(pitches)
        if len(held) < 2 or held[-1] - held[0] < _MIN_SPAN:
            return
        gap, low = max((high - low, low) for low, high in pairwise(held))
        if gap >= _MIN_GAP:
            self._hints.append(low + (gap + 1) // 2)

    def is_left(self, pitch: int, left: Sequence[int], melody: Sequence[int], last_melody: int | None) -> bool:
        """Return True if a new note is the left hand's, while the hands hold these pitches.

        The hands do not cross: it is not the left hand's above a key of the melody.
        """
        if melody and pitch > melody[0]:
            return False
        if left and pitch < left[-1]:
            return True
        if not melody and not left and last_melody is not None and abs(pitch - last_melody) <= _STEPWISE:
            return False
        return pitch < self.point
