"""`bachbridge mend` and `bachbridge vary`: regenerate a part of a file in four voices.

`mend IN.mid -o OUT.mid --bars 3-6 --voices alto,tenor` replaces a region. `vary IN.mid -o OUT.mid --share 0.4` replaces
single notes that the seed chooses.
"""

from pathlib import Path

import numpy as np

from bachbridge.cli.transform import four_part_file, infill_run
from bachbridge.cli.transform.infill_run import GenerationOptions
from bachbridge.cli.transform.output import OutputFiles
from bachbridge.cli.transform.regenerate import read_four_parts, regenerate
from bachbridge.errors import ConfigError
from bachbridge.music import bar_ranges
from bachbridge.music.notes import VOICES


def mend_file(
    source: Path, outputs: OutputFiles, generation: GenerationOptions, *, bars: str | None, voices: str | None
) -> None:
    """Regenerate these bars of these voices; without bars the whole piece, without voices all four."""
    if bars is None and voices is None:
        raise ConfigError("there is nothing to mend yet: give --bars 3-6, --voices alto,tenor or both.")
    chosen = bar_ranges.parse_voices(voices) if voices is not None else tuple(range(len(VOICES)))
    card = infill_run.find_infill_card(generation.model, "mend")
    four_parts = read_four_parts(source, outputs)
    region_mask = np.zeros(four_parts.pitch_index.shape, np.bool_)
    region_mask[:, chosen] = True
    if bars is not None:
        region_mask &= bar_ranges.parse_bars(bars, four_parts.bars)[: len(region_mask), None]
    masked = four_part_file.mask_region(four_parts, region_mask, keep_silence=bars is None)
    region_text = _region_text(bars, chosen)
    regenerate(four_parts, masked, generation, card, outputs, progress_label="mending", region_text=region_text)


def _region_text(bars: str | None, voices: tuple[int, ...]) -> str:
    within = f" in {bar_ranges.describe_bars(bars)}" if bars else ""
    return f"{within} of the {' and '.join(VOICES[voice] for voice in voices)}" if len(voices) < len(VOICES) else within


def vary_file(source: Path, outputs: OutputFiles, generation: GenerationOptions, *, share: float) -> None:
    """Regenerate this share of the notes; the seed chooses which."""
    if not 0 <= share <= 1:
        raise ConfigError(f"cannot vary a share of {share:g}: give --share a number from 0 to 1.")
    card = infill_run.find_infill_card(generation.model, "vary")
    four_parts = read_four_parts(source, outputs)
    starts = [(note.start, note.voice) for notes in four_parts.voice_notes for note in notes]
    chosen = np.random.default_rng(generation.seed).permutation(len(starts))[: round(share * len(starts))]
    masked = four_part_file.mask_notes(four_parts, {starts[index] for index in chosen})
    region_text = f" with a share of {share:g}"
    regenerate(four_parts, masked, generation, card, outputs, progress_label="varying", region_text=region_text)
