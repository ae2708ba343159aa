"""Pieces generated from nothing, with a network of a few lines."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bachbridge.codecs.abc import codec as abc_codec
from bachbridge_training.symbols import generation

SAMPLER = {"temperature": 1.0, "top_p": 1.0}
CODEC = abc_codec.codec_from_vocabulary(abc_codec.build_vocabulary(["M:4/4\nL:1/8\nK:G\nGABc d2e2|f4 g4|]\n"]))


@dataclass
class UniformNet:
    """A network to which all characters are equally likely, but the end of a line likelier."""

    vocab_sizes: tuple[int, ...] = CODEC.vocab_sizes

    def initial_state(self) -> tuple[Any, ...]:
        return ()

    def core(self, ids: np.ndarray, state: tuple[Any, ...]) -> tuple[np.ndarray, tuple[Any, ...]]:
        return np.log(1 + 9 * (np.arange(self.vocab_sizes[0]) == 1 + CODEC.characters.index("\n")))[None], state

    def heads(self, hidden: np.ndarray, known: np.ndarray) -> np.ndarray:
        return hidden


def test_tune_validity_needs_the_grammar_mask() -> None:
    net: Any = UniformNet()
    found = generation.tune_validity(net, CODEC, range(1, 4), SAMPLER)
    masked, free = found["with the mask"], found["without it"]
    assert (masked["tunes"], masked["read"], masked["music21_read"]) == (3, 1, 1)
    assert (masked["bars_right"] or 0) > 0.95
    assert (free["tunes"], free["read"], free["bars_right"]) == (3, 0, 0)


def test_generate_symbols_depends_on_the_seed_alone() -> None:
    net: Any = UniformNet()
    first, again, other = (generation.generate_symbols(net, CODEC, 60, seed, SAMPLER) for seed in (1, 1, 2))
    assert (first == again).all()
    assert not np.array_equal(first, other)
    text = CODEC.decode_text(map(tuple, first.tolist()))
    assert "K:" in text
    assert text.endswith("\n\n")
