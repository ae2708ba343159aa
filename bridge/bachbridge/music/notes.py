"""Notes and phrases on the grid: the vocabulary that the engine, the codecs and the training share.

Musical time is an integer number of steps; a step is a 16th note (`STEPS_PER_BEAT` to a quarter). Real time
(nanoseconds) appears only in a note's `offset_ns`: how far from its grid line it was played. The module needs no numpy,
so that programs that only name keys and notes start quickly.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

STEPS_PER_BEAT = 4
NS_PER_MINUTE = 60_000_000_000
NS_PER_MS = 1_000_000
SEED_COUNT = 1 << 31
"""Seeds run from 0 to one less than this."""
VOICES = ("soprano", "alto", "tenor", "bass")
VOICE_RANGES = ((60, 81), (53, 74), (48, 69), (36, 64))
"""Lowest and highest MIDI pitch of each voice in Bach's chorales, in the order of `VOICES`."""

HARD_RULES = ("range", "crossing", "parallels", "leading-note")
VOICE_LEADING_RULES = (*HARD_RULES, "spacing", "leap", "hidden", "overlap", "key")
"""Names of the rules of voice-leading (see `voice_leading`): those that forbid, then those that only cost."""

Key = tuple[int, bool]
"""Tonic as a pitch class (0 = C), and True if the key is minor."""

BLACK_KEYS = frozenset({1, 3, 6, 8, 10})
"""Pitch classes of a piano's black keys."""
_PITCH_CLASS_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True, slots=True)
class Note:
    """One note: `start` and `length` in steps, `offset_ns` its micro-timing, `voice` an index into `VOICES`."""

    start: int
    length: int
    pitch: int
    velocity: int = 80
    voice: int = 0
    offset_ns: int = 0

    @property
    def end(self) -> int:
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Phrase:
    """Notes sorted by start, over `steps` steps; step 0 lies `position` steps into a bar of `steps_per_bar`.

    Where the bar lines are unknown (no clock, no file), `position` is None.
    """

    notes: tuple[Note, ...]
    steps: int
    steps_per_bar: int = 16
    position: int | None = None


def bpm_from_step_ns(step_ns: int) -> float:
    """Return the tempo, in quarter notes a minute, of steps that last `step_ns`."""
    return NS_PER_MINUTE / (step_ns * STEPS_PER_BEAT)


def step_ns_from_bpm(bpm: float) -> int:
    """Return the length of a step in nanoseconds at `bpm` quarter notes a minute."""
    return round(NS_PER_MINUTE / bpm / STEPS_PER_BEAT)


def pitch_name(pitch: int) -> str:
    """Return a MIDI pitch's name; 60 is C4 (the scientific convention, a setting in most DAWs)."""
    return f"{_PITCH_CLASS_NAMES[pitch % 12]}{pitch // 12 - 1}"


def fold_into_range(pitch: int, lowest: int, highest: int) -> int:
    """Move the pitch by as few octaves as bring it into `lowest` to `highest`, which are an octave apart or more."""
    if pitch < lowest:
        return pitch + 12 * -(-(lowest - pitch) // 12)
    return pitch - 12 * -(-(pitch - highest) // 12) if pitch > highest else pitch


def best_octave_shift(count_fitting: Callable[[int], int], max_octaves: int = 4) -> int:
    """Return the shift in semitones, whole octaves, after which most of the music fits where it is to be.

    `count_fitting(shift)` says how much of it fits; of equally good shifts the smallest is taken.
    """
    shifts = range(-12 * max_octaves, 12 * max_octaves + 1, 12)
    return max(shifts, key=lambda shift: (count_fitting(shift), -abs(shift)))


def keep_longest_notes(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return the notes in order of start, voice and pitch; of those that share all three, the longest.

    This joins the parts of an answer, in which a note may come again, longer.
    """
    kept: dict[tuple[int, int, int], Note] = {}
    for note in notes:
        key = (note.start, note.voice, note.pitch)
        if key not in kept or kept[key].length < note.length:
            kept[key] = note
    return tuple(kept[key] for key in sorted(kept))


_MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
_MINOR_SCALE = (0, 2, 3, 5, 7, 8, 9, 10, 11)
"""The natural scale with the raised sixth and seventh."""


def scale_pitch_classes(key: Key) -> frozenset[int]:
    """Return the pitch classes that belong to a key."""
    tonic, minor = key
    return frozenset((tonic + degree) % 12 for degree in (_MINOR_SCALE if minor else _MAJOR_SCALE))


def key_on_final(key: Key, final: int) -> Key:
    """Return the major or minor key whose tonic chord a mode has on its final, in the scale of `key`."""
    return final, (final + 3) % 12 in scale_pitch_classes(key)


def key_to_number(key: Key | None) -> int:
    """Return the key as messages carry it: the tonic's pitch class, 12 more for minor; -1 for no key."""
    return -1 if key is None else key[0] + 12 * key[1]


def key_from_number(number: int) -> Key | None:
    """Return the key of a number; the inverse of `key_to_number`."""
    return None if number < 0 else (number % 12, number >= 12)


_RENAMED_TONICS = {(1, False): "Db", (8, True): "G#"}
"""Tonics whose usual spelling is not the pitch's: it gives the key signature with fewer accidentals."""


def key_name(key: Key) -> str:
    """Return the key in words: "F# minor"."""
    tonic, minor = key
    return f"{_RENAMED_TONICS.get(key, _PITCH_CLASS_NAMES[tonic])} {'minor' if minor else 'major'}"
