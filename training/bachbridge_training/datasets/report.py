"""The report before anything is trained: what was read and refused, what it is, and what would be thrown away.

How long the training takes is not in it: that is known once the first steps were taken, and then told with each epoch.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bachbridge.music.notes import VOICES, key_name, pitch_name
from bachbridge_training.datasets.folder import MusicFolder, RejectedPiece
from bachbridge_training.datasets.suitability import NOTE_LOSS_TEXTS

_MAX_BAR_CHARACTERS = 24
"""The longest bar of the picture of the keys, in characters."""


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What `bachbridge train --check` says; `as_json` has the same fields."""

    folder: str
    files: int
    others: int
    refused: tuple[RejectedPiece, ...]
    pieces: int
    split: dict[str, int]
    """Pieces by part; empty where there are too few."""
    notes: int
    bars: int
    minutes: float
    keys: dict[str, int]
    """Pieces by estimated key, the most frequent first."""
    ranges: tuple[tuple[int, int], ...]
    """Lowest and highest pitch of each voice."""
    lost: dict[str, int]
    window: int
    """Steps of a window; 0 where the recipe has none."""
    windows: int
    """So many lie side by side in the pieces."""

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def build_report(music_folder: MusicFolder, split: Mapping[str, int], window: int = 0) -> DatasetReport:
    """Of a collection for a recipe whose windows are so many steps long."""
    items = music_folder.pieces
    lost = Counter[str]()
    for item in items:
        lost.update(item.content.note_losses)
    voices = max((len(item.content.pitch_ranges) for item in items), default=0)
    spans = [
        [item.content.pitch_ranges[voice] for item in items if len(item.content.pitch_ranges) > voice]
        for voice in range(voices)
    ]
    keys = Counter(key_name(item.info.key) if item.info.key else "no key" for item in items)
    return DatasetReport(
        folder=str(music_folder.path),
        files=music_folder.file_count,
        others=music_folder.other_file_count,
        refused=music_folder.rejected,
        pieces=len(items),
        split=dict(split),
        notes=sum(item.info.notes for item in items),
        bars=sum(item.info.bars for item in items),
        minutes=round(sum(item.info.seconds for item in items) / 60, 1),
        keys=dict(keys.most_common()),
        ranges=tuple((min(low for low, _ in span), max(high for _, high in span)) for span in spans),
        lost={name: lost[name] for name in NOTE_LOSS_TEXTS if lost[name]},
        window=window,
        windows=sum(-(-steps // window) for item in items for steps in item.content.section_steps) if window else 0,
    )


def show_report(report: DatasetReport) -> None:
    """On stderr, so that stdout is for what a program reads."""
    console = Console(stderr=True, highlight=False)
    if report.refused:
        console.print(_rejected_table(report.refused))
    if report.pieces:
        console.print(_summary_table(report))
        console.print(_key_table(report.keys))


def _rejected_table(rejected: tuple[RejectedPiece, ...]) -> Table:
    table = Table("file", "refused, since it", title="Not used", title_justify="left", box=None)
    alike = Counter((its.name.partition("#")[0], its.reason) for its in rejected)
    for its in rejected:
        file = its.name.partition("#")[0]
        count = alike.pop((file, its.reason), 0)
        if count:
            table.add_row(escape(f"{file} ({count} pieces in it)" if count > 1 else its.name), escape(its.reason))
    return table


def _summary_table(report: DatasetReport) -> Table:
    table = Table(title=f"The music in {escape(report.folder)}", title_justify="left", box=None, show_header=False)
    others = f", {report.others} of other kinds passed over" if report.others else ""
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
        table.add_row(
            "thrown away" if name != "moved" else "rounded", f"{count} of {report.notes} {NOTE_LOSS_TEXTS[name]}"
        )
    if report.window:
        table.add_row("windows", f"{report.windows} of {report.window} 16ths side by side, besides transpositions")
    return table


def _split_text(split: Mapping[str, int]) -> str:
    words = {"train": "to train on", "valid": "to validate with", "test": "for tests"}
    return ", ".join(f"{count} {words[part]}" for part, count in split.items())


def _key_table(keys: Mapping[str, int]) -> Table:
    table = Table(title="Keys, estimated", title_justify="left", box=None, show_header=False)
    most = max(keys.values())
    for name, count in keys.items():
        table.add_row(name, "█" * max(1, round(_MAX_BAR_CHARACTERS * count / most)), str(count))
    return table
