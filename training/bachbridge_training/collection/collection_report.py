"""The report of a preparation: what was read, what is left out and why, and what the music is.

`report.json` and `report.md` hold the figures, with the rules of the report before training (`datasets.suitability`);
`refused.tsv` has a line for each piece that is left out. They do not say how long it took, so that they are the same
each time.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from bachbridge.atomic_files import atomic_output
from bachbridge.music.notes import VOICES, key_name, pitch_name
from bachbridge_training.collection.reading import chunk_file, packed_music
from bachbridge_training.collection.reading.chunk_file import FIGURES, ChunkColumns
from bachbridge_training.collection.reading.file_list import FileCounts
from bachbridge_training.collection.reading.piece_records import NO_KEY
from bachbridge_training.collection.selection import PARTS, Selection
from bachbridge_training.datasets.suitability import NOTE_LOSS_TEXTS

REPORT_FILE, PAGE_FILE, REFUSED_FILE = "report.json", "report.md", "refused.tsv"
_SHOWN_REASONS = 20


class CollectionReport(msgspec.Struct, frozen=True):
    """The contents of `report.json`."""

    collection: str
    recipe: str
    files: int
    other_files: int
    """Files of formats that are not read."""
    refused: int
    """Files, or pieces in them, that cannot be read or are not what the recipe needs."""
    reasons: dict[str, int]
    duplicates: int
    near_duplicates: int
    pieces: int
    """Pieces that are kept."""
    split: dict[str, int]
    groups: int
    """Groups of pieces with similar melodies; each is in one part of the split."""
    largest_group: int
    notes: int
    bars: int
    minutes: float
    keys: dict[str, int]
    """Number of pieces by estimated key, the most frequent first."""
    ranges: list[tuple[int, int]]
    """Lowest and highest pitch of each voice, or of all music."""
    lost: dict[str, int]
    training_ranges: list[tuple[int, int]]
    """The ranges of the part for training."""


def write_refused(bases: Sequence[Path], folder: Path, selection: Selection | None = None) -> int:
    """Write `refused.tsv`, with the duplicates if a selection is known; return the number of refused pieces."""
    count = 0
    with atomic_output(folder / REFUSED_FILE) as scratch, scratch.open("w", encoding="utf-8") as output:
        for number, base in enumerate(bases):
            columns = chunk_file.read_columns(base)
            count += len(columns.refused_names)
            lines = [*zip(columns.refused_names.tolist(), columns.refused_reasons.tolist(), strict=True)]
            if selection is not None:
                lines += _left_out(columns, number, bases, selection)
            output.writelines(f"{_one_line(name)}\t{_one_line(reason)}\n" for name, reason in sorted(lines))
    return count


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _left_out(
    columns: ChunkColumns, chunk: int, bases: Sequence[Path], selection: Selection
) -> Iterator[tuple[str, str]]:
    """Yield the duplicates in a chunk, each with a reason that names the piece that is kept."""
    table = selection.table
    begin = int(table.chunk_starts[chunk])
    for at, name in enumerate(columns.names.tolist()):
        piece = int(table.number_of_row[begin + at])
        nearest = int(selection.nearest[piece])
        if table.row_of_number[piece] != begin + at:
            yield name, f"has the same music as {_name_of(piece, bases, selection)}."
        elif nearest != piece:
            yield name, f"is nearly the same as {_name_of(nearest, bases, selection)}, perhaps in another key."


def _name_of(piece: int, bases: Sequence[Path], selection: Selection) -> str:
    place = tuple(selection.table.contents[piece].tolist())
    content = chunk_file.read_contents(bases[int(selection.table.chunks_of(np.array(piece)))], [place])[0]
    return packed_music.unpack_piece(content)[0].name


def build_report(
    bases: Sequence[Path], selection: Selection, counts: FileCounts, *, collection: str, recipe: str
) -> CollectionReport:
    """Add up the figures of the pieces that are kept."""
    table, kept = selection.table, selection.is_kept
    reasons, keys = Counter[str](), np.zeros(NO_KEY + 1, np.int64)
    figures, seconds = np.zeros(len(FIGURES) + len(NOTE_LOSS_TEXTS), np.int64), 0.0
    ranges, training_ranges = _PitchRanges(), _PitchRanges()
    for number, base in enumerate(bases):
        columns = chunk_file.read_columns(base)
        reasons.update(
            reason.partition(" (")[0].partition(":")[0].rstrip(".") for reason in columns.refused_reasons.tolist()
        )
        rows = np.arange(table.chunk_starts[number], table.chunk_starts[number + 1])
        pieces = table.number_of_row[rows]
        chosen = kept[pieces] & (table.row_of_number[pieces] == rows)
        if not chosen.any():
            continue
        figures += columns.figures[chosen].sum(axis=0)
        keys += np.bincount(columns.figures[chosen, FIGURES.index("key")], minlength=NO_KEY + 1)
        seconds += float(columns.seconds[chosen].sum())
        ranges.add(columns.pitch_ranges[chosen])
        training_ranges.add(columns.pitch_ranges[chosen & (selection.parts[pieces] == PARTS.index("train"))])
    sizes = np.bincount(selection.groups[kept])
    lost = dict(zip(NOTE_LOSS_TEXTS, figures[len(FIGURES) :].tolist(), strict=True))
    key_counts = Counter({_key_text(number): int(count) for number, count in enumerate(keys) if count})
    return CollectionReport(
        collection=collection,
        recipe=recipe,
        files=counts.files,
        other_files=counts.others,
        refused=reasons.total(),
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN_REASONS]),
        duplicates=len(table.number_of_row) - len(table.hashes),
        near_duplicates=int((~kept).sum()),
        pieces=int(kept.sum()),
        split={part: len(selection.numbers_of(part)) for part in PARTS},
        groups=int((sizes > 0).sum()),
        largest_group=int(sizes.max()),
        notes=int(figures[0]),
        bars=int(figures[1]),
        minutes=round(seconds / 60, 1),
        keys=dict(key_counts.most_common()),
        ranges=ranges.found,
        lost={name: count for name, count in lost.items() if count},
        training_ranges=training_ranges.found,
    )


class _PitchRanges:
    """The lowest and the highest pitch of each voice of the pieces so far."""

    def __init__(self) -> None:
        self.found: list[tuple[int, int]] = []

    def add(self, ranges: np.ndarray) -> None:
        """Add `ranges[piece, voice, 2]`."""
        if len(ranges):
            own = [*zip(ranges[..., 0].min(axis=0).tolist(), ranges[..., 1].max(axis=0).tolist(), strict=True)]
            self.found = [
                (min(low, other_low), max(high, other_high))
                for (low, high), (other_low, other_high) in zip(own, self.found or own, strict=True)
            ]


def _key_text(number: int) -> str:
    return "no key" if number == NO_KEY else key_name((number % 12, number >= 12))


def write_report(report: CollectionReport, folder: Path) -> None:
    """Write `report.json` and `report.md`."""
    with atomic_output(folder / REPORT_FILE) as scratch:
        scratch.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    with atomic_output(folder / PAGE_FILE) as scratch:
        scratch.write_text(report_page(report), "utf-8")


def report_page(report: CollectionReport) -> str:
    """Return the report as a page of Markdown."""
    others = f", and {report.other_files:,} of other formats" if report.other_files else ""
    names = VOICES if len(report.ranges) == len(VOICES) else ("range",) * len(report.ranges)
    rows = [
        ("files", f"{report.files:,}{others}"),
        ("refused", f"{report.refused:,}"),
        ("duplicates", f"{report.duplicates:,}"),
        ("near-duplicates left out", f"{report.near_duplicates:,}"),
        (
            "pieces kept",
            f"{report.pieces:,} ({', '.join(f'{count:,} {part}' for part, count in report.split.items())})",
        ),
        ("groups of similar melodies", f"{report.groups:,}, the largest of {report.largest_group:,} pieces"),
        ("notes", f"{report.notes:,}"),
        ("length", f"{report.bars:,} bars, {report.minutes:,.1f} minutes"),
        *(
            (name, f"{pitch_name(low)} to {pitch_name(high)}")
            for name, (low, high) in zip(names, report.ranges, strict=True)
        ),
        *(("changed notes", f"{count:,} {NOTE_LOSS_TEXTS[name]}") for name, count in report.lost.items()),
    ]
    lines = [f"# {report.collection}, prepared for {report.recipe}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in rows]
    if report.reasons:
        lines += ["", f"## Refused\n\n`{REFUSED_FILE}` names each piece.\n", "| pieces | reason |", "|---|---|"]
        lines += [f"| {count:,} | {_one_line(reason).replace('|', '/')} |" for reason, count in report.reasons.items()]
    lines += ["", "## Keys, estimated", "", "| pieces | key |", "|---|---|"]
    lines += [f"| {count:,} | {name} |" for name, count in report.keys.items()]
    return "\n".join(lines) + "\n"
