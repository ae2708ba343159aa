"""The split of a run's music into parts, and the record of it in the run's folder.

The user's own music is split by the hash of its tunes. So a piece, its copies and its transpositions are in one part,
whatever else is in the folder: nine tunes in ten are for training, one in twenty for validation, one in twenty for
tests. If the hashes leave no tune for training or for validation, the nearest one is used. Files named `train`, `valid`
and `test` are these parts. Bach's cello suites are split by suite, because the movements of a suite have more in common
than a fair test allows.

`data.json` in the run's folder records the split. So a run continues with the music that it began with or not at all,
and is exported with its own validation pieces, even if files have been added to the folder since.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import ConfigError
from bachbridge_training.datasets import chorales as chorale_data
from bachbridge_training.datasets.folder import DatasetPiece, MusicFolder

ORIGIN_FILE = "data.json"
ALL_PARTS = "all"
"""Stands for the music of every part."""
CHORALE_CARD_TEXT = {"data": chorale_data.CHORALES_TEXT, "split": chorale_data.CHORALE_SPLIT_TEXT}
MIN_PIECES = 3
"""Minimum number of pieces for training and validation."""
_Record = TypeVar("_Record")
_SUITE_FILE = re.compile(r"cs([1-6])-\w+\.mid")
_PART_OF_SUITE = {"2": "valid", "3": "test"}
_PART_STARTS = (("train", 0.0), ("valid", 0.9), ("test", 0.95))
"""Start of each part's interval of the hash, scaled to 0..1."""


@dataclass(frozen=True, slots=True)
class DataOrigin:
    """The source of a run's music, as `data.json` records it."""

    folder: str
    """Empty for the chorales that come with music21."""
    limit: int | None
    """Maximum number of pieces of each part."""
    fingerprint: str
    """Hash over all pieces, before the limit."""
    parts: dict[str, list[str]]
    """Identities of the used pieces, by part."""
    said: dict[str, str]
    """A model card's texts about the music (`data`) and its split (`split`)."""


@dataclass(frozen=True, slots=True)
class SplitDataset:
    """A run's music, by part."""

    origin: DataOrigin
    parts: dict[str, list[Any]]
    """Pieces of a folder, or bundled pieces."""
    train_share: float
    """Share of the training pieces that the limit leaves."""


def split_pieces(items: Sequence[DatasetPiece]) -> dict[str, list[DatasetPiece]]:
    """Return the pieces by part, in their order; raise `ConfigError` if there are too few."""
    if not items:
        raise ConfigError(
            f"the folder holds no music that this recipe can train on: give a folder with {MIN_PIECES} pieces."
        )
    if len(items) < MIN_PIECES:
        raise ConfigError(
            f"there is too little music to train on ({_count_text(len(items))}): give at least {MIN_PIECES} pieces."
        )
    part_of = _parts_by_name(items) or _parts_by_converter(items) or _parts_by_tune(items)
    parts = {part: [item for item, own in zip(items, part_of, strict=True) if own == part] for part, _ in _PART_STARTS}
    if not parts["train"] or not parts["valid"]:
        raise ConfigError(
            "by their names all pieces are in one part: add others, so that some can be used for validation."
        )
    return parts


def pieces_of_part(found: MusicFolder, part: str) -> Sequence[DatasetPiece]:
    """Return the pieces of a part of a folder or file, or of all with `ALL_PARTS`; a single piece of a file is whole.

    Raises `ConfigError` as `split_pieces` does.
    """
    is_whole = part == ALL_PARTS or (found.path.is_file() and len(found.pieces) < 2)
    return found.pieces if is_whole else split_pieces(found.pieces)[part]


def are_cello_suites(names: Sequence[str]) -> bool:
    """Return True if the names are those of Bach's cello suites (`cs2-1pre.mid`)."""
    return all(_SUITE_FILE.fullmatch(Path(name).name) for name in names)


def _parts_by_name(items: Sequence[DatasetPiece]) -> list[str] | None:
    """Return the part of each piece if the files are cello suites or are named after the parts; else None."""
    files = [Path(item.name.partition("#")[0]) for item in items]
    if are_cello_suites([item.name for item in items]):
        return [_PART_OF_SUITE.get(file.name[2], "train") for file in files]
    if {file.stem for file in files} >= {"train", "valid"}:
        return [
            file.stem if file.stem in chorale_data.PARTS else item.content.part or "train"
            for file, item in zip(files, items, strict=True)
        ]
    return None


def _parts_by_converter(items: Sequence[DatasetPiece]) -> list[str] | None:
    """Return the part of each piece if the converter knows it; else None. The last of few pieces is for validation."""
    parts = [item.content.part for item in items]
    if not all(parts):
        return None
    if "valid" not in parts:
        parts[-1] = "valid"
    return parts


def _parts_by_tune(items: Sequence[DatasetPiece]) -> list[str]:
    tunes = sorted({item.tune_hash for item in items})
    if len(tunes) < 2:
        raise ConfigError("all pieces have the same tune: add others, so that some can be used for validation.")
    part_of = {tune: _part_by_share(int(tune[:8], 16) / 2**32) for tune in tunes}
    if "train" not in part_of.values():
        part_of[tunes[0]] = "train"
    if "valid" not in part_of.values():
        spare = [tune for tune in tunes if part_of[tune] == "train"]
        part_of[(spare if len(spare) > 1 else tunes)[-1]] = "valid"
    return [part_of[item.tune_hash] for item in items]


def _part_by_share(share: float) -> str:
    return [part for part, begin in _PART_STARTS if share >= begin][-1]


def _count_text(pieces: int) -> str:
    return "1 piece" if pieces == 1 else f"{pieces} pieces"


def fingerprint(identities: Sequence[str]) -> str:
    """Return a hash of the pieces that does not depend on their order."""
    return hashlib.sha256("\n".join(sorted(identities)).encode()).hexdigest()


# ---------------------------------------------------------------- the music of a run


def split_folder(music_folder: MusicFolder, limit: int | None) -> SplitDataset:
    """Split the pieces of a folder; keep at most `limit` of each part."""
    parts = split_pieces(music_folder.pieces)
    used = {part: items[:limit] for part, items in parts.items()}
    names = {part: [item.identity for item in items] for part, items in used.items()}
    folder_fingerprint = fingerprint([item.identity for item in music_folder.pieces])
    origin = DataOrigin(
        str(music_folder.path.resolve()), limit, folder_fingerprint, names, _card_text(music_folder, names)
    )
    return SplitDataset(origin, used, len(used["train"]) / len(parts["train"]))


def _card_text(music_folder: MusicFolder, names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    suites = are_cello_suites([item.name for item in music_folder.pieces])
    counts = {part: len(identities) for part, identities in names.items()}
    method = "by suite, 2 valid, 3 test" if suites else "by a hash of each piece's tune, or by the files' names"
    return {
        "data": f"{_count_text(sum(counts.values()))} in the folder {music_folder.path.resolve().name}",
        "split": f"{method}: {', '.join(f'{count} {part}' for part, count in counts.items())}",
    }


def restore_dataset(music_folder: MusicFolder, origin: DataOrigin) -> SplitDataset:
    """Return the pieces that a run had, whatever was added since; raise `ConfigError` if one is missing."""
    items = {item.identity: item for item in music_folder.pieces}
    missing = sum(identity not in items for part in origin.parts.values() for identity in part)
    if missing:
        are = "is" if missing == 1 else "are"
        gone = f"{_count_text(missing)} of the run's music {are} no longer in {music_folder.path}"
        raise ConfigError(f"{gone}: put them back, or give the folder that has them with --data.")
    return SplitDataset(origin, {part: [items[name] for name in names] for part, names in origin.parts.items()}, 1.0)


def four_part_sections(items: Sequence[DatasetPiece]) -> list[Any]:
    """Return the sections that four-voice recipes train on, named after their pieces."""
    return [replace(section, name=item.name) for item in items for section in item.content.sections]


def split_chorales(limit: int | None) -> SplitDataset:
    """Return the chorales that come with music21, by the community's split."""
    pieces = {part: chorale_data.load_chorales(part) for part in ("train", "valid")}
    return limit_parts("", limit, pieces, dict(CHORALE_CARD_TEXT))


def limit_parts(
    folder: str, limit: int | None, pieces_by_part: Mapping[str, Sequence[Any]], card_text: dict[str, str]
) -> SplitDataset:
    """Keep at most `limit` of each part of named pieces that are split already."""
    used = {part: list(pieces[:limit]) for part, pieces in pieces_by_part.items()}
    names = {part: [str(piece.name) for piece in pieces] for part, pieces in used.items()}
    all_pieces = fingerprint([str(piece.name) for pieces in pieces_by_part.values() for piece in pieces])
    return SplitDataset(
        DataOrigin(folder, limit, all_pieces, names, card_text),
        used,
        len(used["train"]) / max(1, len(pieces_by_part["train"])),
    )


# ---------------------------------------------------------------- the record


def write_origin(origin: DataOrigin, run: Path) -> None:
    """Write the record into the run's folder, atomically."""
    with atomic_output(run / ORIGIN_FILE) as scratch:
        scratch.write_text(json.dumps(asdict(origin), indent=1) + "\n", "utf-8")


def read_origin(run: Path) -> DataOrigin | None:
    """Return the record of the run in `run`; None if there is none, as in old runs on the chorales.

    Raises `ConfigError` if it is damaged.
    """
    return read_record(run / ORIGIN_FILE, DataOrigin)


def read_record(path: Path, record_type: type[_Record]) -> _Record | None:
    """Return a JSON file of a run as a `record_type`; None if there is none. Raises `ConfigError` if it is damaged."""
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=record_type)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is damaged ({error}): begin another run with -o.") from error


def check_same_origin(origin: DataOrigin, current: DataOrigin, run: Path) -> None:
    """Raise `ConfigError` unless the run continues with the music that it began with."""
    if current.limit != origin.limit:
        began = f"--limit {origin.limit}" if origin.limit else "no --limit"
        raise ConfigError(f"the run in {run} began with {began}: leave --limit out when resuming.")
    if current.fingerprint != origin.fingerprint:
        began = origin.folder or "the bundled chorales"
        raise ConfigError(
            f"the run in {run} began with other music than there is now in {began}: start another run with -o, "
            "or give the same music again."
        )
