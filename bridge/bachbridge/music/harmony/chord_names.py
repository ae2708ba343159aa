"""Chords found in sounding pitches, and their names as musicians write them: "G", "Am7", "D7/F#", "Bdim", "Gsus4".

A chord is a root that sounds and a quality: the intervals of the other chord notes above the root. As in B. Pardo and
W. P. Birmingham, "Algorithms for chordal analysis", Computer Music Journal 26 (2), 2002, each sounding pitch class is
tried as the root of each quality. The reading with the fewest foreign notes is chosen, and among those the one that
lacks least and is simplest; a key decides where the notes alone do not (the root of a diminished seventh, the missing
fifth). A reading depends only on the set of pitch classes, the bass and the key, so each is found once and kept.

Names are spelled on the line of fifths (see `spelling`): the root as the key wants it, the bass as its note of the
chord.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bachbridge.music.harmony.spelling import fifths_place, key_signature_fifths, place_name
from bachbridge.music.notes import Key, scale_pitch_classes

_C_MAJOR: Key = (0, False)


@dataclass(frozen=True, slots=True)
class ChordQuality:
    """A kind of chord, with the symbol that follows the root's name, and its intervals above the root in semitones.

    `triad` is the kind of its triad: "major", "minor", "diminished", "augmented", or "other" for one without a third.
    `places` holds the intervals as steps on the line of fifths: 4 is a major third, -3 a minor third. `rarity` makes a
    reading dearer, in the unit of a foreign note.
    """

    symbol: str
    triad: str
    intervals: tuple[int, ...]
    places: tuple[int, ...]
    rarity: float = 0.0

    @property
    def has_seventh(self) -> bool:
        return bool({9, 10, 11} & set(self.intervals))


QUALITIES = (
    ChordQuality("", "major", (0, 4, 7), (0, 4, 1)),
    ChordQuality("m", "minor", (0, 3, 7), (0, -3, 1)),
    ChordQuality("dim", "diminished", (0, 3, 6), (0, -3, -6)),
    ChordQuality("aug", "augmented", (0, 4, 8), (0, 4, 8), 0.1),
    ChordQuality("7", "major", (0, 4, 7, 10), (0, 4, 1, -2), 0.1),
    ChordQuality("maj7", "major", (0, 4, 7, 11), (0, 4, 1, 5), 0.15),
    ChordQuality("m7", "minor", (0, 3, 7, 10), (0, -3, 1, -2), 0.12),
    ChordQuality("m7b5", "diminished", (0, 3, 6, 10), (0, -3, -6, -2), 0.25),
    ChordQuality("dim7", "diminished", (0, 3, 6, 9), (0, -3, -6, -9), 0.12),
    ChordQuality("m(maj7)", "minor", (0, 3, 7, 11), (0, -3, 1, 5), 0.3),
    ChordQuality("7#5", "augmented", (0, 4, 8, 10), (0, 4, 8, -2), 0.35),
    ChordQuality("maj7#5", "augmented", (0, 4, 8, 11), (0, 4, 8, 5), 0.35),
    ChordQuality("9", "major", (0, 4, 7, 10, 2), (0, 4, 1, -2, 2), 0.5),
    ChordQuality("maj9", "major", (0, 4, 7, 11, 2), (0, 4, 1, 5, 2), 0.55),
    ChordQuality("m9", "minor", (0, 3, 7, 10, 2), (0, -3, 1, -2, 2), 0.5),
    ChordQuality("add9", "major", (0, 4, 7, 2), (0, 4, 1, 2), 0.5),
    ChordQuality("m(add9)", "minor", (0, 3, 7, 2), (0, -3, 1, 2), 0.5),
    ChordQuality("sus4", "other", (0, 5, 7), (0, -1, 1), 0.3),
    ChordQuality("sus2", "other", (0, 2, 7), (0, 2, 1), 0.35),
    ChordQuality("7sus4", "other", (0, 5, 7, 10), (0, -1, 1, -2), 0.35),
    ChordQuality("5", "other", (0, 7), (0, 1), 0.2),
)
"""All kinds of chords that are recognized."""

_QUALITY_BY_SYMBOL = {quality.symbol: quality for quality in QUALITIES}
_NINTH = 2
_WITHOUT_NINTH = {"add9": "", "m(add9)": "m", "9": "7", "maj9": "maj7", "m9": "m7"}
"""Chords with a ninth: if it is the bass, they are chords over a foreign bass, such as "C/D"."""
_MISSING_COSTS = {2: 0.8, 3: 0.8, 4: 0.8, 5: 0.8, 6: 0.25, 7: 0.2, 8: 0.6, 9: 0.8, 10: 0.9, 11: 0.9}
"""Cost of a chord note that does not sound, by its interval, in the unit of a foreign note."""
_ABOVE_BASS_COST = 0.1
"""Cost of a root that is not the bass."""
_OUTSIDE_COST = 0.1
"""Cost of each note of the full chord outside the key."""
_MAX_OUTSIDE_COST = _OUTSIDE_COST * max(len(quality.intervals) for quality in QUALITIES)
_ROOT_GAINS = (
    dict.fromkeys([("dim7", 11), ("dim7", 1), ("dim7", 6), ("aug", 0), ("aug", 7)], 0.15)
    | dict.fromkeys([("dim7", 8), ("dim7", 3), ("dim7", 4)], 0.1),
    {("dim7", 11): 0.45, ("dim7", 4): 0.15, ("dim7", 6): 0.15, ("aug", 3): 0.2, ("aug", 7): 0.05},
)
"""Gains of the roots that a major or minor key prefers in chords of equal intervals, by semitones above the tonic.

Diminished sevenths lead to degrees of the key; a third step lies over its leading note.
"""
_MASKS = tuple(sum(1 << interval for interval in quality.intervals) for quality in QUALITIES)


@dataclass(frozen=True, slots=True)
class ChordReading:
    """A chord as it is understood: pitch class of the root (0 = C), quality, pitch class of the bass, foreign notes."""

    root: int
    quality: ChordQuality
    bass: int
    foreign: tuple[int, ...] = ()
    """Pitch classes that sound and do not belong to the chord."""

    @property
    def inversion(self) -> int | None:
        """Which chord note the bass is: 0 root, 1 third or suspension, 2 fifth, 3 seventh; None if it is foreign."""
        interval = (self.bass - self.root) % 12
        intervals = self.quality.intervals
        return intervals.index(interval) if interval in intervals else None


def find_chord(pitches: Iterable[int], key: Key | None = None) -> ChordReading | None:
    """Return the chord of sounding MIDI pitches, the lowest of which is the bass; None for fewer than two notes.

    Octaves count once: a pitch class alone is no chord.
    """
    sounding = tuple(pitches)
    mask = 0
    for pitch in sounding:
        mask |= 1 << pitch % 12
    if not mask & mask - 1:
        return None
    return _cheapest_reading(mask, min(sounding) % 12, key)


def chord_name(chord: ChordReading, key: Key | None = None) -> str:
    """Return the chord's name in the spelling that the key wants; "D7/F#" if another note than the root is the bass."""
    root_place = _root_place(chord, key)
    name = place_name(root_place) + chord.quality.symbol
    if chord.bass == chord.root:
        return name
    inversion = chord.inversion
    if inversion is None:
        known = key or _C_MAJOR
        bass_place = fifths_place(chord.bass, key_signature_fifths(known) - (2 if known[1] else 4))
    else:
        bass_place = root_place + chord.quality.places[inversion]
    return f"{name}/{place_name(bass_place)}"


def _root_place(chord: ChordReading, key: Key | None) -> int:
    """Return the root's place on the line of fifths.

    Diminished chords lead upwards, so their roots are raised notes of the key: C#dim, but Db major, in C major.
    """
    key = key or _C_MAJOR
    is_diminished, minor = chord.quality.triad == "diminished", key[1]
    places_below = 1 if is_diminished else 3 if minor else 5
    return fifths_place(chord.root, key_signature_fifths(key) - places_below)


@lru_cache(maxsize=8192)
def _cheapest_reading(mask: int, bass: int, key: Key | None) -> ChordReading:
    """Return the cheapest reading of the pitch classes whose bits `mask` has."""
    best_cost, best_root, best_quality = float("inf"), bass, QUALITIES[0]
    scale = _scale_mask(key)
    for root in range(12):
        if not mask >> root & 1:
            continue
        relative = _rotated(mask, root)
        cost, quality = _cheapest_quality(relative, _rotated(scale, root) if key else 0xFFF)
        cost += _ABOVE_BASS_COST * (root != bass)
        if key:
            cost -= _ROOT_GAINS[key[1]].get((quality.symbol, (root - key[0]) % 12), 0.0)
        if cost < best_cost:
            best_cost, best_root, best_quality = cost, root, quality
    if (bass - best_root) % 12 == _NINTH and best_quality.symbol in _WITHOUT_NINTH:
        best_quality = _QUALITY_BY_SYMBOL[_WITHOUT_NINTH[best_quality.symbol]]
    chord_notes = {(best_root + interval) % 12 for interval in best_quality.intervals}
    foreign = tuple(note for note in range(12) if mask >> note & 1 and note not in chord_notes)
    return ChordReading(best_root, best_quality, bass, foreign)


def _cheapest_quality(relative: int, scale: int) -> tuple[float, ChordQuality]:
    """Return the quality that fits the notes `relative` to a root best, with its cost.

    `scale` holds the notes of the key, relative to the root as well.
    """
    best_cost, best_quality = float("inf"), QUALITIES[0]
    for base_cost, index in _likely_qualities(relative):
        cost = base_cost + _OUTSIDE_COST * (_MASKS[index] & ~scale).bit_count()
        if cost < best_cost:
            best_cost, best_quality = cost, QUALITIES[index]
    return best_cost, best_quality


@lru_cache(maxsize=2048)
def _likely_qualities(relative: int) -> tuple[tuple[float, int], ...]:
    """Return the cost without a key, and the index, of each quality that may be the cheapest in some key."""
    costs: list[tuple[float, int]] = []
    limit = float("inf")
    for index, chord_mask in enumerate(_MASKS):
        cost = QUALITIES[index].rarity + (relative & ~chord_mask).bit_count()
        if cost <= limit:
            cost += _missing_cost(chord_mask & ~relative)
            costs.append((cost, index))
            limit = min(limit, cost + _MAX_OUTSIDE_COST)
    return tuple(pair for pair in costs if pair[0] <= limit)


@lru_cache(maxsize=256)
def _missing_cost(missing: int) -> float:
    return sum(cost for interval, cost in _MISSING_COSTS.items() if missing >> interval & 1)


@lru_cache(maxsize=32)
def _scale_mask(key: Key | None) -> int:
    return sum(1 << note for note in scale_pitch_classes(key)) if key else 0xFFF


def _rotated(mask: int, root: int) -> int:
    """Return the pitch classes of `mask` as intervals above `root`."""
    return (mask >> root | mask << 12 - root) & 0xFFF
