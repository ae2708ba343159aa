"""The codecs of symbols by the names that cards and recipes give them."""

from collections.abc import Mapping
from typing import Any

from bachbridge.codecs import keys88
from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.codecs.base import SymbolCodec
from bachbridge.codecs.chords import codec as chords_codec

_CODEC_FACTORIES = {
    "abc": abc_codec.codec_from_vocabulary,
    "chords": chords_codec.codec_from_vocabulary,
    "keys88": keys88.codec_from_vocabulary,
}


def make_codec(name: str, vocabulary: Mapping[str, Any]) -> SymbolCodec:
    """The codec of that name with a model's own vocabulary; what it makes of a damaged one is its own affair."""
    return _CODEC_FACTORIES[name](vocabulary)
