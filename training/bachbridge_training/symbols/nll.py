"""Negative log-likelihoods of an exported model of symbol sequences, symbol by symbol, on music that it never saw.

The files that play are the files that are scored. Each piece is streamed from an empty past, one symbol at a time, the
fields of a symbol in their order, each given the true ones before it. The loss is in bits: negative logarithms to the
base 2 of the probabilities of the true ids.

Music repeats itself, and files have the repeats written out, which is easy for a model that looks back. So everything
is also reported for the *fresh* symbols alone: those after eight symbols that did not stand together earlier in the
piece.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.inference.runtime import onnx_nets
from bachbridge_training.evaluation.loss import nats_and_correct
from bachbridge_training.symbols import ngram
from bachbridge_training.symbols.batches import Ints, SymbolBatch, SymbolPiece, whole_piece

_CONTEXT_SYMBOLS = 8
"""Symbols before a fresh symbol that must be new in the piece."""


@dataclass(frozen=True, slots=True)
class SymbolNll:
    """The losses of one piece: `nats[symbol, field]`, `correct` where the likeliest id is true, `fresh[symbol]`.

    `steps`: length of the piece on the grid, 0 if that is not known; `unknown_symbols`: as in `SymbolPiece`.
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
    """Stream all pieces; `progress` wraps the loop over them."""
    return [piece_nll(net, piece) for piece in progress(pieces)]


def piece_nll(net: onnx_nets.SymbolNet, piece: SymbolPiece) -> SymbolNll:
    """Stream one piece."""
    item, sizes = whole_piece(piece), net.vocab_sizes
    ends = np.cumsum(sizes).tolist()
    nats, correct = np.zeros(item.target.shape, np.float32), np.zeros(item.target.shape, bool)
    for step, (logits, target) in enumerate(zip(stream_logits(net, item), item.target, strict=True)):
        for field, end in enumerate(ends):
            nats[step, field], correct[step, field] = nats_and_correct(logits[end - sizes[field] : end], target[field])
    return SymbolNll(piece.name, nats, correct, fresh_symbols(piece.symbols), piece.steps, piece.unknown_symbols)


def stream_logits(net: onnx_nets.SymbolNet, item: SymbolBatch) -> Iterator[onnx_nets.Floats]:
    """Yield for each symbol the logits of all fields, one after another, each given the true fields before it."""
    state = net.initial_state()
    for ids, target in zip(item.ids, item.target, strict=True):
        hidden, state = net.core(ids[None], state)
        yield net.heads(hidden, target[None])[0]


def fresh_symbols(symbols: Ints) -> np.ndarray:
    """Return True for symbols after a context that is new in the piece, and for the first symbols."""
    fresh, seen, row = np.ones(len(symbols), bool), set[tuple[int, ...]](), symbols[:, 0].tolist()
    for step in range(_CONTEXT_SYMBOLS, len(symbols)):
        context = tuple(row[step - _CONTEXT_SYMBOLS : step])
        fresh[step] = context not in seen
        seen.add(context)
    return fresh


def ngram_nll(training: Sequence[SymbolPiece], pieces: Sequence[SymbolPiece], size: int) -> list[SymbolNll]:
    """Score the pieces by the counts of the training music (see `ngram`): their first field alone, of `size` ids."""
    shown = [symbols[:, 0] for piece in training for symbols in piece.by_transposition.values()]
    best = ngram.best_ngram_nll(shown, [piece.symbols[:, 0] for piece in pieces], vocabulary_size=size)
    ends = np.cumsum([len(piece.symbols) for piece in pieces])[:-1]
    parts = zip(pieces, np.split(best.nats[:, None], ends), np.split(best.correct[:, None], ends), strict=True)
    return [
        SymbolNll(piece.name, nats, correct, fresh_symbols(piece.symbols), piece.steps, piece.unknown_symbols)
        for piece, nats, correct in parts
    ]


SymbolScores = dict[str, float | None]


def summary(losses: Sequence[SymbolNll]) -> dict[str, SymbolScores]:
    """Return bits and accuracy of `all` symbols and of the `fresh` ones; by field, if there are several."""
    nats = np.concatenate([loss.nats for loss in losses])
    correct = np.concatenate([loss.correct for loss in losses])
    fresh = np.concatenate([loss.fresh for loss in losses])
    steps = sum(loss.steps for loss in losses)
    all_scores: SymbolScores = {
        "pieces": len(losses),
        "symbols": len(nats),
        "unknown": sum(loss.unknown_symbols for loss in losses),
        **_scores(nats, correct),
        "bits_per_step": float(nats.sum()) / np.log(2) / steps if steps else None,
    }
    fresh_scores: SymbolScores = {
        "pieces": None,
        "symbols": int(fresh.sum()),
        "unknown": None,
        **_scores(nats[fresh], correct[fresh]),
        "bits_per_step": None,
    }
    return {"all": all_scores, "fresh": fresh_scores}


def _scores(nats: np.ndarray, correct: np.ndarray) -> SymbolScores:
    bits, accuracy = nats.mean(axis=0) / np.log(2), correct.mean(axis=0)
    scores: SymbolScores = {"bits_per_symbol": float(bits.sum()), "accuracy": float(accuracy[0])}
    if len(bits) > 1:
        scores |= {f"bits_{field}": float(value) for field, value in enumerate(bits)}
        scores |= {f"accuracy_{field}": float(value) for field, value in enumerate(accuracy) if field}
    return scores
