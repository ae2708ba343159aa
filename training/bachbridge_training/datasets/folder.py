"""The user's own music: a folder of MIDI, MusicXML and ABC files, read in several processes.

No file stops the reading. A file that cannot be used is rejected with one reason: it is damaged, empty, too large, not
what its name says, not what the recipe needs, or a copy of another file. A file is parsed once and cached by its
content (see `parse_cache`). A file may hold several pieces; their number follows the file's name after "#", from 1.

Hidden files are skipped, and links to folders are not followed.
"""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from bachbridge.errors import ConfigError
from bachbridge_training import process_pool
from bachbridge_training.datasets import parse_cache, piece_info
from bachbridge_training.datasets.parsed_piece import FORMATS, MAX_BYTES, ParsedPiece
from bachbridge_training.datasets.piece_info import PieceInfo
from bachbridge_training.datasets.suitability import PieceConverter, TrainablePiece, UnsuitableError

_MAX_FILES_IN_PROCESS = 24
"""Up to this number of files is read in this process, because starting others takes as long."""
_IDENTITY_DIGITS = 20
"""Hexadecimal digits of the hash in a piece's identity."""


@dataclass(frozen=True, slots=True)
class DatasetPiece:
    """A piece that can be trained on; `identity` depends only on its content."""

    name: str
    identity: str
    tune_hash: str
    info: PieceInfo
    content: TrainablePiece


@dataclass(frozen=True, slots=True)
class RejectedPiece:
    """A file, or a piece in it, and why it is not used: a sentence that continues the name."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class MusicFolder:
    """The contents of a folder of music, ordered by name."""

    path: Path
    file_count: int
    """Files of the formats that can be read."""
    other_file_count: int
    """Files of other formats."""
    pieces: tuple[DatasetPiece, ...]
    rejected: tuple[RejectedPiece, ...]


def read_folder(folder: Path, converter: PieceConverter, jobs: int | None = None) -> MusicFolder:
    """Read everything in a folder (or in one file) that `converter` accepts.

    `jobs` is the number of processes; None: one for each core, or one for a few files. Raises `ConfigError` if there is
    no such folder.
    """
    root, paths, others = _list_files(folder)
    work = partial(read_file_pieces, root, converter)
    if jobs is None:
        jobs = (os.cpu_count() or 1) if len(paths) > _MAX_FILES_IN_PROCESS else 1
    found = [each for several in _read_files(paths, work, jobs, root) for each in several]
    pieces, rejected, seen = list[DatasetPiece](), list[RejectedPiece](), dict[str, str]()
    for each in sorted(found, key=_name_order):
        if isinstance(each, RejectedPiece):
            rejected.append(each)
        elif each.identity in seen:
            rejected.append(RejectedPiece(each.name, f"has the same content as {seen[each.identity]}."))
        else:
            pieces.append(each)
            seen[each.identity] = each.name
    return MusicFolder(folder, len(paths), others, tuple(pieces), tuple(rejected))


def _name_order(piece: DatasetPiece | RejectedPiece) -> tuple[str, int]:
    """Return a sort key: the file's name, then the number of the piece in it."""
    file, _, number = piece.name.rpartition("#")
    return (file, int(number)) if file and number.isdecimal() else (piece.name, 0)


def _list_files(folder: Path) -> tuple[Path, list[Path], int]:
    """Return the folder that names are relative to, the files with a known suffix, and the number of other files."""
    if folder.is_file():
        return folder.parent, [folder], 0
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}: give a folder with MIDI, MusicXML or ABC files.")
    paths, others = list[Path](), 0
    for place, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if name.startswith(".") or not path.is_file():
                continue
            if path.suffix.lower() in FORMATS:
                paths.append(path)
            else:
                others += 1
    return folder, paths, others


def read_file_pieces(root: Path, converter: PieceConverter, path: Path) -> list[DatasetPiece | RejectedPiece]:
    """Return the pieces of one file; runs in a worker process or in this one."""
    name = path.relative_to(root).as_posix()
    format_name = FORMATS.get(path.suffix.lower())
    if format_name is None:
        return [RejectedPiece(name, "is not a MIDI, MusicXML or ABC file.")]
    try:
        if path.stat().st_size > MAX_BYTES:
            return [RejectedPiece(name, f"is too large (over {MAX_BYTES >> 20} MiB): split it into shorter files.")]
        data = path.read_bytes()
    except OSError as error:
        return [RejectedPiece(name, f"cannot be read ({error.strerror}): check its permissions.")]
    sha256 = hashlib.sha256(data).hexdigest()
    outcomes = parse_cache.parse_cached(path, data, format_name, sha256)
    found: list[DatasetPiece | RejectedPiece] = []
    for number, outcome in enumerate(outcomes, 1):
        piece_name = name if len(outcomes) == 1 else f"{name}#{number}"
        if isinstance(outcome, str):
            found.append(RejectedPiece(piece_name, outcome))
        else:
            found.append(_convert_piece(piece_name, converter, outcome, sha256))
    return found


def _convert_piece(
    name: str, converter: PieceConverter, parsed: ParsedPiece, sha256: str
) -> DatasetPiece | RejectedPiece:
    try:
        content = converter(parsed)
        # One file holds many tunes. A tune in normal form has no number and no title, so these do not count.
        text = content.sections[0] if isinstance(content.sections[0], str) else parsed.text
        if text:
            sha256 = hashlib.sha256(text.encode()).hexdigest()
        identity = sha256[:_IDENTITY_DIGITS]
        return DatasetPiece(name, identity, piece_info.tune_hash(parsed), piece_info.piece_info(parsed), content)
    except UnsuitableError as error:
        return RejectedPiece(name, str(error))
    except Exception as error:  # noqa: BLE001 # no damaged piece stops the others
        return RejectedPiece(name, f"cannot be used ({type(error).__name__}: {error}).")


def _read_files(
    paths: Sequence[Path], work: "partial[list[DatasetPiece | RejectedPiece]]", jobs: int, root: Path
) -> list[list[DatasetPiece | RejectedPiece]]:
    """Call `work` on every path in `jobs` processes; if a process dies, only the file that killed it is rejected."""
    if not paths:
        return []
    costs = {path: _file_size(path) for path in paths}
    found, dead = list[list[DatasetPiece | RejectedPiece]](), list[Path]()
    with process_pool.progress_bar("reading the music", sum(costs.values())) as advance:
        if jobs == 1:
            for path in paths:
                found.append(work(path))
                advance(costs[path])
            return found
        workers = ProcessPoolExecutor(jobs, get_context("spawn"))
        try:
            futures = {workers.submit(work, path): path for path in sorted(paths, key=lambda path: -costs[path])}
            for done in as_completed(futures):
                try:
                    found.append(done.result())
                except BrokenProcessPool:
                    dead.append(futures[done])
                else:
                    advance(costs[futures[done]])
        finally:
            workers.shutdown(cancel_futures=True)
        for path in dead:
            found.append(_read_in_own_process(work, path, root))
            advance(costs[path])
    return found


def _file_size(path: Path) -> int:
    with suppress(OSError):
        return max(1, path.stat().st_size)
    return 1


def _read_in_own_process(
    work: "partial[list[DatasetPiece | RejectedPiece]]", path: Path, root: Path
) -> list[DatasetPiece | RejectedPiece]:
    with ProcessPoolExecutor(1, get_context("spawn")) as worker:
        try:
            return worker.submit(work, path).result()
        except BrokenProcessPool:
            return [RejectedPiece(path.relative_to(root).as_posix(), "cannot be read: its reader crashes.")]
