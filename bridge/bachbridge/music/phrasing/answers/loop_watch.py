"""Loops in an answer: figures that come again and again, and how strongly their next note is to be avoided.

The penalty is one on repetition as in N. S. Keskar et al., "CTRL: A Conditional Transformer Language Model for
Controllable Generation", 2019, but not of every note that was used: only of the one that would go on with a loop.
"""

from collections import deque
from collections.abc import Sequence

Pitches = tuple[int, ...]

_MAX_PERIOD = 24
_MEMORY = 4 * _MAX_PERIOD
_ALLOWED_TIMES = [0, 4, 4, *(3,) * 5, *(2,) * (_MAX_PERIOD - 7)]
"""Times that a figure may sound, by its number of onsets."""
_FIRST_NATS, _NATS_PER_ROUND, _MAX_NATS = 2.0, 3.0, 12.0


class LoopWatch:
    """The onsets so far, and the loops that they are in."""

    __slots__ = ("_onsets", "_repeated")

    def __init__(self, onsets: Sequence[Pitches] = ()) -> None:
        """`onsets` are what came before: the end of the phrase."""
        self._onsets: deque[Pitches] = deque(maxlen=_MAX_PERIOD)
        """The last onsets, the newest first."""
        self._repeated = [0] * (_MAX_PERIOD + 1)
        """How many of the last onsets equal the ones `period` onsets before them, by period."""
        for pitches in onsets[-_MEMORY:]:
            self.add_onset(pitches)

    def add_onset(self, pitches: Pitches) -> None:
        """Add what began at the next onset."""
        for period, before in enumerate(self._onsets, 1):
            self._repeated[period] = self._repeated[period] + 1 if before == pitches else 0
        self._onsets.appendleft(pitches)

    def next_in_loop(self) -> dict[Pitches, float]:
        """Return what would go on with a loop, and the nats against each."""
        penalties: dict[Pitches, float] = {}
        for period, pitches in enumerate(self._onsets, 1):
            repeated = self._repeated[period]
            if not repeated and period > 1:
                continue
            excess = (repeated + 1) / period + 1 - _ALLOWED_TIMES[period]
            if excess > 0:
                nats = min(_MAX_NATS, _FIRST_NATS + _NATS_PER_ROUND * excess)
                penalties[pitches] = max(nats, penalties.get(pitches, 0.0))
        return penalties
