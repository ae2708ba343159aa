"""Latch: the keys of a hand's last note or chord stay held after they went up, until the next one."""

from bachbridge.engine.input.chord_onsets import STRUM_NS
from bachbridge.engine.input.held_keys import HeldKey, Role


class Latch:
    """Keys that went up and still count as held. Used on the engine's thread only."""

    __slots__ = ("_chord_ns", "_kept", "_last_on_ns")

    def __init__(self) -> None:
        self._kept: dict[tuple[Role, int], HeldKey] = {}
        self._chord_ns: dict[Role, int] = {}
        """When the last note or chord of each hand began."""
        self._last_on_ns: dict[Role, int] = {}

    def press(self, key: HeldKey) -> list[HeldKey]:
        """Return the keys of the same hand that end because `key` begins a new note or chord."""
        last_ns = self._last_on_ns.get(key.role)
        self._last_on_ns[key.role] = key.on_ns
        if last_ns is not None and key.on_ns - last_ns < STRUM_NS:
            self._kept.pop((key.role, key.pitch), None)
            return []
        self._chord_ns[key.role] = key.on_ns
        return self.release(key.role)

    def keep(self, key: HeldKey) -> bool:
        """Keep a key that went up if it belongs to its hand's last note or chord; return True if it did."""
        if key.on_ns < self._chord_ns.get(key.role, 0):
            return False
        self._kept[key.role, key.pitch] = key
        return True

    def release(self, role: Role | None = None) -> list[HeldKey]:
        """Let go of the kept keys of a hand, or of all, and return them."""
        released = [key for key in self._kept.values() if role in (None, key.role)]
        for key in released:
            del self._kept[key.role, key.pitch]
        return released

    def pitches(self, role: Role) -> list[int]:
        return [key.pitch for key in self._kept.values() if key.role == role]
