"""The infill family (see `runs.families`): networks that fill masked cells of four voices, codec `infill_grid`."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge_training.collection import four_part_items
from bachbridge_training.datasets import four_part_music
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation.tables import EvaluationOptions, EvaluationTables, four_part_request
from bachbridge_training.infill import comparison, tables
from bachbridge_training.recipe import InfillRecipe

if TYPE_CHECKING:
    from bachbridge_training.infill.task import InfillTask
    from bachbridge_training.onnx_export import ModelExport

splits_folder = four_part_music.splits_folder
load_parts = four_part_music.load_parts
data_facts = four_part_music.data_facts
training_pieces = four_part_music.training_pieces
load_pieces = four_part_music.load_pieces
count_music = four_part_items.count_music
facts_from_counts = four_part_items.facts_from_counts
encode_music = four_part_items.encode_music
piece_from_item = four_part_items.piece_from_item
held_out_logits = comparison.held_out_logits
live_steps = comparison.live_steps


def build_task(recipe: InfillRecipe, _facts: dict[str, Any] | None = None, /) -> "InfillTask":
    """Build the network of the recipe with its training."""
    from bachbridge_training.infill.task import InfillTask  # loads TensorFlow

    return InfillTask(recipe)


def load_runtime(card: Card, open_session: onnx_nets.SessionFactory | None = None, /) -> onnx_nets.InfillNet:
    """Load the files of an infilling model as for live play."""
    return onnx_nets.load_infill_net(card, open_session)


def card_metrics(
    _model_export: "ModelExport", folder: Path, pieces: Sequence[FourPartPiece], jobs: int, /
) -> dict[str, Any]:
    """Return the scores on both grids with pitches alone given; each of the `jobs` processes loads the network."""
    return {"valid": tables.nll_column(partial(onnx_nets.InfillNet, folder), pieces, jobs=jobs)}


def evaluate(card: Card, options: EvaluationOptions, /) -> EvaluationTables:
    """Return the tables of `bachbridge evaluate`."""
    return tables.build_tables(card, four_part_request(options))
