"""A recipe: everything that a training run depends on, read from a TOML file."""

import json
import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import ConfigError
from bachbridge.inference.runtime.families import family_of_codec


@dataclass(frozen=True, slots=True)
class ChoraleRecipe:
    """Settings of the causal chorale network and its training. Windows and steps are in 16ths and batches."""

    name: str
    units: int
    layers: int
    embedding: int
    head: int
    dropout: float
    window: int
    batch: int
    steps: int
    """Optimizer steps in all."""
    steps_per_epoch: int
    learning_rate: float
    weight_decay: float
    warmup: int
    decay: float
    """Share of the steps, at the end, in which the learning rate falls to nothing; before, it is constant."""
    averaging: float
    """Momentum of the averaged weights, per step."""
    free_order: float
    """Share of windows whose voices come in a random order instead of the chain's."""
    unknown: float
    """Share of windows whose attacks and bar lines are hidden."""
    seed: int
    temperature: float
    top_p: float


@dataclass(frozen=True, slots=True)
class InfillRecipe:
    """Settings of the infilling network and its training. Windows are in steps, the rest as in `Recipe`."""

    name: str
    codec: str
    """"canvas"; a recipe without this key is a `Recipe`."""
    units: int
    blocks: int
    heads: int
    """Of each block's attention."""
    wide: int
    """Units of a block's inner layer."""
    head: int
    dropout: float
    window: int
    batch: int
    steps: int
    steps_per_epoch: int
    learning_rate: float
    weight_decay: float
    warmup: int
    decay: float
    averaging: float
    eighths: float
    """Share of windows on the grid of 8ths."""
    mistuned: float
    """Share of windows in a key by chance instead of the one without signature, lest they be learnt by heart."""
    unknown: float
    """Share of windows whose bar lines are hidden, and of those whose attacks are."""
    seed: int
    temperature: float
    top_p: float


@dataclass(frozen=True, slots=True)
class SymbolRecipe:
    """Settings of a network of symbol sequences and its training. Windows are in symbols, the rest as in `Recipe`."""

    name: str
    codec: str
    """"chords", "keys88" or "abc"."""
    units: int
    layers: int
    embedding: int
    head: int
    """Units of each head's inner layer."""
    attention: int
    """Heads of the attention over all earlier outputs; 0: none."""
    copying: bool
    """Whether what followed earlier may be copied; needs attention."""
    reach: int
    """Symbols back to which attention reaches."""
    dropout: float
    weight_drop: float
    """Share of the LSTM's recurrent weights that is left out in training, against learning by heart."""
    window: int
    batch: int
    steps: int
    steps_per_epoch: int
    learning_rate: float
    weight_decay: float
    warmup: int
    decay: float
    averaging: float
    shifts: int
    """Pieces are transposed by up to so many semitones, where the codec allows it; 0: they are not."""
    joined: bool
    """Whether another piece begins where one ends; else nothing follows."""
    seed: int
    temperature: float
    top_p: float
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    """Of the codec."""


AnyRecipe = ChoraleRecipe | InfillRecipe | SymbolRecipe


def read_recipe(name: str) -> AnyRecipe:
    """The recipe of that name among the bundled ones, or of that path."""
    text = _recipe_text(name)
    kind: type[AnyRecipe] = ChoraleRecipe
    try:
        facts = tomllib.loads(text)
        kind = _recipe_class(facts.get("codec", ""))
        return kind(**facts)
    except (tomllib.TOMLDecodeError, TypeError) as error:
        wanted = ", ".join(its.name for its in fields(kind))
        raise ConfigError(f"the recipe {name} cannot be read ({error}); it needs the keys {wanted}") from error


def _recipe_class(codec: str) -> type[AnyRecipe]:
    match family_of_codec(codec):
        case "symbols":
            return SymbolRecipe
        case "infill":
            return InfillRecipe
        case _:
            return ChoraleRecipe


def write_recipe(recipe: AnyRecipe, path: Path) -> None:
    """The recipe as a TOML file that `read` takes."""
    facts = asdict(recipe)
    tables = {name: facts.pop(name) for name in list(facts) if isinstance(facts[name], dict)}
    lines = [
        *_toml_lines(facts),
        *(line for name, its in tables.items() for line in (f"\n[{name}]\n", *_toml_lines(its))),
    ]
    with atomic_output(path) as scratch:
        scratch.write_text("".join(lines), "utf-8")


def _toml_lines(facts: dict[str, Any]) -> list[str]:
    """JSON's strings, numbers, truths and lists are also TOML's."""
    return [f"{key} = {json.dumps(value)}\n" for key, value in facts.items()]


def with_epochs(recipe: AnyRecipe, *, epochs: int | None, share: float = 1.0) -> AnyRecipe:
    """The recipe for `epochs` epochs of `share` of the steps; the learning rate's curve is fitted into them."""
    steps_per_epoch = max(1, round(recipe.steps_per_epoch * share))
    steps = steps_per_epoch * (epochs or max(1, recipe.steps // recipe.steps_per_epoch))
    return replace(recipe, steps=steps, steps_per_epoch=steps_per_epoch, warmup=min(recipe.warmup, steps // 10))


def _recipe_text(name: str) -> str:
    path = Path(name)
    if path.suffix == ".toml":
        if not path.is_file():
            raise ConfigError(f"there is no recipe file {path}; check the path")
        return path.read_text("utf-8")
    folder = resources.files("bachbridge_training").joinpath("recipes")
    bundled = folder.joinpath(f"{name}.toml")
    if not bundled.is_file():
        known = ", ".join(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir()))
        raise ConfigError(f"there is no recipe {name!r}; the bundled ones are: {known}")
    return bundled.read_text("utf-8")
