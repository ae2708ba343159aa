"""The chords, keys and cadences over time, for the ruler of the roll, from the engine's reports.

A change of key is marked only where it is more than a guess, so that the ruler does not name five keys in the first
bars of a tune. A cadence is marked at its last chord.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace

from bachbridge.music.tonality.key_names import key_level
from bachbridge.protocol.effects import CadenceReached, ChordPlanned, SoundingHarmony
from bachbridge.protocol.notices import EngineEnded, EngineStarted, Message

_MAX_MARKS = 1000
_CADENCE_TOLERANCE_NS = 60_000_000
"""A cadence belongs to a chord that begins within this time of it."""


@dataclass(frozen=True, slots=True)
class HarmonyMark:
    """A chord that begins at `since_ns`; `chord` is empty where only the key changes or all falls silent."""

    since_ns: int
    chord: str
    numeral: str
    new_key: int = -1
    """Number of the key that is new here; -1: it is the one before."""
    cadence: str = ""
    """Kind of the cadence that this chord ends."""


class HarmonyTrack:
    """Used on the window's thread. `marks` are in order of time; `revision` grows with each change."""

    def __init__(self) -> None:
        self.marks: list[HarmonyMark] = []
        self.planned: HarmonyMark | None = None
        """The next chord that is scheduled."""
        self.revision = 0
        self._key = -1
        """The key that was marked last."""

    def handle_message(self, message: Message) -> bool:
        """Apply one message; return True if a mark has changed."""
        match message:
            case SoundingHarmony():
                self._add_harmony(message)
            case CadenceReached(at_ns, kind):
                self._add_cadence(at_ns, kind)
            case ChordPlanned(at_ns, chord, numeral):
                self.planned = HarmonyMark(at_ns, chord, numeral) if chord else None
            case EngineEnded() | EngineStarted() if self.planned:
                self.planned = None
            case _:
                return False
        self.revision += 1
        return True

    def _add_harmony(self, report: SoundingHarmony) -> None:
        is_new_key = report.key not in (-1, self._key) and key_level(report.confidence) != "guess"
        mark = HarmonyMark(report.since_ns, report.chord, report.numeral, report.key if is_new_key else -1)
        if is_new_key:
            self._key = report.key
        before = self.marks[-1] if self.marks else None
        if before and mark.since_ns <= before.since_ns:
            new_key = mark.new_key if is_new_key else before.new_key
            named = mark if mark.chord else before
            self.marks[-1] = replace(before, chord=named.chord, numeral=named.numeral, new_key=new_key)
        elif before is None or (mark.chord, mark.numeral) != (before.chord, before.numeral) or is_new_key:
            self.marks.append(mark)
            del self.marks[:-_MAX_MARKS]

    def _add_cadence(self, at_ns: int, kind: str) -> None:
        first = bisect_left(self.marks, at_ns - _CADENCE_TOLERANCE_NS, key=lambda mark: mark.since_ns)
        for index, mark in enumerate(self.marks[first:], first):
            if mark.chord and mark.since_ns <= at_ns + _CADENCE_TOLERANCE_NS:
                self.marks[index] = replace(mark, cadence=kind)
                return
