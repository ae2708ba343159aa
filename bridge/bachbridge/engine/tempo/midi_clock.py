"""The DAW's MIDI clock, 24 pulses to the quarter note: its tempo without its jitter.

A line through the last pulses' times (least squares) gives the length of one; over four beats, pulses that are
3 ms off at random leave less than 0.1 % of error. What is told changes only when the tempo does.
"""

from collections import deque

import numpy as np

PULSES_PER_BEAT = 24
CLOCK_TIMEOUT_NS = 1_000_000_000
"""A clock that is silent for so long has stopped."""
_WINDOW_PULSES = 4 * PULSES_PER_BEAT
_MIN_TEMPO_CHANGE = 0.004
"""Relative change of the tempo that is told."""
_MIN_BPM, _MAX_BPM = 20.0, 300.0


class MidiClock:
    """Used on the engine's thread only; knows no time but that of the pulses."""

    __slots__ = ("_pulse_count", "_pulses_ns", "bpm")

    def __init__(self) -> None:
        self.bpm = 0.0
        """The tempo as it was last told; 0: no clock runs."""
        self._pulses_ns: deque[int] = deque(maxlen=_WINDOW_PULSES + 1)
        self._pulse_count = 0

    @property
    def timeout_ns(self) -> int | None:
        """When the clock will have stopped if no pulse comes; None while there is none."""
        return self._pulses_ns[-1] + CLOCK_TIMEOUT_NS if self._pulses_ns else None

    def add_pulse(self, now_ns: int) -> bool:
        """Take a pulse; True if `bpm` is another one now."""
        self._pulses_ns.append(now_ns)
        self._pulse_count += 1
        if self._pulse_count % (PULSES_PER_BEAT // 2) or len(self._pulses_ns) <= PULSES_PER_BEAT:
            return False
        bpm = self._measure_bpm()
        if not _MIN_BPM <= bpm <= _MAX_BPM or abs(bpm - self.bpm) <= _MIN_TEMPO_CHANGE * self.bpm:
            return False
        self.bpm = round(bpm, 1)
        return True

    def stop(self) -> bool:
        """No clock runs any more; True if one did."""
        ran, self.bpm, self._pulse_count = self.bpm > 0, 0.0, 0
        self._pulses_ns.clear()
        return ran

    def _measure_bpm(self) -> float:
        times = np.array(self._pulses_ns, dtype=np.float64) - self._pulses_ns[0]
        index = np.arange(len(times)) - (len(times) - 1) / 2
        pulse_ns = float(index @ times / (index @ index))
        return 60e9 / (pulse_ns * PULSES_PER_BEAT) if pulse_ns > 0 else 0.0
