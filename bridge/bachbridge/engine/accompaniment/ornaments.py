"""Which notes of the tune are ornaments: graces, trills and quick runs wait for their chord, and often have none.

A note that follows another one within `chord_ms` is quick. It has a chord at once only on a beat: if the last chord has
lasted, or if it is the main note of a grace, which came before the beat and took the chord: that chord is revised. In
a trill slower notes count too: a note between two of one pitch, a second away, is its auxiliary. Only the main note may
change the chord, on beats.
"""

from dataclasses import dataclass

from bachbridge.music.notes import NS_PER_MS

_TRILL_NS = 170 * NS_PER_MS
"""Longest distance of a trill's notes: a little more than 16ths at quarter = 100."""
_TRILL_WAIT_NS = 190 * NS_PER_MS
_TRILL_SEMITONES = 2
_ON_BEAT_NS = 45 * NS_PER_MS
"""A note that follows its grace lies no further than this from the beat."""
_MEMORY = 3


@dataclass(frozen=True, slots=True)
class BeatPlace:
    """Where a new note falls: the beat that it is on, if any."""

    is_on_beat: bool
    beat_ns: int
    """The time of the note's step, which is the beat's if it is on one."""
    is_beat_known: bool


@dataclass(frozen=True, slots=True)
class ChordWait:
    """When a note has its chord: after `wait_ns`, or at once."""

    wait_ns: int = 0
    revises_chord: bool = False
    """True if the chord replaces that of the ornament before, as soon as that one has lasted long enough."""


class Ornaments:
    """The last few notes of the tune. Used on the engine's thread only."""

    __slots__ = ("_main_pitch", "_notes")

    def __init__(self) -> None:
        self._notes: list[tuple[int, int]] = []
        """Time and pitch, the newest last."""
        self._main_pitch: int | None = None
        """The main note of the trill that goes on; None if there is none."""

    def clear(self) -> None:
        self._notes.clear()
        self._main_pitch = None

    def add(self, now_ns: int, pitch: int, place: BeatPlace, last_chord_ns: int | None, quick_ns: int) -> ChordWait:
        """Add a note of the tune that begins at `now_ns`; return when it has its chord.

        `last_chord_ns` is the time of the last chord, None before the first; notes within `quick_ns` are quick.
        """
        before_ns = self._notes[-1][0] if self._notes else None
        self._notes = [*self._notes[1 - _MEMORY :], (now_ns, pitch)]
        self._follow_trill(pitch)
        if self._main_pitch is not None:
            if self._may_change_in_trill(now_ns, pitch, place, last_chord_ns):
                return ChordWait(revises_chord=True)
            return ChordWait(max(_TRILL_WAIT_NS, quick_ns) if quick_ns else 0)
        if before_ns is None or now_ns - before_ns >= quick_ns:
            return ChordWait()
        if place.is_on_beat:
            from_beat_ns = abs(now_ns - place.beat_ns)
            if place.is_beat_known and from_beat_ns < min(_ON_BEAT_NS, abs(before_ns - place.beat_ns)):
                return ChordWait(revises_chord=True)
            if last_chord_ns is None or now_ns - last_chord_ns >= quick_ns:
                return ChordWait()
        return ChordWait(quick_ns)

    def _may_change_in_trill(self, now_ns: int, pitch: int, place: BeatPlace, last_chord_ns: int | None) -> bool:
        has_lasted = last_chord_ns is None or now_ns - last_chord_ns >= 2 * _TRILL_NS
        return place.is_on_beat and pitch == self._main_pitch and has_lasted

    def _follow_trill(self, pitch: int) -> None:
        """Find out whether a trill goes on with this note."""
        if len(self._notes) < _MEMORY:
            self._main_pitch = None
            return
        times, pitches = zip(*self._notes, strict=True)
        is_even = max(times[1] - times[0], times[2] - times[1]) < _TRILL_NS
        alternates = pitches[0] == pitch and 0 < abs(pitches[1] - pitch) <= _TRILL_SEMITONES
        if not (is_even and alternates):
            self._main_pitch = None
        elif self._main_pitch is None:
            self._main_pitch = pitch
