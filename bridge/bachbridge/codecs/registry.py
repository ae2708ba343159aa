"""The codecs of symbols by the names that cards and recipes give them."""

from collections.abc import Mapping
from typing import Any

from bachbridge.codecs import abc, chords, keys88
from bachbridge.codecs.symbols import Codec

_MAKERS = {"abc": abc.codec, "chords": chords.codec, "keys88": keys88.codec}


def codec(name: str, vocabulary: Mapping[str, Any]) -> Codec:
    """The codec of that name with a model's own vocabulary; what it makes of a damaged one is its own affair."""
    return _MAKERS[name](vocabulary)
