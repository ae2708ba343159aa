"""What is known of a piece before it is trained on: how long it is, its key, and by which tune it is recognised.

The key is estimated from how long each pitch class sounds (see `bachbridge.music.voice_leading`). The tune is what
the highest voice sings: the first intervals of the line of the highest sounding notes, repeated notes counted once.
So a piece, its transposition, its copy in another file form and most other settings of the same tune have one and the
same tune.
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
"""So many of them make a tune; of a shorter piece all."""


@dataclass(frozen=True, slots=True)
class PieceInfo:
    """Of one piece."""

    notes: int
    bars: int
    seconds: float
    key: Key | None
    """None where all pitch classes sound for the same time."""


def piece_info(manuscript: ParsedPiece) -> PieceInfo:
    """Counted as written, at the manuscript's own tempo."""
    time = manuscript.timeline
    last = max(note.end for note in manuscript.notes)
    weights = np.zeros(12)
    for note in manuscript.notes:
        weights[note.pitch % 12] += note.end - note.start
    key = estimate_key(weights) if weights.min() < weights.max() else None
    bars = sum(1 for _ in time.bars(time.step_at_tick(last)))
    return PieceInfo(len(manuscript.notes), bars, _duration_s(time, last), key)


def _duration_s(time: Timeline, last: int) -> float:
    ticks = [tempo.tick for tempo in time.tempos if tempo.tick < last]
    spans = zip(time.tempos, pairwise([*ticks, last]), strict=False)
    return sum((end - begin) * tempo.beat_us for tempo, (begin, end) in spans) / time.ticks_per_beat / 1e6


def tune_hash(manuscript: ParsedPiece) -> str:
    """Hexadecimal digits, the same for the same tune."""
    line = _top_line(manuscript)
    intervals = [second - first for first, second in pairwise(line)][:TUNE_INTERVALS]
    return hashlib.sha256(np.array(intervals, np.int8).tobytes()).hexdigest()


def _top_line(manuscript: ParsedPiece) -> list[int]:
    """The highest pitch that sounds wherever a note begins, where it changes; a little legato is passed over."""
    slack = manuscript.timeline.ticks_per_beat // STEPS_PER_BEAT // 2
    sounding: list[tuple[int, int]] = []
    line: list[int] = []
    at = 0
    notes = manuscript.notes
    while at < len(notes) and len(line) <= TUNE_INTERVALS:
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
