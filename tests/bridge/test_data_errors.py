"""Faults that JSON and TOML readers find are put into words for people."""

import json
import tomllib
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import pytest

from bachbridge.data_errors import data_error_text


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    units: Annotated[int, msgspec.Meta(ge=1)]
    name: str | None = None


class Outer(msgspec.Struct):
    inner: Inner


def convert(plain: Any) -> Callable[[], object]:
    return lambda: msgspec.convert(plain, Outer)


@pytest.mark.parametrize(
    ("fail", "words"),
    [
        (convert({}), 'its field "inner" is missing'),
        (convert({"inner": {}}), 'its field "inner.units" is missing'),
        (convert({"inner": {"units": "x"}}), '"inner.units" should be a whole number and is a text'),
        (convert({"inner": {"units": 0}}), '"inner.units" should be at least 1'),
        (convert({"inner": {"units": 1, "name": 2}}), '"inner.name" should be a text or nothing and is a whole number'),
        (convert({"inner": {"units": 1, "x": 2}}), 'its field "x" is unknown'),
        (convert([]), "its content should be a table and is a list"),
        (lambda: json.loads("{"), "line 1 cannot be read"),
        (lambda: tomllib.loads("a = 1\nb = ?"), "line 2 cannot be read"),
        (lambda: msgspec.json.decode(b"{"), "it is damaged or incomplete"),
    ],
)
def test_data_error_is_told_in_plain_words(fail: Callable[[], object], words: str) -> None:
    with pytest.raises((ValueError, msgspec.DecodeError)) as error:
        fail()
    assert data_error_text(error.value) == words
