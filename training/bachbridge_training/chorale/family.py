"""The chorale family (see `runs.families`): causal networks over frames of four voices, codec `satb`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge_training.chorale import comparison, tables
from bachbridge_training.chorale import nll as chorale_nll
from bachbridge_training.collection import four_part_items
from bachbridge_training.datasets import four_part_music
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.four_part_windows import VOICE_ORDER
from bachbridge_training.evaluation.tables import EvaluationOptions, EvaluationTables, four_part_request
from bachbridge_training.recipe import ChoraleRecipe

if TYPE_CHECKING:
    from bachbridge_training.chorale.pointer_task import PointerTask
    from bachbridge_training.chorale.task import ChoraleTask
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


def build_task(recipe: ChoraleRecipe, _facts: dict[str, Any] | None = None, /) -> "ChoraleTask | PointerTask":
    """Build the network of the recipe with its training."""
    # These load TensorFlow.
    from bachbridge_training.chorale.pointer_task import PointerTask
    from bachbridge_training.chorale.task import ChoraleTask

    return PointerTask(recipe) if recipe.pointer else ChoraleTask(recipe)


def load_runtime(card: Card, open_session: onnx_nets.SessionFactory | None = None, /) -> onnx_nets.ChoraleNet:
    """Load the files of a causal model as for live play."""
    return onnx_nets.load_chorale_net(card, open_session)


def card_metrics(
    model_export: "ModelExport", folder: Path, pieces: Sequence[FourPartPiece], _jobs: int, /
) -> dict[str, Any]:
    """Return the scores with pitches alone given, and with attacks and bar lines as well."""
    net: chorale_nll.ScoredChoraleNet = model_export.load_runtime(folder)
    return {
        name: chorale_nll.summary(chorale_nll.evaluate(net, VOICE_ORDER, pieces, timing_given=timing_given))
        for name, timing_given in (("valid", False), ("valid_told", True))
    }


def evaluate(card: Card, options: EvaluationOptions, /) -> EvaluationTables:
    """Return the tables of `bachbridge evaluate`."""
    return tables.build_tables(card, four_part_request(options))
