"""The tables of a model of symbol sequences: its surprises, of all symbols and of the fresh ones, and what is copied.

What the held-out music has in common with the training music is the measure of what a model may have. Beside it stand
pieces that the model makes of nothing, as it plays them (its own temperature and nucleus, the pen's mask), one for each
seed from 1, all as long as the held-out pieces are on an average. Of tunes it is also told whether they are ABC.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.progress import track

from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.inference import codec_registry
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.frames import Ints
from bachbridge_training.datasets import symbol_sources
from bachbridge_training.evaluation.tables import EvaluationTables, ScoreColumn
from bachbridge_training.symbols import copying, generation
from bachbridge_training.symbols import nll as symbols_nll
from bachbridge_training.symbols import vocabulary as symbol_vocabulary
from bachbridge_training.symbols.batches import SymbolPiece

Item = TypeVar("Item")
_MAX_OUTPUTS, _MAX_TUNES = 16, 200


def build_tables(
    card: library.Card, data: Path | None, part: str, *, pieces: int | None, outputs: int
) -> EvaluationTables:
    """The scores of the first `pieces` pieces of `part`, of the music that is named or that the codec has by itself.

    Beside them stand the counts of the training music (see `ngram`), if that is at hand, and then, if `outputs` are
    wanted, what is copied from it.
    """
    codec = codec_registry.make_codec(card.codec, card.facts["vocabulary"])
    music = symbol_vocabulary.encode_pieces(codec, load_card_sources(card, data, part)[:pieces])
    net = onnx_nets.load_symbol_net(card)
    scores = symbols_nll.summary(symbols_nll.evaluate(net, music, _progress_bar("scoring")))
    if part == "train" or (data is not None and not data.is_dir()):
        return EvaluationTables(scores)
    shifts = int(card.facts["recipe"]["shifts"])
    training = symbol_vocabulary.encode_pieces(codec, load_card_sources(card, data, "train"), shifts)
    counts = symbols_nll.summary(symbols_nll.ngram_nll(training, music, codec.vocab_sizes[0]))
    scores |= {
        f"counts, {name}": _first_field_scores(its) if len(codec.vocab_sizes) > 1 else its
        for name, its in counts.items()
    }
    if not outputs:
        return EvaluationTables(scores)
    length = min(generation.MAX_SYMBOLS, round(float(np.mean([len(piece.symbols) for piece in music]))))
    seeds = range(1, 1 + min(outputs, _MAX_OUTPUTS))
    made = [
        generation.generate_symbols(net, codec, length, seed, card.sampler) for seed in _progress_bar("drawing")(seeds)
    ]
    copies = _copy_statistics(training, {"the music": [its.symbols for its in music], "made": made})
    if not isinstance(codec, abc_codec.AbcCodec):
        return EvaluationTables(scores, copies=copies)
    several = range(1, 1 + min(outputs, _MAX_TUNES))
    return EvaluationTables(
        scores, copies=copies, tunes=generation.tune_validity(net, codec, several, card.sampler, _progress_bar("tunes"))
    )


def _first_field_scores(scores: symbols_nll.SymbolScores) -> symbols_nll.SymbolScores:
    """What was found of the first field alone, under that field's name."""
    return {"bits_0" if name == "bits_per_symbol" else name: value for name, value in scores.items()}


def load_card_sources(card: library.Card, data: Path | None, part: str) -> list[symbol_sources.SymbolSource]:
    """The music of `part`: what `data` names, or what the codec has by itself."""
    given = bool(card.facts["recipe"]["options"].get("given"))
    return symbol_sources.load_sources(card.codec, part, data, raw=given)


def _copy_statistics(training: Sequence[SymbolPiece], music: dict[str, list[Ints]]) -> dict[str, ScoreColumn]:
    """How much of some music stands in the training music, in the transpositions that the network was shown."""
    copies = copying.CopyFinder(training)
    found = dict[str, ScoreColumn]()
    for name, pieces in music.items():
        lengths = [copies.copy_lengths(piece) for piece in _progress_bar("looking for copies")(pieces)]
        found[name] = dict(copying.summary(lengths))
    return found


def _progress_bar(what: str) -> Callable[[Sequence[Item]], Iterable[Item]]:
    return lambda items: track(items, what, console=Console(stderr=True), transient=True)
