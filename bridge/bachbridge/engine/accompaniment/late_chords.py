"""A count of the chords that came late because their plan did, so that the player is told of a busy machine."""

from bachbridge.protocol.effects import ChordsLate

_ON_TIME_NS = 30_000_000
"""A chord within this time of its note is heard together with it."""
_REPORT_INTERVAL_NS = 4_000_000_000
_RECOVERED_CHORDS = 8
"""Number of chords on time, after late ones, until the report says that all is well again."""


class LateChords:
    """Counts since the last report. Used on the engine's thread only."""

    __slots__ = ("_chords", "_has_reported", "_late", "_next_report_ns", "has_plans")

    def __init__(self) -> None:
        self._late = self._chords = self._next_report_ns = 0
        self._has_reported = False
        """True if the last report had late chords in it."""
        self.has_plans = False
        """True once a plan has come: without any, other reports say why."""

    def add(self, now_ns: int, waited_ns: int) -> list[ChordsLate]:
        """Count a chord that waited for its plan for `waited_ns`; return a report if one is due."""
        self._chords += 1
        self._late += waited_ns > _ON_TIME_NS
        is_due = self._late > 0 or (self._has_reported and self._chords >= _RECOVERED_CHORDS)
        if not is_due or now_ns < self._next_report_ns:
            return []
        report = ChordsLate(self._late, self._chords)
        self._has_reported = self._late > 0
        self._late = self._chords = 0
        self._next_report_ns = now_ns + _REPORT_INTERVAL_NS
        return [report]

    def add_missed(self, now_ns: int, waited_ns: int) -> list[ChordsLate]:
        """Count a note that ended without a chord, if it could have had one for `waited_ns`."""
        return self.add(now_ns, waited_ns) if self.has_plans and waited_ns > _ON_TIME_NS else []
