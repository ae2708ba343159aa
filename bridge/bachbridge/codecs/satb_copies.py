"""Frames that may come next because the last frames occurred before in the same piece, also transposed.

A *match* pairs the last frame with an earlier one, `interval` semitones below it. Its length in a voice is the number
of times that the voice has moved in the frames up to both, all the while at the same interval; its length in all voices
is counted likewise. The frame after the earlier one, moved by the interval, is a *copy*: a guess at the next frame.
Compressors predict from such matches (the match model of M. Mahoney's PAQ). How far each copy is to be trusted, the
network decides (S. Merity et al., "Pointer sentinel mixture models", ICLR 2017).

What is remembered of the past is an array of bytes that the caller keeps with the network's state, a row for each
piece. They are never negative and below 127, so that any four of them may be carried about as one finite 32-bit float.
"""

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
_PITCH_PLACES = 64 ** np.arange(len(VOICES), dtype=np.int32)
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
"""What is remembered of some pieces, `[row, byte]`; bytes after the first `MEMORY_SIZE` are not looked at."""


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
        best = _best_copies(_tracks(numbers))
        found[row, : len(best)] = best
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


def _best_copies(tracks: Memory) -> Ints:
    """Return the best copies `[copy, field]` of one piece: a pair of a match and the voice that leads it makes one."""
    lengths, frames = tracks[_LENGTH_TRACKS, :-1], tracks[_FRAME_TRACKS]
    is_leader = lengths >= _LEADER_LENGTHS
    if not np.count_nonzero(is_leader):
        return np.zeros((0, COPY_FIELDS), np.int32)
    matches = np.flatnonzero(is_leader.any(axis=0))
    is_leader = is_leader[:, matches]
    is_leader[1] |= is_leader[0]
    pairs, leaders = np.nonzero(is_leader[1:].T)
    steps = matches[pairs]
    length = lengths[:, steps].T.astype(np.int32)
    if len(steps) > _MAX_PAIRS:
        longest = np.sort(np.argsort(-length.sum(axis=1), kind="stable")[:_MAX_PAIRS])
        steps, leaders, length = steps[longest], leaders[longest], length[longest]
    intervals = (frames[:, -1:] - frames[:, steps]).T
    interval = intervals[np.arange(len(steps)), leaders].astype(np.int32)
    length[:, 1:] *= intervals == interval[:, None]
    source = frames[:, steps + 1].T.astype(np.int32)
    pitches = np.where(source > REST, source + interval[:, None], REST)
    distance = _REACH - 1 - steps
    trust = length @ _TRUST + 0.5 * (interval == 0) + 0.5 * _WHOLE_BEATS[_BY_ALIGNMENT[distance]]
    trust[(((pitches > REST) != (source > REST)) | (pitches >= PITCH_INDEX_COUNT)).any(axis=1)] = -1
    order = np.argsort(-trust, kind="stable")
    by_frame: dict[int, list[int]] = {}
    for pair, code in zip(order.tolist(), (pitches[order] @ _PITCH_PLACES).tolist(), strict=True):
        by_frame.setdefault(code, []).append(pair)
    alike = list(by_frame.values())[:COPY_COUNT]
    chosen, counts = np.array([same[0] for same in alike]), np.array([len(same) for same in alike])
    ids = _feature_ids(length[chosen], interval[chosen], distance[chosen], counts)
    return np.concatenate([pitches[chosen], ids], axis=1)[trust[chosen] >= 0]


_TRUST = np.array([4.0, *(1.0,) * len(VOICES)])
"""Weights of the lengths of a match, where the most trustworthy copies are chosen."""
_WHOLE_BEATS = np.array([2, 2, 1, 0])
"""Points for a distance of whole bars or beats, by alignment."""
_BY_INTERVAL = np.array(
    [0 if interval == 0 else 1 if abs(interval) in _NEAR_KEYS else 2 for interval in range(-_MAX_INTERVAL, 13)]
)
_BY_ALIGNMENT = np.array(
    [next((n for n, steps in enumerate(_ALIGNMENTS) if not at % steps), len(_ALIGNMENTS)) for at in range(_REACH + 1)]
)
_BY_DISTANCE = np.searchsorted(_DISTANCES, np.arange(_REACH + 1), side="right")
_BY_COUNT = np.searchsorted(_COUNTS, np.arange(_MAX_PAIRS + 1), side="right")
_BY_LENGTH = np.searchsorted(_LENGTHS, np.arange(_MAX_MOVES + 1), side="right")
"""Feature ids by interval (from the lowest), by distance, by the number of pairs, by length."""


def _feature_ids(length: Ints, interval: Ints, distance: np.ndarray, counts: np.ndarray) -> Ints:
    """Return the feature ids `[copy, feature]`: match lengths, interval, place in the bar, distance, support."""
    ids = np.empty((len(length), FEATURE_COUNT), np.int32)
    ids[:, : 1 + len(VOICES)] = length
    ids[:, -5] = (len(_ALIGNMENTS) + 1) * _BY_LENGTH[length[:, 0]] + _BY_ALIGNMENT[distance]
    ids[:, -4] = _BY_INTERVAL[interval + _MAX_INTERVAL]
    ids[:, -3] = _BY_ALIGNMENT[distance]
    ids[:, -2] = _BY_DISTANCE[distance]
    ids[:, -1] = _BY_COUNT[counts]
    return ids + _FIELD_OFFSETS


def piece_copies(pitch_indices: Ints) -> Ints:
    """Return the copies before each frame of a whole piece, `[step, copy, field]` for `pitch_indices[step, voice]`."""
    memory, rows = empty_memory(1), list[Ints]()
    rows.append(copies(memory)[0])
    for frame in pitch_indices[:-1]:
        memory, found = remember(memory, frame[None])
        rows.append(found[0])
    return np.stack(rows)
