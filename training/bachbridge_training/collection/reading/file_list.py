"""The files of a collection, in an order that does not depend on the machine, in chunks of a fixed size.

The list lies on disk, a line of JSON for each chunk, because the names of a million files take a lot of memory. Of
each file it has the size and the time of its last change, so that a changed file is read again.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import ConfigError
from bachbridge_training.datasets.parsed_piece import FORMATS

CHUNK_FILES = 128


class ListedFile(msgspec.Struct, frozen=True, array_like=True):
    """A file by its path, its name in the collection, its size and the time of its last change."""

    path: str
    name: str
    size: int
    changed_ns: int


class FileChunk(msgspec.Struct, frozen=True, array_like=True):
    """Files that are read together; `digest` names them."""

    number: int
    files: list[ListedFile]

    @property
    def digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self.files)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Numbers of files and of chunks, and of files of other formats."""

    files: int
    others: int
    chunks: int


def list_files(source: Path, target: Path) -> FileCounts:
    """Write the files of `source` to the list `target`: a folder with its sub-folders, or a text file of paths.

    Hidden files are skipped, and links to folders are not followed. Raises `ConfigError` if there is nothing to list.
    """
    files = chunks = others = 0
    with atomic_output(target) as scratch, scratch.open("wb") as output:
        found = _files_in(source) if source.is_dir() else _files_named_in(source)
        known: list[ListedFile] = []
        for listed in found:
            if listed is None:
                others += 1
                continue
            files += 1
            known.append(listed)
            if len(known) == CHUNK_FILES:
                output.write(msgspec.json.encode(FileChunk(chunks, known)) + b"\n")
                known, chunks = [], chunks + 1
        if known:
            output.write(msgspec.json.encode(FileChunk(chunks, known)) + b"\n")
            chunks += 1
    if not files:
        raise ConfigError(f"{source} holds no MIDI, MusicXML or ABC files: give another folder or list.")
    return FileCounts(files, others, chunks)


def read_chunks(target: Path) -> Iterator[FileChunk]:
    """Yield the chunks of a list, one at a time."""
    decoder = msgspec.json.Decoder(FileChunk)
    with target.open("rb") as lines:
        for line in lines:
            yield decoder.decode(line)


def _files_in(folder: Path) -> Iterator[ListedFile | None]:
    """Yield the files with a known suffix in the order of their names, folder by folder; None for each other file."""
    for place, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if name.startswith(".") or not path.is_file():
                continue
            is_known = path.suffix.lower() in FORMATS
            yield _listed(path, path.relative_to(folder).as_posix()) if is_known else None


def _files_named_in(source: Path) -> Iterator[ListedFile | None]:
    """Yield the files that a text names, a path on each line, which may be relative to the text's own folder."""
    seen: set[bytes] = set()
    try:
        with source.open(encoding="utf-8") as lines:
            for line in lines:
                name = line.strip()
                key = hashlib.blake2b(name.encode(), digest_size=8).digest()
                if not name or name.startswith("#") or key in seen:
                    continue
                seen.add(key)
                is_known = Path(name).suffix.lower() in FORMATS
                yield _listed(source.parent / name, Path(name).as_posix()) if is_known else None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{source} is neither a folder nor a text with a path on each line: give one of these."
        ) from error


def _listed(path: Path, name: str) -> ListedFile:
    """Return the entry of a file; one that cannot be looked at is listed, so that reading it says why."""
    try:
        facts = path.stat()
    except OSError:
        return ListedFile(str(path.absolute()), name, 0, 0)
    return ListedFile(str(path.absolute()), name, facts.st_size, facts.st_mtime_ns)
