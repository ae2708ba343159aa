"""Measures of four-voice continuations: key, cadence, motion and memory of an answer to an opening.

An answer is compared with its opening: is each of its halves in the opening's key, or in a near one (a signature at
most a fifth away, so the relative key too), and does it end on the opening's tonic? Keys are found by how long each
pitch class sounds (`music.keys`), in the piece's own opening in all voices, whatever of it was given.

The last chord begins where the root of its sounding notes begins; it is an authentic close if V over its root or vii°
comes before it. A standstill is the time without an onset or a change in any voice. A bar has occurred before if
opening or answer held it note for note. The other measures are those of `music.metrics`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.music.frames import REST, Bools, Ints
from bachbridge.music.harmony.chord_names import ChordReading
from bachbridge.music.harmony.spelling import key_signature_fifths
from bachbridge.music.keys import key_from_durations, pitch_durations
from bachbridge.music.metrics import compute_metrics
from bachbridge.music.notes import STEPS_PER_BEAT, Key
from bachbridge.music.phrasing.sounding_chords import final_root, frame_chords, is_dominant_of, is_root_position_triad


@dataclass(frozen=True, slots=True)
class Continuation:
    """An opening and an answer, `opening[step, voice]` and `answer[step, voice]`, as pitch indices.

    `onsets[step, voice]` are the answer's. The opening has all four voices, also if only one of them was given.
    """

    opening: Ints
    answer: Ints
    onsets: Bools
    steps_per_bar: int


@dataclass(frozen=True, slots=True)
class ContinuationMeasures:
    """Shares from 0 to 1 of the answers, or of bars, cells and pairs; parallels per thousand pairs that both move.

    `longest_standstill` is the worst, in beats. `repeated_bars` counts bars that are the same in all voices,
    `repeated_melody_bars` those whose soprano is the same.
    """

    answers: int
    same_key_first_half: float
    near_key_first_half: float
    same_key_second_half: float
    near_key_second_half: float
    triad_ends: float
    tonic_ends: float
    authentic_ends: float
    beat_ends: float
    changed_cells: float
    longest_standstill: float
    repeated_bars: float
    repeated_melody_bars: float
    parallel_fifths: float
    parallel_octaves: float
    dissonant_pairs: float


def compute_continuation_measures(continuations: Sequence[Continuation]) -> ContinuationMeasures | None:
    """Return the measures of all continuations together; None if there are none."""
    if not continuations:
        return None
    keys = [frames_key(each.opening) for each in continuations]
    first = [frames_key(each.answer[: len(each.answer) // 2]) for each in continuations]
    second = [frames_key(each.answer[len(each.answer) // 2 :]) for each in continuations]
    ends = [_AnswerEnd.from_frames(each.answer) for each in continuations]
    metrics = compute_metrics([each.answer for each in continuations])

    def share(found: Sequence[bool]) -> float:
        return sum(found) / len(found)

    return ContinuationMeasures(
        answers=len(continuations),
        same_key_first_half=share([key is not None and key == each for key, each in zip(keys, first, strict=True)]),
        near_key_first_half=share([*map(are_near_keys, keys, first)]),
        same_key_second_half=share([key is not None and key == each for key, each in zip(keys, second, strict=True)]),
        near_key_second_half=share([*map(are_near_keys, keys, second)]),
        triad_ends=share([end.is_triad for end in ends]),
        tonic_ends=share(
            [end.is_triad and key is not None and end.root == key[0] for end, key in zip(ends, keys, strict=True)]
        ),
        authentic_ends=share([end.is_authentic for end in ends]),
        beat_ends=share([end.steps >= STEPS_PER_BEAT for end in ends]),
        changed_cells=metrics.changed_cells,
        longest_standstill=max(longest_standstill(each.answer, each.onsets) for each in continuations),
        repeated_bars=share([repeated for each in continuations for repeated in repeated_bars(each)]),
        repeated_melody_bars=share([repeated for each in continuations for repeated in repeated_bars(each, voices=1)]),
        parallel_fifths=metrics.parallel_fifths,
        parallel_octaves=metrics.parallel_octaves,
        dissonant_pairs=metrics.dissonant_pairs,
    )


def frames_key(pitch_indices: Ints) -> Key | None:
    """Return the key of frames by how long each pitch class sounds; None where that is too little."""
    return key_from_durations(pitch_durations(pitch_indices))


def are_near_keys(one: Key | None, other: Key | None) -> bool:
    """Return True if the signatures of two keys are at most a fifth apart."""
    if one is None or other is None:
        return False
    distance = (key_signature_fifths(one) - key_signature_fifths(other)) % 12
    return min(distance, 12 - distance) <= 1


def longest_standstill(pitch_indices: Ints, onsets: Bools) -> float:
    """Return the longest time, in beats, during which no voice moves, begins or ends."""
    if not len(pitch_indices):
        return 0.0
    moves: Bools = np.asarray(onsets.any(axis=1), np.bool_)
    moves[0] = True
    moves[1:] |= (pitch_indices[1:] != pitch_indices[:-1]).any(axis=1)
    edges = np.append(np.flatnonzero(moves), len(pitch_indices))
    return float(np.diff(edges).max() / STEPS_PER_BEAT)


def repeated_bars(continuation: Continuation, voices: int | None = None) -> list[bool]:
    """Return for each whole bar of the answer if it occurred before, in the uppermost `voices` (None: in all)."""
    size = continuation.steps_per_bar
    frames = np.concatenate([continuation.opening, continuation.answer])[:, :voices]
    # Bars are counted from the answer's beginning, and backwards from there.
    first = len(continuation.opening) % size
    bars = [frames[begin : begin + size].tobytes() for begin in range(first, len(frames) - size + 1, size)]
    opening_bars = len(continuation.opening) // size
    return [bars[number] in bars[:number] for number in range(opening_bars, len(bars))]


@dataclass(frozen=True, slots=True)
class _AnswerEnd:
    """The last chord of an answer: its root (-1 for silence) and for how many steps it sounds."""

    root: int
    steps: int
    is_triad: bool
    is_authentic: bool

    @classmethod
    def from_frames(cls, answer: Ints) -> "_AnswerEnd":
        sounding = np.flatnonzero((answer > REST).any(axis=1))
        if not len(sounding):
            return cls(-1, 0, is_triad=False, is_authentic=False)
        frames = answer[: sounding[-1] + 1]
        chords, root = frame_chords(frames), final_root(frames)
        begin = len(frames) - 1
        while begin > 0 and _has_root(chords[begin - 1], frames[begin - 1], root):
            begin -= 1
        is_triad = bool(is_root_position_triad(frames[-1]))
        is_authentic = is_triad and begin > 0 and is_dominant_of(chords[begin - 1], root)
        return cls(root, len(frames) - begin, is_triad=is_triad, is_authentic=is_authentic)


def _has_root(chord: ChordReading | None, frame: Ints, root: int) -> bool:
    """Return True if a frame's chord, or its single note, has this root."""
    if not (frame > REST).any():
        return False
    return final_root(frame[None]) == root if chord is None else chord.root == root
