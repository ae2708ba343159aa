"""The symbols family (see `runs.families`): causal networks over symbols, codecs `abc`, `chords` and `keys88`.

A network of this family depends on its music besides its recipe: the vocabulary is made from the training pieces.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bachbridge.codecs.base import SymbolCounts
from bachbridge.inference import codec_registry
from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge_training.collection.shard_file import NamedMusic, ShardItem
from bachbridge_training.datasets import abc_tunes, splits, symbol_sources
from bachbridge_training.datasets.splits import SplitDataset
from bachbridge_training.datasets.symbol_sources import SymbolSource
from bachbridge_training.recipe import SymbolRecipe
from bachbridge_training.symbols import batches as symbols_batches
from bachbridge_training.symbols import comparison, generation, tables
from bachbridge_training.symbols import nll as symbols_nll
from bachbridge_training.symbols import vocabulary as symbol_vocabulary
from bachbridge_training.symbols.batches import SymbolPiece

if TYPE_CHECKING:
    from bachbridge_training.onnx_export import ModelExport
    from bachbridge_training.symbols.task import SymbolTask

held_out_logits = comparison.held_out_logits
live_steps = comparison.live_steps
evaluate = tables.build_tables
piece_from_item = symbols_batches.piece_from_item

_CARD_FACTS = "told"
"""Key of the card's facts about the codec and the music among the facts of a run."""
_GENERATED_SYMBOLS = 512
"""Length of a piece that the model generates."""


def splits_folder(recipe: SymbolRecipe, /) -> bool:
    """Return False if tunes stay as they were given, whatever their report says (see `datasets.abc_tunes`)."""
    return not recipe.options.get("given")


def load_parts(recipe: SymbolRecipe, data: Path | None, limit: int | None, /) -> SplitDataset:
    """Return music that comes in parts, at most `limit` pieces of each: unchanged tunes of `data`, or music21's."""
    raw = not splits_folder(recipe)
    sources = {part: symbol_sources.load_sources(recipe.codec, part, data, raw=raw) for part in ("train", "valid")}
    card_text = {
        "data": symbol_sources.data_text(recipe.codec, data),
        "split": symbol_sources.split_text(recipe.codec),
    }
    return splits.limit_parts(str(data.resolve()) if data else "", limit, sources, card_text)


def data_facts(recipe: SymbolRecipe, dataset: SplitDataset, /) -> dict[str, Any]:
    """Return the card's facts about the music and the codec, whose vocabulary is made from the training part."""
    vocabulary = symbol_vocabulary.build_vocabulary(recipe, _sources(recipe, dataset, "train"))
    return {_CARD_FACTS: {**dataset.origin.said, "vocabulary": vocabulary}}


def training_pieces(
    recipe: SymbolRecipe, dataset: SplitDataset, facts: dict[str, Any], /
) -> tuple[list[SymbolPiece], list[SymbolPiece]]:
    """Return the pieces to train on, with their transpositions, and those to validate with."""
    codec = codec_registry.make_codec(recipe.codec, facts[_CARD_FACTS]["vocabulary"])
    train, valid = (_sources(recipe, dataset, part) for part in ("train", "valid"))
    training = symbol_vocabulary.encode_pieces(codec, train, recipe.shifts)
    if recipe.tunes:
        texts = [tune.text for tune in abc_tunes.tunes_of_part("train")]
        training += symbol_vocabulary.encode_tunes(codec, texts)
    return training, symbol_vocabulary.encode_pieces(codec, valid)


def _sources(recipe: SymbolRecipe, dataset: SplitDataset, part: str) -> list[SymbolSource]:
    pieces = dataset.parts[part]
    from_folder = dataset.origin.folder != "" and splits_folder(recipe)
    return symbol_sources.sources_from_pieces(pieces) if from_folder else pieces


def count_music(recipe: SymbolRecipe, music: Iterable[NamedMusic], /) -> SymbolCounts:
    """Count the symbols of some training pieces, for the vocabulary."""
    return symbol_vocabulary.count_symbols(recipe, (SymbolSource(each.name, each.content) for each in music))


def facts_from_counts(recipe: SymbolRecipe, counts: SymbolCounts, said: dict[str, str], /) -> dict[str, Any]:
    """Return the card's facts, as `data_facts` does, of training pieces that have been counted."""
    return {_CARD_FACTS: {**said, "vocabulary": symbol_vocabulary.vocabulary_from_counts(recipe, counts)}}


def encode_music(recipe: SymbolRecipe, facts: dict[str, Any], music: Iterable[NamedMusic], /) -> list[ShardItem]:
    """Return pieces as symbols in all transpositions of the recipe, as they lie in a shard."""
    codec = codec_registry.make_codec(recipe.codec, facts[_CARD_FACTS]["vocabulary"])
    found: list[ShardItem] = []
    for each in music:
        pieces = symbol_vocabulary.encode_pieces(codec, [SymbolSource(each.name, each.content)], recipe.shifts)
        found += [symbols_batches.item_from_piece(piece, each.identity) for piece in pieces]
    return found


def build_task(recipe: SymbolRecipe, facts: dict[str, Any], /) -> "SymbolTask":
    """Build the network of the recipe for its vocabulary, with its training."""
    from bachbridge_training.symbols.task import SymbolTask  # loads TensorFlow

    card_facts = facts[_CARD_FACTS]
    codec = codec_registry.make_codec(recipe.codec, card_facts["vocabulary"])
    return SymbolTask(recipe, symbol_vocabulary.build_alphabet(codec), card_facts)


def load_pieces(card: Card, data: Path | None, part: str, /) -> Sequence[SymbolPiece]:
    """Return the pieces of `part` as symbols, from `data` or else from the music that the codec brings."""
    codec = codec_registry.make_codec(card.codec, card.facts["vocabulary"])
    return symbol_vocabulary.encode_pieces(codec, tables.load_card_sources(card, data, part))


def generated_pieces(card: Card, count: int) -> list[SymbolPiece]:
    """Return pieces that the model itself generates, to compare formats on where there is no music."""
    codec = codec_registry.make_codec(card.codec, card.facts["vocabulary"])
    net = onnx_nets.load_symbol_net(card)
    made = (generation.generate_symbols(net, codec, _GENERATED_SYMBOLS, seed, card.sampler) for seed in range(count))
    return [SymbolPiece(f"the model's own music, seed {seed}", {0: symbols}) for seed, symbols in enumerate(made)]


def load_runtime(card: Card, open_session: onnx_nets.SessionFactory | None = None, /) -> onnx_nets.SymbolNet:
    """Load the files of a symbol model as for live play."""
    return onnx_nets.load_symbol_net(card, open_session)


def card_metrics(
    model_export: "ModelExport", folder: Path, pieces: Sequence[SymbolPiece], _jobs: int, /
) -> dict[str, Any]:
    """Return the scores of all symbols and of the fresh ones (see `nll`)."""
    net: onnx_nets.SymbolNet = model_export.load_runtime(folder)
    summary = symbols_nll.summary(symbols_nll.evaluate(net, pieces))
    return {"valid": summary["all"], "valid_fresh": summary["fresh"]}
