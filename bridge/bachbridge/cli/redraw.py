"""From a file in four voices to one in which some notes are drawn anew: what `mend`, `vary` and `harmonize` share."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bachbridge.cli import infilling, quartet, staves
from bachbridge.cli.infilling import Way
from bachbridge.cli.quartet import Quartet
from bachbridge.cli.report import octaves, report_of
from bachbridge.errors import ConfigError
from bachbridge.library import Card
from bachbridge.midifile import read_midi
from bachbridge.music import VOICES
from bachbridge.voiceleading import Bools
from bachbridge.wholefile import check_place, whole_file


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
    four = quartet.quartet_of(read_midi(source))
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
    done = infilling.filled(quartet.canvas_of(four, open_), four.bars, way, card, doing)
    new = quartet.new_notes(four, open_, done.classes, done.struck)
    whole = quartet.all_notes(four, open_, new)
    with ExitStack() as files:
        files.enter_context(whole_file(outputs.target)).write_bytes(quartet.written(four, open_, new))
        if (score := outputs.score) is not None:
            drawing = staves.drawn(whole, four.bars, four.song.path.stem, score.suffix)
            files.enter_context(whole_file(score)).write_bytes(drawing)
    for name, shift in zip(VOICES, four.shifts, strict=True):
        if shift:
            print(f"the {name} lies outside its range: it was read {octaves(shift)}")
    erased = len(quartet.erased(four, open_))
    done_in = f"{erased} notes erased and {len(new)} drawn{where}, {len(four.bars)} bars in all"
    print(f"wrote {outputs.target}: {done_in}")
    if outputs.report:
        Console().print(report_of(done.classes))
