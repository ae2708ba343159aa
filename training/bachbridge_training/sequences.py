"""The music of the codecs of symbol sequences, by parts, and the same as passages of symbols.

Where the music comes from: of a folder of MIDI files (`--data`), of music21's chorales (`keys88` without a folder), or
of ABC tunes (`tunes`). A folder's files are divided by a hash of their contents, so that a file stays in its part when
others are added; a folder of Bach's cello suites, known by its files' names (`cs2-1pre.mid`), is divided by suites: the
movements of a suite have more in common than a fair test allows.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from bachbridge.errors import ConfigError, MidiFileError
from bachbridge.midifile import MidiSong, read_midi
from bachbridge.music import VOICES, Note, Phrase
from bachbridge_training import corpus, tunes
from bachbridge_training.scores import Piece

Music = MidiSong | Phrase | str
_SUITE = re.compile(r"cs([1-6])-\w+\.mid")
_PART_OF_SUITE = {"2": "valid", "3": "test"}
_PART_OF_DIGIT = {0: "valid", 1: "test"}
"""A file's part by its hash modulo 10; all other files are for training."""


@dataclass(frozen=True, slots=True)
class Source:
    """A piece by its name: a MIDI file, a phrase on the grid, or a text."""

    name: str
    music: Music


def sources(codec: str, part: str, data: Path | None, *, given: bool = False) -> list[Source]:
    """The pieces of `part` that a recipe of `codec` trains on, from `data` or else from what music21 brings.

    `given`: tunes stay as they were given (see `tunes`).
    """
    found = _found(codec, part, data, given=given)
    if not found:
        where = data or "music21"
        raise ConfigError(f"{where} has no pieces for the part {part!r}: choose another part, or give more music.")
    return found


def _found(codec: str, part: str, data: Path | None, *, given: bool) -> list[Source]:
    match codec:
        case "abc":
            return [Source(its.name, its.text) for its in tunes.texts(part, data, given=given)]
        case "keys88" if data is None:
            return [Source(piece.name, phrase_of(piece)) for piece in corpus.pieces(part)]
        case _ if data is None:
            raise ConfigError(f"this model learns from MIDI files: name the folder with {codec} after --data.")
        case _:
            songs = [(path, read_midi(path)) for path in tracked(files(data, part), f"reading {data}")]
            return [Source(path.name, song.phrase if codec == "keys88" else song) for path, song in songs]


def tracked(paths: Sequence[Path], what: str) -> Iterable[Path]:
    """The paths, with a bar that shows how far one is."""
    return track(paths, what, console=Console(stderr=True), transient=True)


def files(folder: Path, part: str) -> list[Path]:
    """The MIDI files of `part` in a folder, by name; or the one file that is named."""
    if folder.is_file():
        return [folder]
    paths = _midi(folder)
    if not paths:
        raise ConfigError(f"{folder} holds no MIDI files: name another folder.")
    suites = [_SUITE.fullmatch(path.name) for path in paths]
    if all(suites):
        return [path for path, suite in zip(paths, suites, strict=True) if suite and _suite_part(suite[1]) == part]
    divided = _divided(paths)
    return [path for path in paths if divided[path] == part]


def _midi(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix.lower() in {".mid", ".midi"})


def _suite_part(number: str) -> str:
    return _PART_OF_SUITE.get(number, "train")


def _divided(paths: Sequence[Path]) -> dict[Path, str]:
    """The part of each file; of a few files, the one of the lowest hash is kept for validation."""
    hashes = {path: _hash(path) for path in paths}
    parts = {path: _PART_OF_DIGIT.get(number % 10, "train") for path, number in hashes.items()}
    if "valid" not in parts.values():
        parts[min(paths, key=hashes.__getitem__)] = "valid"
    if "train" not in parts.values():
        parts[max(paths, key=hashes.__getitem__)] = "train"
    return parts


def _hash(path: Path) -> int:
    try:
        return int.from_bytes(hashlib.sha256(path.read_bytes()).digest()[:8])
    except OSError as error:
        raise MidiFileError(f"{path} cannot be read ({error.strerror}): check its permissions.") from error


def phrase_of(piece: Piece) -> Phrase:
    """A chorale as a phrase."""
    notes = [note for voice in range(len(VOICES)) for note in _sung(piece, voice)]
    ordered = tuple(sorted(notes, key=lambda note: (note.start, note.voice)))
    return Phrase(ordered, len(piece.pitches), int(piece.bar[0]), int(piece.position[0]))


def _sung(piece: Piece, voice: int) -> Iterable[Note]:
    pitches, struck = piece.pitches[:, voice].tolist(), piece.struck[:, voice].tolist()
    begin = 0
    for step in range(1, len(pitches) + 1):
        if step == len(pitches) or struck[step] or pitches[step] != pitches[begin]:
            if pitches[begin] >= 0:
                yield Note(begin, step - begin, pitches[begin], voice=voice)
            begin = step


def data_named(codec: str, data: Path | None) -> str:
    """What a card says of the music, without saying where on this machine it lies."""
    kind = "ABC tunes" if codec == "abc" else "MIDI files"
    if data:
        return f"the {kind} of {data.resolve().name}"
    return f"{', '.join(tunes.COLLECTIONS)} as bundled with music21" if codec == "abc" else corpus.CHORALES


def split_named(codec: str, data: Path | None) -> str:
    """What a card says of how it was divided."""
    if codec == "abc":
        return "by tune: by the files' names, or by a hash of how the tune begins"
    if data is None:
        return corpus.CHORALE_SPLIT
    if data.is_dir() and all(_SUITE.fullmatch(path.name) for path in _midi(data)):
        return "by suite: 2 valid, 3 test, all others train"
    return "by file, by a hash of its contents"
