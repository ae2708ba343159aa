"""The sopranos of the chorales with their phrase ends: the notes under the fermatas of music21's scores."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.codecs import phrase_features
from bachbridge.codecs.phrase_features import MelodyArrays
from bachbridge.music.frames import Bools, Ints
from bachbridge.music.notes import Note
from bachbridge_training.datasets.chorale_grids import FourPartPiece


@dataclass(frozen=True, slots=True)
class PhrasedMelody:
    """A melody, and `is_end[note]`: True for the last notes of its phrases."""

    name: str
    notes: MelodyArrays
    is_end: Bools

    @property
    def phrase_firsts(self) -> Ints:
        """The number of the first note of each note's phrase."""
        firsts = np.zeros(len(self.is_end), np.int32)
        firsts[1:] = np.where(self.is_end[:-1], np.arange(1, len(firsts)), 0)
        return np.maximum.accumulate(firsts)

    @property
    def distances(self) -> Ints:
        """The class of each note's distance from the beginning of its phrase."""
        notes = self.notes
        return phrase_features.distance_classes(notes.start - notes.start[self.phrase_firsts], notes.bar)


def phrased_melodies(pieces: Sequence[FourPartPiece]) -> list[PhrasedMelody]:
    """Return the sopranos of the pieces whose fermatas are written throughout."""
    return [_soprano(piece) for piece in pieces if piece.has_phrases]


def _soprano(piece: FourPartPiece) -> PhrasedMelody:
    notes = [*soprano_notes(piece)]
    arrays = phrase_features.melody_arrays(notes, piece.position.astype(np.int32), piece.bar.astype(np.int32))
    return PhrasedMelody(piece.name, arrays, np.isin(arrays.start, piece.phrase_ends))


def soprano_notes(piece: FourPartPiece) -> Iterator[Note]:
    """Yield the notes of the soprano."""
    pitches = piece.pitches[:, 0]
    changes = np.flatnonzero(np.diff(pitches, prepend=-2) | piece.onsets[:, 0])
    for start, end in zip(changes.tolist(), [*changes[1:].tolist(), len(pitches)], strict=True):
        if pitches[start] >= 0:
            yield Note(start, end - start, int(pitches[start]))
