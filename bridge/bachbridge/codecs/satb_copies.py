"""Frames that may come next because the last frames occurred before in the same piece, also transposed.

A *match* pairs the last frame with an earlier one, `interval` semitones below it. Its length in a voice is the number
of times that the voice has moved in the frames up to both, all the while at the same interval; its length in all voices
is counted likewise. The frame after the earlier one, moved by the interval, is a *copy*: a guess at the next frame.
Compressors predict from such matches (the match model of M. Mahoney's PAQ). How far each copy is to be trusted, the
network decides (S. Merity et al., "Pointer sentinel mixture models", ICLR 2017).

What is remembered of the past is an array of bytes that the caller keeps with the network's state, a row for each
piece. They are never negative and below 127, so that any four of them may be carried about as one finite 32-bit float.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Ints
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES

COPY_COUNT = 8
"""Copies that are kept: the most trustworthy ones. There are rarely more."""
_REACH = 512
"""Frames that are remembered."""
_MAX_INTERVAL = 12
_MAX_MOVES = 15
_MIN_VOICE_MOVES = 2
"""Length of a match in one voice from which its copy is considered; in all voices together it is 1."""
_MAX_PAIRS = 64
"""Pairs of a match and a leading voice that are looked at, the longest ones first."""
_NEAR_KEYS = (5, 7)
"""Intervals to the nearest keys, in semitones."""
_ALIGNMENTS = (16 * STEPS_PER_BEAT, 4 * STEPS_PER_BEAT, STEPS_PER_BEAT)
"""Distances in steps of which a copy's distance may be a multiple."""
_DISTANCES, _COUNTS = (8, 16, 32, 64, 96, 128, 192), (2, 3, 4, 6, 8, 12, 16)
"""Lower bounds of the buckets for the distance of a copy in steps, and for how many pairs suggest it."""
_LENGTHS = (1, 2, 4)
"""Lower bounds of the buckets for the length in all voices that is seen together with the alignment."""
_FIELD_SIZES = (
    *(_MAX_MOVES + 1,) * (1 + len(VOICES)),
    (len(_LENGTHS) + 1) * (len(_ALIGNMENTS) + 1),
    3,
    len(_ALIGNMENTS) + 1,
    len(_DISTANCES) + 1,
    len(_COUNTS) + 1,
)
_FIELD_OFFSETS = np.cumsum((0, *_FIELD_SIZES[:-1])).astype(np.int32)
FEATURE_COUNT, FEATURE_ROWS = len(_FIELD_SIZES), int(sum(_FIELD_SIZES))
"""Feature ids of a copy, and rows of the table that they point into."""
NO_COPY = FEATURE_ROWS
"""First feature id where there is no copy."""
COPY_FIELDS = len(VOICES) + FEATURE_COUNT
"""Numbers that describe a copy: its pitch indices, then its feature ids."""
_LENGTH_TRACKS = slice(0, 1 + len(VOICES))
_FRAME_TRACKS = slice(_LENGTH_TRACKS.stop, _LENGTH_TRACKS.stop + len(VOICES))
_SAME_TRACKS = slice(_FRAME_TRACKS.stop, _FRAME_TRACKS.stop + 2 * len(VOICES) - 1)
MEMORY_SIZE = _SAME_TRACKS.stop * _REACH
"""Bytes in a memory: tracks of `_REACH` numbers each, oldest frame first.

The tracks are the lengths of each frame's match with the last one, in all voices and in each; then each voice's pitch
indices; then what has to be the same in two frames if a match goes on: each voice's motion from the frame before, and
the intervals between the first voice and the others. Before the first frame there are rests.
"""
_UNISON = 50
"""A motion or an interval of no semitones in a track; others are added to it."""
_REST_MOTION, _NO_MOTION = 120, 121
"""The motion of a voice that rests now or did before: in a track, and where tracks are compared with it."""
_LEADER_LENGTHS = np.array([1, *(_MIN_VOICE_MOVES,) * len(VOICES)], np.int8)[:, None]

Memory = NDArray[np.int8]
"""The memories of some pieces, `[row, byte]`; bytes after the first `MEMORY_SIZE` are not looked at."""


def empty_memory(rows: int) -> Memory:
    """Return the memory before the first frame."""
    return np.zeros((rows, MEMORY_SIZE), np.int8)


def remember(memory: Memory, pitch_indices: Ints) -> tuple[Memory, Ints]:
    """Return the memory after one frame more, `pitch_indices[row, voice]`, and the copies after it (see `copies`)."""
    after = memory.copy()
    for row, frame in enumerate(pitch_indices.tolist()):
        _add_frame(_tracks(memory[row]), _tracks(after[row]), frame)
    return after, copies(after)


def copies(memory: Memory) -> Ints:
    """Return the likeliest copies, `[row, copy, field]` with `COPY_FIELDS`, and `NO_COPY` where there are fewer."""
    found = np.zeros((len(memory), COPY_COUNT, COPY_FIELDS), np.int32)
    found[:, :, len(VOICES)] = NO_COPY
    for row, numbers in enumerate(memory):
        if best := _best_copies(_tracks(numbers)):
            found[row, : len(best)] = best
            found[row, : len(best), len(VOICES) :] += _FIELD_OFFSETS
    return found


def _tracks(numbers: Memory) -> Memory:
    """Return a view of one piece's memory, `[track, step]`."""
    return numbers[:MEMORY_SIZE].reshape(-1, _REACH)


def _add_frame(before: Memory, after: Memory, frame: list[int]) -> None:
    """Append a frame of pitch indices to the tracks `before`; the oldest one is forgotten.

    A match goes on if both frames have moved by the same interval. Its length then belongs to the frame after the
    earlier one, which takes that one's place in the tracks. So the lengths stay where they are.
    """
    moved = [now - then for now, then in zip(frame, before[_FRAME_TRACKS, -1].tolist(), strict=True)]
    sounds = [now > REST and now - by > REST for now, by in zip(frame, moved, strict=True)]
    motions = [_UNISON + by if on else _REST_MOTION for by, on in zip(moved, sounds, strict=True)]
    intervals = [_UNISON + pitch - frame[0] for pitch in frame[1:]]
    wanted = [by if on else _NO_MOTION for by, on in zip(motions, sounds, strict=True)] + intervals
    is_same = np.empty((1 + len(wanted), _REACH - 1), bool)
    np.equal(before[_SAME_TRACKS, 1:], np.array(wanted, np.int8)[:, None], out=is_same[1:])
    nearest = np.array(frame, np.int8)[:, None] - _MAX_INTERVAL
    is_same[1 : 1 + len(VOICES)] &= (before[_FRAME_TRACKS, 1:] - nearest).view(np.uint8) <= 2 * _MAX_INTERVAL
    is_same[1:].all(axis=0, out=is_same[0])
    lengths = after[_LENGTH_TRACKS, :-1]
    if any(moved):
        lengths += np.array([1, *(by != 0 for by in moved)], np.int8)[:, None]
        np.minimum(lengths, _MAX_MOVES, out=lengths)
    lengths *= is_same[_LENGTH_TRACKS].view(np.int8)
    after[_FRAME_TRACKS.start :, :-1] = before[_FRAME_TRACKS.start :, 1:]
    after[_FRAME_TRACKS.start :, -1] = frame + motions + intervals


@dataclass(frozen=True, slots=True)
class _Pair:
    """A match and the voice that leads it: the frame that they suggest, at `interval` from one `distance` steps ago.

    `lengths` are those of the match, in all voices and in each; 0 in voices that are at another interval.
    """

    frame: tuple[int, ...]
    interval: int
    distance: int
    lengths: tuple[int, ...]

    @property
    def trust(self) -> float:
        """The rank of the pair, by which copies are chosen: long matches, the same pitch, whole bars or beats."""
        whole = _ALL_VOICES_TRUST * self.lengths[0] + sum(self.lengths[1:])
        return whole + 0.5 * (self.interval == 0) + 0.5 * _WHOLE_BEATS[_BY_ALIGNMENT[self.distance]]


def _best_copies(tracks: Memory) -> list[list[int]]:
    """Return the best copies `[copy][field]` of one piece; pairs that suggest the same frame make one copy.

    The ids of a copy's features are counted from each feature's first one. There are rarely more than five pairs, so
    lists take less time than arrays.
    """
    pairs = sorted(_pairs(tracks), key=attrgetter("trust"), reverse=True)
    by_frame: dict[tuple[int, ...], list[_Pair]] = {}
    for pair in pairs:
        by_frame.setdefault(pair.frame, []).append(pair)
    alike = islice(by_frame.values(), COPY_COUNT)
    return [[*same[0].frame, *_feature_ids(same[0], len(same))] for same in alike]


def _pairs(tracks: Memory) -> list[_Pair]:
    """Return the pairs whose frames are in the range of pitch indices, the earliest ones first."""
    lengths, frames = tracks[_LENGTH_TRACKS, :-1], tracks[_FRAME_TRACKS]
    is_leader = lengths >= _LEADER_LENGTHS
    if not np.count_nonzero(is_leader):
        return []
    steps = np.flatnonzero(is_leader.any(axis=0))
    numbers = (array.T.tolist() for array in (lengths[:, steps], frames[:, steps], frames[:, steps + 1]))
    now = frames[:, -1].tolist()
    leads = [
        (step, voice, length, earlier, source)
        for step, length, earlier, source in zip(steps.tolist(), *numbers, strict=True)
        for voice in range(len(VOICES))
        if length[1 + voice] >= _MIN_VOICE_MOVES or (voice == 0 and length[0])
    ]
    if len(leads) > _MAX_PAIRS:
        longest = sorted(range(len(leads)), key=lambda number: -sum(leads[number][2]))[:_MAX_PAIRS]
        leads = [leads[number] for number in sorted(longest)]
    found: list[_Pair] = []
    for step, voice, length, earlier, source in leads:
        interval = now[voice] - earlier[voice]
        frame = tuple(pitch + interval if pitch > REST else REST for pitch in source)
        if all(REST < pitch < PITCH_INDEX_COUNT or was == REST for pitch, was in zip(frame, source, strict=True)):
            same = (by if n - e == interval else 0 for by, n, e in zip(length[1:], now, earlier, strict=True))
            found.append(_Pair(frame, interval, _REACH - 1 - step, (length[0], *same)))
    return found


_ALL_VOICES_TRUST = 4
"""Weight of the length in all voices, where the most trustworthy copies are chosen; that of each voice's is 1."""
_WHOLE_BEATS = (2, 2, 1, 0)
"""Points for a distance of whole bars or beats, by alignment."""
_BY_ALIGNMENT = [
    next((n for n, steps in enumerate(_ALIGNMENTS) if not at % steps), len(_ALIGNMENTS)) for at in range(_REACH + 1)
]
"""Alignment by distance."""


def _feature_ids(pair: _Pair, count: int) -> tuple[int, ...]:
    """Return the feature ids of a copy: match lengths, interval, place in the bar, distance, support."""
    alignment, interval = _BY_ALIGNMENT[pair.distance], abs(pair.interval)
    return (
        *pair.lengths,
        (len(_ALIGNMENTS) + 1) * bisect_right(_LENGTHS, pair.lengths[0]) + alignment,
        0 if interval == 0 else 1 if interval in _NEAR_KEYS else 2,
        alignment,
        bisect_right(_DISTANCES, pair.distance),
        bisect_right(_COUNTS, count),
    )


def piece_copies(pitch_indices: Ints) -> Ints:
    """Return the copies before each frame of a whole piece, `[step, copy, field]` for `pitch_indices[step, voice]`."""
    memory, rows = empty_memory(1), list[Ints]()
    rows.append(copies(memory)[0])
    for frame in pitch_indices[:-1]:
        memory, found = remember(memory, frame[None])
        rows.append(found[0])
    return np.stack(rows)
