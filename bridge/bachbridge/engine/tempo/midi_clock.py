"""The tempo of the DAW's MIDI clock (24 pulses per quarter note) without its jitter.

A least-squares line through the times of the last pulses gives the length of one pulse. Over four beats, pulses with a
random error of 3 ms leave less than 0.1 % of error. The reported tempo changes only if the measured one really does.
"""

from collections import deque
from collections.abc import Callable

import numpy as np

from bachbridge.protocol.effects import Effect

PULSES_PER_BEAT = 24
CLOCK_TIMEOUT_NS = 1_000_000_000
"""A clock without a pulse for this long has stopped."""
_WINDOW_PULSES = 4 * PULSES_PER_BEAT
_MIN_TEMPO_CHANGE = 0.004
"""Relative change of the tempo that is reported."""
_MIN_BPM, _MAX_BPM = 20.0, 300.0


class MidiClock:
    """The session's part that measures the clock and notices that it stopped. Used on the engine's thread only."""

    __slots__ = ("_on_stop", "_pulse_count", "_pulses_ns", "bpm")

    def __init__(self, on_stop: Callable[[int], list[Effect]]) -> None:
        """`on_stop(now_ns)` is called when a clock that had a tempo has stopped."""
        self._on_stop = on_stop
        self.bpm = 0.0
        """The reported tempo; 0 while no clock runs."""
        self._pulses_ns: deque[int] = deque(maxlen=_WINDOW_PULSES + 1)
        self._pulse_count = 0

    @property
    def deadline(self) -> int | None:
        """When the clock has stopped if no pulse comes (ns); None while there is no clock."""
        return self._pulses_ns[-1] + CLOCK_TIMEOUT_NS if self._pulses_ns else None

    def advance(self, now_ns: int) -> list[Effect]:
        """Stop the clock."""
        had_tempo, self.bpm, self._pulse_count = self.bpm > 0, 0.0, 0
        self._pulses_ns.clear()
        return self._on_stop(now_ns) if had_tempo else []

    def add_pulse(self, now_ns: int) -> bool:
        """Add a pulse; return True if it changes `bpm`."""
        self._pulses_ns.append(now_ns)
        self._pulse_count += 1
        if self._pulse_count % (PULSES_PER_BEAT // 2) or len(self._pulses_ns) <= PULSES_PER_BEAT:
            return False
        bpm = self._measure_bpm()
        if not _MIN_BPM <= bpm <= _MAX_BPM or abs(bpm - self.bpm) <= _MIN_TEMPO_CHANGE * self.bpm:
            return False
        self.bpm = round(bpm, 1)
        return True

    def _measure_bpm(self) -> float:
        times = np.array(self._pulses_ns, dtype=np.float64) - self._pulses_ns[0]
        index = np.arange(len(times)) - (len(times) - 1) / 2
        pulse_ns = float(index @ times / (index @ index))
        return 60e9 / (pulse_ns * PULSES_PER_BEAT) if pulse_ns > 0 else 0.0
