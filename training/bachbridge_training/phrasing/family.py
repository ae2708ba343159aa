"""The phrasing family (see `runs.families`): networks that say where phrases end, codec `phrase_ends`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bachbridge.errors import ConfigError
from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge_training.collection import four_part_items
from bachbridge_training.datasets import chorales, four_part_music
from bachbridge_training.datasets.splits import SplitDataset
from bachbridge_training.evaluation.tables import EvaluationOptions, EvaluationTables
from bachbridge_training.phrasing import comparison, scores, tables
from bachbridge_training.phrasing.melodies import PhrasedMelody, phrased_melodies
from bachbridge_training.recipe import PhrasingRecipe

if TYPE_CHECKING:
    from bachbridge_training.onnx_export import ModelExport
    from bachbridge_training.phrasing.task import PhrasingTask

load_parts = four_part_music.load_parts
data_facts = four_part_music.data_facts
count_music = four_part_items.count_music
facts_from_counts = four_part_items.facts_from_counts
encode_music = four_part_items.encode_music
piece_from_item = four_part_items.piece_from_item
load_runtime = onnx_nets.load_phrase_net
held_out_logits = comparison.held_out_logits
live_steps = comparison.live_steps


def splits_folder(_recipe: PhrasingRecipe, /) -> bool:
    """Return False: the fermatas of the bundled chorales alone are learnt from."""
    return False


def training_pieces(
    _recipe: PhrasingRecipe, dataset: SplitDataset, _facts: dict[str, Any] | None, /
) -> tuple[list[PhrasedMelody], list[PhrasedMelody]]:
    """Return the sopranos with fermatas throughout; raises `ConfigError` if a part has none."""
    train, valid = (phrased_melodies(dataset.parts[part]) for part in ("train", "valid"))
    if not train or not valid:
        part = "validate with" if train else "train on"
        raise ConfigError(f"there is no melody with fermatas throughout to {part}: leave --limit out, or raise it.")
    return train, valid


def build_task(recipe: PhrasingRecipe, _facts: dict[str, Any] | None = None, /) -> "PhrasingTask":
    """Build the network of the recipe with its training."""
    from bachbridge_training.phrasing.task import PhrasingTask  # loads TensorFlow

    return PhrasingTask(recipe)


def load_pieces(card: Card, data: Path | None, part: str, /) -> Sequence[PhrasedMelody]:
    """Return the sopranos of a part of the bundled chorales; raises `ConfigError` if `data` is given."""
    if data is not None:
        raise ConfigError(f"{card.name} is scored by the fermatas of the bundled chorales: leave --data out.")
    return phrased_melodies(chorales.load_chorales(part))


def card_metrics(
    model_export: "ModelExport", folder: Path, pieces: Sequence[PhrasedMelody], _jobs: int, /
) -> dict[str, Any]:
    """Return the scores with the future seen and in live play."""
    net: onnx_nets.PhraseNet = model_export.load_runtime(folder)
    return {
        "valid": scores.score_divisions(net, pieces).as_column(),
        "valid_live": scores.score_live(net, pieces, is_held=True).as_column(),
    }


def evaluate(card: Card, options: EvaluationOptions, /) -> EvaluationTables:
    """Return the table of `bachbridge evaluate`."""
    melodies = [*load_pieces(card, options.data, options.part)][: options.pieces]
    return tables.build_tables(load_runtime(card), melodies)
