"""Methods that turn clock pulses into a tempo, and some of them into a phase: the program's own and plain ones."""

from collections import deque
from collections.abc import Callable
from math import pi, sqrt
from typing import Protocol

import numpy as np

from bachbridge.engine.tempo.pulse_filter import PULSES_PER_BEAT, PulseFilter

_MIN_BPM, _MAX_BPM = 20.0, 300.0
_CLOCK_TIMEOUT_NS = 1_000_000_000


class ClockMethod(Protocol):
    """A follower of a clock. Times are in ns, an index is that of a pulse since the song's start."""

    @property
    def told_bpm(self) -> float:
        """The tempo that people are shown; 0 while there is none."""
        ...

    def restart(self) -> None:
        """Begin the song again with the next pulse."""
        ...

    def add_pulse(self, now_ns: int) -> None: ...

    def time_of(self, index: int) -> float | None:
        """Return the steady time of a pulse; None if the method knows no phase, or not yet."""
        ...


class FilteredClock:
    """The program's filter as a method of the benchmark."""

    def __init__(self) -> None:
        self._filter = PulseFilter()

    @property
    def told_bpm(self) -> float:
        return self._filter.told_bpm

    def restart(self) -> None:
        self._filter.restart()

    def add_pulse(self, now_ns: int) -> None:
        self._filter.add_pulse(now_ns)

    def time_of(self, index: int) -> float | None:
        return self._filter.time_of(index) if self._filter.is_locked else None


class WindowedLeastSquares:
    """The program's former method: a line through the last four beats, fitted twice a beat, pulses indexed by count."""

    _WINDOW_PULSES, _MIN_CHANGE = 4 * PULSES_PER_BEAT, 0.004

    def __init__(self) -> None:
        self.told_bpm = 0.0
        self._pulses_ns: deque[int] = deque(maxlen=self._WINDOW_PULSES + 1)
        self._count = 0

    def restart(self) -> None:
        """Do nothing: Start was not used."""

    def add_pulse(self, now_ns: int) -> None:
        if self._pulses_ns and now_ns - self._pulses_ns[-1] > _CLOCK_TIMEOUT_NS:
            self._pulses_ns.clear()
            self.told_bpm, self._count = 0.0, 0
        self._pulses_ns.append(now_ns)
        self._count += 1
        if self._count % (PULSES_PER_BEAT // 2) or len(self._pulses_ns) <= PULSES_PER_BEAT:
            return
        times = np.array(self._pulses_ns, dtype=np.float64) - self._pulses_ns[0]
        index = np.arange(len(times)) - (len(times) - 1) / 2
        period_ns = float(index @ times / (index @ index))
        bpm = _bpm(period_ns)
        if _MIN_BPM <= bpm <= _MAX_BPM and abs(bpm - self.told_bpm) > self._MIN_CHANGE * self.told_bpm:
            self.told_bpm = round(bpm, 1)

    def time_of(self, index: int) -> float | None:  # noqa: ARG002 - this method knows no phase
        return None


class PulseAverage:
    """The mean distance of the last 24 pulses, and the last pulse as it came: what many small programs do."""

    def __init__(self) -> None:
        self._pulses_ns: deque[int] = deque(maxlen=PULSES_PER_BEAT + 1)
        self._index = -1

    @property
    def told_bpm(self) -> float:
        return round(_bpm(self._period_ns), 1) if len(self._pulses_ns) > PULSES_PER_BEAT else 0.0

    @property
    def _period_ns(self) -> float:
        return (self._pulses_ns[-1] - self._pulses_ns[0]) / (len(self._pulses_ns) - 1)

    def restart(self) -> None:
        self._index = -1
        self._pulses_ns.clear()

    def add_pulse(self, now_ns: int) -> None:
        self._pulses_ns.append(now_ns)
        self._index += 1

    def time_of(self, index: int) -> float | None:
        if not self.told_bpm:
            return None
        return self._pulses_ns[-1] + (index - self._index) * self._period_ns


class DelayLockedLoop:
    """The second-order loop of F. Adriaensen, "Using a DLL to filter time" (Linux Audio Conference, 2005).

    It begins with the mean distance of the first half beat; its bandwidth is 0.3 Hz.
    """

    _BANDWIDTH_HZ, _FIRST_PULSES = 0.3, PULSES_PER_BEAT // 2

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self._index, self._first_ns = -1, 0
        self._period_ns = self._time_ns = self._next_ns = 0.0

    @property
    def told_bpm(self) -> float:
        return round(_bpm(self._period_ns), 1) if self._period_ns > 0 else 0.0

    def add_pulse(self, now_ns: int) -> None:
        self._index += 1
        if self._index == 0:
            self._first_ns = now_ns
        elif self._index == self._FIRST_PULSES:
            self._period_ns = (now_ns - self._first_ns) / self._index
            self._time_ns, self._next_ns = now_ns, now_ns + self._period_ns
        elif self._index > self._FIRST_PULSES:
            omega = 2 * pi * self._BANDWIDTH_HZ * self._period_ns / 1e9
            error_ns = now_ns - self._next_ns
            self._time_ns = self._next_ns
            self._next_ns += sqrt(2) * omega * error_ns + self._period_ns
            self._period_ns += omega * omega * error_ns

    def time_of(self, index: int) -> float | None:
        return self._time_ns + (index - self._index) * self._period_ns if self._period_ns else None


METHODS: dict[str, Callable[[], ClockMethod]] = {
    "former": WindowedLeastSquares,
    "average": PulseAverage,
    "DLL": DelayLockedLoop,
    "filter": FilteredClock,
}
"""The methods by name, in the order of the table's columns."""


def _bpm(period_ns: float) -> float:
    return 60e9 / (period_ns * PULSES_PER_BEAT) if period_ns > 0 else 0.0
