"""Write what pitches and chords tell about places in the bar: `python scripts/tables/evidence_tables.py`.

The log-likelihood ratios are counted in the training pieces of Bach's chorales.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from bachbridge.engine.tempo.rhythm.evidence import MOVE_CLASSES, SIZE_CLASSES, move_class, size_class
from bachbridge.engine.tempo.rhythm.note_values import STRENGTHS, strength
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.chorales import load_chorales

OUTPUT = Path(__file__).parents[2] / "bridge/bachbridge/engine/tempo/rhythm/evidence_tables.py"
PRIOR_COUNT = 30.0
CHOICES = {
    "line": (((0,), 1.0), ((1,), 0.15), ((2,), 0.15), ((3,), 0.4)),
    "chords": (((0, 3), 0.7), ((0, 1, 2, 3), 1.0)),
}
"""Voices and weights of each texture."""


def events(piece: FourPartPiece, voices: tuple[int, ...]) -> Iterator[tuple[int, list[int]]]:
    """Yield the place in the bar and the struck pitches of each event."""
    struck = piece.onsets & (piece.pitches >= 0)
    for step in np.flatnonzero(struck[:, voices].any(axis=1)):
        yield int(piece.position[step]), [int(piece.pitches[step, voice]) for voice in voices if struck[step, voice]]


def log_ratios(counts: np.ndarray) -> np.ndarray:
    """Return 100 times the logarithm of each share's ratio to the share overall, drawn to 0 where counts are few."""
    overall = counts.reshape(-1, counts.shape[-1]).sum(axis=0)
    overall = (overall + 1e-3) / (overall + 1e-3).sum()
    smoothed = counts + PRIOR_COUNT * overall
    return np.rint(100 * np.log(smoothed / smoothed.sum(axis=-1, keepdims=True) / overall)).astype(int)


def tables(bar: int, texture: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the ratios of moves `array[place, strength before, class]` and of sizes `array[place, class]`."""
    moves, sizes = np.zeros((bar, STRENGTHS, MOVE_CLASSES)), np.zeros((bar, SIZE_CLASSES))
    for piece in load_chorales("train"):
        lengths = piece.bar.tolist()
        if max(set(lengths), key=lengths.count) != bar:
            continue
        for voices, weight in CHOICES[texture]:
            for (before, old), (place, new) in pairwise(events(piece, voices)):
                moves[place % bar, strength(before, bar, 4), move_class(max(new) - max(old))] += weight
                sizes[place % bar, size_class(len(new), len(voices))] += weight
    return log_ratios(moves), log_ratios(sizes)


def source(table: np.ndarray) -> str:
    """Return rows as Python source."""
    return "".join(f"        {tuple(row.tolist())},\n" for row in table.reshape(-1, table.shape[-1]))


def main() -> None:
    """Write the module."""
    keys = [(bar, texture) for bar in (16, 12) for texture in CHOICES]
    found = {key: tables(*key) for key in keys}
    moves = "".join(
        f'    ({bar}, 4, "{texture}"): (\n{source(found[bar, texture][0])}    ),\n' for bar, texture in keys
    )
    sizes = "".join(
        f'    ({bar}, 4, "{texture}"): (\n{source(found[bar, texture][1])}    ),\n'
        for bar, texture in keys
        if texture == "chords"
    )
    OUTPUT.write_text(f"{HEAD}MOVES = {{\n{moves}}}\n\nSIZES = {{\n{sizes}}}\n", encoding="utf-8")


HEAD = '''"""Evidence of moves and sizes for places in the bar: 100 times the logarithms of likelihood ratios.

Written by `scripts/tables/evidence_tables.py` from the training pieces of Bach's chorales. Keys are the steps in a bar,
the steps in a beat, and the texture. `MOVES` has a row for each place and strength of the place before, `SIZES` one for
each place; the columns are the classes of `evidence`.
"""

'''

if __name__ == "__main__":
    main()
