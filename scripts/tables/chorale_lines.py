"""Write the chorale lines of the benchmark `bachbridge bench --harmony`: `python scripts/tables/chorale_lines.py`.

They are the first three bars of sopranos of the validation pieces of the chorale split: those whose key is plain, which
means that the beginning and the whole piece (with weight on its last bass note) fit the profile of the same key best.
"""

import json
from pathlib import Path

import numpy as np

from bachbridge.music.keys import estimate_key
from bachbridge.music.notes import Key, key_name
from bachbridge_training.datasets.chorales import load_chorales

OUTPUT = Path(__file__).parents[2] / "bridge/bachbridge/cli/bench/harmony/chorale_lines.json"
SOURCE = "J. S. Bach's chorales (public domain) as bundled with music21: validation pieces of chorale_split.json"
STEPS = 48
COUNT = 25


def estimated_key(pitches: np.ndarray, *, last_weight: float = 0.0) -> Key:
    """Return the key of `pitches[step, voice]` by durations, the last bass note counted as `last_weight` of all."""
    sounding = pitches[pitches >= 0]
    weights = np.bincount(sounding % 12, minlength=12).astype(float)
    weights[pitches[pitches[:, 3] >= 0][-1, 3] % 12] += last_weight * len(sounding)
    return estimate_key(weights)


def line_notes(pitches: np.ndarray, onsets: np.ndarray) -> list[int]:
    """Return length (16ths) and pitch of each note, one note after another; a rest's pitch is -1."""
    changes = onsets | np.diff(pitches, prepend=pitches[0]).astype(bool)
    starts = sorted({0, *np.flatnonzero(changes).tolist()})
    ends = [*starts[1:], len(pitches)]
    return [int(n) for start, end in zip(starts, ends, strict=True) for n in (end - start, pitches[start])]


def main() -> None:
    """Write the file, a line a piece."""
    lines: list[str] = []
    for piece in load_chorales("valid"):
        key = estimated_key(piece.pitches, last_weight=1 / 8)
        if key == estimated_key(piece.pitches[:STEPS]) and len(lines) < COUNT:
            notes = line_notes(piece.pitches[:STEPS, 0], piece.onsets[:STEPS, 0])
            entry = {"name": piece.name, "key": key_name(key), "notes": notes}
            lines.append(json.dumps(entry, separators=(",", ":")))
    OUTPUT.write_text(
        f'{{"source": {json.dumps(SOURCE)},\n"lines": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
