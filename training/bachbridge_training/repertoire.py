"""The music that a run is trained on, by part, and the record of it in the run's folder.

Somebody's own music is split by the hash of its tunes, so that a piece, its copies and its transpositions fall into one
part, whatever else there is in the folder: nine in ten tunes are trained on, one in twenty validates, one in twenty is
for tests. Where chance leaves no tune to train on or to validate with, the nearest one is taken.

`data.json` in the run's folder says what it was, so that a run goes on with the music that it began with and is
exported with its own validation pieces, even if files have come to the folder since.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bachbridge.errors import ConfigError
from bachbridge.wholefile import whole_file
from bachbridge_training import corpus
from bachbridge_training.collection import Collection, Item

RECORD = "data.json"
BUNDLED = {
    "data": "J. S. Bach's four-part chorales as bundled with music21",
    "split": "bachbridge_training/data/chorale_split.json",
}
"""What the card of a model of the chorales says."""
FEWEST = 3
"""Pieces without which nothing can be learnt and validated."""
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


@dataclass(frozen=True, slots=True)
class Repertoire:
    """A run's music: what the recipe trains on, by part."""

    origin: Origin
    parts: dict[str, list[Any]]
    share: float
    """How much of the training pieces the limit left."""


def split(items: Sequence[Item]) -> dict[str, list[Item]]:
    """The pieces by part, those with the smallest hash first; raises `ConfigError` if they are too few."""
    if not items:
        raise ConfigError(
            f"there is no music in it that this recipe can learn from: give a folder with {FEWEST} pieces."
        )
    if len(items) < FEWEST:
        raise ConfigError(f"there is too little to learn from ({_count(len(items))}): give at least {FEWEST} pieces.")
    tunes: dict[str, list[Item]] = {}
    for item in sorted(items, key=lambda item: (item.tune, item.identity)):
        tunes.setdefault(item.tune, []).append(item)
    if len(tunes) < 2:
        raise ConfigError("all pieces have the same tune: add others, so that some can be kept for validation.")
    part_of = {tune: _part(int(tune[:8], 16) / 2**32) for tune in tunes}
    ordered = list(tunes)
    if "train" not in part_of.values():
        part_of[ordered[0]] = "train"
    if "valid" not in part_of.values():
        spare = [tune for tune in ordered if part_of[tune] == "train"]
        part_of[(spare if len(spare) > 1 else ordered)[-1]] = "valid"
    return {part: [item for tune in ordered if part_of[tune] == part for item in tunes[tune]] for part, _ in _BEGINS}


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
    origin = Origin(
        str(collection.folder.resolve()),
        limit,
        fingerprint([item.identity for item in collection.items]),
        {part: [item.identity for item in items] for part, items in used.items()},
    )
    return Repertoire(origin, _sections(used), len(used["train"]) / len(parts["train"]))


def recalled(collection: Collection, origin: Origin) -> dict[str, list[Any]]:
    """Of a collection the pieces that a run had, whatever has come since; raises `ConfigError` if one is missing."""
    items = {item.identity: item for item in collection.items}
    missing = sum(identity not in items for part in origin.parts.values() for identity in part)
    if missing:
        gone = (
            f"{_count(missing)} of the run's music {'is' if missing == 1 else 'are'} no longer in {collection.folder}"
        )
        raise ConfigError(f"{gone}: put them back, or name the folder where they are with --data.")
    return _sections({part: [items[identity] for identity in names] for part, names in origin.parts.items()})


def _sections(parts: dict[str, list[Item]]) -> dict[str, list[Any]]:
    return {part: [section for item in items for section in item.taken.music] for part, items in parts.items()}


def chorales(limit: int | None) -> Repertoire:
    """The chorales that come with music21, by the community's split."""
    parts = {part: corpus.pieces(part)[:limit] for part in ("train", "valid")}
    names = [name for name, part in corpus.split().items() if part in corpus.PARTS]
    used = {part: [piece.name for piece in pieces] for part, pieces in parts.items()}
    every = sum(part == "train" for part in corpus.split().values())
    return Repertoire(Origin("", limit, fingerprint(names), used), {**parts}, len(parts["train"]) / every)


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


def said(origin: Origin) -> dict[str, str]:
    """The music and its split, for a model's card."""
    if not origin.folder:
        return dict(BUNDLED)
    counts = {part: len(names) for part, names in origin.parts.items()}
    listed = ", ".join(f"{count} {part}" for part, count in counts.items())
    return {
        "data": f"{_count(sum(counts.values()))} in the folder {Path(origin.folder).name}",
        "split": f"by a hash of each piece's tune: {listed}",
    }
