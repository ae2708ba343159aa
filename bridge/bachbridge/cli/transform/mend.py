"""`bachbridge mend IN.mid -o OUT.mid --bars 3-6 --voices alto,tenor`: a region of a file in four voices drawn anew."""

from pathlib import Path

import numpy as np

from bachbridge.cli.transform import four_part_file, infill_run
from bachbridge.cli.transform.infill_run import Way
from bachbridge.cli.transform.regenerate import Outputs, read, redraw
from bachbridge.errors import ConfigError
from bachbridge.music import bar_ranges
from bachbridge.music.notes import VOICES


def mend_file(source: Path, outputs: Outputs, way: Way, *, bars: str | None, voices: str | None) -> None:
    """Draw those bars of those voices anew; without bars the whole voices, without voices all four."""
    if bars is None and voices is None:
        raise ConfigError("say what to mend: --bars 3-6, --voices alto,tenor or both.")
    chosen = bar_ranges.voices_of(voices) if voices is not None else tuple(range(len(VOICES)))
    card = infill_run.card_for(way.model, "mend")
    four = read(source, outputs)
    wanted = np.zeros(four.classes.shape, np.bool_)
    wanted[:, chosen] = True
    if bars is not None:
        wanted &= bar_ranges.steps_of(bars, four.bars)[: len(wanted), None]
    open_ = four_part_file.in_region(four, wanted, silence=bars is None)
    redraw(four, open_, way, card, outputs, doing="mending", where=_where(bars, chosen))


def _where(bars: str | None, voices: tuple[int, ...]) -> str:
    within = f" in {bar_ranges.in_words(bars)}" if bars else ""
    return f"{within} of the {' and '.join(VOICES[voice] for voice in voices)}" if len(voices) < len(VOICES) else within
