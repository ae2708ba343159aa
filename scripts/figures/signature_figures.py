"""Count right key signatures: `python scripts/figures/signature_figures.py`, before (durations alone) and after.

Phrases are the first bars of the validation chorales, with Bach's own next four bars as the answer, and some tunes of
all keys. The right signature of a chorale is the one that is written in its score (modal ones count as written).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from music21 import corpus

from bachbridge.music.harmony.spelling import key_signature_fifths
from bachbridge.music.keys import key_from_notes
from bachbridge.music.notation.signature import written_key
from bachbridge.music.notes import Note
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.chorales import load_chorales

ANSWER_STEPS = 64
TUNES = (
    (-2, "G4 Bb4 D5 C5 Bb4 A4 G4 F#4 G4"),
    (-2, "G4 A4 Bb4 G4 D5 Eb5 D5"),
    (-2, "D5 C5 Bb4 A4 G4 F#4 G4 A4 Bb4 G4"),
    (-1, "D4 F4 A4 G4 F4 E4 D4 C#4 D4"),
    (-1, "D4 E4 F4 G4 A4 Bb4 A4 G4 F4 E4 D4"),
    (-1, "A4 D5 C#5 D5 E5 F5 E5 D5"),
    (-1, "F4 G4 A4 Bb4 C5 D5 C5 Bb4 A4 G4 F4"),
    (0, "C4 D4 E4 F4 G4 A4 B4 C5"),
    (0, "E4 E4 F4 G4 G4 F4 E4 D4 C4 C4 D4 E4 E4 D4 D4"),
    (0, "A4 B4 C5 D5 E5 D5 C5 B4 A4 G#4 A4"),
    (0, "A4 C5 E5 A5 G#5 A5"),
    (1, "G4 A4 B4 C5 D5 B4 G4"),
    (1, "D5 G4 A4 B4 C5 D5 G4 G4 E5 C5 D5 E5 F#5 G5 G4 G4"),
    (1, "E4 F#4 G4 A4 B4 C5 B4 A4 G4 F#4 E4 D#4 E4"),
    (2, "D4 E4 F#4 G4 A4 B4 C#5 D5"),
    (2, "F#4 F#4 G4 A4 A4 G4 F#4 E4 D4 D4 E4 F#4 F#4 E4 E4"),
    (2, "B4 C#5 D5 E5 F#5 G5 F#5 E5 D5 C#5 B4 A#4 B4"),
    (3, "A4 C#5 E5 D5 C#5 B4 A4 G#4 A4"),
    (3, "F#4 G#4 A4 B4 C#5 D5 C#5 B4 A4 G#4 F#4 F4 F#4"),
    (4, "E4 G#4 B4 A4 G#4 F#4 E4 D#4 E4"),
    (-3, "Eb4 F4 G4 Ab4 Bb4 C5 D5 Eb5"),
    (-3, "C4 D4 Eb4 F4 G4 Ab4 G4 F4 Eb4 D4 C4 B3 C4"),
    (-3, "G4 G4 G4 Eb4 F4 F4 F4 D4 C5 B4 C5 G4"),
    (-4, "F4 G4 Ab4 Bb4 C5 Db5 C5 Bb4 Ab4 G4 F4 E4 F4"),
    (-4, "Ab4 C5 Eb5 Db5 C5 Bb4 Ab4 G4 Ab4"),
    (-2, "Bb4 D5 F5 Eb5 D5 C5 Bb4 A4 Bb4"),
)
"""Sharps (flats below 0) and the notes of a tune, all quarter notes."""
_PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def tune_notes(text: str) -> list[Note]:
    """Return the notes of a tune."""
    pitches = [
        _PITCH_CLASSES[name[0]] + name.count("#") - name.count("b") + 12 * int(name[-1]) + 12 for name in text.split()
    ]
    return [Note(4 * at, 4, pitch) for at, pitch in enumerate(pitches)]


def piece_notes(piece: FourPartPiece, first: int, end: int, voices: Sequence[int]) -> list[Note]:
    """Return the notes of some voices between two steps; step `first` becomes 0."""
    notes: list[Note] = []
    for voice in voices:
        line, onsets = piece.pitches[first:end, voice], piece.onsets[first:end, voice].copy()
        onsets |= np.diff(line, prepend=-1) != 0
        starts = [*np.flatnonzero(onsets).tolist(), len(line)]
        notes += [
            Note(start, after - start, int(line[start]), voice=voice)
            for start, after in pairwise(starts)
            if line[start] >= 0
        ]
    return sorted(notes, key=lambda note: (note.start, note.voice))


def count_right(cases: Sequence[tuple[int, Sequence[Note], Sequence[Note]]]) -> tuple[int, int]:
    """Return how many signatures are right before and after, for (fifths, prompt, answer)."""
    before = after = 0
    for fifths, prompt, answer in cases:
        before += key_signature_fifths(key_from_notes([*prompt, *answer])) == fifths
        after += key_signature_fifths(written_key(prompt, answer)) == fifths
    return before, after


def main() -> None:
    """Print the table."""
    pieces = load_chorales("valid")
    scores = {piece.name: corpus.parse(f"bach/{piece.name}") for piece in pieces}
    fifths = {name: score.flatten().getElementsByClass("KeySignature")[0].sharps for name, score in scores.items()}
    every, rows = range(4), dict[str, list[tuple[int, Sequence[Note], Sequence[Note]]]]()
    for bars in (2, 4):
        end = 16 * bars
        for label, voices in (("melody", [0]), ("four voices", every)):
            rows[f"{bars} bars, {label}, answered"] = [
                (fifths[p.name], piece_notes(p, 0, end, voices), piece_notes(p, end, end + ANSWER_STEPS, every))
                for p in pieces
            ]
        rows[f"{bars} bars, melody alone"] = [(fifths[p.name], piece_notes(p, 0, end, [0]), ()) for p in pieces]
        rows[f"{bars} bars, harmonized"] = [
            (fifths[p.name], piece_notes(p, 0, end, [0]), piece_notes(p, 0, end, [1, 2, 3])) for p in pieces
        ]
    rows["whole piece"] = [(fifths[p.name], piece_notes(p, 0, len(p.pitches), every), ()) for p in pieces]
    rows["tunes"] = [(sharps, tune_notes(text), ()) for sharps, text in TUNES]
    for name, cases in rows.items():
        before, after = count_right(cases)
        print(f"{name:32} {len(cases):3} phrases, right before {before:3}, after {after:3}")


if __name__ == "__main__":
    main()
