"""Tapping the tempo, and starting and stopping our own transport."""

from dataclasses import dataclass, field
from typing import Protocol

from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.tap_tempo import TapTempo
from bachbridge.music.notes import NS_PER_MS, step_ns_from_bpm
from bachbridge.protocol.effects import Effect, StartRefused
from bachbridge.protocol.events import StartTransport, StopTransport
from bachbridge.settings import Settings

_MIN_LEAD_NS = 8_000_000
"""The first click or step is at least this far ahead."""


class OwnTransport(Protocol):
    """The part of the session's transport that commands act on."""

    @property
    def grid(self) -> Grid | None: ...

    @property
    def source(self) -> str: ...

    def start_internal(self, now_ns: int, begin_ns: int, bpm: float, /) -> list[Effect]: ...


@dataclass(slots=True)
class TransportCommands:
    """Used on the engine's thread only."""

    _transport: OwnTransport
    _taps: TapTempo = field(default_factory=TapTempo)

    def start_or_stop(self) -> StartTransport | StopTransport:
        """Return the command that a press of the start controller gives."""
        return StopTransport() if self._transport.source == "set" else StartTransport()

    def add_tap(self, now_ns: int, settings: Settings) -> float | None:
        """Add a tap on a beat of the meter; return the tempo (quarters a minute, unchecked) if it gives one."""
        return self._taps.add_tap(now_ns, settings.steps_per_beat)

    def align_to_tap(self, now_ns: int, settings: Settings) -> list[Effect]:
        """Shift our own transport, if it rolls, so that a beat lies on the tap at `now_ns`."""
        grid = self._transport.grid
        if grid is None or self._transport.source != "set":
            return []
        beat_ns = grid.step_ns * settings.steps_per_beat
        shift_ns = (now_ns - grid.origin_ns + beat_ns // 2) % beat_ns - beat_ns // 2
        return self._transport.start_internal(now_ns, grid.origin_ns + shift_ns, grid.bpm)

    def start(self, now_ns: int, settings: Settings) -> list[Effect]:
        """Roll by ourselves: the count-in begins at once, or on the next beat of the taps just before."""
        if self._transport.source in ("clock", "link"):
            return [StartRefused("clock" if self._transport.source == "clock" else "link")]
        if not settings.bpm:
            return [StartRefused("no tempo")]
        step_ns = step_ns_from_bpm(settings.bpm)
        first_ns = now_ns + _MIN_LEAD_NS + max(0, settings.latency_ms * NS_PER_MS)
        tap_ns = self._taps.recent_tap_ns(now_ns)
        if tap_ns is not None:
            first_ns += (tap_ns - first_ns) % (step_ns * settings.steps_per_beat)
        count_in_bars = 0 if settings.metronome == "off" else settings.count_in_bars
        begin_ns = first_ns + count_in_bars * settings.steps_per_bar * step_ns
        return self._transport.start_internal(now_ns, begin_ns, settings.bpm)
