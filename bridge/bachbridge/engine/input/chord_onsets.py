"""Keys that are down in one voice, and which of them is the tune: chords that are struck, strummed or rolled.

The tune is the outermost key of a chord: the highest, or the lowest if the player plays the bass. The direction and the
speed of a roll make no difference. A further key while the tune's is down is the next note of the tune only if it lies
further out, or if it is so near that it is played legato. Otherwise it belongs to the texture under the tune, unless
the tune's key goes up a moment later: then it was a leap played legato.
"""

from dataclasses import dataclass
from typing import Literal

STRUM_NS = 60_000_000
"""Keys that follow each other within this time are one chord."""
_ROLL_NS = 120_000_000
"""An inner key that follows within this time is part of a slow roll."""
_LEGATO_NS = 100_000_000
"""The keys of two notes played legato are down together for less than this time."""
_LEGATO_SEMITONES = 4
"""Inner keys at most this far from the tune's may be its next note at once."""

Onset = Literal["melody", "chord", "inner"]
"""A note of the tune, a key that is the tune's of a chord being struck, or a key that is not the tune's."""


@dataclass(frozen=True, slots=True)
class PressedKey:
    """A key that is down."""

    pitch: int
    velocity: int
    on_ns: int
    in_chord: bool
    """True if it was struck together with a key further out."""


class MelodyKeys:
    """The keys of one voice that are down. Used on the engine's thread only."""

    __slots__ = ("_chord_ns", "_held", "_lowest", "_melody")

    def __init__(self) -> None:
        self._held: dict[int, PressedKey] = {}
        self._melody: PressedKey | None = None
        """The key of the tune while it is down."""
        self._lowest = False
        """True if the lowest key of a chord is the tune's."""
        self._chord_ns = 0
        """When the last key of the present chord was pressed."""

    def __bool__(self) -> bool:
        """Return True while a key is down."""
        return bool(self._held)

    def press(self, now_ns: int, pitch: int, velocity: int, *, lowest: bool) -> Onset:
        """Add a key; `lowest` says that the lowest key of a chord is the tune's."""
        self._lowest = lowest
        before, since_ns = self._melody, now_ns - self._chord_ns
        onset = self._onset_of(now_ns, pitch, before, since_ns)
        is_roll = since_ns < STRUM_NS or (since_ns < _ROLL_NS and len(self._held) > 1)
        key = PressedKey(pitch, velocity, now_ns, in_chord=onset == "inner" and is_roll)
        self._held[pitch] = key
        if onset != "inner":
            self._melody = key
        if onset != "inner" or since_ns < _ROLL_NS:
            self._chord_ns = now_ns
        return onset

    def _onset_of(self, now_ns: int, pitch: int, before: PressedKey | None, since_ns: int) -> Onset:
        if before is None or pitch == before.pitch:
            return "melody"
        inside = pitch - before.pitch if self._lowest else before.pitch - pitch
        if inside < 0:
            return "chord" if since_ns < STRUM_NS else "melody"
        if since_ns < _ROLL_NS or inside > _LEGATO_SEMITONES or self._is_tune_held_outside(now_ns, before):
            return "inner"
        return "melody"

    def _is_tune_held_outside(self, now_ns: int, before: PressedKey) -> bool:
        """Return True if a key further out has been held for longer than legato lasts since `before` was pressed."""
        if now_ns - before.on_ns < _LEGATO_NS:
            return False
        return any(
            key.on_ns < before.on_ns and (key.pitch < before.pitch if self._lowest else key.pitch > before.pitch)
            for key in self._held.values()
        )

    def release(self, now_ns: int, pitch: int) -> PressedKey | None:
        """Remove a key; return the key that now is the tune's, if one was pressed just before, legato."""
        self._held.pop(pitch, None)
        before = self._melody
        if before is None or before.pitch != pitch:
            return None
        following = [
            key
            for key in self._held.values()
            if key.on_ns > before.on_ns and not key.in_chord and now_ns - key.on_ns < _LEGATO_NS
        ]
        outermost = min if self._lowest else max
        self._melody = outermost(following, key=lambda key: key.pitch, default=None)
        return self._melody

    def clear(self) -> None:
        """Forget all keys."""
        self._held.clear()
        self._melody = None
