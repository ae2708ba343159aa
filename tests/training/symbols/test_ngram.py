"""N-gram counts against hand-computed values."""

import numpy as np
import pytest

from bachbridge.music.frames import Ints
from bachbridge_training.symbols import ngram
from bachbridge_training.symbols import nll as symbols_nll
from bachbridge_training.symbols.batches import SymbolPiece


def symbols_of(*symbols: int) -> Ints:
    return np.array(symbols, np.int32)


def test_ngram_probabilities_follow_witten_and_bell() -> None:
    found = ngram.best_ngram_nll([symbols_of(1, 2, 1, 2, 1, 3)], [symbols_of(1, 2)], vocabulary_size=4)
    # Without a context: 6 symbols, 3 of them different; 1 three times, 2 twice.
    one, two = (3 + 3 / 4) / 9, (2 + 3 / 4) / 9
    # After the beginning comes 1, once; after 1, three times, two different ones: 2 twice.
    first, second = (1 + one) / 2, (2 + 2 * two) / 5
    # After the beginning and 1 comes 2, once. Longer contexts occur only at the beginning.
    for _ in range(ngram.MAX_ORDER - 1):
        first = (1 + first) / 2
        second = (1 + second) / 2
    assert found.order == ngram.MAX_ORDER
    assert np.exp(-found.nats).tolist() == pytest.approx([first, second])
    assert found.correct.all()


def test_ngram_probabilities_add_up_to_one() -> None:
    rng = np.random.default_rng(1)
    training = [rng.integers(1, 5, 200).astype(np.int32) for _ in range(2)]
    context = training[0][50:62]
    pieces = [np.append(context, symbol).astype(np.int32) for symbol in range(5)]
    found = ngram.best_ngram_nll(training, pieces, vocabulary_size=5)
    last = np.exp(-found.nats.reshape(5, -1)[:, -1])
    assert last.sum() == pytest.approx(1)
    assert found.correct.reshape(5, -1)[:, -1].sum() == 1


def test_ngram_order_with_lowest_loss_is_chosen() -> None:
    rng = np.random.default_rng(2)
    training, piece = (rng.integers(1, 40, count).astype(np.int32) for count in (300, 100))
    assert ngram.best_ngram_nll([training], [piece], vocabulary_size=40).order == 0
    assert ngram.best_ngram_nll([training], [training[100:200]], vocabulary_size=40).order == ngram.MAX_ORDER


def test_ngram_nll_scores_first_field_of_each_piece() -> None:
    row = np.array([[1, 3], [2, 3], [1, 3]], np.int32)
    music = [SymbolPiece("one", {0: row, 1: row + 1}, 3), SymbolPiece("other", {0: row[:2]}, 2, 1)]
    one, other = symbols_nll.ngram_nll(music, music, 4)
    assert (one.name, one.nats.shape, one.steps, other.nats.shape, other.unknown_symbols) == (
        "one",
        (3, 1),
        3,
        (2, 1),
        1,
    )
    assert symbols_nll.summary([one, other])["all"]["bits_per_step"] is not None
