"""Figures of live harmony: how chords begin, clash and move."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.cli.bench.harmony.virtual_player import HarmonizedTune
from bachbridge.music.frames import REST, Ints, pitch_index
from bachbridge.music.metrics import IN_TRIAD, compute_metrics
from bachbridge.music.notes import NS_PER_MS, VOICES, Note, scale_pitch_classes
from bachbridge.music.tonality.key_names import parse_key, parse_mode_final

_SETTLED_NS = 40 * NS_PER_MS
"""Wait after a note until its chord is looked at: inner voices may come 30 ms late."""
_REVISED_NS = 110 * NS_PER_MS
"""Longer wait where the chord of a note may be revised, for other keys that come a little later."""
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
    triads: float
    """Share of the chords, with the tune's note, that are a triad or part of one."""
    obeyed_classes: float | None
    """Share of the notes with a left hand's chord whose voices keep to its pitch classes; None without a left hand."""
    obeyed_bass: float | None
    """Share of them whose bass keeps to the bass."""


def compute_figures(performances: Sequence[HarmonizedTune]) -> Figures:
    """Return the figures of the performances; there must be at least one."""
    first = [_judge_first_chord(performance) for performance in performances]
    metrics = compute_metrics([_frames(performance) for performance in performances])
    notes = sum(len(performance.begins_ns) for performance in performances)
    sounded = [note for performance in performances for note in performance.sounded]
    obeyed = [judged for performance in performances for judged in _judge_obedience(performance)]
    return Figures(
        first_diatonic=float(np.mean([diatonic for diatonic, _ in first])),
        first_in_family=float(np.mean([in_family for _, in_family in first])),
        chords_in_key=float(np.mean([in_key for one in performances for in_key in _chords_in_key(one)])),
        clashes=sum(_count_clashes(performance) for performance in performances) / notes,
        parallels=metrics.parallel_fifths + metrics.parallel_octaves,
        changed_cells=metrics.changed_cells,
        no_chord=sum(_count_without_chord(performance) for performance in performances) / notes,
        short_notes=sum(note.off_ns - note.on_ns < _SHORT_NS for note in sounded) / max(1, len(sounded)),
        triads=float(np.mean([is_triad for performance in performances for is_triad in _are_triads(performance)])),
        obeyed_classes=float(np.mean([classes for classes, _ in obeyed])) if obeyed else None,
        obeyed_bass=float(np.mean([bass for _, bass in obeyed])) if obeyed else None,
    )


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


def _settled_chords(performance: HarmonizedTune) -> list[tuple[Note, dict[int, int]]]:
    """Return each of the tune's notes and the pitches of the voices under it, once its chord is settled."""
    wait_ns = _REVISED_NS if performance.melody.lower else _SETTLED_NS
    return [
        (note, performance.sounding_at(begin_ns + wait_ns))
        for note, begin_ns in zip(performance.melody.notes, performance.begins_ns, strict=True)
    ]


def _judge_first_chord(performance: HarmonizedTune) -> tuple[bool, bool]:
    """Tell whether the first chord with the tune's note is in the scale, and in a triad of the tonic's family."""
    melody = performance.melody
    first, chord = _settled_chords(performance)[0]
    pitch_classes = {first.pitch % 12, *(pitch % 12 for pitch in chord.values())}
    key = parse_key(melody.key)
    assert key
    in_family = any(pitch_classes <= triad for triad in tonic_family(melody.key))
    return bool(chord) and pitch_classes <= scale_pitch_classes(key), bool(chord) and in_family


def _chords_in_key(performance: HarmonizedTune) -> list[bool]:
    """Tell for each of the tune's notes in the key whether its chord is in the key too."""
    key = parse_key(performance.melody.key)
    assert key
    scale = scale_pitch_classes(key)
    return [
        {pitch % 12 for pitch in chord.values()} <= scale
        for note, chord in _settled_chords(performance)
        if note.pitch % 12 in scale
    ]


def _are_triads(performance: HarmonizedTune) -> list[bool]:
    """Tell for each of the tune's notes whether it and its chord are a triad or part of one."""
    bits = [
        sum(1 << pitch_class for pitch_class in {pitch % 12 for pitch in (note.pitch, *chord.values())})
        for note, chord in _settled_chords(performance)
    ]
    return [bool(IN_TRIAD[chord]) for chord in bits]


def _judge_obedience(performance: HarmonizedTune) -> list[tuple[bool, bool]]:
    """Tell for each note over a left hand's chord whether the voices keep to its pitch classes, and to its bass."""
    judged: list[tuple[bool, bool]] = []
    for note, voices in _settled_chords(performance):
        for chord in performance.melody.chords:
            if chord.start <= note.start < chord.start + chord.length:
                classes = {pitch % 12 for pitch in voices.values()}
                bass = voices.get(len(VOICES) - 1, -1) % 12
                keeps_to_chord = bool(voices) and classes <= {pitch % 12 for pitch in chord.pitches}
                judged.append((keeps_to_chord, bool(voices) and bass == chord.pitches[0] % 12))
    return judged


def _count_clashes(performance: HarmonizedTune) -> int:
    """Count the tune's notes that are a semitone from a sounding voice, in any octave."""
    return sum(
        any((note.pitch - pitch) % 12 in (1, 11) for pitch in chord.values())
        for note, chord in _settled_chords(performance)
    )


def _count_without_chord(performance: HarmonizedTune) -> int:
    """Count the tune's notes under which no chord was chosen before the next note.

    The key of another note in the same hand may come a moment earlier and bring the chord.
    """
    times, touch = np.array(performance.chord_times_ns), performance.melody.touch
    early_ns = touch.spread_ms * NS_PER_MS
    begins = performance.begins_ns
    ends = [*begins[1:], begins[-1] + performance.step_ns]
    spans = zip(begins, ends, strict=True)
    return sum(not ((times >= begin - early_ns) & (times < end - early_ns)).any() for begin, end in spans)


def _frames(performance: HarmonizedTune) -> Ints:
    """Return what sounds in each step, in its middle or when it is settled, `pitch_indices[step, voice]`.

    The tune is the first voice that does not sound otherwise.
    """
    sounded = {note.voice for note in performance.sounded}
    own = next((voice for voice in range(len(VOICES)) if voice not in sounded), 0)
    wait_ns = _REVISED_NS if performance.melody.lower else performance.step_ns // 2
    notes = performance.melody.notes
    frames = np.full((notes[-1].end, len(VOICES)), REST, np.int32)
    for note in notes:
        frames[note.start : note.end, own] = pitch_index(note.pitch)
    for step in range(len(frames)):
        chord = performance.sounding_at(performance.time_of(step) + wait_ns)
        for voice, pitch in chord.items():
            frames[step, voice] = pitch_index(pitch)
    return frames
