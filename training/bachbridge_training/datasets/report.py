"""The report before training: what was read and refused, what the music is, and which notes would be lost.

It does not say how long the training takes. That is known only after the first steps, and each epoch prints it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rich.markup import escape
from rich.table import Table

from bachbridge.console import make_console
from bachbridge.music.notes import VOICES, key_name, pitch_name
from bachbridge_training.datasets.folder import MusicFolder, RejectedPiece
from bachbridge_training.datasets.suitability import NOTE_LOSS_TEXTS

_MAX_BAR_CHARACTERS = 24
"""Length of the longest bar in the chart of keys, in characters."""


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """The report of `bachbridge train --check`; `as_json` has the same fields."""

    folder: str
    files: int
    others: int
    refused: tuple[RejectedPiece, ...]
    pieces: int
    split: dict[str, int]
    """Number of pieces by part; empty if there are too few."""
    notes: int
    bars: int
    minutes: float
    keys: dict[str, int]
    """Number of pieces by estimated key, the most frequent first."""
    ranges: tuple[tuple[int, int], ...]
    """Lowest and highest pitch of each voice."""
    lost: dict[str, int]
    window: int
    """Length of a window in steps; 0 if the recipe has none."""
    windows: int
    """Number of windows side by side in the pieces."""

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def build_report(music_folder: MusicFolder, split: Mapping[str, int], window: int = 0) -> DatasetReport:
    """Build the report of a folder for a recipe whose windows have `window` steps."""
    pieces = music_folder.pieces
    lost = Counter[str]()
    for item in pieces:
        lost.update(item.content.note_losses)
    voices = max((len(item.content.pitch_ranges) for item in pieces), default=0)
    spans = [
        [item.content.pitch_ranges[voice] for item in pieces if len(item.content.pitch_ranges) > voice]
        for voice in range(voices)
    ]
    keys = Counter(key_name(item.info.key) if item.info.key else "no key" for item in pieces)
    return DatasetReport(
        folder=str(music_folder.path),
        files=music_folder.file_count,
        others=music_folder.other_file_count,
        refused=music_folder.rejected,
        pieces=len(pieces),
        split=dict(split),
        notes=sum(item.info.notes for item in pieces),
        bars=sum(item.info.bars for item in pieces),
        minutes=round(sum(item.info.seconds for item in pieces) / 60, 1),
        keys=dict(keys.most_common()),
        ranges=tuple((min(low for low, _ in span), max(high for _, high in span)) for span in spans),
        lost={name: lost[name] for name in NOTE_LOSS_TEXTS if lost[name]},
        window=window,
        windows=sum(-(-steps // window) for item in pieces for steps in item.content.section_steps) if window else 0,
    )


def show_report(report: DatasetReport) -> None:
    """Print the report on stderr; stdout is for output that programs read."""
    show_rejected(report.refused)
    console = make_console(stderr=True, highlight=False)
    if report.pieces:
        console.print(_summary_table(report))
        console.print(_key_table(report.keys))


def show_rejected(rejected: tuple[RejectedPiece, ...]) -> None:
    """Print on stderr what is not used and why; nothing if all is used."""
    if rejected:
        make_console(stderr=True, highlight=False).print(_rejected_table(rejected))


def _rejected_table(rejected: tuple[RejectedPiece, ...]) -> Table:
    table = Table("file", "reason", title="Not used", title_justify="left", box=None)
    alike = Counter((each.name.partition("#")[0], each.reason) for each in rejected)
    for each in rejected:
        file = each.name.partition("#")[0]
        count = alike.pop((file, each.reason), 0)
        if count:
            name = f"{file} ({count} pieces in it)" if count > 1 else each.name
            table.add_row(escape(name), escape(each.reason))
    return table


def _summary_table(report: DatasetReport) -> Table:
    table = Table(title=f"The music in {escape(report.folder)}", title_justify="left", box=None, show_header=False)
    others = f", {report.others} of other formats skipped" if report.others else ""
    table.add_row("files", f"{report.files}{others}")
    table.add_row("pieces", f"{report.pieces} ({_split_text(report.split)})" if report.split else str(report.pieces))
    if report.refused:
        table.add_row("not used", str(len(report.refused)))
    table.add_row("notes", f"{report.notes}")
    table.add_row("length", f"{report.bars} bars, {report.minutes:.1f} minutes")
    names = VOICES if len(report.ranges) == len(VOICES) else ("range",) * len(report.ranges)
    for name, (low, high) in zip(names, report.ranges, strict=True):
        table.add_row(name, f"{pitch_name(low)} to {pitch_name(high)}")
    for name, count in report.lost.items():
        table.add_row("lost" if name != "moved" else "rounded", f"{count} of {report.notes} {NOTE_LOSS_TEXTS[name]}")
    if report.window:
        table.add_row("windows", f"{report.windows} of {report.window} 16ths side by side, without transpositions")
    return table


def _split_text(split: Mapping[str, int]) -> str:
    words = {"train": "for training", "valid": "for validation", "test": "for tests"}
    return ", ".join(f"{count} {words[part]}" for part, count in split.items())


def _key_table(keys: Mapping[str, int]) -> Table:
    table = Table(title="Keys, estimated", title_justify="left", box=None, show_header=False)
    most = max(keys.values())
    for name, count in keys.items():
        table.add_row(name, "█" * max(1, round(_MAX_BAR_CHARACTERS * count / most)), str(count))
    return table
