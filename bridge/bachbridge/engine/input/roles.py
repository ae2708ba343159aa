"""Input roles: which hand each of the player's notes belongs to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bachbridge.engine.input.held_keys import HeldKeys, Role
from bachbridge.engine.input.split_point import LearntSplit
from bachbridge.settings import Settings

_WHOLE_CHORD = 3
"""Pitch classes that leave nothing of the chord open."""


@dataclass(frozen=True, slots=True)
class LeftHand:
    """The left hand's harmony: pitch classes, the bass's first and then upwards from it, and the bass's MIDI pitch."""

    pitch_classes: tuple[int, ...]
    bass: int

    def contradicts(self, bass: int | None, sounding: Iterable[int]) -> bool:
        """Return True if voices of these pitch classes do not keep to the harmony; `bass` is None if none is ours."""
        if bass is not None and bass != self.bass % 12:
            return True
        return len(self.pitch_classes) >= _WHOLE_CHORD and not set(sounding) <= set(self.pitch_classes)


def left_hand_of(pitches: Sequence[int]) -> LeftHand | None:
    """Return the harmony of the left hand's pitches; None without any."""
    if not pitches:
        return None
    bass = min(pitches)
    return LeftHand(tuple((bass + above) % 12 for above in sorted({(pitch - bass) % 12 for pitch in pitches})), bass)


class InputRoles:
    """The hands, told apart as `Settings.hands` says. Used on the engine's thread only."""

    __slots__ = ("_last_left", "_last_melody", "_split")

    def __init__(self) -> None:
        self._split = LearntSplit()
        self._last_melody: int | None = None
        self._last_left: int | None = None

    def role_of(self, channel: int, pitch: int, held: HeldKeys, settings: Settings) -> Role:
        """Return the role of a note that begins on `channel` (from 0), while `held` are down."""
        if channel + 1 in settings.ignored_channel_numbers:
            return "none"
        role = self._role_in(channel, pitch, held, settings)
        if role == "left":
            self._last_left = pitch
        elif role == "melody":
            self._last_melody = pitch
        return role

    def _role_in(self, channel: int, pitch: int, held: HeldKeys, settings: Settings) -> Role:
        if settings.hands == "melody":
            return "melody"
        left, melody = held.pitches("left"), held.pitches("melody")
        match settings.hands:
            case "channels":
                roles: dict[int, Role] = {settings.melody_channel: "melody", settings.chord_channel: "left"}
                return roles.get(channel + 1, "none")
            case "split" if settings.split_point >= 0:
                return "left" if pitch < settings.split_point else "melody"
            case "split":
                is_left = self._split.is_left(pitch, left, melody, self._last_melody)
                self._split.learn([*left, *melody, pitch])
                return "left" if is_left else "melody"
            case "lowest":
                return "left" if self._is_lowest(pitch, left, melody, settings.left_keys) else "melody"
            case _:
                return "melody"

    def _is_lowest(self, pitch: int, left: Sequence[int], melody: Sequence[int], count: int) -> bool:
        """Return True if the note is one of the `count` lowest, with a key of the melody above it.

        Without one it is the left hand's only if it is nearer to what that played last.
        """
        if sum(other < pitch for other in left) >= count:
            return False
        if melody:
            return pitch < melody[-1]
        if self._last_left is None or self._last_melody is None:
            return False
        return abs(pitch - self._last_left) < abs(pitch - self._last_melody)

    def keys_to_move(self, held: HeldKeys, settings: Settings) -> list[int]:
        """Return the pitches that counted as melody and now are among the lowest keys, below the melody's."""
        if settings.hands != "lowest":
            return []
        melody = held.pitches("melody")
        lowest = sorted([*held.pitches("left"), *melody])[: settings.left_keys]
        moved = [pitch for pitch in melody[:-1] if pitch in lowest]
        if moved:
            self._last_left = moved[-1]
        return moved
