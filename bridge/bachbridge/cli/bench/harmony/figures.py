"""Figures of live harmony: how chords begin, clash and move."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from bachbridge.cli.bench.harmony.melodies import Melody
from bachbridge.cli.bench.harmony.virtual_player import HarmonizedTune
from bachbridge.music.frames import REST, Ints, pitch_index
from bachbridge.music.metrics import compute_metrics
from bachbridge.music.notes import NS_PER_MS, VOICES, scale_pitch_classes
from bachbridge.music.tonality.key_names import parse_key, parse_mode_final

_SETTLED_NS = 40 * NS_PER_MS
"""Wait after a note until its chord is looked at: inner voices may come 30 ms late."""
_SHORT_NS = 60 * NS_PER_MS
_MAJOR_FAMILY = ((0, 4, 7), (9, 0, 4), (7, 11, 2))
_MINOR_FAMILY = ((0, 3, 7), (3, 7, 10), (7, 11, 2), (7, 10, 2))
"""Tonic, relative and dominant: semitones above the tonic."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of some performances together: shares from 0 to 1, and parallels per thousand moving pairs of voices."""

    first_diatonic: float
    first_in_family: float
    chords_in_key: float
    """Share of chords without a foreign note, among those under notes of the key."""
    clashes: float
    parallels: float
    changed_cells: float
    no_chord: float
    short_notes: float


def compute_figures(performances: Sequence[tuple[Melody, HarmonizedTune]]) -> Figures:
    """Return the figures of the performances; there must be at least one."""
    first = [_judge_first_chord(melody, performance) for melody, performance in performances]
    metrics = compute_metrics([_frames(performance) for _, performance in performances])
    notes = sum(len(performance.notes) for _, performance in performances)
    sounded = [note for _, performance in performances for note in performance.sounded]
    return Figures(
        first_diatonic=float(np.mean([diatonic for diatonic, _ in first])),
        first_in_family=float(np.mean([in_family for _, in_family in first])),
        chords_in_key=float(np.mean([in_key for pair in performances for in_key in _chords_in_key(*pair)])),
        clashes=sum(_count_clashes(performance) for _, performance in performances) / notes,
        parallels=metrics.parallel_fifths + metrics.parallel_octaves,
        changed_cells=metrics.changed_cells,
        no_chord=sum(_count_without_chord(performance) for _, performance in performances) / notes,
        short_notes=sum(note.off_ns - note.on_ns < _SHORT_NS for note in sounded) / max(1, len(sounded)),
    )


FIGURE_NAMES = tuple(field.name for field in fields(Figures))


def tonic_family(key: str) -> list[frozenset[int]]:
    """Return the triads of tonic, relative and dominant, or those on the same degrees of a mode."""
    known, final = parse_key(key), parse_mode_final(key)
    assert known
    if final < 0:
        tonic, minor = known
        return [
            frozenset((tonic + degree) % 12 for degree in triad)
            for triad in (_MINOR_FAMILY if minor else _MAJOR_FAMILY)
        ]
    above = sorted((pitch_class - final) % 12 for pitch_class in scale_pitch_classes(known))
    return [frozenset((final + above[(degree + third) % 7]) % 12 for third in (0, 2, 4)) for degree in (0, 2, 4)]


def _judge_first_chord(melody: Melody, performance: HarmonizedTune) -> tuple[bool, bool]:
    """Tell whether the first chord with the tune's note is in the scale, and in a triad of the tonic's family."""
    first = performance.notes[0]
    chord = performance.sounding_at(performance.time_of(first.start) + _SETTLED_NS)
    pitch_classes = {first.pitch % 12, *(pitch % 12 for pitch in chord.values())}
    key = parse_key(melody.key)
    assert key
    in_family = any(pitch_classes <= triad for triad in tonic_family(melody.key))
    return bool(chord) and pitch_classes <= scale_pitch_classes(key), bool(chord) and in_family


def _chords_in_key(melody: Melody, performance: HarmonizedTune) -> list[bool]:
    """Tell for each of the tune's notes in the key whether its chord is in the key too."""
    key = parse_key(melody.key)
    assert key
    scale = scale_pitch_classes(key)
    return [
        {pitch % 12 for pitch in performance.sounding_at(performance.time_of(note.start) + _SETTLED_NS).values()}
        <= scale
        for note in performance.notes
        if note.pitch % 12 in scale
    ]


def _count_clashes(performance: HarmonizedTune) -> int:
    """Count the tune's notes that are a semitone from a sounding voice, in any octave."""
    count = 0
    for note in performance.notes:
        chord = performance.sounding_at(performance.time_of(note.start) + _SETTLED_NS)
        count += any((note.pitch - pitch) % 12 in (1, 11) for pitch in chord.values())
    return count


def _count_without_chord(performance: HarmonizedTune) -> int:
    """Count the tune's notes under which no chord was chosen before the next note."""
    times = np.array(performance.chord_times_ns)
    begins = [performance.time_of(note.start) for note in performance.notes]
    ends = [*begins[1:], begins[-1] + performance.step_ns]
    return sum(not ((times >= begin) & (times < end)).any() for begin, end in zip(begins, ends, strict=True))


def _frames(performance: HarmonizedTune) -> Ints:
    """Return what sounds in the middle of each step, `pitch_indices[step, voice]`."""
    frames = np.full((performance.notes[-1].end, len(VOICES)), REST, np.int32)
    for note in performance.notes:
        frames[note.start : note.end, 0] = pitch_index(note.pitch)
    for step in range(len(frames)):
        chord = performance.sounding_at(performance.time_of(step) + performance.step_ns // 2)
        for voice, pitch in chord.items():
            frames[step, voice] = pitch_index(pitch)
    return frames
