"""The moment at which another chord has come, told from passing notes and from broken chords.

A chord counts once it has sounded for a 16th. A single foreign note over the same bass, such as a passing seventh or
ninth, must last longer than an 8th. A chord that loses notes stays what it is, as long as its root sounds or nothing
contradicts it. Where fewer than three pitches sound at a time, those of the last beat count together, as in an Alberti
bass; three pitch classes are needed then, since two are a guess.
"""

from dataclasses import dataclass

from bachbridge.engine.hearing.sounding_pitches import SoundingPitches
from bachbridge.music.harmony.chord_names import ChordReading, find_chord
from bachbridge.music.notes import STEPS_PER_BEAT, Key

_SOLID_STEPS, _COLOUR_STEPS = 0.95, 2.5
"""Steps after which a note counts, and after which a single one renames a chord over the same bass."""
_FULL_TEXTURE = 3
"""Pitches at a time, or pitch classes in turn, that are a chord."""
_PLAIN_RARITY = 0.1
"""Chords with at least this `ChordQuality.rarity` have more notes than a triad, or other ones."""


@dataclass(frozen=True, slots=True)
class SoundingChord:
    """A chord that sounds since `since_ns`."""

    reading: ChordReading
    since_ns: int


@dataclass(frozen=True, slots=True)
class _Pool:
    """The pitches that count now, with the times at which they were struck; `is_full`: they sound together."""

    since_ns: dict[int, int]
    is_full: bool

    @property
    def pitch_classes(self) -> frozenset[int]:
        return frozenset(pitch % 12 for pitch in self.since_ns)

    @property
    def bass(self) -> int:
        return min(self.since_ns) % 12


def next_chord(
    now_ns: int, sounding: SoundingPitches, step_ns: int, chord: SoundingChord | None, key: Key | None
) -> SoundingChord | None:
    """Return the chord that counts from now on: `chord` itself if nothing contradicts it, None if it is over."""
    if not sounding.since_ns:
        return None if now_ns - sounding.last_off_ns >= STEPS_PER_BEAT * step_ns else chord
    pool = _pool(now_ns, sounding, step_ns)
    if not pool.since_ns:
        return chord
    if chord and pool.pitch_classes <= _chord_classes(chord.reading):
        return _within_chord(pool, chord, key)
    if not pool.is_full and len(pool.pitch_classes) < _FULL_TEXTURE:
        ages = [now_ns - since_ns for since_ns in sounding.since_ns.values()]
        return None if min(ages) >= STEPS_PER_BEAT * step_ns else chord
    reading = find_chord(pool.since_ns, key)
    if reading is None or _waits(now_ns, pool, reading, step_ns, chord):
        return chord
    new_ns = [
        since_ns
        for pitch, since_ns in pool.since_ns.items()
        if chord is None or pitch % 12 not in _chord_classes(chord.reading)
    ]
    return SoundingChord(reading, max(new_ns) if pool.is_full else min(new_ns))


def _pool(now_ns: int, sounding: SoundingPitches, step_ns: int) -> _Pool:
    min_ns = round(_SOLID_STEPS * step_ns)
    solid = {pitch: since_ns for pitch, since_ns in sounding.since_ns.items() if now_ns - since_ns >= min_ns}
    if len(solid) >= _FULL_TEXTURE:
        return _Pool(solid, is_full=True)
    begin_ns = now_ns - STEPS_PER_BEAT * step_ns
    past = {
        note.pitch: note.on_ns
        for note in sounding.past
        if note.off_ns >= begin_ns and note.off_ns - note.on_ns >= min_ns // 2 and note.on_ns >= begin_ns - step_ns
    }
    return _Pool({**past, **solid}, is_full=False)


def _chord_classes(reading: ChordReading) -> frozenset[int]:
    return frozenset((reading.root + interval) % 12 for interval in reading.quality.intervals) | {reading.bass}


def _within_chord(pool: _Pool, chord: SoundingChord, key: Key | None) -> SoundingChord:
    """Return the chord over its present bass; another chord if its root is gone."""
    if not pool.is_full:
        return chord
    reading = find_chord(pool.since_ns, key)
    has_root = chord.reading.root in pool.pitch_classes
    if reading is None or (has_root and pool.bass == chord.reading.bass):
        return chord
    if reading.foreign or (has_root and reading.root != chord.reading.root):
        return chord
    return SoundingChord(reading, pool.since_ns[min(pool.since_ns)])


def _waits(now_ns: int, pool: _Pool, reading: ChordReading, step_ns: int, chord: SoundingChord | None) -> bool:
    """Return True while the notes that are foreign to the present chord may be passing."""
    is_plain = not reading.foreign and reading.quality.rarity <= _PLAIN_RARITY and reading.quality.symbol != "7"
    if is_plain and (pool.is_full or reading.quality.triad != "other"):
        return False
    if not pool.is_full and reading.foreign:
        return True
    known = _chord_classes(chord.reading) if chord else frozenset[int]()
    if chord and not reading.foreign and pool.bass != chord.reading.bass:
        return False
    ages = [now_ns - since_ns for pitch, since_ns in pool.since_ns.items() if pitch % 12 not in known]
    if chord is None and not reading.foreign:
        return False
    return min(ages, default=0) < _COLOUR_STEPS * step_ns
