"""The content of a piece as bytes, for the files between the steps of a preparation.

A converter's sections are of four kinds: four voices, notes in ticks, notes on the grid, or text. Each becomes a table
of arrays, which msgpack packs and zlib compresses. Reading them executes nothing.
"""

import zlib
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import msgspec
import numpy as np

from bachbridge.errors import ConfigError
from bachbridge.music.notes import Note, Phrase
from bachbridge_training.collection.shard_file import NamedMusic
from bachbridge_training.datasets import parsed_piece
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.parsed_piece import ParsedPiece

_GRID_FIELDS = ("pitches", "onsets", "position", "bar")
_UNPLACED = -1
"""Stands for a phrase whose bar lines are unknown."""
_QUICK = 1

Table = dict[str, np.ndarray]


class _PackedArray(msgspec.Struct, array_like=True):
    dtype: str
    shape: tuple[int, ...]
    data: bytes


class _PackedPiece(msgspec.Struct, array_like=True):
    name: str
    identity: str
    sections: list[tuple[str, dict[str, _PackedArray]]]
    """The kind of each section, and its arrays."""


_decoder = msgspec.msgpack.Decoder(_PackedPiece)


def pack_piece(name: str, identity: str, sections: Sequence[Any]) -> bytes:
    """Return the bytes of a piece's sections."""
    tables = [_table_of(section) for section in sections]
    packed = [
        (kind, {key: _PackedArray(array.dtype.str, array.shape, array.tobytes()) for key, array in table.items()})
        for kind, table in tables
    ]
    return zlib.compress(msgspec.msgpack.encode(_PackedPiece(name, identity, packed)), _QUICK)


def unpack_piece(content: bytes) -> list[NamedMusic]:
    """Return the sections of a piece, each with the piece's name and identity; raises `ConfigError` for other bytes."""
    try:
        piece = _decoder.decode(zlib.decompress(content))
    except (zlib.error, msgspec.DecodeError) as error:
        raise ConfigError(
            "what was read of the music is damaged: delete the folder of the shards and prepare again."
        ) from error
    found: list[NamedMusic] = []
    for kind, arrays in piece.sections:
        table = {
            key: np.frombuffer(each.data, np.dtype(each.dtype)).reshape(each.shape) for key, each in arrays.items()
        }
        found.append(NamedMusic(piece.name, piece.identity, _UNPACK[kind](table)))
    return found


def _table_of(section: Any) -> tuple[str, Table]:
    match section:
        case FourPartPiece():
            return "grid", {field: np.ascontiguousarray(getattr(section, field)) for field in _GRID_FIELDS}
        case ParsedPiece():
            return "notes", {key: np.asarray(array) for key, array in parsed_piece.to_arrays([section]).items()}
        case Phrase():
            position = _UNPLACED if section.position is None else section.position
            notes = np.array([astuple(note) for note in section.notes], np.int64).reshape(-1, 6)
            return "phrase", {"notes": notes, "facts": np.array([section.steps, section.steps_per_bar, position])}
        case str():
            return "text", {"text": np.frombuffer(section.encode(), np.uint8)}
        case _:
            raise TypeError(f"{type(section).__name__} is not the content of a piece")


def _phrase_from_table(table: Table) -> Phrase:
    steps, bar, position = table["facts"].tolist()
    notes = tuple(Note(*row) for row in table["notes"].tolist())
    return Phrase(notes, steps, bar, None if position == _UNPLACED else position)


def _parsed_from_table(table: Table) -> ParsedPiece:
    found = parsed_piece.from_arrays(dict(table))[0]
    assert isinstance(found, ParsedPiece)
    return found


_UNPACK = {
    "grid": lambda table: FourPartPiece("", *(table[field] for field in _GRID_FIELDS)),
    "notes": _parsed_from_table,
    "phrase": _phrase_from_table,
    "text": lambda table: table["text"].tobytes().decode(),
}
