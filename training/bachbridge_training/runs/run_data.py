"""What a run is made of: its pieces by parts, and the course that they take.

Chorale networks take music21's chorales, or pieces in four voices of somebody's own. A network of symbol sequences
depends on its music besides its recipe: the vocabulary is made from it, and is noted beside the run in `music.json`.
Where the music came from, and which pieces of it were taken, is in `data.json` (see `repertoire`); whoever goes on with
the run or exports it needs not say so again.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import ConfigError
from bachbridge.inference import codec_registry
from bachbridge_training.datasets import folder as music_folder
from bachbridge_training.datasets import splits, suitability, symbol_sources
from bachbridge_training.datasets.folder import MusicFolder
from bachbridge_training.datasets.splits import DataOrigin, SplitDataset
from bachbridge_training.recipe import AnyRecipe, SymbolRecipe
from bachbridge_training.runs import train as training_run
from bachbridge_training.symbols import vocabulary as symbol_vocabulary

SYMBOLS_FILE = "music.json"
ReadFolder = Callable[[Path, AnyRecipe], MusicFolder]


@dataclass(frozen=True, slots=True)
class RunData:
    """The pieces of a run, as its course takes them; `share`: how much of the training music that is."""

    train: list[Any]
    valid: list[Any]
    build_task: Callable[[AnyRecipe], training_run.TrainingTask]
    origin: DataOrigin
    symbol_facts: dict[str, Any] | None = None
    """What `music.json` holds."""
    train_share: float = 1.0

    @property
    def card_text(self) -> dict[str, str]:
        """What the card says of the music."""
        return self.origin.said


def read_folder_silently(folder: Path, recipe: AnyRecipe) -> MusicFolder:
    """A folder's music as the recipe needs it, without a word about it."""
    return music_folder.read_folder(folder, suitability.converter_for(recipe))


def load_run_data(
    recipe: AnyRecipe,
    run: Path | None,
    *,
    data: Path | None,
    limit: int | None = None,
    read_folder: ReadFolder = read_folder_silently,
) -> RunData:
    """What to train on: for a `run` that goes on what it began with, else what the options say.

    `look` makes a collection of a folder.
    """
    began = splits.read_origin(run) if run else None
    if run and not began and data and _read_symbol_facts(run) is None:
        raise ConfigError(f"the run in {run} began with the bundled chorales: leave --data out when resuming.")
    if began:
        limit = began.limit if limit is None else limit
    data = data or _data_folder(began, run)
    music = _load_dataset(recipe, data, limit, read_folder)
    if began and run:
        splits.check_same_origin(began, music.origin, run)
    return _run_data(recipe, music, run)


def reload_run_data(recipe: AnyRecipe, run: Path, *, data: Path | None) -> RunData:
    """What a run was trained on, of the bundled music all; `data`: where it lies now."""
    began = splits.read_origin(run)
    place = data or _data_folder(began, run)
    if began and place and not _uses_raw_texts(recipe):
        return _run_data(recipe, splits.restore_dataset(read_folder_silently(place, recipe), began), run)
    return _run_data(recipe, _load_dataset(recipe, place, None, read_folder_silently), run)


def _data_folder(origin: DataOrigin | None, run: Path | None) -> Path | None:
    """Where the music of a run lay; a run from before there was a record of it has it in `music.json`."""
    place = origin.folder if origin else (_read_symbol_facts(run) or {}).get("from")
    return Path(place) if place else None


def _uses_raw_texts(recipe: AnyRecipe) -> bool:
    """Whether the texts of tunes are taken as they are, whatever the report says of them (see `tunes`)."""
    return isinstance(recipe, SymbolRecipe) and bool(recipe.options.get("given"))


def _load_dataset(recipe: AnyRecipe, data: Path | None, limit: int | None, read_folder: ReadFolder) -> SplitDataset:
    found = read_folder(data, recipe) if data else None
    if found and not _uses_raw_texts(recipe):
        return splits.split_folder(found, limit)
    if not isinstance(recipe, SymbolRecipe):
        return splits.split_chorales(limit)
    given = _uses_raw_texts(recipe)
    every = {part: symbol_sources.load_sources(recipe.codec, part, data, raw=given) for part in ("train", "valid")}
    said = {"data": symbol_sources.data_text(recipe.codec, data), "split": symbol_sources.split_text(recipe.codec)}
    return splits.limit_parts(str(data.resolve()) if data else "", limit, every, said)


def _run_data(recipe: AnyRecipe, dataset: SplitDataset, run: Path | None) -> RunData:
    if isinstance(recipe, SymbolRecipe):
        return _symbol_run_data(recipe, dataset, run)
    of_items = dataset.origin.folder != ""
    train, valid = (
        splits.four_part_sections(its) if of_items else its for its in (dataset.parts["train"], dataset.parts["valid"])
    )
    return RunData(train, valid, training_run.build_task, dataset.origin, train_share=dataset.train_share)


def _symbol_run_data(recipe: SymbolRecipe, dataset: SplitDataset, run: Path | None) -> RunData:
    of_items = dataset.origin.folder != "" and not _uses_raw_texts(recipe)
    train, valid = (
        symbol_sources.sources_from_pieces(its) if of_items else its
        for its in (dataset.parts["train"], dataset.parts["valid"])
    )
    noted = _read_symbol_facts(run) or {
        "told": {**dataset.origin.said, "vocabulary": symbol_vocabulary.build_vocabulary(recipe, train)}
    }
    codec = codec_registry.make_codec(recipe.codec, noted["told"]["vocabulary"])
    alphabet = symbol_vocabulary.build_alphabet(codec)

    def build(settled: AnyRecipe) -> training_run.TrainingTask:
        from bachbridge_training.symbols import task as symbols_task

        assert isinstance(settled, SymbolRecipe)
        return symbols_task.SymbolTask(settled, alphabet, noted["told"])

    pieces = symbol_vocabulary.encode_pieces(codec, train, recipe.shifts), symbol_vocabulary.encode_pieces(codec, valid)
    return RunData(*pieces, build, dataset.origin, noted, dataset.train_share)


def _read_symbol_facts(run: Path | None) -> dict[str, Any] | None:
    if run is None or not (run / SYMBOLS_FILE).is_file():
        return None
    try:
        return json.loads((run / SYMBOLS_FILE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{run / SYMBOLS_FILE} is damaged ({error}): begin another run with -o.") from error


def write_run_data(material: RunData, run: Path) -> None:
    """Write what the run was made of into its folder."""
    splits.write_origin(material.origin, run)
    if material.symbol_facts is not None:
        with atomic_output(run / SYMBOLS_FILE) as scratch:
            scratch.write_text(json.dumps(material.symbol_facts, indent=1) + "\n", "utf-8")
