"""The preparation of a collection, from files to shards, on the workers of a Dask cluster.

1. *List* the files, in chunks.
2. *Read* each chunk on a worker: pieces, their fingerprints, and why others are refused.
3. *Select* here what is kept and in which part (see `selection`).
4. *Count* the symbols of the training pieces, if the recipe needs a vocabulary.
5. *Encode* each shard on a worker.

What a step has made lies in the folder `work` of the output, each file whole or not at all, and is used again when the
same command is given after a kill. The folder goes when the index is written. No result depends on the number of
workers, on the time or on what died: chunks and shards have fixed contents, and are put together by their numbers.
"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bachbridge.atomic_files import atomic_output
from bachbridge.codecs.base import SymbolCounts, add_counts
from bachbridge.errors import ConfigError
from bachbridge.music.notes import VOICES
from bachbridge_training import process_pool
from bachbridge_training.collection import cluster, collection_report, shard_index, worker_tasks
from bachbridge_training.collection.cluster import DaskClient
from bachbridge_training.collection.collection_report import CollectionReport
from bachbridge_training.collection.reading import chunk_file, file_list
from bachbridge_training.collection.reading.file_list import FileCounts
from bachbridge_training.collection.selection import PARTS, Selection, select_pieces
from bachbridge_training.collection.shard_index import CHUNK_FOLDER, WORK_FOLDER, ShardEntry, ShardIndex
from bachbridge_training.collection.worker_tasks import MusicEncoder, Places
from bachbridge_training.folder_lock import lock_folder, make_folder

SHARD_PIECES = 1024
_SPLIT_TEXT = "by a hash of each group of similar melodies"


@dataclass(frozen=True, slots=True)
class PreparationOptions:
    """The choices of a preparation that are not the recipe's."""

    seconds: float = 20
    """Time limit for reading a file."""
    keep_near: bool = False
    """Keep near-duplicates, all of a group in one part."""
    shard_pieces: int = SHARD_PIECES


class _DoneShard(msgspec.Struct, frozen=True):
    """The record of a shard that is finished: what it was made of, and what came of it."""

    made_of: str
    entry: ShardEntry
    lengths: list[int]


def prepare_collection(
    client: DaskClient, source: Path, output: Path, encoder: MusicEncoder, options: PreparationOptions
) -> CollectionReport:
    """Prepare the music of `source`, a folder or a list of files, in the folder `output`; return its report.

    Raises `ConfigError` if the folder holds a collection that is finished, or if there is too little music.
    """
    check_places(source, output)
    work = _make_work_folder(output)
    with lock_folder(work):
        # Another process may have finished it before this one got the lock.
        check_places(source, output)
        report = _prepare(client, source, output, work, encoder, options)
    shutil.rmtree(work, ignore_errors=True)
    return report


def _prepare(
    client: DaskClient, source: Path, output: Path, work: Path, encoder: MusicEncoder, options: PreparationOptions
) -> CollectionReport:
    """Read, select and write the music; what is done in `work` already is not done again."""
    counts = file_list.list_files(source, work / "files.jsonl")
    bases = _read_files(client, work, counts, encoder, options)
    refused = collection_report.write_refused(bases, output)
    try:
        selection = _select(bases, work, keep_near=options.keep_near)
    except ConfigError as error:
        where = f" ({refused} of {counts.files} files refused, see {output / collection_report.REFUSED_FILE})"
        raise ConfigError(str(error).replace(":", f"{where if refused else ''}:", 1)) from error
    report = collection_report.build_report(
        bases, selection, counts, collection=source.resolve().name, recipe=encoder.recipe.name
    )
    said = _card_text(report)
    facts = encoder.facts_from_counts(encoder.recipe, _count_music(client, bases, selection, encoder, options), said)
    parts = _write_shards(client, output, _Shards(bases, selection, options.shard_pieces), encoder, facts)
    collection_report.write_refused(bases, output, selection)
    collection_report.write_report(report, output)
    _write_index(output, encoder, report, facts, parts)
    return report


def check_places(source: Path, output: Path) -> None:
    """Raise `ConfigError` unless there is something to read, and the output is new, empty or begun.

    It is quick, so it comes before the workers are started.
    """
    if not source.exists():
        raise ConfigError(f"there is nothing at {source}: give a folder of music, or a text with a path on each line.")
    if output.exists() and not output.is_dir():
        raise ConfigError(f"{output} is a file: choose a new folder with -o.")
    if shard_index.is_prepared(output):
        raise ConfigError(f"{output} already holds a prepared collection: choose another folder with -o, or delete it.")
    if output.is_dir() and not (output / WORK_FOLDER).is_dir() and any(output.iterdir()):
        raise ConfigError(f"{output} holds other files: choose an empty folder or a new one with -o.")


def _make_work_folder(output: Path) -> Path:
    work = output / WORK_FOLDER
    for name in (CHUNK_FOLDER, "shards"):
        make_folder(work / name)
    return work


def _read_files(
    client: DaskClient, work: Path, counts: FileCounts, encoder: MusicEncoder, options: PreparationOptions
) -> list[Path]:
    """Read the chunks that have not been read; return the bases of the files that hold them, by number."""
    codec, bases = encoder.recipe.codec, list[Path]()

    def missing() -> Iterator[tuple[Any, ...]]:
        for chunk in file_list.read_chunks(work / "files.jsonl"):
            name = f"{chunk.number:06}-{chunk.digest}-{codec}-{options.seconds:g}s"
            bases.append((work / CHUNK_FOLDER / name).absolute())
            if chunk_file.is_whole(bases[-1]):
                advance(1)
            else:
                yield chunk, str(bases[-1]), codec, options.seconds

    with process_pool.progress_bar("reading the music", counts.chunks) as advance:
        for _ in cluster.run_tasks(client, worker_tasks.read_chunk, missing()):
            advance(1)
    return bases


def _select(bases: Sequence[Path], work: Path, *, keep_near: bool) -> Selection:
    scratch = work / "compared"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir()
        return select_pieces(bases, scratch, keep_near=keep_near)
    except OSError as error:
        raise ConfigError(
            f"cannot write to {scratch} ({error.strerror}): make room, and give the same command."
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Shards:
    """The pieces of each shard."""

    bases: Sequence[Path]
    selection: Selection
    pieces: int

    def part(self, name: str) -> Iterator[tuple[str, Places]]:
        """Yield for each shard of a part a text that stands for its music, and the places of its contents."""
        table = self.selection.table
        numbers = self.selection.numbers_of(name)
        chunks = table.chunks_of(numbers)
        for begin in range(0, len(numbers), self.pieces):
            own = slice(begin, begin + self.pieces)
            places = [
                (str(self.bases[chunk]), first, end)
                for chunk, (first, end) in zip(chunks[own].tolist(), table.contents[numbers[own]].tolist(), strict=True)
            ]
            yield hashlib.sha256(table.hashes[numbers[own]].tobytes()).hexdigest(), places


def _count_music(
    client: DaskClient, bases: Sequence[Path], selection: Selection, encoder: MusicEncoder, options: PreparationOptions
) -> SymbolCounts:
    """Count the symbols of the training pieces, shard by shard; add them up in the order of the shards."""
    if encoder.count(encoder.recipe, ()) == {}:
        return {}
    total, early, next_number = dict[str, Any](), dict[int, SymbolCounts](), 0
    tasks = [(places, encoder) for _, places in _Shards(bases, selection, options.shard_pieces).part("train")]
    with process_pool.progress_bar("counting symbols", len(tasks)) as advance:
        for number, counts in cluster.run_tasks(client, worker_tasks.count_music, tasks):
            early[number] = counts
            while next_number in early:
                add_counts(total, early.pop(next_number))
                next_number += 1
            advance(1)
    return total


def _write_shards(
    client: DaskClient, output: Path, shards: _Shards, encoder: MusicEncoder, facts: Any
) -> dict[str, list[_DoneShard]]:
    """Write the shards that are not there yet; return the records of all, by part."""
    settled = hashlib.sha256(
        msgspec.json.encode((asdict(encoder.recipe), facts, cluster.worker_versions()))
    ).hexdigest()
    done: dict[str, list[_DoneShard | None]] = {part: [] for part in PARTS}
    running: list[tuple[str, int, str]] = []

    def missing() -> Iterator[tuple[Any, ...]]:
        for part in PARTS:
            for number, (music, places) in enumerate(shards.part(part)):
                path, made_of = output / f"{part}-{number:05}.npz", f"{settled} {music}"
                done[part].append(_find_done(path, made_of))
                if done[part][-1] is None:
                    running.append((part, number, made_of))
                    yield places, str(path.absolute()), encoder, facts
                else:
                    advance(1)

    total = sum(-(-len(shards.selection.numbers_of(part)) // shards.pieces) for part in PARTS)
    with process_pool.progress_bar("writing shards", total) as advance:
        for task, (entry, lengths) in cluster.run_tasks(client, worker_tasks.write_shard, missing()):
            part, number, made_of = running[task]
            done[part][number] = record = _DoneShard(made_of, entry, lengths.tolist())
            with atomic_output(output / WORK_FOLDER / "shards" / f"{entry.file}.json") as scratch:
                scratch.write_bytes(msgspec.json.encode(record))
            advance(1)
    return {part: [record for record in records if record is not None] for part, records in done.items()}


def _find_done(path: Path, made_of: str) -> _DoneShard | None:
    """Return the record of a shard if it is there, undamaged and made of the same; otherwise None."""
    try:
        content = (path.parent / WORK_FOLDER / "shards" / f"{path.name}.json").read_bytes()
        record = msgspec.json.decode(content, type=_DoneShard)
        is_same = record.made_of == made_of and hashlib.sha256(path.read_bytes()).hexdigest() == record.entry.sha256
    except (OSError, msgspec.DecodeError):
        return None
    return record if is_same else None


def _card_text(report: CollectionReport) -> dict[str, str]:
    counts = ", ".join(f"{count} {part}" for part, count in report.split.items())
    return {
        "data": f"{report.pieces} pieces in the collection {report.collection}",
        "split": f"{_SPLIT_TEXT}: {counts}",
    }


def _write_index(
    output: Path, encoder: MusicEncoder, report: CollectionReport, facts: Any, parts: dict[str, list[_DoneShard]]
) -> None:
    """Delete shards of an earlier, larger attempt, and write the lengths and at last the index."""
    entries = {part: [record.entry for record in records] for part, records in parts.items()}
    named = {entry.file for of_part in entries.values() for entry in of_part}
    for path in output.glob("*.npz"):
        if path.name not in named:
            path.unlink()
    lengths = {
        part: np.array([length for record in records for length in record.lengths], np.int32)
        for part, records in parts.items()
    }
    ranges = report.training_ranges
    index = ShardIndex(
        recipe_name=encoder.recipe.name,
        codec=encoder.recipe.codec,
        recipe=asdict(encoder.recipe),
        said=_card_text(report),
        sha256=shard_index.hash_shards(entries),
        lengths_sha256=shard_index.write_lengths(lengths, output),
        parts=entries,
        facts=facts,
        voice_ranges=ranges if len(ranges) == len(VOICES) else [],
    )
    shard_index.write_index(index, output)
