"""Readers of four-voice music: the community's JSON, MIDI files, MusicXML and ABC, or a folder with its sub-folders."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge.errors import ConfigError
from bachbridge.music.frames import HIGHEST_PITCH, LOWEST_PITCH
from bachbridge.music.notes import VOICES
from bachbridge_training.datasets import folder as music_folder
from bachbridge_training.datasets import report, splits, suitability
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.parsed_piece import FORMATS

ALL_PARTS = "all"
"""Stands for the music of every part."""


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
    report.show_rejected(found.rejected)
    pieces = [piece for file in _json_files(path) for piece in read_json_pieces(file, part)]
    if not found.pieces and not pieces:
        raise ConfigError(f"{path} holds no MIDI, MusicXML, ABC or JSON files in four voices: give other music.")
    is_whole = part == ALL_PARTS or not found.pieces or (path.is_file() and len(found.pieces) < 2)
    items = found.pieces if is_whole else splits.split_pieces(found.pieces)[part]
    if not items and not pieces:
        raise ConfigError(f"{path} has no pieces for the part {part!r}: choose another part, or give more music.")
    return [*splits.four_part_sections(items), *pieces]


def _json_files(folder: Path) -> list[Path]:
    """Return the JSON files in a folder and its sub-folders, without hidden ones; none for a file."""
    files = [path for path in folder.rglob("*") if path.suffix.lower() == ".json" and path.is_file()]
    return sorted(file for file in files if not any(name.startswith(".") for name in file.relative_to(folder).parts))


def read_json_pieces(path: Path, part: str) -> list[FourPartPiece]:
    """Read the pieces of a file `{part: [[[S, A, T, B], ...], ...]}` of MIDI pitches at 16ths; -1 is a rest.

    `part` may be `ALL_PARTS`. This is the format of czhuang/JSB-Chorales-dataset. It has no onsets and no bar lines.
    Raises `ConfigError`.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read as JSON ({error}): give a file like Jsb16thSeparated.json."
        ) from error
    if isinstance(content, dict) and part == ALL_PARTS and content:
        return [piece for each in content for piece in _json_part(path, each, content[each])]
    if not isinstance(content, dict) or part not in content:
        raise ConfigError(f"{path} has no part {part!r}: it has {', '.join(content) or 'none'}.")
    return _json_part(path, part, content[part])


def _json_part(path: Path, part: str, pieces: list[Any]) -> list[FourPartPiece]:
    return [_json_piece(f"{path.name}:{part}:{number}", frames) for number, frames in enumerate(pieces)]


def _json_piece(name: str, frames: Any) -> FourPartPiece:
    try:
        pitches = np.array(frames, dtype=np.int16)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{name} is not a list of frames [S, A, T, B] of MIDI pitches: correct the file.") from error
    sounding = pitches[pitches >= 0]
    has_shape = pitches.ndim == 2 and pitches.shape[1] == len(VOICES) and len(pitches) > 0
    if not has_shape or (len(sounding) and not LOWEST_PITCH <= sounding.min() <= sounding.max() <= HIGHEST_PITCH):
        raise ConfigError(f"{name} is not a list of frames [S, A, T, B] of MIDI pitches 36 to 81: correct the file.")
    onsets = pitches >= 0
    onsets[1:] &= pitches[1:] != pitches[:-1]
    steps = np.arange(len(pitches), dtype=np.int16)
    return FourPartPiece(name, pitches, onsets, steps % 16, np.full(len(pitches), 16, np.int16))
