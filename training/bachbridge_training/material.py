"""What a run is made of: its pieces by parts, and the course that they take.

Chorale networks take music21's chorales as they are. A network of symbol sequences depends on its music besides its
recipe: the vocabulary is made from it. So beside a run lies `music.json`, with the vocabulary and where the music came
from; whoever goes on with the run or exports it needs not say so again.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bachbridge.errors import ConfigError
from bachbridge.wholefile import whole_file
from bachbridge_training import corpus, encoding, sequences, training
from bachbridge_training.recipe import AnyRecipe, StreamRecipe

MUSIC = "music.json"


@dataclass(frozen=True, slots=True)
class Material:
    """The pieces of a run, as its course takes them; `share`: how much of the training music that is."""

    train: list[Any]
    valid: list[Any]
    build: Callable[[AnyRecipe], training.Course]
    music: dict[str, Any] | None = None
    """What `music.json` holds."""
    share: float = 1.0


def of(recipe: AnyRecipe, run: Path, *, data: Path | None, limit: int | None = None) -> Material:
    """The material of the run in the folder `run`, which may be about to begin."""
    if isinstance(recipe, StreamRecipe):
        return _streams(recipe, run, data, limit)
    if data:
        raise ConfigError(f"{recipe.name} learns from music21's chorales alone: leave --data out.")
    train, valid = (corpus.pieces(part)[:limit] for part in ("train", "valid"))
    share = len(train) / sum(part == "train" for part in corpus.split().values())
    return Material(train, valid, training.course_of, share=share)


def _streams(recipe: StreamRecipe, run: Path, data: Path | None, limit: int | None) -> Material:
    begun = run / MUSIC
    music: dict[str, Any] = json.loads(begun.read_text("utf-8")) if begun.is_file() else {}
    folder = data or (Path(music["from"]) if music.get("from") else None)
    given = bool(recipe.options.get("given"))
    train, valid = (sequences.sources(recipe.codec, part, folder, given=given) for part in ("train", "valid"))
    if not music:
        told = {
            "data": sequences.data_named(recipe.codec, folder),
            "split": sequences.split_named(recipe.codec, folder),
        }
        vocabulary = encoding.vocabulary(recipe, train[:limit])
        music = {"from": str(folder.resolve()) if folder else None, "told": {**told, "vocabulary": vocabulary}}
    codec = encoding.codec(recipe.codec, music["told"]["vocabulary"])
    alphabet = encoding.alphabet(codec)

    def build(settled: AnyRecipe) -> training.Course:
        from bachbridge_training import continuing

        assert isinstance(settled, StreamRecipe)
        return continuing.Course(settled, alphabet, music["told"])

    pieces = encoding.passages(codec, train[:limit], recipe.shifts), encoding.passages(codec, valid[:limit])
    return Material(*pieces, build, music, share=len(pieces[0]) / len(train))


def note(material: Material, run: Path) -> None:
    """Write `music.json` into the run's folder, if there is anything to note."""
    if material.music is not None:
        with whole_file(run / MUSIC) as scratch:
            scratch.write_text(json.dumps(material.music, indent=1) + "\n", "utf-8")
