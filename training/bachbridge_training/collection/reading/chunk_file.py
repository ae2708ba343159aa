"""The results of reading a chunk of files, on disk: columns of fingerprints and figures, and beside them the contents.

`NAME.npz` has a row for each piece and is read to compare all pieces with each other; `NAME.bin` holds the contents,
of which single ones are read later by their places. The columns are written last, so that a chunk has both or none.
"""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge.atomic_files import atomic_output
from bachbridge_training.collection.reading import piece_records
from bachbridge_training.collection.reading.fingerprint import SKETCH_SIZE
from bachbridge_training.collection.reading.piece_records import AnyRecord, PieceRecord, RefusedRecord
from bachbridge_training.datasets.suitability import NOTE_LOSS_TEXTS


@dataclass(frozen=True, slots=True)
class ChunkColumns:
    """The pieces of a chunk by row; ragged columns come with the end of each row's part."""

    names: np.ndarray
    hashes: np.ndarray
    """Hashes of the music, `uint64[piece, 2]`."""
    content_ends: np.ndarray
    """The end of each content in the file of contents."""
    shingles: np.ndarray
    shingle_ends: np.ndarray
    landmarks: np.ndarray
    landmark_ends: np.ndarray
    sketches: np.ndarray
    figures: np.ndarray
    """Notes, bars, key, sections and lost notes, `int64[piece, figure]`; see `FIGURES`."""
    seconds: np.ndarray
    pitch_ranges: np.ndarray
    """Lowest and highest pitch of each voice, `int16[piece, voice, 2]`."""
    section_steps: np.ndarray
    section_ends: np.ndarray
    refused_names: np.ndarray
    refused_reasons: np.ndarray


FIGURES = ("notes", "bars", "key", "sections")
"""The first columns of `ChunkColumns.figures`; the losses of notes follow."""


def write_chunk(base: Path, records: Sequence[AnyRecord]) -> None:
    """Write the records of a chunk to `base`.bin and `base`.npz."""
    pieces = [record for record in records if isinstance(record, PieceRecord)]
    refused = [record for record in records if isinstance(record, RefusedRecord)]
    with atomic_output(base.with_suffix(".bin")) as scratch, scratch.open("wb") as output:
        for piece in pieces:
            output.write(piece.content)
    columns = _make_columns(pieces, refused)
    with atomic_output(base.with_suffix(".npz")) as scratch:
        np.savez(scratch, allow_pickle=False, **{name: getattr(columns, name) for name in ChunkColumns.__slots__})


def _make_columns(pieces: Sequence[PieceRecord], refused: Sequence[RefusedRecord]) -> ChunkColumns:
    shingles, shingle_ends = _joined([np.frombuffer(piece.shingles, np.uint64) for piece in pieces], np.uint64)
    landmarks, landmark_ends = _joined([np.frombuffer(piece.landmarks, np.uint64) for piece in pieces], np.uint64)
    steps, section_ends = _joined([np.array(piece.section_steps, np.int32) for piece in pieces], np.int32)
    figures = [(piece.notes, piece.bars, piece.key, len(piece.section_steps), *piece.note_losses) for piece in pieces]
    voices = len(pieces[0].pitch_ranges) if pieces else 0
    return ChunkColumns(
        names=_texts([piece.name for piece in pieces]),
        hashes=piece_records.hashes_of(pieces),
        content_ends=np.cumsum([len(piece.content) for piece in pieces], dtype=np.int64),
        shingles=shingles,
        shingle_ends=shingle_ends,
        landmarks=landmarks,
        landmark_ends=landmark_ends,
        sketches=np.frombuffer(b"".join(piece.sketch for piece in pieces), np.uint32).reshape(-1, SKETCH_SIZE),
        figures=np.array(figures, np.int64).reshape(len(pieces), len(FIGURES) + len(NOTE_LOSS_TEXTS)),
        seconds=np.array([piece.seconds for piece in pieces]),
        pitch_ranges=np.array([piece.pitch_ranges for piece in pieces], np.int16).reshape(len(pieces), voices, 2),
        section_steps=steps,
        section_ends=section_ends,
        refused_names=_texts([record.name for record in refused]),
        refused_reasons=_texts([record.reason for record in refused]),
    )


def _joined(rows: Sequence[np.ndarray], kind: Any) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([np.zeros(0, kind), *rows]), np.cumsum([len(row) for row in rows], dtype=np.int64)


def _texts(texts: Sequence[str]) -> np.ndarray:
    """Return texts as an array; a name with bytes that are no text is spelled with question marks."""
    return np.array([text.encode("utf-8", "replace").decode() for text in texts], np.str_)


def read_columns(base: Path) -> ChunkColumns:
    """Read the columns of a chunk; raises `OSError` or `ValueError` if there are none, or damaged ones."""
    try:
        with np.load(base.with_suffix(".npz"), allow_pickle=False) as arrays:
            return ChunkColumns(**{name: arrays[name] for name in ChunkColumns.__slots__})
    except (KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{base} is damaged") from error


def is_whole(base: Path) -> bool:
    """Return True if a chunk has been read and written to its end."""
    try:
        ends = read_columns(base).content_ends
        return base.with_suffix(".bin").stat().st_size == (int(ends[-1]) if len(ends) else 0)
    except (OSError, ValueError):
        return False


def read_contents(base: Path, places: Sequence[tuple[int, int]]) -> list[bytes]:
    """Return the contents at the places, each from a first byte to an end."""
    with base.with_suffix(".bin").open("rb") as file:
        found: list[bytes] = []
        for begin, end in places:
            file.seek(begin)
            found.append(file.read(end - begin))
        return found
