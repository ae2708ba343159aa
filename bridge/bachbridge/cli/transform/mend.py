"""`bachbridge mend IN.mid -o OUT.mid --bars 3-6 --voices alto,tenor`: a region of a file in four voices drawn anew."""

from pathlib import Path

import numpy as np

from bachbridge.cli.transform import four_part_file, infill_run
from bachbridge.cli.transform.infill_run import GenerationOptions
from bachbridge.cli.transform.regenerate import OutputFiles, read_four_parts, regenerate
from bachbridge.errors import ConfigError
from bachbridge.music import bar_ranges
from bachbridge.music.notes import VOICES


def mend_file(
    source: Path, outputs: OutputFiles, generation: GenerationOptions, *, bars: str | None, voices: str | None
) -> None:
    """Draw those bars of those voices anew; without bars the whole voices, without voices all four."""
    if bars is None and voices is None:
        raise ConfigError("say what to mend: --bars 3-6, --voices alto,tenor or both.")
    chosen = bar_ranges.parse_voices(voices) if voices is not None else tuple(range(len(VOICES)))
    card = infill_run.find_infill_card(generation.model, "mend")
    four = read_four_parts(source, outputs)
    wanted = np.zeros(four.pitch_index.shape, np.bool_)
    wanted[:, chosen] = True
    if bars is not None:
        wanted &= bar_ranges.parse_bars(bars, four.bars)[: len(wanted), None]
    open_ = four_part_file.mask_region(four, wanted, include_silence=bars is None)
    regenerate(four, open_, generation, card, outputs, progress_label="mending", region_text=_region_text(bars, chosen))


def _region_text(bars: str | None, voices: tuple[int, ...]) -> str:
    within = f" in {bar_ranges.describe_bars(bars)}" if bars else ""
    return f"{within} of the {' and '.join(VOICES[voice] for voice in voices)}" if len(voices) < len(VOICES) else within
