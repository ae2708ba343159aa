"""Scores of an exported model of symbol sequences: how surprised it is, symbol by symbol, by music that it never saw.

The files that play are the files that are scored: each piece is streamed from an empty past, one symbol at a time, the
fields of a symbol in their order, each given the true ones before it. Bits are logarithms to the base 2 of what the
true ids were held for.

Music repeats itself, and files have the repeats written out: there a model that looks back has an easy time. So
everything is also told of the *fresh* symbols alone, those before which stand eight symbols that did not stand
together earlier in the piece.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.inference.runtime import onnx_nets
from bachbridge.music.frames import Floats, Ints
from bachbridge_training.evaluation.loss import nats_and_correct
from bachbridge_training.symbols import ngram
from bachbridge_training.symbols.batches import SymbolBatch, SymbolPiece, whole_piece

_CONTEXT_SYMBOLS = 8


@dataclass(frozen=True, slots=True)
class SymbolNll:
    """Of one piece: `nats[symbol, field]`, whether the likeliest id was the `right` one, and which are `fresh`.

    `steps`: how long the piece is on the grid, 0 where that is not known; `unknown`: as in `Passage`.
    """

    name: str
    nats: np.ndarray
    correct: np.ndarray
    fresh: np.ndarray
    steps: int
    unknown_symbols: int


def evaluate(
    net: onnx_nets.SymbolNet,
    pieces: Sequence[SymbolPiece],
    progress: Callable[[Sequence[SymbolPiece]], Iterable[SymbolPiece]] = iter,
) -> list[SymbolNll]:
    """Stream all pieces; `progress` wraps the walk over them."""
    return [piece_nll(net, piece) for piece in progress(pieces)]


def piece_nll(net: onnx_nets.SymbolNet, piece: SymbolPiece) -> SymbolNll:
    """Stream one piece."""
    item, sizes = whole_piece(piece), net.vocab_sizes
    ends = np.cumsum(sizes).tolist()
    nats, right = np.zeros(item.target.shape, np.float32), np.zeros(item.target.shape, bool)
    for step, (logits, target) in enumerate(zip(stream_logits(net, item), item.target, strict=True)):
        for field, end in enumerate(ends):
            nats[step, field], right[step, field] = nats_and_correct(logits[end - sizes[field] : end], target[field])
    return SymbolNll(piece.name, nats, right, fresh_symbols(piece.symbols), piece.steps, piece.unknown_symbols)


def stream_logits(net: onnx_nets.SymbolNet, item: SymbolBatch) -> Iterator[Floats]:
    """Of each symbol, the logits of all fields' ids, one after another, each field given the true ones before it."""
    state = net.initial_state()
    for ids, target in zip(item.ids, item.target, strict=True):
        hidden, state = net.core(ids[None], state)
        yield net.heads(hidden, target[None])[0]


def fresh_symbols(symbols: Ints) -> np.ndarray:
    """Which symbols stand after a past that is new in the piece; the first ones do."""
    found, seen, row = np.ones(len(symbols), bool), set[tuple[int, ...]](), symbols[:, 0].tolist()
    for step in range(_CONTEXT_SYMBOLS, len(symbols)):
        past = tuple(row[step - _CONTEXT_SYMBOLS : step])
        found[step] = past not in seen
        seen.add(past)
    return found


def ngram_nll(training: Sequence[SymbolPiece], pieces: Sequence[SymbolPiece], size: int) -> list[SymbolNll]:
    """How surprised the counts of the training music are (see `ngram`), by the first field alone, of `size` ids."""
    shown = [symbols[:, 0] for its in training for symbols in its.by_transposition.values()]
    found = ngram.best_ngram_nll(shown, [its.symbols[:, 0] for its in pieces], vocabulary_size=size)
    ends = np.cumsum([len(its.symbols) for its in pieces])[:-1]
    parts = zip(pieces, np.split(found.nats[:, None], ends), np.split(found.correct[:, None], ends), strict=True)
    return [
        SymbolNll(its.name, nats, right, fresh_symbols(its.symbols), its.steps, its.unknown_symbols)
        for its, nats, right in parts
    ]


SymbolScores = dict[str, float | None]


def summary(surprises: Sequence[SymbolNll]) -> dict[str, SymbolScores]:
    """Bits and accuracy of `all` symbols and of the `fresh` ones; per field, if there are several."""
    nats, right, new = (
        np.concatenate([getattr(its, name) for its in surprises]) for name in ("nats", "correct", "fresh")
    )
    steps = sum(its.steps for its in surprises)
    every: SymbolScores = {
        "pieces": len(surprises),
        "symbols": len(nats),
        "unknown": sum(its.unknown_symbols for its in surprises),
    }
    every |= _scores(nats, right)
    every |= {"bits_per_step": float(nats.sum()) / np.log(2) / steps if steps else None}
    only: SymbolScores = {"pieces": None, "symbols": int(new.sum()), "unknown": None, **_scores(nats[new], right[new])}
    return {"all": every, "fresh": {**only, "bits_per_step": None}}


def _scores(nats: np.ndarray, right: np.ndarray) -> SymbolScores:
    bits, share = nats.mean(axis=0) / np.log(2), right.mean(axis=0)
    scores: SymbolScores = {"bits_per_symbol": float(bits.sum()), "accuracy": float(share[0])}
    if len(bits) > 1:
        scores |= {f"bits_{field}": float(its) for field, its in enumerate(bits)}
        scores |= {f"accuracy_{field}": float(its) for field, its in enumerate(share) if field}
    return scores
