"""Write the tables of rhythm from which tempo, beat and bar are inferred.

`python scripts/tables/rhythm_tables.py FOLDER` writes them. The tables hold how often a note of each length begins at
each place in the bar. They are counted in the training pieces of Bach's chorales (each voice, and voices together) and
in tunes in ABC, which `FOLDER/train.abc` holds.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from bachbridge.engine.tempo.rhythm.note_values import VALUES, value_index
from bachbridge.music.timeline import missing_pickup_steps
from bachbridge_training.datasets.chorales import load_chorales
from bachbridge_training.datasets.music21_reader import parse_abc

OUTPUT = Path(__file__).parents[2] / "bridge/bachbridge/engine/tempo/rhythm/tables.py"
PRIOR_COUNT = 20.0
VOICE_CHOICES = (
    ("line", (0,), 1.0),
    ("line", (1,), 0.3),
    ("line", (2,), 0.3),
    ("line", (3,), 0.6),
    ("chords", (0, 3), 0.7),
    ("chords", (0, 1, 2, 3), 1.0),
    ("chords", (0, 1, 2), 0.3),
)
"""Texture, voices and weight of what is counted in each chorale."""

Key = tuple[int, int, str]
"""Steps in a bar, steps in a beat, texture."""


@dataclass(frozen=True, slots=True)
class Onsets:
    """The onsets of some music: step and place in the bar of each."""

    key: Key
    weight: float
    places: list[tuple[int, int]]


def chorale_onsets() -> Iterator[Onsets]:
    """Yield the onsets of the voices of each training piece."""
    for piece in load_chorales("train"):
        lengths = piece.bar.tolist()
        bar = max(set(lengths), key=lengths.count)
        for texture, voices, weight in VOICE_CHOICES:
            steps = np.flatnonzero((piece.onsets & (piece.pitches >= 0))[:, voices].any(axis=1))
            yield Onsets((bar, 4, texture), weight, [(int(step), int(piece.position[step])) for step in steps])


def abc_onsets(path: Path) -> Iterator[Onsets]:
    """Yield the onsets of each tune whose notes lie on the grid."""
    for piece in parse_abc(path.read_bytes()):
        if isinstance(piece, str):
            continue
        bars = list(piece.timeline.bars(piece.phrase.steps))
        whole = bars[-1].meter
        first = (bars[0].end - bars[0].start) if missing_pickup_steps(bars) else 0
        on_grid = all(note.offset_ns == 0 for note in piece.phrase.notes)
        if on_grid and all(bar.meter.steps_per_bar == whole.steps_per_bar for bar in bars[1:]):
            places = [(note.start, (note.start - first) % whole.steps_per_bar) for note in piece.phrase.notes]
            yield Onsets((whole.steps_per_bar, whole.steps_per_beat, "folk"), 1.0, places)


def count(sources: Iterator[Onsets]) -> dict[Key, np.ndarray]:
    """Return the counts `array[place, value]` of each meter and texture."""
    tables: dict[Key, np.ndarray] = {}
    for onsets in sources:
        table = tables.setdefault(onsets.key, np.zeros((onsets.key[0], len(VALUES))))
        for (step, place), (next_step, _) in pairwise(onsets.places):
            if next_step > step:
                table[place % len(table), value_index(next_step - step)] += onsets.weight
    return tables


def rows(counts: np.ndarray) -> str:
    """Return the shares in thousandths, as Python source; rare rows are drawn to the mean."""
    overall = (counts.sum(axis=0) + 1e-3) / (counts.sum() + 1e-3 * len(VALUES))
    shares = counts + PRIOR_COUNT * overall
    thousandths = np.rint(1000 * shares / shares.sum(axis=1, keepdims=True)).astype(int)
    return "".join(f"        {tuple(row.tolist())},\n" for row in thousandths)


def main() -> None:
    """Write the module."""
    sources: defaultdict[Key, list[Onsets]] = defaultdict(list)
    for onsets in [*chorale_onsets(), *abc_onsets(Path(sys.argv[1]) / "train.abc")]:
        sources[onsets.key].append(onsets)
    wanted = [(bar, 4, texture) for bar in (16, 12) for texture in ("line", "chords", "folk")] + [(12, 6, "folk")]
    tables = count(onsets for key in wanted for onsets in sources[key])
    body = "".join(f"    {key!r}: (\n{rows(tables[key])}    ),\n" for key in wanted)
    OUTPUT.write_text(HEAD + f"TABLES = {{\n{body}}}\n", encoding="utf-8")


HEAD = '''"""Shares of note values (`note_values.VALUES`) by place in the bar, in thousandths.

Written by `scripts/tables/rhythm_tables.py` from the training pieces of Bach's chorales and from folk tunes. Keys are
the steps in a bar, the steps in a beat, and the texture.
"""

'''

if __name__ == "__main__":
    main()
