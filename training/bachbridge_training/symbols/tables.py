"""The tables of a model of symbol sequences: its loss on all symbols and on the fresh ones, and what it copies.

What the held-out music has in common with the training music is the measure of what a model may copy. Beside it stand
pieces that the model generates from nothing, as it plays them (its own temperature and nucleus, the codec's mask), one
for each seed from 1, all as long as the held-out pieces are on average. Tunes are also checked for being ABC. Another
table has the model's answers to phrases of all kinds.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.codecs.base import SymbolCodec
from bachbridge.inference import codec_registry, loading
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.frames import Ints
from bachbridge_training.datasets import symbol_sources
from bachbridge_training.datasets.splits import ALL_PARTS
from bachbridge_training.evaluation import continuations
from bachbridge_training.evaluation.tables import EvaluationOptions, EvaluationTables, ScoreColumn, progress_bar
from bachbridge_training.symbols import copying, generation
from bachbridge_training.symbols import nll as symbols_nll
from bachbridge_training.symbols import vocabulary as symbol_vocabulary
from bachbridge_training.symbols.batches import SymbolPiece

_MAX_OUTPUTS, _MAX_TUNES = 16, 200


def build_tables(card: library.Card, options: EvaluationOptions, /) -> EvaluationTables:
    """Score the model on the music of the options, and on what it generates.

    Beside the scores stand those of the n-gram counts of the training music (see `ngram`), if that music is at hand,
    and then, if outputs are wanted, how much is copied from it.
    """
    data, part = options.data, options.part
    codec = codec_registry.make_codec(card.codec, card.facts["vocabulary"])
    music = symbol_vocabulary.encode_pieces(codec, load_card_sources(card, data, part)[: options.pieces])
    net = onnx_nets.load_symbol_net(card)
    scores = symbols_nll.summary(symbols_nll.evaluate(net, music, progress_bar("scoring")))
    if part in {"train", ALL_PARTS} or (data is not None and not data.is_dir()):
        return EvaluationTables(scores)
    shifts = int(card.facts["recipe"]["shifts"])
    training = symbol_vocabulary.encode_pieces(codec, load_card_sources(card, data, "train"), shifts)
    scores |= _ngram_scores(codec, training, music)
    if not options.outputs:
        return EvaluationTables(scores)
    made = _generated_pieces(card, net, codec, music, options.outputs)
    answers = continuations.answer_rows(loading.make_generator(card), options.outputs)
    copies = _copy_statistics(training, {"the music": [piece.symbols for piece in music], "made": made})
    if not isinstance(codec, abc_codec.AbcCodec):
        return EvaluationTables(scores, copies=copies, answers=answers)
    seeds = range(1, 1 + min(options.outputs, _MAX_TUNES))
    tunes = generation.tune_validity(net, codec, seeds, card.sampler, progress_bar("tunes"))
    return EvaluationTables(scores, copies=copies, answers=answers, tunes=tunes)


def _ngram_scores(
    codec: SymbolCodec, training: Sequence[SymbolPiece], music: Sequence[SymbolPiece]
) -> dict[str, symbols_nll.SymbolScores]:
    """Return the scores of the n-gram counts; where symbols have several fields, under the first field's name."""
    summary = symbols_nll.summary(symbols_nll.ngram_nll(training, music, codec.vocab_sizes[0]))
    return {
        f"counts, {name}": _first_field_scores(scores) if len(codec.vocab_sizes) > 1 else scores
        for name, scores in summary.items()
    }


def _first_field_scores(scores: symbols_nll.SymbolScores) -> symbols_nll.SymbolScores:
    return {"bits_0" if name == "bits_per_symbol" else name: value for name, value in scores.items()}


def _generated_pieces(
    card: library.Card, net: onnx_nets.SymbolNet, codec: SymbolCodec, music: Sequence[SymbolPiece], outputs: int
) -> list[Ints]:
    mean_length = round(float(np.mean([len(piece.symbols) for piece in music])))
    length = min(generation.MAX_SYMBOLS, mean_length)
    seeds = range(1, 1 + min(outputs, _MAX_OUTPUTS))
    return [
        generation.generate_symbols(net, codec, length, seed, card.sampler) for seed in progress_bar("drawing")(seeds)
    ]


def load_card_sources(card: library.Card, data: Path | None, part: str) -> list[symbol_sources.SymbolSource]:
    """Return the music of `part`, from `data` or else from the music that the codec brings."""
    raw = bool(card.facts["recipe"]["options"].get("given"))
    return symbol_sources.load_sources(card.codec, part, data, raw=raw)


def _copy_statistics(training: Sequence[SymbolPiece], music: dict[str, list[Ints]]) -> dict[str, ScoreColumn]:
    """Return how much of each kind of music also stands in the training music, transpositions included."""
    copies = copying.CopyFinder(training)
    table = dict[str, ScoreColumn]()
    for name, pieces in music.items():
        lengths = [copies.copy_lengths(piece) for piece in progress_bar("looking for copies")(pieces)]
        table[name] = dict(copying.summary(lengths))
    return table
