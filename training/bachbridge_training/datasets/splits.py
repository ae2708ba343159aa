"""The music that a run is trained on, by part, and the record of it in the run's folder.

Somebody's own music is split by the hash of its tunes, so that a piece, its copies and its transpositions fall into one
part, whatever else there is in the folder: nine in ten tunes are trained on, one in twenty validates, one in twenty is
for tests. Where chance leaves no tune to train on or to validate with, the nearest one is taken. Files named `train`,
`valid` and `test` are the parts that they say, and Bach's cello suites are divided by suites: the movements of a suite
have more in common than a fair test allows.

`data.json` in the run's folder says what it was, so that a run goes on with the music that it began with and is
exported with its own validation pieces, even if files have come to the folder since.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bachbridge.atomic_files import whole_file
from bachbridge.errors import ConfigError
from bachbridge_training.datasets import chorales as chorale_data
from bachbridge_training.datasets.folder import Collection, Item

RECORD = "data.json"
BUNDLED = {"data": chorale_data.CHORALES, "split": chorale_data.CHORALE_SPLIT}
FEWEST = 3
"""Pieces without which nothing can be learnt and validated."""
_SUITE = re.compile(r"cs([1-6])-\w+\.mid")
_PART_OF_SUITE = {"2": "valid", "3": "test"}
_BEGINS = (("train", 0.0), ("valid", 0.9), ("test", 0.95))
"""Where the parts begin, of a hash between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a run's music comes from."""

    folder: str
    """Empty: the chorales that come with music21."""
    limit: int | None
    """So many pieces of each part at most."""
    fingerprint: str
    """Of all pieces, before the limit."""
    parts: dict[str, list[str]]
    """Identities of the pieces that were used, by part."""
    said: dict[str, str]
    """What a model's card says of the music (`data`) and how it was divided (`split`)."""


@dataclass(frozen=True, slots=True)
class Repertoire:
    """A run's music, by part."""

    origin: Origin
    parts: dict[str, list[Any]]
    """Items of a collection, or the pieces themselves."""
    share: float
    """How much of the training pieces the limit left."""


def split(items: Sequence[Item]) -> dict[str, list[Item]]:
    """The pieces by part, in the order in which they come; raises `ConfigError` if they are too few."""
    if not items:
        raise ConfigError(
            f"there is no music in it that this recipe can learn from: give a folder with {FEWEST} pieces."
        )
    if len(items) < FEWEST:
        raise ConfigError(f"there is too little to learn from ({_count(len(items))}): give at least {FEWEST} pieces.")
    part_of = _by_name(items) or _by_kind(items) or _by_tune(items)
    parts = {part: [item for item, its in zip(items, part_of, strict=True) if its == part] for part, _ in _BEGINS}
    if not parts["train"] or not parts["valid"]:
        raise ConfigError("by their names all pieces are in one part: add others, so that some can be kept apart.")
    return parts


def by_suite(names: Sequence[str]) -> bool:
    """Whether these are files of Bach's cello suites by their names (`cs2-1pre.mid`)."""
    return all(_SUITE.fullmatch(Path(name).name) for name in names)


def _by_name(items: Sequence[Item]) -> list[str] | None:
    """The part of each, where the files' names say so: the suites, and files that are named like the parts."""
    files = [Path(item.name.partition("#")[0]) for item in items]
    if by_suite([item.name for item in items]):
        return [_PART_OF_SUITE.get(file.name[2], "train") for file in files]
    if {file.stem for file in files} >= {"train", "valid"}:
        return [
            file.stem if file.stem in chorale_data.PARTS else item.taken.part or "train"
            for file, item in zip(files, items, strict=True)
        ]
    return None


def _by_kind(items: Sequence[Item]) -> list[str] | None:
    """The part of each, where their kind knows; of few pieces the last one validates."""
    parts = [item.taken.part for item in items]
    if not all(parts):
        return None
    if "valid" not in parts:
        parts[-1] = "valid"
    return parts


def _by_tune(items: Sequence[Item]) -> list[str]:
    tunes = sorted({item.tune for item in items})
    if len(tunes) < 2:
        raise ConfigError("all pieces have the same tune: add others, so that some can be kept for validation.")
    part_of = {tune: _part(int(tune[:8], 16) / 2**32) for tune in tunes}
    if "train" not in part_of.values():
        part_of[tunes[0]] = "train"
    if "valid" not in part_of.values():
        spare = [tune for tune in tunes if part_of[tune] == "train"]
        part_of[(spare if len(spare) > 1 else tunes)[-1]] = "valid"
    return [part_of[item.tune] for item in items]


def _part(share: float) -> str:
    return [part for part, begin in _BEGINS if share >= begin][-1]


def _count(pieces: int) -> str:
    return "1 piece" if pieces == 1 else f"{pieces} pieces"


def fingerprint(identities: Sequence[str]) -> str:
    """The same for the same pieces in whatever order."""
    return hashlib.sha256("\n".join(sorted(identities)).encode()).hexdigest()


# ---------------------------------------------------------------- what a run is trained on


def own(collection: Collection, limit: int | None) -> Repertoire:
    """The pieces of a collection, split; at most `limit` of each part."""
    parts = split(collection.items)
    used = {part: items[:limit] for part, items in parts.items()}
    names = {part: [item.identity for item in items] for part, items in used.items()}
    every = fingerprint([item.identity for item in collection.items])
    origin = Origin(str(collection.folder.resolve()), limit, every, names, _said(collection, names))
    return Repertoire(origin, used, len(used["train"]) / len(parts["train"]))


def _said(collection: Collection, names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    suites = by_suite([item.name for item in collection.items])
    counts = {part: len(its) for part, its in names.items()}
    way = "by suite, 2 valid, 3 test" if suites else "by a hash of each piece's tune, or by the files' names"
    return {
        "data": f"{_count(sum(counts.values()))} in the folder {collection.folder.resolve().name}",
        "split": f"{way}: {', '.join(f'{count} {part}' for part, count in counts.items())}",
    }


def recalled(collection: Collection, origin: Origin) -> Repertoire:
    """Of a collection the pieces that a run had, whatever has come since; raises `ConfigError` if one is missing."""
    items = {item.identity: item for item in collection.items}
    missing = sum(identity not in items for part in origin.parts.values() for identity in part)
    if missing:
        gone = (
            f"{_count(missing)} of the run's music {'is' if missing == 1 else 'are'} no longer in {collection.folder}"
        )
        raise ConfigError(f"{gone}: put them back, or name the folder where they are with --data.")
    return Repertoire(origin, {part: [items[name] for name in names] for part, names in origin.parts.items()}, 1.0)


def sections(items: Sequence[Item]) -> list[Any]:
    """What four-voice recipes train on."""
    return [replace(section, name=item.name) for item in items for section in item.taken.music]


def chorales(limit: int | None) -> Repertoire:
    """The chorales that come with music21, by the community's split."""
    every = {part: chorale_data.pieces(part) for part in ("train", "valid")}
    return listed("", limit, every, dict(BUNDLED))


def listed(folder: str, limit: int | None, every: Mapping[str, Sequence[Any]], said: dict[str, str]) -> Repertoire:
    """Pieces that have names, and parts already; at most `limit` of each."""
    used = {part: list(pieces[:limit]) for part, pieces in every.items()}
    names = {part: [str(piece.name) for piece in pieces] for part, pieces in used.items()}
    mark = fingerprint([str(piece.name) for pieces in every.values() for piece in pieces])
    return Repertoire(Origin(folder, limit, mark, names, said), used, len(used["train"]) / max(1, len(every["train"])))


# ---------------------------------------------------------------- the record of it


def write(origin: Origin, run: Path) -> None:
    """Into the run's folder."""
    with whole_file(run / RECORD) as scratch:
        scratch.write_text(json.dumps(asdict(origin), indent=1) + "\n", "utf-8")


def read(run: Path) -> Origin | None:
    """What the run in that folder was trained on; None if there is no record, as of runs on the chorales long ago."""
    path = run / RECORD
    if not path.is_file():
        return None
    try:
        return Origin(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path} is damaged ({error}): begin another run with -o.") from error


def check(origin: Origin, now: Origin, run: Path) -> None:
    """Whether the run goes on with the music that it began with."""
    if now.limit != origin.limit:
        began = f"--limit {origin.limit}" if origin.limit else "no --limit"
        raise ConfigError(f"the run in {run} began with {began}: leave --limit out when resuming.")
    if now.fingerprint != origin.fingerprint:
        began = origin.folder or "the bundled chorales"
        raise ConfigError(
            f"the run in {run} began with other music, as it then was in {began}: begin another run with -o, "
            "or give it the same music again."
        )
