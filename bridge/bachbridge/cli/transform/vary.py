"""`bachbridge vary IN.mid -o OUT.mid --share 0.4`: some notes of a file in four voices drawn anew, chosen by chance."""

from pathlib import Path

import numpy as np

from bachbridge.cli.transform import four_part_file, infill_run
from bachbridge.cli.transform.infill_run import GenerationOptions
from bachbridge.cli.transform.regenerate import OutputFiles, read_four_parts, regenerate
from bachbridge.errors import ConfigError


def vary_file(source: Path, outputs: OutputFiles, generation: GenerationOptions, *, share: float) -> None:
    """Draw that share of the notes anew; the seed chooses which."""
    if not 0 <= share <= 1:
        raise ConfigError(f"cannot vary a share of {share:g}: give --share a number from 0 to 1.")
    card = infill_run.find_infill_card(generation.model, "vary")
    four = read_four_parts(source, outputs)
    notes = [(note.start, note.voice) for line in four.voice_notes for note in line]
    drawn = np.random.default_rng(generation.seed).permutation(len(notes))[: round(share * len(notes))]
    open_ = four_part_file.mask_notes(four, {notes[index] for index in drawn})
    regenerate(
        four, open_, generation, card, outputs, progress_label="varying", region_text=f" with a share of {share:g}"
    )
