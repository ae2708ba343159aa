"""The families of models. Apart from `recipe`, nothing else in this package looks up the family of a codec.

A family is a module `family` in the folder of its name with the functions of `Family`. Codecs within a family share
everything but the representation of their music.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bachbridge.codecs.base import SymbolCounts
from bachbridge.errors import ModelError
from bachbridge.inference.runtime import families as family_names
from bachbridge.inference.runtime.library import Card
from bachbridge.inference.runtime.onnx_nets import SessionFactory
from bachbridge_training.chorale import family as chorale_family
from bachbridge_training.collection.shard_file import NamedMusic, ShardItem
from bachbridge_training.datasets.splits import SplitDataset
from bachbridge_training.evaluation.held_out import HeldOutLogits
from bachbridge_training.evaluation.tables import EvaluationOptions, EvaluationTables
from bachbridge_training.infill import family as infill_family
from bachbridge_training.phrasing import family as phrasing_family
from bachbridge_training.runs.tasks import TrainingTask
from bachbridge_training.symbols import family as symbols_family

if TYPE_CHECKING:
    from bachbridge_training.onnx_export import ModelExport


class Family(Protocol):
    """The functions in which the families differ. Recipes, pieces, networks and facts are of the family's own kinds."""

    def splits_folder(self, recipe: Any, /) -> bool:
        """Return True if a folder of music is split by its pieces, False if its parts are taken as they are."""
        ...

    def load_parts(self, recipe: Any, data: Path | None, limit: int | None, /) -> SplitDataset:
        """Return music that has its parts already, bundled or from `data`; at most `limit` pieces of each part."""
        ...

    def data_facts(self, recipe: Any, dataset: SplitDataset, /) -> dict[str, Any] | None:
        """Return what the network depends on besides its recipe, as JSON; None if there is nothing."""
        ...

    def training_pieces(self, recipe: Any, dataset: SplitDataset, facts: Any, /) -> tuple[list[Any], list[Any]]:
        """Return the pieces to train on and those to validate with, as `build_task`'s task takes them."""
        ...

    def count_music(self, recipe: Any, music: Iterable[NamedMusic], /) -> SymbolCounts:
        """Count what a vocabulary is made from, in some of the training pieces of a collection; empty if nothing is."""
        ...

    def facts_from_counts(self, recipe: Any, counts: SymbolCounts, said: dict[str, str], /) -> dict[str, Any] | None:
        """Return the facts of `data_facts` for a collection that has been counted; `said`: a card's texts about it."""
        ...

    def encode_music(self, recipe: Any, facts: Any, music: Iterable[NamedMusic], /) -> list[ShardItem]:
        """Return pieces of a collection as they lie in a shard."""
        ...

    def piece_from_item(self, item: ShardItem, /) -> Any:
        """Return a piece of a shard as `build_task`'s task takes it."""
        ...

    def build_task(self, recipe: Any, facts: Any, /) -> TrainingTask:
        """Build the network with its training (loads TensorFlow); `facts` as from `data_facts`."""
        ...

    def load_pieces(self, card: Card, data: Path | None, part: str, /) -> Sequence[Any]:
        """Return the pieces of `part` on which an installed model is scored, bundled or from `data`."""
        ...

    def load_runtime(self, card: Card, open_session: SessionFactory | None = None, /) -> Any:
        """Load a model's files as for live play; `open_session` opens them in another run-time than onnxruntime."""
        ...

    def card_metrics(
        self, model_export: "ModelExport", folder: Path, pieces: Sequence[Any], jobs: int, /
    ) -> dict[str, Any]:
        """Score the exported files in `folder` on `pieces`, for the card; `jobs`: processes to share the work."""
        ...

    def evaluate(self, card: Card, options: EvaluationOptions, /) -> EvaluationTables:
        """Return the tables of `bachbridge evaluate`."""
        ...

    def held_out_logits(self, card: Card, net: Any, pieces: Sequence[Any], /) -> HeldOutLogits:
        """Return the logits that the loaded files give for the pieces."""
        ...

    def live_steps(self, card: Card, net: Any, piece: Any, /) -> Iterator[None]:
        """Do the work of one live step at each `next`, without end."""
        ...


_FAMILIES: dict[family_names.Family, Family] = {
    "chorale": chorale_family,
    "infill": infill_family,
    "symbols": symbols_family,
    "phrasing": phrasing_family,
}


def family_of(codec: str) -> Family:
    """Return the family of a recipe's or a card's codec; raises `ModelError` if there is none."""
    name = family_names.family_of_codec(codec)
    if name is None:
        raise ModelError(f"models with the codec {codec!r} cannot be trained or scored: choose another model.")
    return _FAMILIES[name]
