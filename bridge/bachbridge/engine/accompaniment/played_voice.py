"""The voice that the player's tune is taken for: the one that is set, or with `auto` the one whose register it has.

The first notes of a piece decide: a tune that fits the soprano is one, otherwise it is a tenor or a bass. Later another
voice is chosen only when the tune has left the voice's range for good.
"""

from bachbridge.music.notes import VOICE_RANGES, VOICES

_SOPRANO, _TENOR, _BASS = VOICES.index("soprano"), VOICES.index("tenor"), VOICES.index("bass")
_LOWEST_MEAN = {_SOPRANO: VOICE_RANGES[_SOPRANO][0], _TENOR: 54}
"""Lowest mean pitch of the first notes of a tune in a voice; those below are a bass."""
_FIRST_NOTES = 4
_UNDECIDED_SEMITONES = 1.5
"""A mean so near the border to another voice changes nothing."""
_NOTES_OUTSIDE = 6
"""Notes of a tune that has left its voice's range for good."""


class PlayedVoice:
    """The voice of one player. Used on the engine's thread only."""

    __slots__ = ("_chosen", "_count", "_index", "_recent")

    def __init__(self, chosen: str) -> None:
        self._chosen: str = chosen
        self._index = VOICES.index(chosen) if chosen in VOICES else _SOPRANO
        self._recent: list[int] = []
        self._count = 0

    @property
    def name(self) -> str:
        """The voice that the tune is taken for, one of `VOICES`."""
        return VOICES[self._index]

    def choose(self, chosen: str) -> None:
        """Put a new setting in force: a voice, or `auto`."""
        if chosen != self._chosen:
            self._chosen = chosen
            self._index = VOICES.index(chosen) if chosen in VOICES else self._index

    def begin_piece(self) -> None:
        """Let the next notes decide anew."""
        self._recent, self._count = [], 0

    def add_note(self, pitch: int) -> bool:
        """Add a note of the tune; return True if it is taken for another voice from this note on."""
        if self._chosen in VOICES:
            return False
        self._recent = [*self._recent[1 - _NOTES_OUTSIDE :], pitch]
        self._count += 1
        before, self._index = self._index, self._voice_now()
        return self._index != before

    def _voice_now(self) -> int:
        low, high = VOICE_RANGES[self._index]
        mean = sum(self._recent) / len(self._recent)
        if self._count == 1:
            return _voice_at(mean)
        if self._count <= _FIRST_NOTES:
            sides = {_voice_at(mean - _UNDECIDED_SEMITONES), _voice_at(mean + _UNDECIDED_SEMITONES)}
            return sides.pop() if len(sides) == 1 else self._index
        is_outside = len(self._recent) == _NOTES_OUTSIDE and not any(low <= pitch <= high for pitch in self._recent)
        return _voice_at(mean) if is_outside else self._index


def _voice_at(mean: float) -> int:
    """Return the voice for a tune with this mean pitch."""
    return next((voice for voice, lowest in _LOWEST_MEAN.items() if mean >= lowest), _BASS)
