"""The report of each chord's name, a moment after the chord itself.

Sending a chord must not wait for its name, so a chord is only kept when it is played, and named at the time of the next
plan request. A chord that is replaced before that has no report.
"""

from bachbridge.engine.accompaniment.harmony_history import FrameRow
from bachbridge.music.frames import REST, midi_pitch
from bachbridge.music.harmony.chord_names import chord_name, find_chord
from bachbridge.music.harmony.roman_numerals import roman_numeral
from bachbridge.music.notes import VOICES, key_from_number
from bachbridge.protocol.effects import ChordNamed

NAMING_DELAY_NS = 4_000_000
"""Delay of the name after its chord."""


class ChordNamer:
    """Names the last chord of the accompaniment. Used on the engine's thread only."""

    __slots__ = ("_chord", "_due_ns")

    def __init__(self) -> None:
        self._chord: tuple[int, int, FrameRow, int] | None = None
        """Piece, step, frame and key number of the chord that has no name yet."""
        self._due_ns: int | None = None

    def due_ns(self) -> int | None:
        """Timer: names the last chord."""
        return self._due_ns

    def add_chord(self, now_ns: int, piece: int, step: int, frame: FrameRow, key_number: int) -> None:
        """Keep a chord that is played now."""
        self._chord, self._due_ns = (piece, step, frame, key_number), now_ns + NAMING_DELAY_NS

    def name_chord(self, _now_ns: int) -> list[ChordNamed]:
        """Return the report of the last chord; none for fewer than two pitch classes."""
        chord = self._chord
        self.clear()
        return [] if chord is None else named_chord(*chord)

    def clear(self) -> None:
        """Forget the last chord."""
        self._chord = self._due_ns = None


def named_chord(piece: int, step: int, frame: FrameRow, key_number: int) -> list[ChordNamed]:
    """Return the report of a frame's chord, all four voices of it, muted or not; none for a unison or silence."""
    key = key_from_number(key_number)
    chord = find_chord([midi_pitch(index) for index in frame[: len(VOICES)] if index != REST], key)
    if chord is None:
        return []
    numeral = roman_numeral(chord, key) if key else ""
    return [ChordNamed(piece, step, chord_name(chord, key), numeral, key_number)]
