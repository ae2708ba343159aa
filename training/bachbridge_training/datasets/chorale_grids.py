"""music21's bundled chorales on a grid of 16ths: the pitch of every voice at every step, and the onsets.

A score is read part by part. A step holds the pitch that sounds at its beginning, so a 32nd that begins between two
grid lines is lost. Tied notes are one note. A repeat is written once. A short first bar is a pickup, and its steps are
counted from the end of the bar. In scores with more than four parts the four voices are chosen by name, and bars in
which only instruments play are left out.

A fermata over a note of the soprano marks the end of a phrase. It belongs to the whole note, also where it stands over
its tied continuation. Fermatas of the other voices are ignored: where these move under it, they mark a later moment of
the same end. A fermata over a rest marks none.
"""

import itertools
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from bachbridge.music.notes import STEPS_PER_BEAT

MIN_PHRASES = 2
"""The fewest fermatas of a score whose phrases are marked."""
VOICE_NAMES = (("sopran", "s.", "canto"), ("alt", "a."), ("tenor", "t."), ("bass", "b."))


@dataclass(frozen=True, slots=True)
class FourPartPiece:
    """One chorale: `pitches[step, voice]` (MIDI, -1 = rest) and `onsets[step, voice]` (bool).

    `position[step]` is the position in the bar and `bar[step]` the length of the bar, both in steps. `fermatas[n]` are
    the first step and the length, in steps, of the soprano's notes under a fermata; music without them has none.
    """

    name: str
    pitches: np.ndarray
    onsets: np.ndarray
    position: np.ndarray
    bar: np.ndarray
    fermatas: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), np.int32))

    @property
    def phrase_ends(self) -> tuple[int, ...]:
        """The steps at which the last notes of the phrases begin."""
        return tuple(self.fermatas[:, 0].tolist())

    @property
    def has_phrases(self) -> bool:
        """True if fermatas are written throughout: some scores have a single one, or none."""
        return len(self.fermatas) >= MIN_PHRASES


def _vocal_parts(score: Any) -> list[Any]:
    """Return the four vocal parts, soprano first; raise `ValueError` if there are too few parts."""
    parts = list(score.parts)
    if len(parts) == len(VOICE_NAMES):
        return parts
    chosen: list[Any] = []
    for names in VOICE_NAMES:
        matching = [p for p in parts if str(p.partName or p.id).lower().startswith(names) and p not in chosen]
        chosen.extend(matching[:1])
    if len(chosen) == len(VOICE_NAMES):
        return chosen
    if len(parts) < len(VOICE_NAMES):
        raise ValueError(f"{len(parts)} parts")
    return parts[: len(VOICE_NAMES)]


def _ceil_step(offset: Any) -> int:
    value = Fraction(offset) * STEPS_PER_BEAT
    return -int(-value // 1)


def _outer_pitch(element: Any, voice: int) -> int:
    """Return the outer pitch of a divided part, so that soprano and bass keep the frame of the chord."""
    pitches = sorted(p.midi for p in element.pitches)
    return pitches[0] if voice == len(VOICE_NAMES) - 1 else pitches[-1]


def _part_rows(part: Any, voice: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    pitches, onsets = np.full(steps, -1, np.int16), np.zeros(steps, bool)
    for element in part.flatten().notes:
        if element.duration.isGrace:
            continue
        first, end = _ceil_step(element.offset), min(_ceil_step(element.offset + element.quarterLength), steps)
        if first >= end:
            continue
        pitches[first:end] = _outer_pitch(element, voice)
        tie = element.tie or (element.notes[0].tie if element.isChord else None)
        held = tie is not None and tie.type in ("stop", "continue") and first > 0
        onsets[first] = not (held and pitches[first - 1] == pitches[first])
    return pitches, onsets


def _bar_positions(part: Any, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the position in the bar and the length of the bar at every step, in steps."""
    position, bar = np.zeros(steps, np.int16), np.full(steps, 16, np.int16)
    length, carried = 16, 0
    measures = list(part.getElementsByClass("Measure"))
    starts = [_ceil_step(m.offset) for m in measures] + [steps]
    for i, measure in enumerate(measures):
        if measure.timeSignature is not None:
            length = max(_ceil_step(measure.timeSignature.barDuration.quarterLength), 1)
        size = starts[i + 1] - starts[i]
        if i == 0 and size < length:
            carried = length - size
        span = np.arange(size)
        position[starts[i] : starts[i + 1]] = (carried + span) % length
        bar[starts[i] : starts[i + 1]] = length
        # A bar that a repeat sign divides continues where it stopped; any other bar starts at 0.
        carried = (carried + size) % length if size < length and carried + size < length else 0
    return position, bar


def _fermata_notes(part: Any, pitches: np.ndarray, onsets: np.ndarray) -> np.ndarray:
    """Return `[n, (step, length)]` of the part's notes under a fermata, by `pitches[step]` and `onsets[step]`."""
    begins = onsets.copy()
    begins[1:] |= pitches[1:] != pitches[:-1]
    edges = np.append(np.flatnonzero(begins), len(pitches))
    found: set[int] = set()
    for element in part.flatten().notes:
        at = _ceil_step(element.offset)
        if at < len(pitches) and pitches[at] >= 0 and any("Fermata" in each.classes for each in element.expressions):
            found.add(int(np.searchsorted(edges, at, side="right")) - 1)
    rows = [(int(edges[note]), int(edges[note + 1] - edges[note])) for note in sorted(found)]
    return np.array(rows, np.int32).reshape(-1, 2)


def read_chorale(name: str) -> FourPartPiece:
    """Parse one of music21's chorales (about a second)."""
    from music21 import corpus

    return piece_from_score(name, corpus.parse(f"bach/{name}"))


def piece_from_score(name: str, score: Any) -> FourPartPiece:
    """Put a parsed music21 score on the grid, up to its last note."""
    parts = _vocal_parts(score)
    steps = max(_ceil_step(p.highestTime) for p in parts)
    rows = [_part_rows(part, voice, steps) for voice, part in enumerate(parts)]
    position, bar = _bar_positions(parts[0], steps)
    pitches = np.stack([r[0] for r in rows], axis=1)
    onsets = np.stack([r[1] for r in rows], axis=1)
    kept = steps_to_keep(pitches, bar)
    fermatas = _fermata_notes(parts[0], *rows[0])
    fermatas[:, 0] = np.cumsum(kept)[fermatas[:, 0]] - 1
    return FourPartPiece(name, pitches[kept], onsets[kept], position[kept], bar[kept], fermatas)


def steps_to_keep(pitches: np.ndarray, bar: np.ndarray) -> np.ndarray:
    """Return a mask of the steps from the first to the last note, without whole bars of rests in between."""
    keep = np.zeros(len(pitches), bool)
    steps = np.flatnonzero((pitches >= 0).any(axis=1))
    keep[steps] = True
    for before, after in itertools.pairwise(steps):
        length = int(bar[before])
        keep[before : before + (after - before - 1) % length + 1] = True
    return keep
