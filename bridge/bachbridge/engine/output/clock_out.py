"""MIDI clock for other instruments: 24 pulses to the quarter note on the shared grid, with Start, Continue and Stop.

Pulses run as soon as there is a grid, so that a receiver knows the tempo before it starts. The first pulse after Start
is step 0 or, if the beat was there before us, a bar line. Where our own transport rolls already, a song position and
Continue take the place of Start (MIDI 1.0 Detailed Specification 4.2.1, M.M.A. 1996: system real time messages).

A receiver counts pulses. When the grid moves, the next pulse therefore keeps its number and gets its new time. Overdue
pulses are sent with the pulses that follow, two at a time, until none is missing. If too many are missing, or the
bars have moved, the receiver is stopped and starts again at the next bar line.

The DAW's own clock is never sent back. A DAW that follows us may echo our clock, which then becomes the source of the
grid: that stops us, and we stay silent until the transport has stopped or the setting is switched on again. Otherwise
the two would start and stop each other for ever. A panic does the same.
"""

from typing import Protocol

from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.song_position import PULSES_PER_QUARTER, PULSES_PER_STEP
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import Send
from bachbridge.settings import Settings

_START_LEAD_NS = 2_000_000
"""Start comes this long before its pulse, since a receiver needs at least a millisecond to get ready."""
_MAX_PULSES_AT_ONCE = 2
_MAX_MISSING_PULSES = PULSES_PER_QUARTER // 2
_MAX_EARLY_PULSES = PULSES_PER_QUARTER
"""The receiver waits for a grid that has moved back by up to so many pulses."""


class SharedBeat(Protocol):
    """The part of the transport that is used here."""

    @property
    def grid(self) -> Grid | None: ...
    @property
    def source(self) -> str: ...


class ClockOut:
    """The session's part that sends MIDI clock. Used on the engine's thread only."""

    __slots__ = (
        "_beat", "_grid", "_is_held", "_is_on", "_is_started", "_last_sent_ns", "_next_pulse", "_resume_ns",
        "_start_message", "_start_pulse", "_steps_per_bar",
    )  # fmt: skip

    def __init__(self, beat: SharedBeat, settings: Settings) -> None:
        self._beat = beat
        self._is_on, self._steps_per_bar = settings.clock_out, settings.steps_per_bar
        self._grid: Grid | None = None
        """The grid on which pulses are sent; None while none are."""
        self._is_held = False
        """True if nothing is sent until the transport has stopped."""
        self._is_started = False
        self._next_pulse = 0
        self._last_sent_ns: int | None = None
        """When the last pulse was sent."""
        self._resume_ns = 0
        """No pulse is sent before this time, since two have just been sent at once."""
        self._start_pulse = 0
        """The pulse before which Start or Continue is due, or was sent."""
        self._start_message = midi.START

    @property
    def deadline(self) -> int | None:
        """When the next message is due (ns), or None."""
        if self._grid is None:
            return None
        if not self._is_started and self._next_pulse == self._start_pulse:
            return self._start_ns(self._grid)
        return max(_time_of(self._grid, self._next_pulse), self._resume_ns)

    def advance(self, now_ns: int) -> list[Send]:
        """Return the messages due by `now_ns`, in order of time."""
        grid = self._grid
        if grid is None:
            return []
        first_later = _first_pulse_from(grid, now_ns + 1)
        if first_later - self._next_pulse > _MAX_MISSING_PULSES:
            return [*self._stop(now_ns), *self._begin(now_ns, grid)]
        sends: list[Send] = []
        for pulse in range(self._next_pulse, min(first_later, self._next_pulse + _MAX_PULSES_AT_ONCE)):
            sends += self._start_if_due(now_ns, grid, pulse)
            sends.append(Send(midi.CLOCK_PULSE, _time_of(grid, pulse)))
            self._next_pulse, self._last_sent_ns = pulse + 1, now_ns
        if self._next_pulse < first_later:
            self._resume_ns = _time_of(grid, first_later)
        return [*sends, *self._start_if_due(now_ns, grid, self._next_pulse)]

    def follow_transport(self, now_ns: int) -> list[Send]:
        """Follow the transport to its present grid; to be called when its grid or source has changed."""
        grid, is_foreign = self._beat.grid, self._beat.source == "clock"
        self._is_held = grid is not None and (self._is_held or (is_foreign and self._is_started))
        if grid is None or is_foreign or self._is_held or not self._is_on:
            return self._stop(now_ns)
        if grid == self._grid:
            return []
        if self._grid is None:
            return self._begin(now_ns, grid)
        return self._move(now_ns, grid)

    def apply_settings(self, now_ns: int, settings: Settings) -> list[Send]:
        """Begin or end with the setting; another meter moves a start that is still to come."""
        is_switched_on = settings.clock_out and not self._is_on
        meter_changed = settings.steps_per_bar != self._steps_per_bar
        self._is_on, self._steps_per_bar = settings.clock_out, settings.steps_per_bar
        if is_switched_on:
            self._is_held = False
        if meter_changed and self._grid is not None and not self._is_started:
            return self._begin(now_ns, self._grid)
        return self.follow_transport(now_ns)

    def halt(self, now_ns: int) -> list[Send]:
        """Stop, and send nothing more until the transport has stopped too (panic, end of the program)."""
        self._is_held = self._beat.grid is not None
        return self._stop(now_ns)

    def begin_again(self, now_ns: int) -> list[Send]:
        """Start at the next bar line, for a receiver that has just been connected."""
        return [*self._stop(now_ns), *self.follow_transport(now_ns)]

    # ------------------------------------------------------------ starting and stopping

    def _start_ns(self, grid: Grid) -> int:
        lead_ns = min(_START_LEAD_NS, grid.step_ns // PULSES_PER_STEP // 2)
        return _time_of(grid, self._start_pulse) - lead_ns

    def _start_if_due(self, now_ns: int, grid: Grid, next_pulse: int) -> list[Send]:
        """Start the receiver if it is time for that and no pulse comes before its first one."""
        due_ns = self._start_ns(grid)
        if self._is_started or due_ns > now_ns or next_pulse != self._start_pulse:
            return []
        self._is_started = True
        return [Send(self._start_message, due_ns)]

    def _begin(self, now_ns: int, grid: Grid) -> list[Send]:
        """Send pulses on the grid from now on, and plan the start."""
        self._grid, self._resume_ns = grid, 0
        # The last pulse must not be sent again.
        half_period_ns = grid.step_ns // PULSES_PER_STEP // 2
        earliest_ns = now_ns if self._last_sent_ns is None else max(now_ns, self._last_sent_ns + half_period_ns)
        self._next_pulse = _first_pulse_from(grid, earliest_ns)
        first_step = -(-self._next_pulse // PULSES_PER_STEP)
        start_step = 0 if first_step <= 0 else first_step + -first_step % self._steps_per_bar
        self._start_pulse, self._start_message = start_step * PULSES_PER_STEP, midi.START
        if self._beat.source == "set" and 0 < start_step <= midi.MAX_SONG_POSITION:
            self._start_message = midi.CONTINUE
            return [Send(midi.song_position(start_step), now_ns)]
        return []

    def _stop(self, now_ns: int) -> list[Send]:
        was_started, self._is_started, self._grid = self._is_started, False, None
        return [Send(midi.STOP, now_ns)] if was_started else []

    def _move(self, now_ns: int, grid: Grid) -> list[Send]:
        """Go on with the same pulse on a grid that has moved, or in another bar if it was renumbered."""
        if not self._is_started:
            return self._begin(now_ns, grid)
        pulses_per_bar = self._steps_per_bar * PULSES_PER_STEP
        missing = _first_pulse_from(grid, now_ns) - self._next_pulse
        renumbered = round(missing / pulses_per_bar) * pulses_per_bar
        if not -_MAX_EARLY_PULSES <= missing - renumbered <= _MAX_MISSING_PULSES:
            return [*self._stop(now_ns), *self._begin(now_ns, grid)]
        self._grid, self._resume_ns = grid, 0
        self._next_pulse += renumbered
        return []


def _time_of(grid: Grid, pulse: int) -> int:
    return grid.origin_ns + pulse * grid.step_ns // PULSES_PER_STEP


def _first_pulse_from(grid: Grid, time_ns: int) -> int:
    """Return the first pulse at `time_ns` or later."""
    return -((grid.origin_ns - time_ns) * PULSES_PER_STEP // grid.step_ns)
