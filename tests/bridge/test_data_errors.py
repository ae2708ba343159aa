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
    name: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    share: float = 0.0
    pair: Annotated[list[int], msgspec.Meta(max_length=2)] = msgspec.field(default_factory=list[int])


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
        (convert({"inner": {"units": 1, "name": ""}}), '"inner.name" should not be empty'),
        (convert({"inner": {"units": 1, "pair": [1, 2, 3]}}), '"inner.pair" should have at most 2 entries'),
        (convert({"inner": {"units": 1, "share": 10**400}}), '"inner.share" holds a number that is too large'),
        (lambda: b"\xff\xfe".decode("utf-8"), "it is not a text in UTF-8"),
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
