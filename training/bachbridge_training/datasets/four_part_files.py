"""Readers of four-voice music: the community's JSON, MIDI files, MusicXML and ABC, or a folder with its sub-folders."""

from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from bachbridge.errors import ConfigError
from bachbridge.music.frames import HIGHEST_PITCH, LOWEST_PITCH
from bachbridge_training.datasets import folder as music_folder
from bachbridge_training.datasets import report, splits, suitability
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.folder import RejectedPiece
from bachbridge_training.datasets.parsed_piece import FORMATS
from bachbridge_training.datasets.splits import ALL_PARTS
from bachbridge_training.datasets.suitability import UnsuitableError

_JSON_EXAMPLE = "Jsb16thSeparated.json"
_JsonPitch = Annotated[int, Meta(ge=-1, le=HIGHEST_PITCH)]
_JsonFrames = Annotated[list[tuple[_JsonPitch, _JsonPitch, _JsonPitch, _JsonPitch]], Meta(min_length=1)]
_JsonPart = list[_JsonFrames]


def read_pieces(path: Path, part: str) -> list[FourPartPiece]:
    """Return the pieces of `part` in a file, or in a folder with its sub-folders; `part` may be `ALL_PARTS`.

    JSON files name their parts; the other files of a folder are split as for training (see `splits`). A file with a
    single piece is taken whole. What cannot be used is left out and listed on stderr. Raises `ConfigError` if there is
    nothing else.
    """
    if not path.exists():
        raise ConfigError(f"there is no file or folder {path}: give MIDI, MusicXML, ABC or JSON files in four voices.")
    if not path.is_dir() and path.suffix.lower() not in FORMATS:
        return read_json_pieces(path, part)
    found = music_folder.read_folder(path, suitability.as_four_parts)
    if path.is_file() and len(found.rejected) == 1 and not found.pieces:
        raise ConfigError(f"give another file than {path}: it {found.rejected[0].reason}")
    pieces, rejected = _read_json_files(path, part)
    report.show_rejected((*found.rejected, *rejected))
    if not found.pieces and not pieces:
        raise ConfigError(f"{path} holds no MIDI, MusicXML, ABC or JSON files in four voices: give other music.")
    items = splits.pieces_of_part(found, part) if found.pieces else ()
    if not items and not pieces:
        raise ConfigError(f"{path} has no pieces for the part {part!r}: choose another part, or give more music.")
    return [*splits.four_part_sections(items), *pieces]


def _read_json_files(folder: Path, part: str) -> tuple[list[FourPartPiece], list[RejectedPiece]]:
    """Read the JSON files in a folder and its sub-folders, without hidden ones; none for a file."""
    pieces, rejected = list[FourPartPiece](), list[RejectedPiece]()
    for file in sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".json" and path.is_file()):
        name = file.relative_to(folder)
        if not any(each.startswith(".") for each in name.parts):
            try:
                pieces += _pieces_of_json(file, part)
            except UnsuitableError as error:
                rejected.append(RejectedPiece(name.as_posix(), str(error)))
    return pieces, rejected


def read_json_pieces(path: Path, part: str) -> list[FourPartPiece]:
    """Read the pieces of a file `{part: [[[S, A, T, B], ...], ...]}` of MIDI pitches at 16ths; -1 is a rest.

    `part` may be `ALL_PARTS`. This is the format of czhuang/JSB-Chorales-dataset. It has no onsets and no bar lines.
    Raises `ConfigError`.
    """
    try:
        return _pieces_of_json(path, part)
    except UnsuitableError as error:
        raise ConfigError(f"{path} {error}") from error


def _pieces_of_json(path: Path, part: str) -> list[FourPartPiece]:
    """Do the work of `read_json_pieces`; raise `UnsuitableError` if there are none."""
    try:
        parts = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
    except OSError as error:
        raise UnsuitableError(f"cannot be read ({error.strerror}): check its permissions.") from error
    except msgspec.ValidationError as error:
        raise UnsuitableError(f"has no parts ({error}): give a file like {_JSON_EXAMPLE}.") from error
    except (ValueError, RecursionError) as error:
        raise UnsuitableError(f"cannot be read as JSON ({error}): give a file like {_JSON_EXAMPLE}.") from error
    if part != ALL_PARTS and part not in parts:
        raise UnsuitableError(f"has no part {part!r}: it has {', '.join(parts) or 'none'}.")
    wanted = parts if part == ALL_PARTS else (part,)
    pieces = [piece for each in wanted for piece in _pieces_of_part(f"{path.name}:{each}", each, parts[each])]
    if not pieces:
        raise UnsuitableError(f"has no pieces: give a file like {_JSON_EXAMPLE}.")
    return pieces


def _pieces_of_part(name: str, part: str, content: msgspec.Raw) -> list[FourPartPiece]:
    try:
        pieces = msgspec.json.decode(content, type=_JsonPart)
    except (ValueError, RecursionError) as error:
        raise UnsuitableError(_wrong_frames_text(part, str(error))) from error
    for pitch in (pitch for frames in pieces for frame in frames for pitch in frame):
        if 0 <= pitch < LOWEST_PITCH:
            raise UnsuitableError(_wrong_frames_text(part, f"the pitch {pitch}"))
    return [_piece_of_frames(f"{name}:{number}", frames) for number, frames in enumerate(pieces)]


def _wrong_frames_text(part: str, what: str) -> str:
    wanted = f"lists of frames [S, A, T, B] of MIDI pitches {LOWEST_PITCH} to {HIGHEST_PITCH} or -1"
    return f"has other things than {wanted} in the part {part!r} ({what}): correct the file."


def _piece_of_frames(name: str, frames: _JsonFrames) -> FourPartPiece:
    pitches = np.array(frames, dtype=np.int16)
    onsets = pitches >= 0
    onsets[1:] &= pitches[1:] != pitches[:-1]
    steps = np.arange(len(pitches), dtype=np.int16)
    return FourPartPiece(name, pitches, onsets, steps % 16, np.full(len(pitches), 16, np.int16))
