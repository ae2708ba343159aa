"""The codecs of the symbols family by the names that cards and recipes give them."""

from collections.abc import Mapping
from typing import Any

from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.codecs.base import SymbolCodec
from bachbridge.codecs.chords import codec as chords_codec
from bachbridge.codecs.keys88 import codec as keys88_codec

_CODEC_FACTORIES = {
    "abc": abc_codec.codec_from_vocabulary,
    "chords": chords_codec.codec_from_vocabulary,
    "keys88": keys88_codec.codec_from_vocabulary,
}


def make_codec(name: str, vocabulary: Mapping[str, Any]) -> SymbolCodec:
    """Return the codec `name` with a model's own vocabulary; a damaged vocabulary raises what the codec raises."""
    return _CODEC_FACTORIES[name](vocabulary)
