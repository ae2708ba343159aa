"""Measures of where phrases go: their last chords, cadences, and how dissonances and leading notes resolve.

A piece gives `CloseCounts`; counts of pieces add up, and their ratios are the `CloseMeasures`. The same code counts
in Bach's own voices. The chord of a phrase end is what sounds where its last note begins. It is an authentic close
if the chord before it is V over its root, or vii°, of the triad that is reached in root position. "Beat": a quarter.

A seventh is counted where it sounds on a beat, and resolves where its voice next moves. The leading note is that of
dominant sevenths and diminished chords, in soprano and bass, where the voice moves on at once. A dissonance is a note
that is foreign to the triad of its chord, struck on a beat. Roots are compared from beat to beat.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from bachbridge.music.frames import REST, Bools, Ints, midi_pitch
from bachbridge.music.harmony.chord_names import ChordReading
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Key
from bachbridge.music.phrasing.sounding_chords import (
    BASS,
    dissonant_classes,
    final_root,
    frame_chords,
    is_dominant_of,
    is_root_position_triad,
    is_unstable,
    leading_note_of,
    seventh_of,
)
from bachbridge.music.voice_leading import MAX_STEP_SEMITONES

_THIRDS = (3, 4, 8, 9)
_MAJOR_THIRD = 4


@dataclass(frozen=True, slots=True)
class PhrasedFrames:
    """A piece: `pitch_indices[step, voice]`, `onsets[step, voice]`, `position[step]` in the bar.

    `ends[n]` are the first step and the length, in steps, of the phrases' last notes. `home` is the key in which the
    piece should end; None if that is not known.
    """

    pitch_indices: Ints
    onsets: Bools
    position: Ints
    ends: Sequence[tuple[int, int]]
    home: Key | None


@dataclass(frozen=True, slots=True)
class CloseCounts:
    """Counts in one piece or in several; each field named after a measure is a part of the field before its group."""

    phrase_ends: int = 0
    triad_ends: int = 0
    unstable_ends: int = 0
    authentic_ends: int = 0
    moving_ends: int = 0
    finals: int = 0
    home_finals: int = 0
    minor_finals: int = 0
    picardy_thirds: int = 0
    sevenths: int = 0
    sevenths_down: int = 0
    leading_notes: int = 0
    leading_notes_up: int = 0
    beat_dissonances: int = 0
    leapt_dissonances: int = 0
    root_moves: int = 0
    third_moves: int = 0

    def __add__(self, other: "CloseCounts") -> "CloseCounts":
        return CloseCounts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True, slots=True)
class CloseMeasures:
    """Shares from 0 to 1; None where nothing was counted."""

    phrase_ends: int
    triad_ends: float | None
    unstable_ends: float | None
    authentic_ends: float | None
    moving_ends: float | None
    home_finals: float | None
    picardy_thirds: float | None
    sevenths_down: float | None
    leading_notes_up: float | None
    leapt_dissonances: float | None
    third_moves: float | None


def compute_close_measures(pieces: Sequence[PhrasedFrames]) -> CloseMeasures:
    """Return the measures of all pieces together."""
    return measures_from_counts(sum(map(count_closes, pieces), CloseCounts()))


def measures_from_counts(counts: CloseCounts) -> CloseMeasures:
    """Return the ratios of the counts."""

    def share(part: int, whole: int) -> float | None:
        return part / whole if whole else None

    return CloseMeasures(
        phrase_ends=counts.phrase_ends,
        triad_ends=share(counts.triad_ends, counts.phrase_ends),
        unstable_ends=share(counts.unstable_ends, counts.phrase_ends),
        authentic_ends=share(counts.authentic_ends, counts.phrase_ends),
        moving_ends=share(counts.moving_ends, counts.phrase_ends),
        home_finals=share(counts.home_finals, counts.finals),
        picardy_thirds=share(counts.picardy_thirds, counts.minor_finals),
        sevenths_down=share(counts.sevenths_down, counts.sevenths),
        leading_notes_up=share(counts.leading_notes_up, counts.leading_notes),
        leapt_dissonances=share(counts.leapt_dissonances, counts.beat_dissonances),
        third_moves=share(counts.third_moves, counts.root_moves),
    )


def count_closes(piece: PhrasedFrames) -> CloseCounts:
    """Count in one piece."""
    chords = frame_chords(piece.pitch_indices)
    return (
        _count_ends(piece, chords)
        + _count_finals(piece)
        + _count_sevenths(piece, chords)
        + _count_leading_notes(piece.pitch_indices, chords)
        + _count_dissonances(piece, chords)
        + _count_root_moves(piece, chords)
    )


def is_authentic_close(pitch_indices: Ints, step: int) -> bool:
    """Return True if the frame at `step` is a triad in root position after its V or vii°."""
    if step < 1 or not is_root_position_triad(pitch_indices[step]):
        return False
    before = frame_chords(pitch_indices[step - 1 : step])[0]
    return is_dominant_of(before, midi_pitch(int(pitch_indices[step, BASS])) % 12)


def _count_ends(piece: PhrasedFrames, chords: Sequence[ChordReading | None]) -> CloseCounts:
    frames = piece.pitch_indices
    ends = [(step, min(length, len(frames) - step)) for step, length in piece.ends if 0 <= step < len(frames)]
    return CloseCounts(
        phrase_ends=len(ends),
        triad_ends=sum(bool(is_root_position_triad(frames[step])) for step, _ in ends),
        unstable_ends=sum(is_unstable(chords[step]) for step, _ in ends),
        authentic_ends=sum(is_authentic_close(frames, step) for step, _ in ends),
        moving_ends=sum(_moves_in_second_half(frames[step : step + length]) for step, length in ends),
    )


def _moves_in_second_half(frames: Ints) -> bool:
    half = (len(frames) + 1) // 2
    return half < len(frames) and bool((frames[half:] != frames[half - 1 : -1]).any())


def _count_finals(piece: PhrasedFrames) -> CloseCounts:
    """Count the last chord: is it on the home tonic, and if the piece is in minor, has it the Picardy third?"""
    if piece.home is None or not (piece.pitch_indices > REST).any():
        return CloseCounts()
    tonic, minor = piece.home
    is_home = final_root(piece.pitch_indices) == tonic
    last = piece.pitch_indices[np.flatnonzero((piece.pitch_indices > REST).any(axis=1))[-1]]
    has_third = any(index > REST and (midi_pitch(index) - tonic) % 12 == _MAJOR_THIRD for index in last.tolist())
    return CloseCounts(
        finals=1, home_finals=int(is_home), minor_finals=int(minor), picardy_thirds=int(minor and is_home and has_third)
    )


def _beats(piece: PhrasedFrames) -> list[int]:
    return np.flatnonzero(piece.position % STEPS_PER_BEAT == 0).tolist()


def _voice_of_class(row: Ints, pitch_class: int) -> list[int]:
    return [voice for voice in range(len(VOICES)) if row[voice] > REST and midi_pitch(row[voice]) % 12 == pitch_class]


def _count_sevenths(piece: PhrasedFrames, chords: Sequence[ChordReading | None]) -> CloseCounts:
    frames, resolved = piece.pitch_indices, list[bool]()
    for step in _beats(piece):
        chord = chords[step]
        seventh = seventh_of(chord) if chord and not chord.foreign else None
        if seventh is None or (step and (frames[step] == frames[step - 1]).all()):
            continue
        for voice in _voice_of_class(frames[step], seventh):
            moves = np.flatnonzero(frames[step:, voice] != frames[step, voice])
            if len(moves) and frames[step + moves[0], voice] > REST:
                down = int(frames[step, voice] - frames[step + moves[0], voice])
                resolved.append(0 < down <= MAX_STEP_SEMITONES)
    return CloseCounts(sevenths=len(resolved), sevenths_down=sum(resolved))


def _count_leading_notes(frames: Ints, chords: Sequence[ChordReading | None]) -> CloseCounts:
    rises: list[bool] = []
    for step, chord in enumerate(chords[:-1]):
        leading_note = leading_note_of(chord) if chord else None
        if leading_note is None:
            continue
        for voice in _voice_of_class(frames[step], leading_note):
            motion = frames[step + 1, voice] - frames[step, voice]
            if voice in (0, BASS) and motion and frames[step + 1, voice] > REST:
                rises.append(bool(motion == 1))
    return CloseCounts(leading_notes=len(rises), leading_notes_up=sum(rises))


def _count_dissonances(piece: PhrasedFrames, chords: Sequence[ChordReading | None]) -> CloseCounts:
    frames, leaps = piece.pitch_indices, list[bool]()
    for step in _beats(piece):
        chord = chords[step]
        if step == 0 or chord is None:
            continue
        for pitch_class in dissonant_classes(chord):
            for voice in _voice_of_class(frames[step], pitch_class):
                if piece.onsets[step, voice]:
                    before = int(frames[step - 1, voice])
                    leaps.append(before > REST and abs(int(frames[step, voice]) - before) > MAX_STEP_SEMITONES)
    return CloseCounts(beat_dissonances=len(leaps), leapt_dissonances=sum(leaps))


def _count_root_moves(piece: PhrasedFrames, chords: Sequence[ChordReading | None]) -> CloseCounts:
    roots = [chord.root for step in _beats(piece) if (chord := chords[step])]
    moves = [(after - before) % 12 for before, after in pairwise(roots) if after != before]
    return CloseCounts(root_moves=len(moves), third_moves=sum(move in _THIRDS for move in moves))
