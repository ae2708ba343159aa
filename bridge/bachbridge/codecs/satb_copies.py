"""Frames that may come next because the last frames occurred before in the same piece, also transposed.

A *match* pairs the last frame with an earlier one, `interval` semitones below it. Its length in a voice is the number
of times that the voice has moved in the frames up to both, all the while at the same interval; its length in all voices
is counted likewise. The frame after the earlier one, moved by the interval, is a *copy*: a guess at the next frame.
Compressors predict from such matches (the match model of M. Mahoney's PAQ). How far each copy is to be trusted, the
network decides (S. Merity et al., "Pointer sentinel mixture models", ICLR 2017).

What is remembered of the past is an array of floats that the caller keeps with the network's state, a row for each
piece. All numbers in it are integers below 2 ** 24, which a 32-bit float holds exactly.
"""

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Bools, Floats, Ints
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES

COPY_COUNT = 8
"""Copies that are kept: the most trustworthy ones. There are rarely more."""
_REACH = 512
"""Frames that are remembered."""
_MAX_INTERVAL = 12
_MAX_MOVES = 15
_MIN_VOICE_MOVES = 2
"""Length of a match in one voice from which its copy is considered; in all voices together it is 1."""
_PITCH_BITS, _MOVE_BITS = 6, 4
_PITCH_SHIFTS = (_PITCH_BITS * np.arange(len(VOICES))).astype(np.int32)
_MOVE_SHIFTS = (_MOVE_BITS * np.arange(1 + len(VOICES))).astype(np.int32)
_PITCH_PLACES, _MOVE_PLACES = 1 << _PITCH_SHIFTS, 1 << _MOVE_SHIFTS
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
MEMORY_SIZE = 1 + 2 * _REACH
"""Numbers in a memory: how many frames it holds, then the frames, then their matches with the last one."""


def empty_memory(rows: int) -> Floats:
    """Return the memory `[row, number]` before the first frame."""
    return np.zeros((rows, MEMORY_SIZE), np.float32)


def remember(memory: Floats, pitch_indices: Ints) -> tuple[Floats, Ints]:
    """Return the memory after one frame more, `pitch_indices[row, voice]`, and the copies after it (see `copies`).

    All rows are of the same age.
    """
    past, moves = _unpack(memory)
    kept = min(past.shape[1], _REACH - 1)
    after = np.zeros_like(memory)
    after[:, 0] = kept + 1
    after[:, _REACH - kept : _REACH] = memory[:, _REACH + 1 - kept : _REACH + 1]
    after[:, _REACH] = pitch_indices @ _PITCH_PLACES
    longer = np.zeros((len(memory), kept + 1, 1 + len(VOICES)), np.int32)
    if kept > 1:
        longest = _longer_matches(past, moves, pitch_indices)[:, -kept:]
        longer[:, -1 - longest.shape[1] : -1] = longest
        after[:, -1 - kept : -1] = longer[:, :-1] @ _MOVE_PLACES
    frames = np.concatenate([past[:, past.shape[1] - kept :], pitch_indices[:, None]], axis=1)
    return after, _all_copies(frames, longer)


def copies(memory: Floats) -> Ints:
    """Return the likeliest copies, `[row, copy, field]` with `COPY_FIELDS`, and `NO_COPY` where there are fewer."""
    return _all_copies(*_unpack(memory))


def _all_copies(frames: Ints, moves: Ints) -> Ints:
    found = np.zeros((len(frames), COPY_COUNT, COPY_FIELDS), np.int32)
    found[:, :, len(VOICES)] = NO_COPY
    for row in range(len(frames)):
        best = _best_copies(frames[row], moves[row])
        found[row, : len(best)] = best
    return found


def _unpack(memory: Floats) -> tuple[Ints, Ints]:
    """Return the frames `[row, step, voice]` and the lengths of their matches `[row, step, (all, *voices)]`."""
    count = int(memory[:, 0].max(initial=0))
    frames, moves = (memory[:, end - count : end, None].astype(np.int32) for end in (1 + _REACH, MEMORY_SIZE))
    return (
        frames >> _PITCH_SHIFTS & (1 << _PITCH_BITS) - 1,
        moves >> _MOVE_SHIFTS & (1 << _MOVE_BITS) - 1,
    )


def _longer_matches(past: Ints, moves: Ints, now: Ints) -> Ints:
    """Return the lengths of the matches of `now` with all but the first of the `past` frames (see `_unpack`).

    A match goes on if both frames have moved by the same interval.
    """
    motion, interval = now - past[:, -1], now[:, None] - past[:, 1:]
    goes_on = (past[:, 1:] - past[:, :-1] == motion[:, None]) & (np.abs(interval) <= _MAX_INTERVAL)
    if not (past.all() and now.all()):
        is_sounding: Bools = np.concatenate([past, now[:, None]], axis=1) > REST
        goes_on &= is_sounding[:, 1:-1] & is_sounding[:, :-2] & is_sounding[:, -2:-1] & is_sounding[:, -1:]
    longer = np.empty_like(moves[:, 1:])
    has_moved: Bools = motion != 0
    longer[:, :, 1:] = (moves[:, :-1, 1:] + has_moved[:, None]) * goes_on
    is_whole = goes_on.all(axis=2) & (interval == interval[:, :, :1]).all(axis=2)
    longer[:, :, 0] = (moves[:, :-1, 0] + has_moved.any(axis=1, keepdims=True)) * is_whole
    return np.minimum(longer, _MAX_MOVES)


def _best_copies(frames: Ints, moves: Ints) -> Ints:
    """Return the best copies `[copy, field]` of one piece: a pair of a match and the voice that leads it makes one."""
    is_leader = moves[:-1, 1:] >= _MIN_VOICE_MOVES
    is_leader[:, 0] |= moves[:-1, 0] > 0
    steps, leaders = np.nonzero(is_leader)
    if len(steps) > _MAX_PAIRS:
        longest = np.sort(np.argsort(-moves[steps].sum(axis=1), kind="stable")[:_MAX_PAIRS])
        steps, leaders = steps[longest], leaders[longest]
    if not len(steps):
        return np.zeros((0, COPY_FIELDS), np.int32)
    intervals = frames[-1] - frames[steps]
    interval = intervals[np.arange(len(steps)), leaders]
    length = moves[steps]
    length[:, 1:] *= intervals == interval[:, None]
    source = frames[steps + 1]
    pitches = np.where(source > REST, source + interval[:, None], REST)
    distance = len(frames) - 1 - steps
    trust = length @ _TRUST + 0.5 * (interval == 0) + 0.5 * _WHOLE_BEATS[_BY_ALIGNMENT[distance]]
    trust[(((pitches > REST) != (source > REST)) | (pitches >= PITCH_INDEX_COUNT)).any(axis=1)] = -1
    order = np.argsort(-trust, kind="stable")
    pairs: dict[int, list[int]] = {}
    for pair, code in zip(order.tolist(), (pitches[order] @ _PITCH_PLACES).tolist(), strict=True):
        pairs.setdefault(code, []).append(pair)
    alike = list(pairs.values())[:COPY_COUNT]
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
