"""Pieces that a network of symbols generates from nothing, as it plays them, and a check of the tunes among them.

A piece begins with an empty past and is drawn from a seed with the model's own temperature and nucleus, under the
codec's mask. A tune ends by itself, other music after the wanted number of symbols.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np

from bachbridge.codecs.abc.codec import AbcCodec
from bachbridge.codecs.base import Symbol, SymbolCodec
from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.protocols import SymbolWriter
from bachbridge.inference.symbols import generator
from bachbridge.music.frames import Bools, Ints
from bachbridge.music.notes import Phrase
from bachbridge_training.symbols import abc_validity
from bachbridge_training.symbols.abc_validity import AbcValidity

MAX_SYMBOLS = 1000
"""Symbols of the longest piece; a longer tune is led to its end."""
_TUNE_END = "\n\n"


def generate_symbols(
    net: onnx_nets.SymbolNet, codec: SymbolCodec, symbol_count: int, seed: int, sampler: dict[str, float]
) -> Ints:
    """Return a piece of `symbol_count` symbols, `[symbol, field]`."""
    if isinstance(codec, AbcCodec):
        return _generate(net, codec.tune_writer(max_characters=symbol_count), 2 * MAX_SYMBOLS, seed, sampler)
    return _generate(net, codec.decoder(Phrase((), 0)), symbol_count, seed, sampler)


def _generate(
    net: onnx_nets.SymbolNet, decoder: SymbolWriter, max_symbols: int, seed: int, sampler: dict[str, float]
) -> Ints:
    rng = np.random.default_rng([seed])
    symbols = generator.generate_symbols(net, net.vocab_sizes, decoder, sampler["temperature"], sampler["top_p"], rng)
    return np.array([*islice(symbols, max_symbols)], np.int32)


@dataclass(slots=True)
class _UnmaskedDecoder:
    """A decoder without a grammar: any character may follow, up to a blank line or `MAX_SYMBOLS` characters."""

    codec: AbcCodec
    text: str = ""

    def wish_nats(self, chosen: Symbol) -> None:
        """Return None: nothing is wished for."""

    def allowed_ids(self, chosen: Symbol) -> Bools:  # noqa: ARG002  with one field, nothing is chosen before
        over = self.text.endswith(_TUNE_END) or len(self.text) >= MAX_SYMBOLS
        return np.arange(self.codec.vocab_sizes[0]) > (len(self.codec.characters) if over else 0)

    def add_symbol(self, symbol: Symbol) -> None:
        self.text += self.codec.decode_text([symbol])


SeedProgress = Callable[[Sequence[int]], Iterable[int]]


def tune_validity(
    net: onnx_nets.SymbolNet,
    codec: AbcCodec,
    seeds: Sequence[int],
    sampler: dict[str, float],
    progress: SeedProgress = iter,
) -> dict[str, dict[str, float | None]]:
    """Return the shares of written tunes that are valid ABC (see `abc_validity`), with and without the grammar's mask.

    `progress` wraps the loop over the seeds.
    """
    shares = dict[str, dict[str, float | None]]()
    for name, make_decoder in (
        ("with the mask", partial(codec.tune_writer, max_characters=MAX_SYMBOLS)),
        ("without it", partial(_UnmaskedDecoder, codec)),
    ):
        texts: list[str] = []
        for seed in progress(seeds):
            decoder = make_decoder()
            _generate(net, decoder, 2 * MAX_SYMBOLS, seed, sampler)
            texts.append(decoder.text)
        shares[name] = _validity_shares(abc_validity.check_tunes(texts)) | {
            f"music21_{key}": share
            for key, share in _validity_shares(abc_validity.check_with_music21(texts)).items()
            if key != "tunes"
        }
    return shares


def _validity_shares(validity: AbcValidity) -> dict[str, float | None]:
    return {
        "tunes": validity.tunes,
        "read": validity.readable_share,
        "bars": validity.bars,
        "bars_right": validity.right_bar_share,
    }
