"""Everything that is kept of a piece after its file was read: its content, its fingerprints and the report's figures.

A record travels from the process that reads to the worker as msgpack.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from bachbridge.music.notes import Key
from bachbridge_training.collection.reading import fingerprint, music_files, packed_music
from bachbridge_training.datasets import piece_info
from bachbridge_training.datasets.parsed_piece import ParsedPiece
from bachbridge_training.datasets.suitability import NOTE_LOSS_TEXTS, PieceConverter, UnsuitableError

Result = TypeVar("Result")

_IDENTITY_DIGITS = 20
NO_KEY = 24
"""The number of a key that cannot be estimated; major keys are 0 to 11, minor keys 12 to 23."""


class RefusedRecord(msgspec.Struct, tag="refused", array_like=True):
    """A file or a piece in it that is not used, and why: words that continue its name."""

    name: str
    reason: str


class PieceRecord(msgspec.Struct, tag="piece", array_like=True):
    """A piece that the recipe can use; the arrays of `MusicFingerprint` are bytes."""

    name: str
    content: bytes
    music_hash: bytes
    shingles: bytes
    landmarks: bytes
    sketch: bytes
    notes: int
    bars: int
    seconds: float
    key: int
    section_steps: list[int]
    pitch_ranges: list[tuple[int, int]]
    note_losses: list[int]
    """Numbers of changed or lost notes, in the order of `NOTE_LOSS_TEXTS`."""


AnyRecord = PieceRecord | RefusedRecord


def read_records(path: Path, name: str, converter: PieceConverter) -> list[AnyRecord]:
    """Return the records of all pieces in a file; with several, their number follows the name after "#", from 1."""
    outcomes = _guarded(partial(music_files.read_music_file, path))
    if isinstance(outcomes, str):
        return [RefusedRecord(name, outcomes)]
    found: list[AnyRecord] = []
    for number, outcome in enumerate(outcomes, 1):
        own = name if len(outcomes) == 1 else f"{name}#{number}"
        record = outcome if isinstance(outcome, str) else _guarded(partial(make_record, own, outcome, converter))
        found.append(RefusedRecord(own, record) if isinstance(record, str) else record)
    return found


def _guarded(work: Callable[[], Result]) -> Result | str:
    """Return what `work` returns, or the reason why the piece is refused: no damaged piece stops the others."""
    try:
        return work()
    except UnsuitableError as error:
        return str(error)
    except MemoryError:
        return "needs too much memory: split it into shorter files."
    except Exception as error:  # noqa: BLE001 # the reason is reported with the file
        return f"cannot be used ({type(error).__name__}: {error})."


def make_record(name: str, parsed: ParsedPiece, converter: PieceConverter) -> PieceRecord:
    """Return the record of a piece; raises `UnsuitableError` if the recipe cannot use it."""
    content = converter(parsed)
    prints = fingerprint.make_fingerprint(parsed)
    info = piece_info.piece_info(parsed)
    identity = prints.music_hash.hex()[:_IDENTITY_DIGITS]
    return PieceRecord(
        name=name,
        content=packed_music.pack_piece(name, identity, content.sections),
        music_hash=prints.music_hash,
        shingles=prints.shingles.tobytes(),
        landmarks=prints.landmarks.tobytes(),
        sketch=prints.sketch.tobytes(),
        notes=info.notes,
        bars=info.bars,
        seconds=info.seconds,
        key=_key_number(info.key),
        section_steps=[int(steps) for steps in content.section_steps],
        pitch_ranges=[(int(low), int(high)) for low, high in content.pitch_ranges],
        note_losses=[content.note_losses.get(name, 0) for name in NOTE_LOSS_TEXTS],
    )


def _key_number(key: Key | None) -> int:
    return NO_KEY if key is None else key[0] + 12 * key[1]


def hashes_of(records: Sequence[PieceRecord]) -> np.ndarray:
    """Return the hashes of the records' music, `uint64[record, 2]`, whose order is that of their bytes."""
    return np.frombuffer(b"".join(record.music_hash for record in records), ">u8").reshape(-1, 2).astype(np.uint64)
