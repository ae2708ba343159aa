"""A beat for the modes that need one: where no clock and no Link session rolls, our own transport does.

It begins with the player's first note and ends with a reset. Without a set tempo it cannot, which is reported once.
"""

from bachbridge.engine.active_settings import ActiveSettings
from bachbridge.engine.tempo.transport import Transport
from bachbridge.protocol.effects import BeatMissing, Effect


class OwnBeat:
    """Starts and stops our own transport for a mode. Used on the engine's thread only."""

    __slots__ = ("_is_missing_reported", "_rolls", "_settings", "_transport")

    def __init__(self, settings: ActiveSettings, transport: Transport) -> None:
        self._settings, self._transport = settings, transport
        self._rolls = False
        """True while our own transport rolls because a mode needed it."""
        self._is_missing_reported = False

    def begin(self, now_ns: int) -> list[Effect]:
        """Have a shared grid, with a bar line now if it is our own; a clock that runs but stands still is not one."""
        bpm = self._settings.chosen.bpm
        if self._transport.is_rolling:
            return []
        if bpm and not self._transport.bpm_source:
            self._rolls = True
            return self._transport.start_internal(now_ns, now_ns, bpm)
        if self._is_missing_reported:
            return []
        self._is_missing_reported = True
        return [BeatMissing(self._settings.current.mode)]

    def end(self, now_ns: int) -> list[Effect]:
        """Stop our own transport if it rolls only because a mode needed it."""
        rolled, self._rolls, self._is_missing_reported = self._rolls, False, False
        return self._transport.stop_internal(now_ns) if rolled else []

    def follow_source(self) -> None:
        """Take note that the source of the shared grid has changed."""
        self._rolls = self._rolls and self._transport.source == "set"
        self._is_missing_reported = False
