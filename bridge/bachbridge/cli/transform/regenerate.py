"""From a file in four voices to one in which some notes are drawn anew: what `mend`, `vary` and `harmonize` share."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bachbridge.atomic_files import check_place, whole_file
from bachbridge.cli.transform import four_part_file, infill_run, staves
from bachbridge.cli.transform.four_part_file import Quartet
from bachbridge.cli.transform.infill_run import Way
from bachbridge.cli.transform.report import octaves, report_of
from bachbridge.errors import ConfigError
from bachbridge.files.midi_reader import read_midi
from bachbridge.inference.runtime.library import Card
from bachbridge.music.notes import VOICES
from bachbridge.music.voice_leading import Bools


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the music goes, and what else is wanted."""

    target: Path
    score: Path | None = None
    report: bool = False

    def check(self) -> None:
        """Whether all of it can be written; raises `BachBridgeError`."""
        check_place(self.target)
        if self.score is not None:
            check_place(self.score)
            staves.check_name(self.score)


def read(source: Path, outputs: Outputs) -> Quartet:
    """The file's four voices, once it is sure that the outputs can be written."""
    outputs.check()
    four = four_part_file.quartet_of(read_midi(source))
    if outputs.score is not None:
        staves.check_length(outputs.score, four.bars)
    return four


def redraw(four: Quartet, open_: Bools, way: Way, card: Card, outputs: Outputs, *, doing: str, where: str = "") -> None:
    """Draw what is open of the four voices and write all of them; `where` completes the sentence about it."""
    if not open_.any():
        raise ConfigError(
            f"{four.song.path} has nothing to draw anew{where}: choose other bars, voices or a larger share."
        )
    if (open_ | four.rests).all():
        raise ConfigError(
            f"nothing of {four.song.path} would be left{where}: leave some bars, voices or notes as they are."
        )
    done = infill_run.filled(four_part_file.canvas_of(four, open_), four.bars, way, card, doing)
    new = four_part_file.new_notes(four, open_, done.classes, done.struck)
    whole = four_part_file.all_notes(four, open_, new)
    with ExitStack() as files:
        files.enter_context(whole_file(outputs.target)).write_bytes(four_part_file.written(four, open_, new))
        if (score := outputs.score) is not None:
            drawing = staves.drawn(whole, four.bars, four.song.path.stem, score.suffix)
            files.enter_context(whole_file(score)).write_bytes(drawing)
    for name, shift in zip(VOICES, four.shifts, strict=True):
        if shift:
            print(f"the {name} lies outside its range: it was read {octaves(shift)}")
    erased = len(four_part_file.erased(four, open_))
    done_in = f"{erased} notes erased and {len(new)} drawn{where}, {len(four.bars)} bars in all"
    print(f"wrote {outputs.target}: {done_in}")
    if outputs.report:
        Console().print(report_of(done.classes))
