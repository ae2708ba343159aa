"""A steady beat with a phase, from the jittered times of MIDI clock pulses (24 to the quarter note).

The filter is a least-squares line through the pulses' times over a window that locks fast and then widens, chosen by
the intersection of confidence intervals (see `pulse_line`). A pulse within the jitter of its due time joins the line.
One that is not waits until the next few show what happened (see `lost_pulses`): if pulses were lost, the index goes on
by time; if the tempo is another, it goes on by count and a new line begins. Pulses that arrive together count, but
only the last of them has a time that means something. The jitter itself is measured too (see `pulse_jitter`).

After Start, Continue or a sleep of the machine the phase is new; the period known so far stays as a hint, with the
weight of the pulses that it was measured by, until the new pulses contradict it.
"""

from collections import deque
from collections.abc import Sequence
from math import sqrt

from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.lost_pulses import count_lost_pulses, index_first_pulses, line_cost
from bachbridge.engine.tempo.pulse_jitter import JitterMeter
from bachbridge.engine.tempo.pulse_line import PulseHistory, PulseLine, TempoHint
from bachbridge.engine.tempo.song_position import PULSES_PER_QUARTER, PULSES_PER_STEP
from bachbridge.music.notes import NS_PER_MINUTE

PULSES_PER_BEAT = PULSES_PER_QUARTER
_MIN_BPM, _MAX_BPM = 19.0, 310.0
_SILENCE_NS = 1_000_000_000
"""After a gap of this length the position is no longer known."""
_BURST_NS = 1_000_000
"""Pulses closer than this (or an eighth of a period) were delivered together."""
_MIN_LOCK_PULSES, _MAX_LOCK_PULSES, _MAX_BURST_LOCK_PULSES, _MIN_LOCK_TIMES = 12, 23, 19, 6
_LOCK_ERROR = 0.002
"""Relative standard error of the period at which a line with few pulses is good enough."""
_GATE = 3.5
"""A pulse further than this many standard deviations, or half a period, from its due time waits for others."""
_SAME_TEMPO = 0.01
"""Relative difference of two periods that may be the same."""
_VAGUE = 0.15
"""A line that knows a due time no better than this share of a period judges no pulses: they count one by one."""
_CHANGE_COST, _MIN_MARGIN, _MIN_CHANGE_PULSES, _MAX_PENDING = 28.0, 10.0, 5, 24
_REVOCABLE_PULSES = 36
_RECOUNTED = (24, 16)
_CONTRADICTION = 4.0
"""Standard errors between a hint and the new pulses that make the hint void."""
_SHOWN_BPM, _FIRST_SHOWN_ERRORS, _SHOWN_ERRORS = 0.08, 2.0, 3.0
"""The told tempo follows the measured one if it differs by this and by so many standard errors (fewer at first)."""


class PulseFilter:
    """The clock's line. Give it each pulse at its time of arrival; times do not decrease. A pulse takes about 60 µs."""

    __slots__ = (
        "_arrived", "_arrived_ns", "_first_index", "_first_pulses", "_hint", "_history", "_index", "_jitter",
        "_judged", "_last_loss", "_line", "_lost", "_pending", "_pending_lost", "_told_bpm",
    )  # fmt: skip

    def __init__(self) -> None:
        self._line: PulseLine | None = None
        self._hint: TempoHint | None = None
        self._jitter, self._told_bpm = JitterMeter(), 0.0
        self._forget_pulses(-1)

    @property
    def is_locked(self) -> bool:
        """True if the period is known well enough to be used."""
        return self._line is not None

    @property
    def bpm(self) -> float:
        """The measured tempo; 0 until it is locked."""
        return NS_PER_MINUTE / (PULSES_PER_BEAT * self._line.period_ns) if self._line else 0.0

    @property
    def told_bpm(self) -> float:
        """The tempo for people, in tenths: it changes only if the measured one really does; 0 until it is locked."""
        return self._told_bpm

    @property
    def last_index(self) -> int:
        """The index of the last pulse, in pulses since the song's start and counted by time; -1 before any."""
        return self._index + self._pending_lost + self._arrived if self._arrived else -1

    @property
    def grid(self) -> Grid:
        """The steps of 16ths: step 0 is pulse 0. It is exact at the last pulse."""
        step_ns = max(1, round(self._line.period_ns * PULSES_PER_STEP)) if self._line else 1
        last_step = max(0, self.last_index) // PULSES_PER_STEP
        return Grid(round(self.time_of(last_step * PULSES_PER_STEP)) - last_step * step_ns, step_ns)

    def time_of(self, index: float) -> float:
        """Return the steady time of a pulse in ns, past or future; before the lock, the last pulse's time."""
        return self._line.time_of(index) if self._line else float(self._arrived_ns)

    def restart(self, first_index: int = 0) -> None:
        """Give the next pulse this index (Start, Continue); the tempo known so far is kept as a hint."""
        if self._line:
            next_ns = self._line.time_of(self.last_index + 1) if self._arrived else self._line.time_ns
            self._keep_tempo(self._line, first_index, next_ns)
        self._forget_pulses(first_index - 1)

    def add_pulse(self, now_ns: int) -> None:
        """Add a pulse that arrived now."""
        if not self._arrived:
            self._begin_at(now_ns)
            return
        gap_ns = now_ns - self._arrived_ns
        if gap_ns < _BURST_NS and (not self._line or gap_ns < self._line.period_ns / 8):
            self._arrived, self._arrived_ns = self._arrived + 1, now_ns
            return
        self._index += self._arrived
        self._observe(self._arrived_ns)
        if gap_ns > _SILENCE_NS:
            self._wake_up(now_ns, gap_ns)
        else:
            self._arrived, self._arrived_ns = 1, now_ns

    def _begin_at(self, now_ns: int) -> None:
        """Add the first pulse of a new phase."""
        self._arrived, self._arrived_ns = 1, now_ns
        if self._line:
            self._keep_tempo(self._line, self._index + 1, now_ns)

    def _wake_up(self, now_ns: int, gap_ns: int) -> None:
        """Go on after a silence at the index that is nearest by time."""
        passed = max(1, round(gap_ns / self._line.period_ns)) if self._line else 1
        self.restart(self._index + self._pending_lost + passed)
        self._begin_at(now_ns)

    def _keep_tempo(self, line: PulseLine, index: int, time_ns: float) -> None:
        """Let the line go through one point only, with the period known so far as a hint."""
        self._hint = TempoHint(line.period_ns, line.weight)
        self._line = PulseLine(index, time_ns, line.period_ns, 1, line.weight, index)

    def _forget_pulses(self, index: int) -> None:
        """Begin again after the pulse `index`."""
        self._index, self._arrived, self._arrived_ns = index, 0, 0
        self._lost: int = 0
        self._first_index = index + 1
        self._history = PulseHistory()
        self._judged: deque[tuple[int, int, int]] = deque(maxlen=_RECOUNTED[0])
        self._first_pulses: list[tuple[int, int]] = []
        self._pending: list[tuple[int, int]] = []
        self._pending_lost, self._last_loss = 0, (0, 0)
        self._jitter.break_off()

    def _observe(self, time_ns: int) -> None:
        """Judge the pulse `self._index`; the one after it has arrived, so that no burst goes on."""
        self._jitter.add_pulse(self._index - self._lost, time_ns)
        if not self._line:
            self._first_pulses.append((self._index, time_ns))
            self._try_to_lock()
        elif self._pending or not self._is_due(self._line, time_ns):
            self._pending.append((self._index, time_ns))
            self._judge_pending(self._line)
        else:
            self._jitter.add_error(time_ns - self._line.time_of(self._index))
            self._append(self._index, time_ns)
            self._fit()
            self._recount()

    def _append(self, index: int, time_ns: int, *, lost: int = 0, is_late: bool = False) -> None:
        """Give a pulse its index; the time of a late one means nothing."""
        if not is_late:
            self._history.append(index, time_ns)
        self._judged.append((index, self._lost + lost, time_ns))

    def _spread_ns(self, line: PulseLine) -> float:
        """Return the standard deviation of a pulse from where the line has it due."""
        return self._jitter.jitter_ns * sqrt(1 + line.time_factor(self._index) ** 2)

    def _is_due(self, line: PulseLine, time_ns: int) -> bool:
        if self._jitter.jitter_ns * line.time_factor(self._index) > _VAGUE * line.period_ns:
            return True
        gate_ns = min(_GATE * self._spread_ns(line), line.period_ns / 2)
        return abs(time_ns - line.time_of(self._index)) <= gate_ns

    def _try_to_lock(self) -> None:
        first_pulses = self._first_pulses
        passed = first_pulses[-1][0] - self._first_index
        if passed < _MIN_LOCK_PULSES - 1 or len(first_pulses) < min(_MIN_LOCK_TIMES, passed // 5 + 1):
            return
        is_enough = passed >= (_MAX_LOCK_PULSES if len(first_pulses) > passed // 2 else _MAX_BURST_LOCK_PULSES)
        pulses = index_first_pulses(first_pulses)
        history = PulseHistory()
        for index, time_ns in pulses:
            history.append(index, time_ns)
        line = history.fit(len(pulses), pulses[-1][0])
        if line.period_factor * self._jitter.jitter_ns < _LOCK_ERROR * line.period_ns or is_enough:
            self._first_pulses, self._first_index = [], self._index + 1
            if _is_tempo(line.period_ns):
                self._history, self._index = history, pulses[-1][0]
                self._fit()

    def _judge_pending(self, line: PulseLine) -> None:
        """Decide on the pulses that were not where they were due, if they say enough by now."""
        period_ns, spread_ns = line.period_ns, self._spread_ns(line)
        lateness = [(time_ns - line.time_of(index)) / period_ns for index, time_ns in self._pending]
        count = count_lost_pulses(lateness, spread_ns / period_ns, self._revocable(self._pending[0][0]))
        change_cost = self._change_cost()
        self._pending_lost = count.lost[-1]
        if change_cost + _MIN_MARGIN < count.cost:
            self._change_tempo(line)
        elif len(self._pending) >= _MAX_PENDING or (
            min(count.margin, change_cost - count.cost) >= _MIN_MARGIN
            and abs(lateness[-1] - count.lost[-1]) * period_ns <= _GATE * spread_ns
        ):
            for (index, time_ns), lost, late in zip(self._pending, count.lost, lateness, strict=True):
                is_late = abs(late - lost) * period_ns > _GATE * spread_ns
                self._append(index + lost, time_ns, lost=lost, is_late=is_late)
            if self._pending_lost:
                self._last_loss = self._index + self._pending_lost, self._pending_lost
            self._index += self._pending_lost
            self._lost += self._pending_lost
            self._pending, self._pending_lost = [], 0
            self._fit()
            self._recount()

    def _revocable(self, index: int) -> int:
        """Return how many lost pulses were counted shortly before `index`."""
        at, lost = self._last_loss
        return max(lost, 0) if index - at < _REVOCABLE_PULSES else 0

    def _recount(self) -> None:
        """Take the last losses back if the pulses since then lie on one line by count, but on none by time."""
        for pulses in _RECOUNTED:
            judged = list(self._judged)[-pulses:]
            if len(judged) < pulses or judged[0][1] == self._lost:
                return
            lost_before: int = judged[0][1]
            by_time = [(index, time_ns) for index, _, time_ns in judged]
            by_count = [(index - lost + lost_before, time_ns) for index, lost, time_ns in judged]
            if line_cost(by_count, self._jitter.jitter_ns) + _MIN_MARGIN < line_cost(by_time, self._jitter.jitter_ns):
                self._index, self._lost, self._last_loss = by_count[-1][0], lost_before, (0, 0)
                self._judged.clear()
                self._begin_new_tempo(by_count)
                return

    def _change_cost(self) -> float:
        """Return the cost of a new tempo since the first pending pulse."""
        if len(self._pending) < _MIN_CHANGE_PULSES:
            return _CHANGE_COST
        return _CHANGE_COST + line_cost(self._pending, self._jitter.jitter_ns)

    def _change_tempo(self, line: PulseLine) -> None:
        """Begin a new tempo; if it is the old one at another phase, then the jitter is greater than it seemed.

        So it is when pulses wait for the next of the audio system's periods: their delay grows and falls at once.
        """
        history = PulseHistory()
        for index, time_ns in self._pending:
            history.append(index, time_ns)
        first_index, new = self._pending[0][0], history.fit(len(self._pending), self._index)
        if abs(new.period_ns - line.period_ns) > _SAME_TEMPO * line.period_ns:
            self._begin_new_tempo(self._pending)
            return
        self._jitter.add_phase_shift(new.time_of(first_index) - line.time_of(first_index))
        for index, time_ns in self._pending:
            self._append(index, time_ns)
        self._pending, self._pending_lost = [], 0
        self._fit()

    def _begin_new_tempo(self, pulses: Sequence[tuple[int, int]]) -> None:
        """Begin a line with these pulses."""
        self._history, self._hint = PulseHistory(), None
        for index, time_ns in pulses:
            self._append(index, time_ns)
        self._pending, self._pending_lost = [], 0
        self._fit()

    def _fit(self) -> None:
        if not len(self._history):
            return
        self._check_hint()
        line = self._history.fit_steady_part(self._index, self._jitter.jitter_ns, self._hint)
        if not _is_tempo(line.period_ns):
            self._line, self._hint, self._told_bpm = None, None, 0.0
            self._history, self._first_pulses = PulseHistory(), []
            return
        if line.pulses < len(self._history):
            self._hint = None
        self._line = line
        self._update_told_bpm(line)

    def _check_hint(self) -> None:
        """Drop the hint if the pulses since then contradict it."""
        if not self._hint or len(self._history) < _MIN_LOCK_PULSES:
            return
        line = self._history.fit(min(len(self._history), _MAX_LOCK_PULSES + 1), self._index)
        error = self._jitter.jitter_ns * sqrt(1 / line.weight + 1 / self._hint.weight)
        if abs(line.period_ns - self._hint.period_ns) > _CONTRADICTION * error:
            self._hint = None

    def _update_told_bpm(self, line: PulseLine) -> None:
        error_bpm = self.bpm * self._jitter.jitter_ns * line.period_factor / line.period_ns
        errors = _SHOWN_ERRORS if line.pulses > 4 * PULSES_PER_BEAT else _FIRST_SHOWN_ERRORS
        if abs(self.bpm - self._told_bpm) > _SHOWN_BPM + errors * error_bpm:
            self._told_bpm = round(self.bpm, 1)


def _is_tempo(period_ns: float) -> bool:
    return period_ns > 0 and _MIN_BPM <= NS_PER_MINUTE / PULSES_PER_BEAT / period_ns <= _MAX_BPM
