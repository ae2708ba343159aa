"""Where the phrases of harmonies go, beside the pieces' own voices: rows of `music.phrasing.measures.closes`.

Phrases end at the fermatas of music21's scores. A harmony is measured at those of its soprano, and its last chord
against the key in which the piece ends. Only pieces whose fermatas are written throughout are counted.

A harmony may be made with these ends given, or with those that the network of phrase ends expects in the soprano, as
for a melody without any signs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from bachbridge.inference.phrasing.predictor import PhraseEndNet, predict_ends
from bachbridge.music.frames import Bools, Ints, notes_from_frames
from bachbridge.music.phrasing.measures.closes import CloseMeasures, PhrasedFrames, compute_close_measures
from bachbridge.music.phrasing.sounding_chords import final_key
from bachbridge.music.phrasing.written import WrittenEnds
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation.harmonize import Harmonization


def measure_rows(
    pieces: Sequence[FourPartPiece], made: Mapping[str, Sequence[Harmonization]]
) -> dict[str, CloseMeasures]:
    """Return the measures of the harmonies by the names of the ways in which they were made, the pieces' own first.

    There are no rows if no piece has fermatas.
    """
    if not any(piece.has_phrases for piece in pieces):
        return {}
    distinct = list({piece.name: piece for piece in pieces}.values())
    rows = {name: harmony_measures(pieces, harmonies) for name, harmonies in made.items()}
    return {"bach": own_measures(distinct)} | rows


def harmony_measures(pieces: Sequence[FourPartPiece], harmonies: Sequence[Harmonization]) -> CloseMeasures:
    """Return the measures of the harmonies, each made under the soprano of the piece in its place."""
    return compute_close_measures(
        [
            phrased_frames(piece, harmony.pitch_indices, harmony.onsets)
            for piece, harmony in zip(pieces, harmonies, strict=True)
            if piece.has_phrases
        ]
    )


def own_measures(pieces: Sequence[FourPartPiece]) -> CloseMeasures:
    """Return the measures of the pieces' own voices."""
    return compute_close_measures(
        [
            phrased_frames(piece, four_part_windows.pitch_indices_of(piece.pitches), piece.onsets)
            for piece in pieces
            if piece.has_phrases
        ]
    )


def with_predicted_ends(piece: FourPartPiece, net: PhraseEndNet) -> FourPartPiece:
    """Return the piece with the ends that the network expects in its soprano in place of its fermatas."""
    frames = four_part_windows.pitch_indices_of(piece.pitches)
    soprano = [note for note in notes_from_frames(frames, piece.onsets) if note.voice == 0]
    ends = set(predict_ends(net, soprano, piece.position, piece.bar, WrittenEnds(())))
    rows = [(note.start, note.length) for note in soprano if note.start in ends]
    return replace(piece, fermatas=np.array(rows, np.int32).reshape(-1, 2))


def phrased_frames(piece: FourPartPiece, pitch_indices: Ints, onsets: Bools) -> PhrasedFrames:
    """Return a harmony under the soprano of the piece with the piece's phrase ends and key."""
    return PhrasedFrames(
        pitch_indices,
        onsets,
        piece.position.astype(np.int32),
        [(step, length) for step, length in piece.fermatas.tolist()],
        final_key(four_part_windows.pitch_indices_of(piece.pitches)),
    )
