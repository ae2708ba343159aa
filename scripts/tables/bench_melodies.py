"""Write the chorales of the benchmark `bachbridge bench --sync`: `python scripts/tables/bench_melodies.py`.

They are the validation pieces of the chorale split, read from music21's scores with their true bar lines and fermatas.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge_training.datasets.chorale_grids import piece_from_score
from bachbridge_training.datasets.chorales import chorale_split

OUTPUT = Path(__file__).parents[2] / "bridge/bachbridge/cli/bench/sync/chorales.json"
SOURCE = "J. S. Bach's chorales (public domain) as bundled with music21: the validation pieces of chorale_split.json"


def voice_notes(pitches: np.ndarray, onsets: np.ndarray) -> list[int]:
    """Return length (16ths) and pitch of each note of a voice, one note after another; a rest's pitch is -1."""
    changes = onsets | np.diff(pitches, prepend=pitches[0]).astype(bool)
    starts = sorted({0, *np.flatnonzero(changes).tolist()})
    ends = [*starts[1:], len(pitches)]
    return [int(n) for start, end in zip(starts, ends, strict=True) for n in (end - start, pitches[start])]


def fermatas(score: Any, steps: int) -> list[int]:
    """Return the steps of the soprano's notes with a fermata: the ends of the chorale's lines."""
    marked = [n for n in score.parts[0].flatten().notes if any("Fermata" in mark.classSet for mark in n.expressions)]
    return sorted({step for step in (round(note.offset * 4) for note in marked) if step < steps})


def piece_entry(name: str) -> dict[str, Any]:
    """Return what the benchmark needs of one chorale; steps are 16ths from its first one."""
    from music21 import corpus

    score = corpus.parse(f"bach/{name}")
    piece = piece_from_score(name, score)
    lengths = piece.bar.tolist()
    whole = len(lengths) == round(score.highestTime * 4)
    return {
        "name": name.rsplit(".", 1)[0],
        "steps_per_bar": max(set(lengths), key=lengths.count),
        "bar_lines": np.flatnonzero(piece.position == 0).tolist(),
        "fermatas": fermatas(score, len(lengths)) if whole else [],
        "voices": [voice_notes(piece.pitches[:, voice], piece.onsets[:, voice]) for voice in range(4)],
    }


def main() -> None:
    """Write the file, a piece a line."""
    names = [name for name, part in chorale_split().items() if part == "valid"]
    pieces = [json.dumps(piece_entry(name), separators=(",", ":")) for name in names]
    head = json.dumps(SOURCE)
    OUTPUT.write_text(f'{{"source": {head},\n"pieces": [\n' + ",\n".join(pieces) + "\n]}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
