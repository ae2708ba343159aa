"""Regenerate masked notes of a file in four voices and write the result: shared by `mend`, `vary` and `harmonize`."""

from collections.abc import Sequence
from pathlib import Path

from bachbridge.cli.transform import four_part_file, infill_run
from bachbridge.cli.transform.four_part_file import FourPartSong
from bachbridge.cli.transform.infill_run import GenerationOptions
from bachbridge.cli.transform.inputs import read_source
from bachbridge.cli.transform.output import OutputFiles, metrics_table, octave_shift_text
from bachbridge.console import make_console
from bachbridge.errors import ConfigError
from bachbridge.inference.infill.closes import with_closes
from bachbridge.inference.runtime.library import Card
from bachbridge.music.frames import Bools
from bachbridge.music.notes import VOICES


def read_four_parts(source: Path, outputs: OutputFiles) -> FourPartSong:
    """Read a file in four voices, after checking that the outputs can be written; raises `BachBridgeError`."""
    outputs.check_writable()
    four_parts = four_part_file.parse_four_parts(read_source(source).song)
    outputs.check_score_length(four_parts.bars)
    return four_parts


def regenerate(
    four_parts: FourPartSong,
    masked: Bools,
    generation: GenerationOptions,
    card: Card,
    outputs: OutputFiles,
    *,
    progress_label: str,
    region_text: str = "",
    phrase_ends: Sequence[int] = (),
) -> None:
    """Regenerate the notes in `masked[step, voice]` and write all four voices.

    `region_text` names the place in messages, such as " in bars 3-6". Harmonies close at the steps `phrase_ends`, at
    which the last notes of phrases begin; without any they go as the music goes. Raises `BachBridgeError`.
    """
    _check_mask(four_parts, masked, region_text)
    canvas = four_part_file.masked_canvas(four_parts, masked)
    if phrase_ends and generation.style.rules:
        canvas = with_closes(canvas, phrase_ends, generation.style.key, generation.seed)
    filled = infill_run.infill_canvas(canvas, four_parts.bars, generation, card, progress_label)
    generated = four_part_file.generated_notes(four_parts, masked, filled.pitch_indices, filled.onsets)
    outputs.write(
        four_part_file.midi_with_generated_notes(four_parts, masked, generated),
        four_part_file.kept_and_generated_notes(four_parts, masked, generated),
        four_parts.bars,
        four_parts.midi_song.path.stem,
    )
    for name, shift in zip(VOICES, four_parts.voice_shifts, strict=True):
        if shift:
            print(f"the {name} lies outside its range: it was read {octave_shift_text(shift)}")
    erased = len(four_part_file.erased_notes(four_parts, masked))
    print(
        f"wrote {outputs.target}: {erased} notes erased and {len(generated)} generated{region_text}, "
        f"{len(four_parts.bars)} bars in all"
    )
    if outputs.print_metrics:
        make_console().print(metrics_table(filled.pitch_indices))


def _check_mask(four_parts: FourPartSong, masked: Bools, region_text: str) -> None:
    """Raise `ConfigError` if nothing is masked or nothing would stay."""
    path = four_parts.midi_song.path
    if not masked.any():
        raise ConfigError(f"{path} has no notes to replace{region_text}: choose other bars, voices or a larger share.")
    if (masked | four_parts.is_rest).all():
        raise ConfigError(f"no note of {path} would stay{region_text}: leave out some bars, voices or notes.")
