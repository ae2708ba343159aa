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

from bachbridge.atomic_files import whole_file
from bachbridge.errors import ConfigError
from bachbridge.inference import codec_registry
from bachbridge_training.datasets import folder as music_folder
from bachbridge_training.datasets import splits, suitability, symbol_sources
from bachbridge_training.datasets.folder import Collection
from bachbridge_training.datasets.splits import Origin, Repertoire
from bachbridge_training.recipe import AnyRecipe, StreamRecipe
from bachbridge_training.runs import train as training_run
from bachbridge_training.symbols import vocabulary as symbol_vocabulary

MUSIC = "music.json"
Look = Callable[[Path, AnyRecipe], Collection]


@dataclass(frozen=True, slots=True)
class Material:
    """The pieces of a run, as its course takes them; `share`: how much of the training music that is."""

    train: list[Any]
    valid: list[Any]
    build: Callable[[AnyRecipe], training_run.Course]
    origin: Origin
    music: dict[str, Any] | None = None
    """What `music.json` holds."""
    share: float = 1.0

    @property
    def said(self) -> dict[str, str]:
        """What the card says of the music."""
        return self.origin.said


def silently(folder: Path, recipe: AnyRecipe) -> Collection:
    """A folder's music as the recipe needs it, without a word about it."""
    return music_folder.gathered(folder, suitability.of(recipe))


def of(
    recipe: AnyRecipe, run: Path | None, *, data: Path | None, limit: int | None = None, look: Look = silently
) -> Material:
    """What to train on: for a `run` that goes on what it began with, else what the options say.

    `look` makes a collection of a folder.
    """
    began = splits.read(run) if run else None
    if run and not began and data and _noted(run) is None:
        raise ConfigError(f"the run in {run} began with the bundled chorales: leave --data out when resuming.")
    if began:
        limit = began.limit if limit is None else limit
    data = data or _place(began, run)
    music = _music(recipe, data, limit, look)
    if began and run:
        splits.check(began, music.origin, run)
    return _material(recipe, music, run)


def again(recipe: AnyRecipe, run: Path, *, data: Path | None) -> Material:
    """What a run was trained on, of the bundled music all; `data`: where it lies now."""
    began = splits.read(run)
    place = data or _place(began, run)
    if began and place and not _as_given(recipe):
        return _material(recipe, splits.recalled(silently(place, recipe), began), run)
    return _material(recipe, _music(recipe, place, None, silently), run)


def _place(began: Origin | None, run: Path | None) -> Path | None:
    """Where the music of a run lay; a run from before there was a record of it has it in `music.json`."""
    place = began.folder if began else (_noted(run) or {}).get("from")
    return Path(place) if place else None


def _as_given(recipe: AnyRecipe) -> bool:
    """Whether the texts of tunes are taken as they are, whatever the report says of them (see `tunes`)."""
    return isinstance(recipe, StreamRecipe) and bool(recipe.options.get("given"))


def _music(recipe: AnyRecipe, data: Path | None, limit: int | None, look: Look) -> Repertoire:
    found = look(data, recipe) if data else None
    if found and not _as_given(recipe):
        return splits.own(found, limit)
    if not isinstance(recipe, StreamRecipe):
        return splits.chorales(limit)
    given = _as_given(recipe)
    every = {part: symbol_sources.sources(recipe.codec, part, data, given=given) for part in ("train", "valid")}
    said = {"data": symbol_sources.data_named(recipe.codec, data), "split": symbol_sources.split_named(recipe.codec)}
    return splits.listed(str(data.resolve()) if data else "", limit, every, said)


def _material(recipe: AnyRecipe, music: Repertoire, run: Path | None) -> Material:
    if isinstance(recipe, StreamRecipe):
        return _streams(recipe, music, run)
    of_items = music.origin.folder != ""
    train, valid = (splits.sections(its) if of_items else its for its in (music.parts["train"], music.parts["valid"]))
    return Material(train, valid, training_run.course_of, music.origin, share=music.share)


def _streams(recipe: StreamRecipe, music: Repertoire, run: Path | None) -> Material:
    of_items = music.origin.folder != "" and not _as_given(recipe)
    train, valid = (
        symbol_sources.named(its) if of_items else its for its in (music.parts["train"], music.parts["valid"])
    )
    noted = _noted(run) or {"told": {**music.origin.said, "vocabulary": symbol_vocabulary.vocabulary(recipe, train)}}
    codec = codec_registry.codec(recipe.codec, noted["told"]["vocabulary"])
    alphabet = symbol_vocabulary.alphabet(codec)

    def build(settled: AnyRecipe) -> training_run.Course:
        from bachbridge_training.symbols import task as symbols_task

        assert isinstance(settled, StreamRecipe)
        return symbols_task.Course(settled, alphabet, noted["told"])

    pieces = symbol_vocabulary.passages(codec, train, recipe.shifts), symbol_vocabulary.passages(codec, valid)
    return Material(*pieces, build, music.origin, noted, music.share)


def _noted(run: Path | None) -> dict[str, Any] | None:
    if run is None or not (run / MUSIC).is_file():
        return None
    try:
        return json.loads((run / MUSIC).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{run / MUSIC} is damaged ({error}): begin another run with -o.") from error


def note(material: Material, run: Path) -> None:
    """Write what the run was made of into its folder."""
    splits.write(material.origin, run)
    if material.music is not None:
        with whole_file(run / MUSIC) as scratch:
            scratch.write_text(json.dumps(material.music, indent=1) + "\n", "utf-8")
