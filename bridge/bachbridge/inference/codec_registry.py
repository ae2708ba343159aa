"""The codecs of symbols by the names that cards and recipes give them."""

from collections.abc import Mapping
from typing import Any

from bachbridge.codecs import keys88
from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.codecs.base import Codec
from bachbridge.codecs.chords import codec as chords_codec

_MAKERS = {"abc": abc_codec.codec, "chords": chords_codec.codec, "keys88": keys88.codec}


def codec(name: str, vocabulary: Mapping[str, Any]) -> Codec:
    """The codec of that name with a model's own vocabulary; what it makes of a damaged one is its own affair."""
    return _MAKERS[name](vocabulary)
