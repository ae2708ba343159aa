"""Cadences, reported once it is clear that the music rests on their last chord.

A dominant that resolves is a cadence only where a phrase ends. The last chord must last, be followed by silence, or end
a phrase of which the session knows. An authentic or deceptive cadence is clear after two beats, a half or plagal one
after four, since dominants and subdominants are often held on the way.
"""

from bachbridge.engine.hearing.chord_changes import SoundingChord
from bachbridge.music.notes import STEPS_PER_BEAT, Key, key_to_number
from bachbridge.music.phrasing.cadence_kinds import CadenceKind, cadence_kind
from bachbridge.protocol.effects import CadenceReached

_REST_STEPS: dict[CadenceKind, int] = {
    "authentic": 2 * STEPS_PER_BEAT,
    "deceptive": 2 * STEPS_PER_BEAT,
    "half": 4 * STEPS_PER_BEAT,
    "plagal": 4 * STEPS_PER_BEAT,
}


class CadenceWatch:
    """Remembers the last two chords. Used on the engine's thread only."""

    __slots__ = ("_before", "_last", "_pending", "due_ns")

    def __init__(self) -> None:
        self._before: SoundingChord | None = None
        self._last: SoundingChord | None = None
        self._pending: CadenceReached | None = None
        self.due_ns: int | None = None
        """Timer: the music rests on the last chord of a cadence."""

    def add_chord(self, chord: SoundingChord, step_ns: int, key: Key | None) -> None:
        """Follow a change of the chord; the key is that of the moment."""
        if self._last is None or self._last.reading.root != chord.reading.root:
            self._before = self._last
        self._last, self._pending, self.due_ns = chord, None, None
        kind = cadence_kind(self._before.reading, chord.reading, key) if self._before and key else None
        if kind:
            self._pending = CadenceReached(chord.since_ns, kind, key_to_number(key))
            self.due_ns = chord.since_ns + _REST_STEPS[kind] * step_ns

    def end_phrase(self, *, in_silence: bool = False) -> list[CadenceReached]:
        """Return the cadence that is made, since the music rests; `in_silence`: the next chord begins anew."""
        reports = [self._pending] if self._pending else []
        self._pending = self.due_ns = None
        if in_silence:
            self._before = self._last = None
        return reports
