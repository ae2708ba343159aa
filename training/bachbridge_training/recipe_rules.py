"""Rules of recipes that the types of their keys cannot state: what the codec allows, and what stages may change.

Each rule raises `msgspec.ValidationError` with a part of a sentence, as the types do.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypedDict

import msgspec

from bachbridge.codecs.chords.options import parse_options
from bachbridge.data_errors import data_error_text

_MELODIC_CODECS = ("abc", "chords")
"""Codecs whose symbols are known to move through a scale."""
_TUNE_CODECS = ("chords",)
"""Codecs that can mix tunes into other music."""
_NETWORK_KEYS = (
    "units", "layers", "embedding", "head", "blocks", "heads", "wide", "attention", "copying", "melodic_sequences",
    "options",
)  # fmt: skip
"""Keys that decide which weights the network has, so that no stage can change them."""


class _TuneOptions(TypedDict, total=False):
    """Options of the codec `abc`."""

    given: bool


class _ChordOptions(TypedDict, total=False):
    """Options of the codec `chords`, as a recipe writes them (see `codecs.chords.options`)."""

    names: str
    rests: bool
    durations: bool
    unit: int | float | str
    longest: int | float | str
    levels: int


class _NoOptions(TypedDict):
    """The codec `keys88` has no options."""


_OPTION_CLASSES: dict[str, Any] = {"abc": _TuneOptions, "chords": _ChordOptions, "keys88": _NoOptions}
_VALUE_CHECKS: dict[str, Callable[[Mapping[str, Any]], object]] = {"chords": parse_options}
"""Checks of the values of options, by codec; each raises `ConfigError` for those that the codec cannot use."""


def check_keys(codec: str, facts: Mapping[str, Any]) -> None:
    """Check that the keys of a recipe, whose values have the right types, fit together and fit the codec.

    Raises `ConfigError` if the codec cannot use the values of its options.
    """
    if "heads" in facts and facts["units"] % facts["heads"]:
        raise msgspec.ValidationError(
            f"{facts['units']} units cannot be shared out to {facts['heads']} heads: make units a multiple of heads"
        )
    if "options" in facts:
        _check_options(codec, facts["options"])
        _check_symbol_keys(codec, facts)


def _check_options(codec: str, options: Mapping[str, Any]) -> None:
    option_class = _OPTION_CLASSES[codec]
    known = list(option_class.__annotations__)
    if unknown := sorted(options.keys() - set(known)):
        there_are = f"there are {', '.join(known)}" if known else f"the codec {codec} has none"
        raise msgspec.ValidationError(f"unknown options {', '.join(unknown)}; {there_are}")
    try:
        msgspec.convert(options, option_class)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"in its options, {data_error_text(error)}") from error
    if check_values := _VALUE_CHECKS.get(codec):
        check_values(options)


def _check_symbol_keys(codec: str, facts: Mapping[str, Any]) -> None:
    if facts["copying"] and not facts["attention"]:
        raise msgspec.ValidationError("copying needs attention: give it heads, or switch copying off")
    if facts["melodic_sequences"]:
        if not facts["attention"]:
            raise msgspec.ValidationError("melodic_sequences need attention: give it heads, or switch them off")
        if codec not in _MELODIC_CODECS:
            raise msgspec.ValidationError(f"melodic_sequences need the codec {' or '.join(_MELODIC_CODECS)}")
    if facts["tunes"]:
        if codec not in _TUNE_CODECS:
            raise msgspec.ValidationError(f"tunes need the codec {' or '.join(_TUNE_CODECS)}: leave them out")
        if facts["options"].get("durations") or facts["options"].get("levels"):
            raise msgspec.ValidationError("tunes have neither durations nor levels: leave them or those options out")


def check_stages(stages: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Check that the network of each stage, a name with a recipe, can begin with the weights of the one before it."""
    for (_, before), (name, facts) in pairwise(stages):
        if changed := [key for key in _NETWORK_KEYS if facts.get(key) != before.get(key)]:
            raise msgspec.ValidationError(
                f'the stage "{name}" changes "{changed[0]}", but trains the network of the stage before: write the '
                "key at the top of the file"
            )
        if before.get("pointer"):
            raise msgspec.ValidationError(f'the stage "{name}" follows one with "pointer": put the pointer last')
