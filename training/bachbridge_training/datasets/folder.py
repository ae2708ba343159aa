"""Somebody's own music: a folder of MIDI, MusicXML and ABC files, read in several processes.

No file stops the reading: what cannot be used is refused, each with one reason, be it damaged, empty, too large, of
another form than its name says, not what the recipe needs or a copy of another one. What was read once is kept by its
content (see `archive`). A file may hold several pieces, which are counted from 1 behind its name.

Hidden files are passed over, and folders that are links are not followed.
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
"""Up to so many files are read in this process, since starting others takes as long."""
_IDENTITY_DIGITS = 20
"""Of a hash, in a piece's identity."""


@dataclass(frozen=True, slots=True)
class DatasetPiece:
    """A piece that can be trained on; `identity` follows from its content alone."""

    name: str
    identity: str
    tune_hash: str
    info: PieceInfo
    content: TrainablePiece


@dataclass(frozen=True, slots=True)
class RejectedPiece:
    """A file, or a piece in it, and why it is not used: a sentence that goes on from the name."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class MusicFolder:
    """What the folder holds, by name."""

    path: Path
    file_count: int
    """Of the forms that can be read."""
    other_file_count: int
    """Files of other forms."""
    pieces: tuple[DatasetPiece, ...]
    rejected: tuple[RejectedPiece, ...]


def read_folder(folder: Path, converter: PieceConverter, jobs: int | None = None) -> MusicFolder:
    """Everything in the folder (or in one file) that `kind` can take; `jobs` processes, else one for each core."""
    root, paths, others = _list_files(folder)
    work = partial(read_file_pieces, root, converter)
    if jobs is None:
        jobs = (os.cpu_count() or 1) if len(paths) > _MAX_FILES_IN_PROCESS else 1
    found = [each for several in _read_files(paths, work, jobs, root) for each in several]
    items, refused, seen = list[DatasetPiece](), list[RejectedPiece](), dict[str, str]()
    for each in sorted(found, key=_name_order):
        if isinstance(each, RejectedPiece):
            refused.append(each)
        elif each.identity in seen:
            refused.append(RejectedPiece(each.name, f"holds the same as {seen[each.identity]}."))
        else:
            items.append(each)
            seen[each.identity] = each.name
    return MusicFolder(folder, len(paths), others, tuple(items), tuple(refused))


def _name_order(its: DatasetPiece | RejectedPiece) -> tuple[str, int]:
    """By the file's name, and in it by the number."""
    file, _, number = its.name.rpartition("#")
    return (file, int(number)) if file and number.isdecimal() else (its.name, 0)


def _list_files(folder: Path) -> tuple[Path, list[Path], int]:
    """Where names begin, the files that can be read by their names, and how many others there are."""
    if folder.is_file():
        return folder.parent, [folder], 0
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}: name one that holds MIDI, MusicXML or ABC files.")
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
    """The pieces of one file. Runs in whatever process reads it."""
    name = path.relative_to(root).as_posix()
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        return [RejectedPiece(name, "is neither MIDI nor MusicXML nor ABC.")]
    try:
        if path.stat().st_size > MAX_BYTES:
            return [RejectedPiece(name, f"is too large (over {MAX_BYTES >> 20} MiB): cut it into shorter files.")]
        data = path.read_bytes()
    except OSError as error:
        return [RejectedPiece(name, f"cannot be read ({error.strerror}): check its permissions.")]
    sha256 = hashlib.sha256(data).hexdigest()
    outcomes = parse_cache.parse_cached(path, data, form, sha256)
    found: list[DatasetPiece | RejectedPiece] = []
    for number, outcome in enumerate(outcomes, 1):
        own = name if len(outcomes) == 1 else f"{name}#{number}"
        found.append(
            RejectedPiece(own, outcome) if isinstance(outcome, str) else _convert_piece(own, converter, outcome, sha256)
        )
    return found


def _convert_piece(
    name: str, converter: PieceConverter, manuscript: ParsedPiece, sha256: str
) -> DatasetPiece | RejectedPiece:
    try:
        taken = converter(manuscript)
        # One file holds many tunes; of a tune whose text is taken, neither number nor title counts.
        text = taken.sections[0] if isinstance(taken.sections[0], str) else manuscript.text
        if text:
            sha256 = hashlib.sha256(text.encode()).hexdigest()
        return DatasetPiece(
            name, sha256[:_IDENTITY_DIGITS], piece_info.tune_hash(manuscript), piece_info.piece_info(manuscript), taken
        )
    except UnsuitableError as error:
        return RejectedPiece(name, str(error))
    except Exception as error:  # noqa: BLE001  no stranger's piece stops the others
        return RejectedPiece(name, f"cannot be used ({type(error).__name__}: {error}).")


def _read_files(
    paths: Sequence[Path], work: "partial[list[DatasetPiece | RejectedPiece]]", jobs: int, root: Path
) -> list[list[DatasetPiece | RejectedPiece]]:
    """`work` on every path; a process that dies takes nothing but the file with it that it died of."""
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
            asked = {workers.submit(work, path): path for path in sorted(paths, key=lambda path: -costs[path])}
            for done in as_completed(asked):
                try:
                    found.append(done.result())
                except BrokenProcessPool:
                    dead.append(asked[done])
                else:
                    advance(costs[asked[done]])
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
            return [RejectedPiece(path.relative_to(root).as_posix(), "cannot be read: reading it ends the program.")]
