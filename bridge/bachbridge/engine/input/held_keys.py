"""The player's keys that are down: the same key on two keyboards, or on two channels of an MPE one, is one key.

An MPE keyboard gives each finger a channel of its own (MIDI Polyphonic Expression 1.0, M.M.A. 2018), and a
keyboard with layers sends each key several times. A key is held until the last of them is released. The same key
on another channel at nearly the same moment is a copy, later it is struck again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_COPY_NS = 15_000_000
"""A key that comes on another channel within this time is a copy."""

Role = Literal["melody", "left", "none"]
"""The hand that a note belongs to; "none": it does not count."""


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key that is down: what it counts as, and when it was pressed."""

    pitch: int
    """MIDI pitch with the player's transposition in it."""
    role: Role
    on_ns: int


class HeldKeys:
    """Keys that are down, by channel (from 0) and pitch as it was received. Used on the engine's thread only."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: dict[tuple[int, int], HeldKey] = {}

    def press(self, channel: int, received_pitch: int, key: HeldKey) -> bool:
        """Add a key that went down; return False if it is a copy of one on another channel."""
        same = [other for _, other in self._others(channel, received_pitch) if other.pitch == key.pitch]
        self._keys[channel, received_pitch] = key
        return not any(key.on_ns - other.on_ns < _COPY_NS and other.role == key.role for other in same)

    def release(self, channel: int, received_pitch: int) -> HeldKey | None:
        """Remove a key that went up and return it; None if it is unknown, or still held on another channel."""
        key = self._keys.pop((channel, received_pitch), None)
        return None if key is None or self.is_held(key.pitch, key.role) else key

    def release_channel(self, channel: int) -> list[HeldKey]:
        """Remove all keys of a channel; return those that are held on no other one."""
        places = [place for place in self._keys if place[0] == channel]
        released = [self.release(*place) for place in places]
        return [key for key in released if key]

    def is_held(self, pitch: int, role: Role) -> bool:
        return any(key.pitch == pitch and key.role == role for key in self._keys.values())

    def is_known(self, channel: int, received_pitch: int) -> bool:
        """Return True if this key went down on this channel."""
        return (channel, received_pitch) in self._keys

    @property
    def has_counted_keys(self) -> bool:
        """True while a hand holds a key."""
        return any(key.role != "none" for key in self._keys.values())

    def pitches(self, role: Role) -> list[int]:
        """Return the pitches that are held in this role, lowest first."""
        return sorted({key.pitch for key in self._keys.values() if key.role == role})

    def change_role(self, pitch: int, role: Role) -> None:
        """Let a key that is down belong to another hand."""
        for place, key in self._keys.items():
            if key.pitch == pitch and key.role != "none":
                self._keys[place] = HeldKey(pitch, role, key.on_ns)

    def clear(self) -> None:
        self._keys.clear()

    def _others(self, channel: int, received_pitch: int) -> Iterable[tuple[tuple[int, int], HeldKey]]:
        return ((place, key) for place, key in self._keys.items() if place != (channel, received_pitch))
