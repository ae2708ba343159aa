"""Write the chorales of `bachbridge listen`: `python scripts/tables/listening_chorales.py`.

They are all test pieces of the chorale split, in its order, that pass these rules: the tune is new to the networks; the
four voices never rest; and the piece has at most 16 bars of 4/4. Nobody chose among them. A tune is new if no 12 notes
in a row and no 12 beats in a row of it occur, in any key, in a piece for training or validation; this is stricter than
`evaluation.soprano_twins`.
"""

import json
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from music21 import corpus
from music21.corpus.chorales import ChoraleListRKBWV

from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.chorales import load_chorales

OUTPUT = Path(__file__).parents[2] / "bridge/bachbridge/cli/listen/chorales.json"
SOURCE = "J. S. Bach's chorales (public domain) as bundled with music21: test pieces of chorale_split.json"
MAX_STEPS = 256
MAX_KNOWN_RUN = 11
OTHER_TITLES = {"137.5": "Lobe den Herren, den mächtigen König der Ehren"}
"""Titles of tunes that the list in music21 lacks."""

Intervals = tuple[int, ...]


def _voice_notes(piece: FourPartPiece, voice: int) -> list[int]:
    """Return length (16ths) and pitch of each note of a voice, one note after another."""
    line = piece.pitches[:, voice]
    changes = piece.onsets[:, voice] | np.diff(line, prepend=line[0]).astype(bool)
    starts = sorted({0, *np.flatnonzero(changes).tolist()})
    return [int(n) for start, end in pairwise([*starts, len(line)]) for n in (end - start, line[start])]


def _tune_forms(piece: FourPartPiece) -> tuple[Intervals, Intervals]:
    """Return the soprano's intervals from beat to beat and from note to note."""
    beats, notes = piece.pitches[::4, 0].tolist(), _voice_notes(piece, 0)[1::2]
    return tuple(b - a for a, b in pairwise(beats)), tuple(b - a for a, b in pairwise(notes))


def _longest_run(one: Intervals, other: Intervals) -> int:
    return SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size


def _is_new(piece: FourPartPiece, known: list[tuple[Intervals, Intervals]]) -> bool:
    forms = _tune_forms(piece)
    return all(
        _longest_run(form, other) <= MAX_KNOWN_RUN
        for known_forms in known
        for form, other in zip(forms, known_forms, strict=True)
    )


def _key(piece: FourPartPiece) -> tuple[int, bool]:
    """Return the signature's sharps (flats are negative), and True if the piece ends on its minor key's tonic."""
    score: Any = corpus.parse(f"bach/{piece.name}")
    sharps = int(next(iter(score.recurse().getElementsByClass("KeySignature"))).sharps)
    return sharps, bool((piece.pitches[-1, 3] - 7 * sharps) % 12 == 9)


def _title(number: str) -> str:
    listed: Any = ChoraleListRKBWV().byBWV.get(number, {})
    return OTHER_TITLES.get(number) or listed["title"]


def main() -> None:
    """Write the file, a line a piece."""
    known = [_tune_forms(piece) for part in ("train", "valid") for piece in load_chorales(part)]
    lines: list[str] = []
    for piece in load_chorales("test"):
        if len(piece.pitches) <= MAX_STEPS and np.all(piece.pitches >= 0) and _is_new(piece, known):
            sharps, is_minor = _key(piece)
            number = Path(piece.name).stem.removeprefix("bwv")
            entry = {
                "work": f"BWV {number.partition('-')[0].replace('.', '/')}",
                "title": _title(number),
                "sharps": sharps,
                "minor": is_minor,
                "steps_per_bar": int(piece.bar[0]),
                "position": int(piece.position[0]),
                "fermatas": piece.fermatas.tolist() if piece.has_phrases else [],
                "voices": [_voice_notes(piece, voice) for voice in range(4)],
            }
            lines.append(json.dumps(entry, separators=(",", ":"), ensure_ascii=False))
    OUTPUT.write_text(
        f'{{"source": {json.dumps(SOURCE)},\n"chorales": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
