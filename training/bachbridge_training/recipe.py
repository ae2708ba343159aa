"""Recipes: everything that a training run depends on, read from a TOML file.

Each family of models has a recipe class, and the key `codec` says which one a file is for; without that key it is a
`ChoraleRecipe`. The ranges of the values are part of the types: a file with an unknown key, a missing key or a value
out of range is refused with one sentence.

A recipe may have stages, each a table `[[stage]]` with a name and with the keys in which it differs from the top of the
file. A stage begins with the best weights of the one before it, so no stage may change the network's size; a pointer
comes last. The last stage's network is the model.

A stage with the key `branches` is run that many times from the same weights, with seeds that follow one another, and
gives the mean of the best weights of its branches (M. Wortsman et al., "Model soups", ICML 2022).
"""

import json
import math
import re
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from bachbridge.atomic_files import atomic_output
from bachbridge.data_errors import data_error_text
from bachbridge.errors import ConfigError
from bachbridge.inference.runtime.families import CODEC_FAMILIES, Family, current_codec_name, family_of_codec
from bachbridge_training import recipe_rules

Name = Annotated[str, Meta(min_length=1)]
MAX_SEED = 4_000_000_000
"""Generators take seeds below 2³²; the rest is for branches and layers, whose seeds follow the recipe's."""
Count = Annotated[int, Meta(ge=1, le=100)]
Units = Annotated[int, Meta(ge=1, le=8192)]
BatchSize = Annotated[int, Meta(ge=1, le=65_536)]
WindowLength = Annotated[int, Meta(ge=1, le=16_384)]
Steps = Annotated[int, Meta(ge=1, le=1_000_000_000)]
WarmupSteps = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Seed = Annotated[int, Meta(ge=0, le=MAX_SEED)]
Rate = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
ShareBelowOne = Annotated[float, Meta(ge=0, lt=1)]
TopP = Annotated[float, Meta(gt=0, le=1)]


@dataclass(frozen=True, slots=True)
class ChoraleRecipe:
    """Settings of the causal chorale network and its training. Windows are in 16ths, steps in batches."""

    codec: ClassVar[Literal["satb"]] = "satb"

    name: Name
    units: Units
    layers: Count
    embedding: Units
    head: Units
    dropout: ShareBelowOne
    window: WindowLength
    batch: BatchSize
    steps: Steps
    """Optimizer steps of the whole run."""
    steps_per_epoch: Steps
    learning_rate: Rate
    weight_decay: Rate
    warmup: WarmupSteps
    decay: Share
    """Share of the steps, at the end, in which the learning rate falls to zero; before that it is constant."""
    averaging: ShareBelowOne
    """Momentum of the averaged weights, per step."""
    free_order: Share
    """Share of the windows whose voices come in a random order instead of the chain's."""
    unknown: Share
    """Share of the windows whose attacks and bar lines are hidden."""
    seed: Seed
    temperature: Rate
    top_p: TopP
    pointer: bool = False
    """True: only a pointer is trained, on top of the finished network of another run (see `chorale.pointer`)."""
    calibration: Annotated[float, Meta(gt=0)] = 1.0
    """Temperature of the network's own distribution under the pointer."""
    weight_drop: ShareBelowOne = 0.0
    """Share of the LSTM's recurrent weights that is dropped in training, against memorising."""
    intervals: bool = True
    """False: the heads' tables of intervals stay zero in this stage, so that the network cannot learn them by heart."""


@dataclass(frozen=True, slots=True)
class InfillRecipe:
    """Settings of the infilling network and its training. Windows are in steps, the rest as in `ChoraleRecipe`."""

    name: Name
    codec: Literal["infill_grid"]
    units: Units
    blocks: Count
    heads: Count
    """Attention heads of each block."""
    wide: Units
    """Units of a block's inner layer."""
    head: Units
    dropout: ShareBelowOne
    window: WindowLength
    batch: BatchSize
    steps: Steps
    steps_per_epoch: Steps
    learning_rate: Rate
    weight_decay: Rate
    warmup: WarmupSteps
    decay: Share
    averaging: ShareBelowOne
    eighths: Share
    """Share of the windows on the grid of 8ths."""
    mistuned: Share
    """Share of the windows in a random key instead of the one without signature, so that keys are not memorised."""
    unknown: Share
    """Share of the windows whose bar lines are hidden, and of those whose attacks are hidden."""
    seed: Seed
    temperature: Rate
    top_p: TopP


@dataclass(frozen=True, slots=True)
class SymbolRecipe:
    """Settings of a network of symbol sequences. Windows are in symbols, the rest as in `ChoraleRecipe`."""

    name: Name
    codec: Literal["abc", "chords", "keys88"]
    units: Units
    layers: Count
    embedding: Units
    head: Units
    """Units of each head's inner layer."""
    attention: Annotated[int, Meta(ge=0, le=100)]
    """Heads of the attention over all earlier outputs; 0: no attention."""
    copying: bool
    """True if the network may copy what followed earlier; needs attention."""
    reach: Annotated[int, Meta(ge=0, le=1_000_000)]
    """Number of earlier symbols that attention reaches."""
    dropout: ShareBelowOne
    weight_drop: ShareBelowOne
    """Share of the LSTM's recurrent weights that is dropped in training, against memorising."""
    window: WindowLength
    batch: BatchSize
    steps: Steps
    steps_per_epoch: Steps
    learning_rate: Rate
    weight_decay: Rate
    warmup: WarmupSteps
    decay: Share
    averaging: ShareBelowOne
    shifts: Annotated[int, Meta(ge=0, le=12)]
    """Pieces are transposed by up to this many semitones, where the codec allows it; 0: not at all."""
    joined: bool
    """True if another piece begins where one ends; otherwise nothing follows."""
    seed: Seed
    temperature: Rate
    top_p: TopP
    tunes: Share = 0.0
    """Share of the windows that show music21's folk tunes instead, for the codec `chords`; they are only trained on."""
    melodic_sequences: bool = False
    """True if the network continues figures at other places of the scale (`nets.melodic_sequences`).

    This needs attention and the codec `chords` or `abc`.
    """
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    """Options of the codec."""


@dataclass(frozen=True, slots=True)
class PhrasingRecipe:
    """Settings of the network of phrase ends and its training. Batches are of notes, the rest as in `ChoraleRecipe`."""

    name: Name
    codec: Literal["phrase_ends"]
    units: Units
    layers: Count
    dropout: ShareBelowOne
    batch: BatchSize
    steps: Steps
    steps_per_epoch: Steps
    learning_rate: Rate
    weight_decay: Rate
    warmup: WarmupSteps
    decay: Share
    averaging: ShareBelowOne
    live: Share
    """Share of the notes after which nothing is known, as in live play."""
    unknown: Share
    """Share of the notes whose bar lines are hidden."""
    seed: Seed
    temperature: ClassVar[float] = 1.0
    top_p: ClassVar[float] = 1.0
    """Nothing is drawn; a card states a sampler in any case."""


RECIPE_FILE = "recipe.toml"
"""Name of the recipe in the folder of a run and beside a model's card."""
_STAGE_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
AnyRecipe = ChoraleRecipe | InfillRecipe | SymbolRecipe | PhrasingRecipe

_RECIPE_CLASSES: dict[Family, type[AnyRecipe]] = {
    "chorale": ChoraleRecipe,
    "infill": InfillRecipe,
    "symbols": SymbolRecipe,
    "phrasing": PhrasingRecipe,
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a training run; `name` is empty if the recipe has no stages."""

    name: str
    recipe: AnyRecipe
    branches: Count = 1
    """How often the stage is run from the same weights; with more than 1 it gives the mean of their best weights."""


@dataclass(frozen=True, slots=True)
class _Branches:
    """The key of a stage's table that is about the stage and not a part of its recipe."""

    branches: Count = 1


def read_recipe(name: str) -> AnyRecipe:
    """Return the last stage of the bundled recipe `name`, or of the recipe in the file of that path.

    Raises `ConfigError` as `read_stages` does.
    """
    return read_stages(name)[-1].recipe


def read_stages(name: str) -> tuple[Stage, ...]:
    """Return all stages of the bundled recipe `name`, or of the recipe in the file of that path.

    Raises `ConfigError` if there is none, if it has unknown keys or options, lacks keys or holds values out of range,
    if its keys do not fit together, or if a stage changes the network of the one before it.
    """
    try:
        return _parse_stages(tomllib.loads(_recipe_text(name)))
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ConfigError(f"the recipe {name} cannot be used ({data_error_text(error)}): correct it.") from error


def _parse_stages(facts: dict[str, Any]) -> tuple[Stage, ...]:
    if "branches" in facts:
        raise msgspec.ValidationError("branches belong to a stage: write them into its [[stage]]")
    if "stage" not in facts:
        return (Stage("", _parse_recipe(facts)),)
    tables = facts.pop("stage")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise msgspec.ValidationError("stages are tables: begin each of them with a line [[stage]]")
    names = [table.pop("name", None) for table in tables]
    if not tables or not all(isinstance(name, str) and _STAGE_NAME.fullmatch(name) for name in names):
        raise msgspec.ValidationError("each stage needs a name of small letters, digits and hyphens")
    if len(set(names)) < len(names):
        raise msgspec.ValidationError("two stages have one name")
    if any("codec" in table for table in tables):
        raise msgspec.ValidationError("a stage cannot have another codec")
    stages = _convert_stages(names, [{**facts, **table} for table in tables])
    if stages[0].branches > 1:
        raise msgspec.ValidationError("the first stage cannot have branches: put a stage before it to begin them with")
    recipe_rules.check_stages([(stage.name, asdict(stage.recipe)) for stage in stages])
    return stages


def _convert_stages(names: Sequence[str], tables: Sequence[dict[str, Any]]) -> tuple[Stage, ...]:
    """Return the stages of tables with all their keys; an error names its stage, unless all of them have it."""
    stages: list[Stage] = []
    errors: dict[str, str] = {}
    for name, table in zip(names, tables, strict=True):
        try:
            branches = msgspec.convert(table, _Branches).branches
            table.pop("branches", None)
            stages.append(Stage(name, _parse_recipe(table), branches))
        except msgspec.ValidationError as error:
            errors[name] = data_error_text(error)
    if len(errors) == len(names) > 1 and len(set(errors.values())) == 1:
        raise msgspec.ValidationError(errors[names[0]])
    for name, text in errors.items():
        raise msgspec.ValidationError(f'in the stage "{name}", {text}')
    return tuple(stages)


def _parse_recipe(facts: dict[str, Any]) -> AnyRecipe:
    codec = current_codec_name(str(facts.pop("codec", ChoraleRecipe.codec)))
    family = family_of_codec(codec)
    if family is None:
        raise msgspec.ValidationError(f"unknown codec {codec!r}; there are {', '.join(CODEC_FAMILIES)}")
    recipe_class = _RECIPE_CLASSES[family]
    keys = [each.name for each in fields(recipe_class)]
    if "codec" in keys:
        facts["codec"] = codec
    if unknown := sorted(facts.keys() - set(keys)):
        raise msgspec.ValidationError(f"unknown keys {', '.join(unknown)}; there are {', '.join(keys)}")
    if infinite := [key for key, value in facts.items() if isinstance(value, float) and not math.isfinite(value)]:
        raise msgspec.ValidationError(f"{infinite[0]} is not a number")
    recipe = msgspec.convert(facts, recipe_class)
    recipe_rules.check_keys(codec, asdict(recipe))
    return recipe


def write_recipe(recipe: AnyRecipe, path: Path) -> None:
    """Write a recipe without stages as a TOML file that `read_recipe` reads."""
    write_stages((Stage("", recipe),), path)


def write_stages(stages: Sequence[Stage], path: Path) -> None:
    """Write a recipe as a TOML file that `read_stages` reads: what all stages have in common stands at its top."""
    each = [asdict(stage.recipe) for stage in stages]
    common = {key: value for key, value in each[0].items() if all(facts[key] == value for facts in each)}
    tables = {key: common.pop(key) for key in list(common) if isinstance(common[key], dict)}
    lines = _toml_lines(common)
    for key, table in tables.items():
        lines += [f"\n[{key}]\n", *_toml_lines(table)]
    for stage, facts in zip(stages if stages[0].name else (), each, strict=False):
        own = {key: value for key, value in facts.items() if key not in common and key not in tables}
        branches = {"branches": stage.branches} if stage.branches > 1 else {}
        lines += ["\n[[stage]]\n", *_toml_lines({"name": stage.name, **branches, **own})]
    with atomic_output(path) as scratch:
        scratch.write_text("".join(lines), "utf-8")


def _toml_lines(facts: dict[str, Any]) -> list[str]:
    """Return a line for each key: JSON's strings, numbers, booleans and lists are valid TOML."""
    return [f"{key} = {json.dumps(value)}\n" for key, value in facts.items()]


def _recipe_text(name: str) -> str:
    path = Path(name)
    if path.suffix == ".toml":
        if not path.is_file():
            raise ConfigError(f"there is no recipe file {path}: check the path.")
        return path.read_text("utf-8-sig")
    folder = resources.files("bachbridge_training").joinpath("recipes")
    bundled = folder.joinpath(f"{name}.toml")
    if not bundled.is_file():
        known = ", ".join(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir()))
        raise ConfigError(f"there is no recipe {name!r}: choose a .toml file or one of {known}.")
    return bundled.read_text("utf-8-sig")
