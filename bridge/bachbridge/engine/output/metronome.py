"""Clicks on the beats of the shared grid, with an accent on every bar line.

Steps before 0 are the count-in. A click is decided on when its time has come and not before, so that the next one
follows the grid wherever it moves, and nothing has to be taken back when the transport stops. Each beat clicks once: if
the grid moves, the beat that has clicked last keeps its number and the next one is the beat after it. Only a change
that gives the present moment another number (a new start, another position in the song) begins anew, and even then no
click follows another within a quarter of a beat.

Clicks are counted notes outside the scheduler's queue: an answer would otherwise wait for the last click to end.
"""

from typing import Protocol

from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.tempo.grid import Grid, is_due
from bachbridge.music.notes import NS_PER_MS
from bachbridge.protocol.effects import Send
from bachbridge.settings import Settings

_CLICK_NS = 40_000_000
_MAX_LATE_NS = 20_000_000
"""A beat that has passed longer ago than this does not click any more."""
_BEAT_LEVEL = 0.75
"""Velocity of the beats between the bar lines, as a share of that of the bar lines."""
_AT_ONCE = 0


class BeatSource(Protocol):
    """The part of the transport that the metronome follows."""

    @property
    def grid(self) -> Grid | None:
        """The shared grid, with a bar line at step 0; None while nothing rolls."""
        ...

    @property
    def is_beat_certain(self) -> bool:
        """False while the grid is only expected, because the clock has not begun yet or is about to stop."""
        ...


class Metronome:
    """The session's part that clicks. Used on the engine's thread only."""

    __slots__ = (
        "_beats", "_click", "_grid", "_is_muted", "_is_stale", "_last_click_ns", "_last_step", "_next_step",
        "_scheduler", "_settings",
    )  # fmt: skip

    def __init__(self, settings: Settings, scheduler: Scheduler, beats: BeatSource) -> None:
        self._settings, self._scheduler, self._beats = settings, scheduler, beats
        self._grid: Grid | None = None
        """The grid for which `_next_step` was found."""
        self._is_muted = False
        """True from `mute` until the transport stands still."""
        self._is_stale = False
        """True if `_next_step` must be found again because settings have changed."""
        self._next_step: int | None = None
        """The step of the next click; None if there is none to come."""
        self._last_step: int | None = None
        """The step of the last click on this count; None before the first one."""
        self._last_click_ns: int | None = None
        """The time of the last click on any count."""
        self._click: tuple[int, int, int] | None = None
        """Channel, pitch and end (ns) of the click that sounds."""

    def apply_settings(self, settings: Settings) -> None:
        """Use new settings; the next click follows them."""
        self._settings, self._is_stale = settings, True

    @property
    def deadline(self) -> int | None:
        """When a click begins or ends (ns), or at once if the grid has moved."""
        if self._must_follow:
            return _AT_ONCE
        times = [] if self._click is None else [self._click[2]]
        if self._grid and self._next_step is not None:
            times.append(self._click_time(self._grid, self._next_step))
        return min(times, default=None)

    def advance(self, now_ns: int) -> list[Send]:
        """End the click that is over, follow the grid, and click on a beat that has come."""
        sends = self._end_click(self._click[2]) if self._click and is_due(now_ns, self._click[2]) else []
        if self._must_follow:
            self._follow_grid(now_ns)
        step, grid = self._next_step, self._grid
        if grid is None or step is None or self._click_time(grid, step) > now_ns:
            return sends
        if now_ns - self._click_time(grid, step) <= _MAX_LATE_NS:
            sends += self._begin_click(grid, step)
            self._last_click_ns = self._click_time(grid, step)
        self._last_step = step
        self._next_step = self._first_beat(grid, now_ns)
        return sends

    def clear(self) -> None:
        """Forget the click that sounds, after the scheduler has ended all notes."""
        self._click = None

    def mute(self) -> None:
        """Click no more until the transport has stopped and starts again."""
        self._is_muted = self._is_stale = True

    # ------------------------------------------------------------ the beats

    @property
    def _must_follow(self) -> bool:
        is_unmuted = self._is_muted and self._beats.grid is None
        return self._is_stale or is_unmuted or self._present_grid() != self._grid

    def _follow_grid(self, now_ns: int) -> None:
        before, self._grid, self._is_stale = self._grid, self._present_grid(), False
        if before is None or self._grid is None or self._is_renumbered(before, self._grid, now_ns):
            self._last_step = None
        if self._beats.grid is None:
            self._is_muted = False
        self._next_step = None if self._grid is None or self._is_muted else self._first_beat(self._grid, now_ns)

    def _present_grid(self) -> Grid | None:
        return self._beats.grid if self._beats.is_beat_certain else None

    def _is_renumbered(self, before: Grid, after: Grid, now_ns: int) -> bool:
        """Return True if the steps have other numbers now, by half a beat or more."""
        shift = (now_ns - after.origin_ns) / after.step_ns - (now_ns - before.origin_ns) / before.step_ns
        return 2 * abs(shift) >= self._settings.steps_per_beat

    def _first_beat(self, grid: Grid, now_ns: int) -> int | None:
        """Return the first step from now on that is to click."""
        beat = self._settings.steps_per_beat
        earliest_ns = now_ns - _MAX_LATE_NS
        if self._last_step is None and self._last_click_ns is not None:
            earliest_ns = max(earliest_ns, self._last_click_ns + grid.step_ns * beat // 4)
        step = grid.next_step(earliest_ns + self._latency_ns, beat)
        if self._last_step is not None:
            step = max(step, (self._last_step // beat + 1) * beat)
        match self._settings.metronome:
            case "on":
                return step
            case "count-in":
                return step if step < 0 else None
            case _:
                return None

    def _click_time(self, grid: Grid, step: int) -> int:
        return grid.time_of(step) - self._latency_ns

    @property
    def _latency_ns(self) -> int:
        return self._settings.latency_ms * NS_PER_MS

    # ------------------------------------------------------------ the clicks

    def _begin_click(self, grid: Grid, step: int) -> list[Send]:
        settings, due_ns = self._settings, self._click_time(grid, step)
        is_bar_line = step % settings.steps_per_bar == 0
        pitch = settings.click_accent if is_bar_line else settings.click_note
        velocity = settings.click_velocity if is_bar_line else max(1, round(_BEAT_LEVEL * settings.click_velocity))
        channel = settings.metronome_channel - 1
        sends = self._end_click(due_ns)
        self._click = channel, pitch, due_ns + min(_CLICK_NS, grid.step_ns * settings.steps_per_beat // 2)
        return sends + self._scheduler.note_on(channel, pitch, velocity, due_ns)

    def _end_click(self, due_ns: int) -> list[Send]:
        if self._click is None:
            return []
        (channel, pitch, _), self._click = self._click, None
        return self._scheduler.note_off(channel, pitch, due_ns)
