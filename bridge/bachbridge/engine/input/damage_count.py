"""The number of damaged MIDI messages, told at once and then at most once a second."""

from bachbridge.protocol.effects import DamagedMidi

_INTERVAL_NS = 1_000_000_000


class DamageCount:
    """The session's part that reports damaged messages. Used on the engine's thread only."""

    __slots__ = ("_count", "_last_report_ns", "deadline")

    def __init__(self) -> None:
        self._count = 0
        self._last_report_ns: int | None = None
        self.deadline: int | None = None
        """When to report the messages that have come since the last report (ns), or None."""

    def add(self, now_ns: int) -> list[DamagedMidi]:
        """Count a damaged message; return the report if none was made within the last second."""
        self._count += 1
        if self._last_report_ns is None or now_ns - self._last_report_ns >= _INTERVAL_NS:
            return self.advance(now_ns)
        self.deadline = self._last_report_ns + _INTERVAL_NS
        return []

    def advance(self, now_ns: int) -> list[DamagedMidi]:
        """Report how many there have been."""
        self._last_report_ns, self.deadline = now_ns, None
        return [DamagedMidi(self._count)]
