"""The data of a run: its pieces by part, where they came from, and what its network depends on besides the recipe.

A run's data is found in this order:

1. *Record.* `data.json` in the folder of the run (see `datasets.splits`) says where a resumed run's music came from and
   which pieces of it were used, so nobody has to name it again. A new run has none.
2. *Place.* The folder named by `--data`, else the recorded one, else the bundled music. A folder of shards, which
   `bachbridge prepare` made, has everything else (`runs.shards`).
3. *Dataset.* The pieces of that place by part: split by piece, restored as recorded, or in the parts that the music
   brings (`_load_dataset`).
4. *Facts.* `music.json` in the folder of the run, else made from the training part (`Family.data_facts`): the
   vocabulary of a network of symbol sequences.
5. *Pieces.* The parts as the family's network takes them (`Family.training_pieces`).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import ConfigError
from bachbridge_training.collection.shard_index import is_shard_folder
from bachbridge_training.datasets import folder as music_folder
from bachbridge_training.datasets import splits, suitability
from bachbridge_training.datasets.folder import MusicFolder
from bachbridge_training.datasets.splits import DataOrigin, SplitDataset
from bachbridge_training.recipe import AnyRecipe
from bachbridge_training.runs import shards
from bachbridge_training.runs.families import family_of
from bachbridge_training.runs.shards import ShardPieces
from bachbridge_training.runs.tasks import TrainingTask

FACTS_FILE = "music.json"
ReadFolder = Callable[[Path, AnyRecipe], MusicFolder]


@dataclass(frozen=True, slots=True)
class RunData:
    """The pieces of a run as its task takes them, and the function that builds the task for a recipe."""

    train: list[Any] | ShardPieces
    valid: list[Any]
    build_task: Callable[[AnyRecipe], TrainingTask]
    origin: DataOrigin
    facts: dict[str, Any] | None = None
    """The contents of `music.json`; None if the network depends on the recipe alone."""
    train_share: float = 1.0
    """Share of the training music that is used."""

    @property
    def card_text(self) -> dict[str, str]:
        """The texts of the model's card about the music."""
        return self.origin.said


def read_folder_silently(folder: Path, recipe: AnyRecipe) -> MusicFolder:
    """Read a folder's music as the recipe needs it, without printing a report."""
    return music_folder.read_folder(folder, suitability.converter_for(recipe))


def load_run_data(
    recipe: AnyRecipe,
    run: Path | None,
    *,
    data: Path | None,
    limit: int | None = None,
    read_folder: ReadFolder = read_folder_silently,
) -> RunData:
    """Return the music to train on: what a resumed `run` began with, or for a new run (None) what the options name.

    Raises `ConfigError` if the options do not fit the record of the run, or the music has changed since.
    """
    origin, facts = _read_record(run)
    if run and not origin and not facts and data:
        raise ConfigError(f"the run in {run} began with the bundled chorales: leave --data out when resuming.")
    if origin and limit is None:
        limit = origin.limit
    place = data or _recorded_folder(origin, facts)
    if place and is_shard_folder(place):
        return _load_shards(recipe, place, limit, origin, run)
    dataset = _load_dataset(recipe, place, limit, read_folder)
    if origin and run:
        splits.check_same_origin(origin, dataset.origin, run)
    return _prepare(recipe, dataset, facts)


def _load_shards(
    recipe: AnyRecipe, place: Path, limit: int | None, origin: DataOrigin | None = None, run: Path | None = None
) -> RunData:
    music = shards.load_shard_music(recipe, place, limit)
    if origin and run:
        splits.check_same_origin(origin, music.origin, run)
    build_task = partial(_build_task, facts=music.facts)
    return RunData(music.train, music.valid, build_task, music.origin, facts=music.facts)


def reload_run_data(recipe: AnyRecipe, run: Path, *, data: Path | None) -> RunData:
    """Return what a finished run was trained on, all of it for bundled music; `data`: where its folder is now.

    Of a prepared collection, the first pieces are returned.
    """
    origin, facts = _read_record(run)
    place = data or _recorded_folder(origin, facts)
    if place and is_shard_folder(place):
        return _load_shards(recipe, place, shards.VALIDATION_PIECES)
    if origin and place and family_of(recipe.codec).splits_folder(recipe):
        return _prepare(recipe, splits.restore_dataset(read_folder_silently(place, recipe), origin), facts)
    return _prepare(recipe, _load_dataset(recipe, place, None, read_folder_silently), facts)


def _read_record(run: Path | None) -> tuple[DataOrigin | None, dict[str, Any] | None]:
    """Return the contents of `data.json` and `music.json` in the folder of a run; None for a file that is missing."""
    return (splits.read_origin(run), splits.read_record(run / FACTS_FILE, dict[str, Any])) if run else (None, None)


def _recorded_folder(origin: DataOrigin | None, facts: dict[str, Any] | None) -> Path | None:
    """Return the folder of a run's music; runs older than `data.json` have it in `music.json`."""
    folder = origin.folder if origin else (facts or {}).get("from")
    return Path(folder) if folder else None


def _load_dataset(recipe: AnyRecipe, data: Path | None, limit: int | None, read_folder: ReadFolder) -> SplitDataset:
    family = family_of(recipe.codec)
    # The folder is read in any case, since reading shows its report.
    folder = read_folder(data, recipe) if data else None
    if folder and family.splits_folder(recipe):
        return splits.split_folder(folder, limit)
    return family.load_parts(recipe, data, limit)


def _prepare(recipe: AnyRecipe, dataset: SplitDataset, facts: dict[str, Any] | None) -> RunData:
    family = family_of(recipe.codec)
    facts = facts or family.data_facts(recipe, dataset)
    train, valid = family.training_pieces(recipe, dataset, facts)
    return RunData(
        train, valid, partial(_build_task, facts=facts), dataset.origin, facts=facts, train_share=dataset.train_share
    )


def _build_task(recipe: AnyRecipe, facts: dict[str, Any] | None) -> TrainingTask:
    return family_of(recipe.codec).build_task(recipe, facts)


def write_run_data(run_data: RunData, run: Path) -> None:
    """Write `data.json` and `music.json` into the folder of the run."""
    splits.write_origin(run_data.origin, run)
    if run_data.facts is not None:
        with atomic_output(run / FACTS_FILE) as scratch:
            scratch.write_text(json.dumps(run_data.facts, indent=1) + "\n", "utf-8")
