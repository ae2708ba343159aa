"""The shared transport: whose beat the session follows, where its bar lines lie, and whether it rolls.

Three sources can set the beat, in this order: the DAW's MIDI clock (24 pulses to the quarter note, with Start, Stop,
Continue and song position; MIDI 1.0 Detailed Specification 4.2.1, M.M.A. 1996), an Ableton Link session, and our own
transport at a set tempo. The grid of a source that rolls has a bar line at step 0. Pulses without a Start give a tempo
but no grid, since nobody knows which of them begins a bar.

`grid` changes only when the source's own grid has moved away from it noticeably, and the change moves the future
only: whoever has placed a note on a step keeps the step. A DAW that plays a loop sends Stop and Continue each time
round, without a break in its pulses. So a Stop takes effect a moment later: if the clock goes on at once from a beat,
its steps only get other numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bachbridge.engine.tempo.grid import Grid, is_due
from bachbridge.engine.tempo.pulse_filter import PulseFilter
from bachbridge.engine.tempo.song_position import PULSES_PER_QUARTER, PULSES_PER_STEP, SongPositionHint
from bachbridge.music.notes import step_ns_from_bpm
from bachbridge.protocol.effects import Effect
from bachbridge.protocol.events import LinkState

CLOCK_TIMEOUT_NS = 1_000_000_000
"""A clock without a pulse for this long has stopped."""
STOP_DELAY_NS = 25_000_000
"""A Stop takes effect after this time, unless the clock has gone on."""
_NEVER_STARTED_PULSES = 24 * 8
"""After this many pulses without a Start the user is told that the DAW's clock does not start."""
_ROUGH_PULSES = 4
"""From this many pulses on, their mean distance is better than a guess."""
_MIN_GRID_SHIFT_NS = 300_000
"""The grid follows its source when it is this far off, now or a beat ahead."""
_LOOK_AHEAD_STEPS = 4
_DEFAULT_BPM = 120.0


@dataclass(frozen=True, slots=True)
class TransportChange:
    """The things that have just changed, so that the session can act on them."""

    tempo: bool = False
    """The shared tempo in whole tenths, or its source."""
    clock_tempo: bool = False
    """The tempo of the DAW's clock, followed or not."""
    source: bool = False
    """The source of the grid."""
    grid: bool = False
    """The grid, or its end."""
    shift_steps: int = 0
    """This is to be added to the number of every step of the grid before, because the song position jumped."""
    stopped: bool = False
    """The DAW has stopped, or has gone to another place."""
    never_started: bool = False
    """Pulses have come for a while without a Start."""


class Transport:
    """The session's part that follows a shared beat. Used on the engine's thread only."""

    __slots__ = (
        "_filter", "_first_index", "_first_pulse", "_follows_clock", "_index_shift", "_internal", "_is_clock_rolling",
        "_last_pulse_ns", "_link", "_on_change", "_pulses_without_start", "_song_position", "_stop_ns", "clock_bpm",
        "grid", "source",
    )  # fmt: skip

    def __init__(self, on_change: Callable[[int, TransportChange], list[Effect]], *, follows_clock: bool) -> None:
        """`on_change(now_ns, change)` is called after something has changed."""
        self._on_change = on_change
        self._filter = PulseFilter()
        self._follows_clock = follows_clock
        self._is_clock_rolling = False
        self._last_pulse_ns: int | None = None
        self._stop_ns: int | None = None
        """When a Stop takes effect."""
        self._index_shift = 0
        """This is added to the filter's indices to get the song's."""
        self._first_index = 0
        """Index of the first pulse after the last Start or Continue, as the filter counts."""
        self._first_pulse: tuple[int, int] | None = None
        """That pulse's index and time, once it has come."""
        self._song_position = SongPositionHint()
        self._pulses_without_start = 0
        self._link: LinkState | None = None
        self._internal: Grid | None = None
        self.clock_bpm = 0.0
        """Tempo of the DAW's clock for people; 0 while no clock runs."""
        self.grid: Grid | None = None
        """The shared grid, with a bar line at step 0; None while no source rolls."""
        self.source = ""
        """Source of `grid`: "clock", "link" or "set"; empty without one."""

    # ------------------------------------------------------------ views

    @property
    def is_rolling(self) -> bool:
        return self.grid is not None

    @property
    def bpm(self) -> float:
        """The shared tempo for people (0: none): the clock's, also before it starts, or Link's."""
        if self._follows_clock and self.clock_bpm:
            return self.clock_bpm
        return round(_link_grid(self._link).bpm, 1) if self._link and self._link.peers else 0.0

    @property
    def bpm_source(self) -> str:
        """Source of `bpm`: "clock" or "link"; empty without one."""
        if self._follows_clock and self.clock_bpm:
            return "clock"
        return "link" if self._link and self._link.peers else ""

    @property
    def awaits_pulse(self) -> bool:
        """True if the grid is only expected, because the first pulse after a start has not come yet."""
        return self.source == "clock" and self._first_pulse is None

    @property
    def is_beat_certain(self) -> bool:
        """False from a Start of the clock to its first pulse, and from a Stop until it takes effect."""
        return self.source != "clock" or (self._first_pulse is not None and self._stop_ns is None)

    # ------------------------------------------------------------ time

    @property
    def deadline(self) -> int | None:
        """When a Stop takes effect, or when a clock without a pulse has ceased (ns); None without either."""
        ceased_ns = None if self._last_pulse_ns is None else self._last_pulse_ns + CLOCK_TIMEOUT_NS
        return min((due_ns for due_ns in (self._stop_ns, ceased_ns) if due_ns is not None), default=None)

    def advance(self, now_ns: int) -> list[Effect]:
        """Stop, or stop following a clock whose pulses have ceased."""
        if is_due(now_ns, self._stop_ns):
            return self._stop_now(now_ns)
        # The filter keeps the tempo as a hint for the next pulse.
        self._last_pulse_ns, self._pulses_without_start = None, 0
        self._is_clock_rolling, self._first_pulse = False, None
        return self._update(now_ns)

    # ------------------------------------------------------------ the DAW's clock

    def add_pulse(self, now_ns: int) -> list[Effect]:
        """Follow a pulse of the clock."""
        is_first = self._is_clock_rolling and self._first_pulse is None
        if is_first:
            self._first_pulse = (self._first_index, now_ns)
        self._last_pulse_ns = now_ns
        self._filter.add_pulse(now_ns)
        if not self._is_clock_rolling:
            self._pulses_without_start += 1
        return self._update(now_ns, force=is_first)

    def start(self, now_ns: int) -> list[Effect]:
        """Begin the song: the next pulse is step 0."""
        self._song_position.announce(0)
        return self.resume(now_ns)

    def resume(self, now_ns: int) -> list[Effect]:
        """Go on from the song position, or from where the clock stopped (MIDI's Continue)."""
        if self._is_clock_rolling and self._goes_on_from_beat():
            return self._jump(now_ns)
        effects = self._stop_now(now_ns) if self._is_clock_rolling else []
        self._first_index, self._index_shift = self._song_position.resumed_index(), 0
        self._filter.restart(self._first_index)
        self._is_clock_rolling, self._first_pulse, self._pulses_without_start = True, None, 0
        return [*effects, *self._update(now_ns, force=True)]

    def stop(self, now_ns: int) -> list[Effect]:
        """Stop in a moment, unless the clock goes on by then; the tempo is kept as a hint."""
        if not self._is_clock_rolling:
            return self._stop_now(now_ns)
        self._song_position.stop_at(self._next_index)
        self._stop_ns = now_ns + STOP_DELAY_NS
        return []

    def locate(self, now_ns: int, song_position: int) -> list[Effect]:
        """Remember a song position (16ths) for the next Continue; a clock that rolls is stopped by it."""
        if self._is_clock_rolling and self._stop_ns is None:
            self._song_position.stop_at(self._next_index)
            self._stop_ns = now_ns + STOP_DELAY_NS
        self._song_position.announce(song_position)
        return []

    @property
    def _next_index(self) -> int:
        """Index of the next pulse in the song."""
        return self._filter.last_index + 1 + self._index_shift

    def _goes_on_from_beat(self) -> bool:
        """Return True if the clock has just stopped at the end of a beat, as it does at the end of a loop."""
        return (
            self._stop_ns is not None and self._first_pulse is not None and self._next_index % PULSES_PER_QUARTER == 0
        )

    def _jump(self, now_ns: int) -> list[Effect]:
        """Go on without a break at another place of the song."""
        shift = self._song_position.resumed_index() - self._next_index
        shift -= shift % PULSES_PER_STEP
        self._index_shift += shift
        self._stop_ns = None
        return self._update(now_ns, force=True, shift_steps=shift // PULSES_PER_STEP)

    def _stop_now(self, now_ns: int) -> list[Effect]:
        self._is_clock_rolling, self._stop_ns, self._first_pulse, self._internal = False, None, None, None
        return self._update(now_ns, stopped=True)

    # ------------------------------------------------------------ Link and our own transport

    def set_link(self, now_ns: int, state: LinkState) -> list[Effect]:
        """Follow the state of the Link session."""
        stopped = self.source == "link" and not state.is_playing
        self._link = state
        return self._update(now_ns, stopped=stopped)

    def start_internal(self, now_ns: int, begin_ns: int, bpm: float) -> list[Effect]:
        """Roll by ourselves, with step 0 at `begin_ns`, until `stop_internal`; another source goes first."""
        self._internal = Grid(begin_ns, step_ns_from_bpm(bpm))
        return self._update(now_ns, force=True)

    def stop_internal(self, now_ns: int) -> list[Effect]:
        self._internal = None
        return self._update(now_ns)

    def change_internal_tempo(self, now_ns: int, bpm: float) -> list[Effect]:
        """Go on at another set tempo from where our own transport is."""
        if self._internal and bpm:
            self._internal = self._internal.with_tempo(now_ns, step_ns_from_bpm(bpm))
        return self._update(now_ns)

    def set_follows_clock(self, now_ns: int, *, follows: bool) -> list[Effect]:
        """Follow the DAW's clock, or leave it alone."""
        self._follows_clock = follows
        return self._update(now_ns)

    # ------------------------------------------------------------ changes

    def _update(self, now_ns: int, *, force: bool = False, shift_steps: int = 0, stopped: bool = False) -> list[Effect]:
        """Take over the sources' present state and report what has changed."""
        tempo_before, clock_bpm_before = (self.bpm, self.bpm_source), self.clock_bpm
        self.clock_bpm = self._filter.told_bpm if self._last_pulse_ns is not None else 0.0
        source, grid = self._present_grid(now_ns)
        source_changed = source != self.source
        grid_changed = source_changed or (grid is not None and (force or _differs(self.grid, grid, now_ns)))
        if grid_changed:
            self.source, self.grid = source, grid
        change = TransportChange(
            tempo=tempo_before != (self.bpm, self.bpm_source),
            clock_tempo=clock_bpm_before != self.clock_bpm,
            source=source_changed,
            grid=grid_changed,
            shift_steps=shift_steps,
            stopped=stopped,
            never_started=self._pulses_without_start == _NEVER_STARTED_PULSES,
        )
        return self._on_change(now_ns, change) if change != TransportChange() else []

    def _present_grid(self, now_ns: int) -> tuple[str, Grid | None]:
        if self._is_clock_rolling and self._follows_clock:
            return "clock", self._clock_grid(now_ns)
        if self._link and self._link.peers and self._link.is_playing:
            return "link", _link_grid(self._link)
        return ("set", self._internal) if self._internal else ("", None)

    def _clock_grid(self, now_ns: int) -> Grid:
        if self._filter.is_locked and self._first_pulse:
            grid = self._filter.grid
            return Grid(grid.origin_ns - self._index_shift * grid.step_ns // PULSES_PER_STEP, grid.step_ns)
        step_ns = self._provisional_step_ns()
        # A pulse that has not come yet is expected at once.
        index, index_ns = self._first_pulse or (self._first_index, now_ns)
        return Grid(index_ns - (index + self._index_shift) * step_ns // PULSES_PER_STEP, step_ns)

    def _provisional_step_ns(self) -> int:
        """Return the length of a step as the few pulses so far, or else the tempo before, show it."""
        if not self._filter.is_locked and self._first_pulse and self._last_pulse_ns is not None:
            passed = self._filter.last_index - self._first_pulse[0]
            passed_ns = self._last_pulse_ns - self._first_pulse[1]
            if passed >= _ROUGH_PULSES and passed_ns:
                return max(1, passed_ns * PULSES_PER_STEP // passed)
        return step_ns_from_bpm(self._filter.bpm or _DEFAULT_BPM)


def _differs(before: Grid | None, after: Grid, now_ns: int) -> bool:
    """Return True if the two grids are noticeably apart, now or a beat ahead."""
    if before is None:
        return True
    step = after.nearest_step(now_ns)
    return any(
        abs(before.time_of(at) - after.time_of(at)) > _MIN_GRID_SHIFT_NS for at in (step, step + _LOOK_AHEAD_STEPS)
    )


def _link_grid(state: LinkState) -> Grid:
    return Grid(state.origin_ns, state.step_ns)
