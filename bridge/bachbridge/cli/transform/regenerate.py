"""From a file in four voices to one in which some notes are drawn anew: what `mend`, `vary` and `harmonize` share."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bachbridge.atomic_files import atomic_output, check_output_path
from bachbridge.cli.transform import four_part_file, infill_run, staves
from bachbridge.cli.transform.four_part_file import FourPartSong
from bachbridge.cli.transform.infill_run import GenerationOptions
from bachbridge.cli.transform.report import metrics_table, octave_shift_text
from bachbridge.errors import ConfigError
from bachbridge.files.midi_reader import read_midi
from bachbridge.inference.runtime.library import Card
from bachbridge.music.frames import Bools
from bachbridge.music.notes import VOICES


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """Where the music goes, and what else is wanted."""

    target: Path
    score_path: Path | None = None
    print_metrics: bool = False

    def check_writable(self) -> None:
        """Whether all of it can be written; raises `BachBridgeError`."""
        check_output_path(self.target)
        if self.score_path is not None:
            check_output_path(self.score_path)
            staves.check_score_format(self.score_path)


def read_four_parts(source: Path, outputs: OutputFiles) -> FourPartSong:
    """The file's four voices, once it is sure that the outputs can be written."""
    outputs.check_writable()
    four = four_part_file.parse_four_parts(read_midi(source))
    if outputs.score_path is not None:
        staves.check_score_length(outputs.score_path, four.bars)
    return four


def regenerate(
    four_parts: FourPartSong,
    masked: Bools,
    generation: GenerationOptions,
    card: Card,
    outputs: OutputFiles,
    *,
    progress_label: str,
    region_text: str = "",
) -> None:
    """Draw what is open of the four voices and write all of them; `where` completes the sentence about it."""
    if not masked.any():
        raise ConfigError(
            f"{four_parts.midi_song.path} has nothing to draw anew{region_text}: "
            f"choose other bars, voices or a larger share."
        )
    if (masked | four_parts.is_rest).all():
        raise ConfigError(
            f"nothing of {four_parts.midi_song.path} would be left{region_text}: "
            f"leave some bars, voices or notes as they are."
        )
    done = infill_run.infill_canvas(
        four_part_file.masked_canvas(four_parts, masked), four_parts.bars, generation, card, progress_label
    )
    new = four_part_file.generated_notes(four_parts, masked, done.pitch_indices, done.onsets)
    whole = four_part_file.kept_and_generated_notes(four_parts, masked, new)
    with ExitStack() as files:
        files.enter_context(atomic_output(outputs.target)).write_bytes(
            four_part_file.midi_with_generated_notes(four_parts, masked, new)
        )
        if (score := outputs.score_path) is not None:
            drawing = staves.engraved_score(whole, four_parts.bars, four_parts.midi_song.path.stem, score.suffix)
            files.enter_context(atomic_output(score)).write_bytes(drawing)
    for name, shift in zip(VOICES, four_parts.voice_shifts, strict=True):
        if shift:
            print(f"the {name} lies outside its range: it was read {octave_shift_text(shift)}")
    erased = len(four_part_file.erased_notes(four_parts, masked))
    done_in = f"{erased} notes erased and {len(new)} drawn{region_text}, {len(four_parts.bars)} bars in all"
    print(f"wrote {outputs.target}: {done_in}")
    if outputs.print_metrics:
        Console().print(metrics_table(done.pitch_indices))
