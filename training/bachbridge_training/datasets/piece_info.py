"""Facts about a piece before training: its length, its key, and a hash that identifies its tune.

The key is estimated from the duration of each pitch class (see `bachbridge.music.keys`). The tune is the sequence of
the first intervals of the highest sounding notes, with repeated notes counted once. So a piece, its transposition, its
copy in another file format and most other settings of the same tune have the same hash.
"""

import hashlib
import heapq
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bachbridge.music.keys import estimate_key
from bachbridge.music.notes import STEPS_PER_BEAT, Key
from bachbridge.music.timeline import Timeline
from bachbridge_training.datasets.parsed_piece import ParsedPiece

TUNE_INTERVALS = 24
"""Number of intervals that identify a tune; a shorter piece uses all of its own."""


@dataclass(frozen=True, slots=True)
class PieceInfo:
    """The size, duration and key of a piece."""

    notes: int
    bars: int
    seconds: float
    key: Key | None
    """None if all pitch classes sound for the same time."""


def piece_info(piece: ParsedPiece) -> PieceInfo:
    """Return the facts of a piece as written, at its own tempo."""
    time = piece.timeline
    last = max(note.end for note in piece.notes)
    weights = np.zeros(12)
    for note in piece.notes:
        weights[note.pitch % 12] += note.end - note.start
    key = estimate_key(weights) if weights.min() < weights.max() else None
    bars = sum(1 for _ in time.bars(time.step_at_tick(last)))
    return PieceInfo(len(piece.notes), bars, _duration_s(time, last), key)


def _duration_s(time: Timeline, last: int) -> float:
    ticks = [tempo.tick for tempo in time.tempos if tempo.tick < last]
    spans = zip(time.tempos, pairwise([*ticks, last]), strict=False)
    return sum((end - begin) * tempo.beat_us for tempo, (begin, end) in spans) / time.ticks_per_beat / 1e6


def tune_hash(piece: ParsedPiece) -> str:
    """Return a hexadecimal hash that is equal for equal tunes."""
    line = top_line(piece, TUNE_INTERVALS + 1)
    intervals = [second - first for first, second in pairwise(line)][:TUNE_INTERVALS]
    return hashlib.sha256(np.array(intervals, np.int8).tobytes()).hexdigest()


def top_line(piece: ParsedPiece, max_notes: int | None = None) -> list[int]:
    """Return the highest sounding pitch at each onset, without repetitions; a short legato overlap is ignored.

    The line ends after `max_notes`.
    """
    slack = piece.timeline.ticks_per_beat // STEPS_PER_BEAT // 2
    sounding: list[tuple[int, int]] = []
    line: list[int] = []
    at = 0
    notes = piece.notes
    while at < len(notes) and (max_notes is None or len(line) < max_notes):
        now = notes[at].start
        while at < len(notes) and notes[at].start == now:
            note = notes[at]
            heapq.heappush(sounding, (-note.pitch, max(note.start + 1, note.end - slack)))
            at += 1
        while sounding[0][1] <= now:
            heapq.heappop(sounding)
        if not line or line[-1] != -sounding[0][0]:
            line.append(-sounding[0][0])
    return line
