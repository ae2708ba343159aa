"""`bachbridge vary IN.mid -o OUT.mid --share 0.4`: some notes of a file in four voices drawn anew, chosen by chance."""

from pathlib import Path

import numpy as np

from bachbridge.cli.transform import four_part_file, infill_run
from bachbridge.cli.transform.infill_run import Way
from bachbridge.cli.transform.regenerate import Outputs, read, redraw
from bachbridge.errors import ConfigError


def vary_file(source: Path, outputs: Outputs, way: Way, *, share: float) -> None:
    """Draw that share of the notes anew; the seed chooses which."""
    if not 0 <= share <= 1:
        raise ConfigError(f"cannot vary a share of {share:g}: give --share a number from 0 to 1.")
    card = infill_run.card_for(way.model, "vary")
    four = read(source, outputs)
    notes = [(note.start, note.voice) for line in four.lines for note in line]
    drawn = np.random.default_rng(way.seed).permutation(len(notes))[: round(share * len(notes))]
    open_ = four_part_file.by_notes(four, {notes[index] for index in drawn})
    redraw(four, open_, way, card, outputs, doing="varying", where=f" with a share of {share:g}")
