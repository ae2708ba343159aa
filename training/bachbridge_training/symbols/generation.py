"""What a network of symbols makes of nothing: pieces as it plays them, and tunes with and without the grammar's mask.

A piece begins with an empty past and is drawn with the model's own temperature and nucleus, under the codec's mask; its
chance follows from the seed. A tune ends where it ends, other music after as many symbols as are wanted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np

from bachbridge.codecs.abc.codec import Abc
from bachbridge.codecs.base import Bools, Codec, Symbol
from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.symbols import generator
from bachbridge.music.notes import Phrase
from bachbridge_training.symbols import abc_validity
from bachbridge_training.symbols.abc_validity import Validity
from bachbridge_training.symbols.batches import Ints

MOST = 1000
"""Symbols of the longest piece; a tune is then led to its end."""
_END = "\n\n"


def drawn(net: onnx_nets.Sequence, codec: Codec, length: int, seed: int, sampler: dict[str, float]) -> Ints:
    """A piece of `length` symbols, `[symbol, field]`."""
    if isinstance(codec, Abc):
        return _drawn(net, codec.tune(most=length), 2 * MOST, seed, sampler)
    return _drawn(net, codec.pen(Phrase((), 0)), length, seed, sampler)


def _drawn(net: onnx_nets.Sequence, pen: generator.Taking, most: int, seed: int, sampler: dict[str, float]) -> Ints:
    rng = np.random.default_rng([seed])
    symbols = generator.invented(net, net.sizes, pen, sampler["temperature"], sampler["top_p"], rng)
    return np.array([*islice(symbols, most)], np.int32)


@dataclass(slots=True)
class _Freehand:
    """Writes any character after any other, up to the blank line that ends a tune, or to `MOST` characters."""

    codec: Abc
    text: str = ""

    def allowed(self, chosen: Symbol) -> Bools:  # noqa: ARG002 # there is one field: nothing is chosen before
        over = self.text.endswith(_END) or len(self.text) >= MOST
        return np.arange(self.codec.sizes[0]) > (len(self.codec.characters) if over else 0)

    def take(self, symbol: Symbol) -> None:
        self.text += self.codec.text([symbol])


Watched = Callable[[Sequence[int]], Iterable[int]]


def tunes(
    net: onnx_nets.Sequence, codec: Abc, seeds: Sequence[int], sampler: dict[str, float], watched: Watched = iter
) -> dict[str, dict[str, float | None]]:
    """How much of what the network writes is ABC (see `validity`), with the grammar's mask and without it.

    `watched` wraps the walk over the seeds.
    """
    found = dict[str, dict[str, float | None]]()
    for name, begun in (("with the mask", partial(codec.tune, most=MOST)), ("without it", partial(_Freehand, codec))):
        texts: list[str] = []
        for seed in watched(seeds):
            pen = begun()
            _drawn(net, pen, 2 * MOST, seed, sampler)
            texts.append(pen.text)
        found[name] = _shares(abc_validity.counted(texts)) | {
            f"music21_{key}": share for key, share in _shares(abc_validity.by_music21(texts)).items() if key != "tunes"
        }
    return found


def _shares(found: Validity) -> dict[str, float | None]:
    return {"tunes": found.tunes, "read": found.tunes_read, "bars": found.bars, "bars_right": found.bars_right}
