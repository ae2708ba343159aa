"""The pitches that sound now, the player's and ours together, and those that have just ended."""

from collections import deque
from dataclasses import dataclass

Origin = tuple[str, int]
"""Where a note comes from: a sender, and its channel."""
_KEPT_NOTES = 64


@dataclass(frozen=True, slots=True)
class PastPitch:
    """A pitch that sounded from `on_ns` until `off_ns`."""

    pitch: int
    on_ns: int
    off_ns: int


class SoundingPitches:
    """A pitch sounds as long as one sender holds it; it is struck anew with each note. For the engine's thread."""

    __slots__ = ("_holders", "last_off_ns", "past", "since_ns")

    def __init__(self) -> None:
        self._holders: dict[int, set[Origin]] = {}
        self.since_ns: dict[int, int] = {}
        """When each sounding pitch was struck (ns)."""
        self.past: deque[PastPitch] = deque(maxlen=_KEPT_NOTES)
        self.last_off_ns = 0

    def note_on(self, now_ns: int, origin: Origin, pitch: int) -> None:
        """Add a note."""
        self._holders.setdefault(pitch, set()).add(origin)
        self.since_ns.setdefault(pitch, now_ns)

    def clear(self, now_ns: int) -> None:
        """Forget all notes."""
        self._holders.clear()
        self.since_ns.clear()
        self.past.clear()
        self.last_off_ns = now_ns

    def note_off(self, now_ns: int, origin: Origin, pitch: int) -> None:
        """End a note; one that does not sound is ignored."""
        holders = self._holders.get(pitch)
        if not holders or origin not in holders:
            return
        holders.discard(origin)
        if not holders:
            del self._holders[pitch]
            self.past.append(PastPitch(pitch, self.since_ns.pop(pitch), now_ns))
            self.last_off_ns = now_ns

    def end_channel(self, now_ns: int, origin: Origin) -> None:
        """End all notes of a sender on its channel."""
        for pitch in list(self._holders):
            self.note_off(now_ns, origin, pitch)
