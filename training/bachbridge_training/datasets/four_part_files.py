"""Readers of four-voice music: the community's JSON, MIDI files, MusicXML and ABC, or a folder with its sub-folders."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge.errors import ConfigError
from bachbridge.files.midi_reader import read_midi
from bachbridge.music.frames import HIGHEST_PITCH, LOWEST_PITCH, REST
from bachbridge.music.notes import VOICES
from bachbridge.music.voice_assignment import frames_from_phrase
from bachbridge_training.datasets import folder as music_folder
from bachbridge_training.datasets import splits, suitability
from bachbridge_training.datasets.chorale_grids import FourPartPiece

ALL_PARTS = "all"
"""Stands for the music of every part."""
_MIDI_SUFFIXES = (".mid", ".midi")
_NOTATION_SUFFIXES = (".xml", ".musicxml", ".mxl", ".abc")


def read_pieces(path: Path, part: str) -> list[FourPartPiece]:
    """Return the pieces in `path`: the part `part` of JSON files, or all parts, and all other files.

    Raises `ConfigError` if there are none.
    """
    if not path.is_dir():
        return _read_file(path, part)
    files = sorted(file for file in path.rglob("[!.]*") if file.suffix.lower() in {".json", *_MIDI_SUFFIXES})
    pieces = [piece for file in files for piece in _read_file(file, part)]
    if any(file.suffix.lower() in _NOTATION_SUFFIXES for file in path.rglob("[!.]*")):
        pieces += _read_notation(path)
    if not pieces:
        raise ConfigError(f"{path} holds no MIDI, MusicXML, ABC or JSON files in four voices: give another folder.")
    return pieces


def _read_file(path: Path, part: str) -> list[FourPartPiece]:
    match path.suffix.lower():
        case suffix if suffix in _MIDI_SUFFIXES:
            return [read_midi_piece(path)]
        case suffix if suffix in _NOTATION_SUFFIXES:
            return _read_notation(path)
        case _:
            return read_json_pieces(path, part)


def _read_notation(path: Path) -> list[FourPartPiece]:
    """Read the MusicXML and ABC files in four voices in a folder, or one such file; others are left out."""
    items = music_folder.read_folder(path, suitability.as_four_parts).pieces
    notated = [item for item in items if Path(item.name.partition("#")[0]).suffix.lower() in _NOTATION_SUFFIXES]
    return splits.four_part_sections(notated)


def read_midi_piece(path: Path) -> FourPartPiece:
    """Read a MIDI file in four voices, which are its tracks or channels, or are assigned from chords by pitch."""
    phrase = read_midi(path).phrase
    prompt = frames_from_phrase(phrase)
    sounding = prompt.pitch_indices > REST
    if not sounding.any(axis=0).all():
        raise ConfigError(
            f"{path} does not have four voices: give a file with four tracks, or with chords of four notes."
        )
    first, last = np.flatnonzero(sounding.any(axis=1))[[0, -1]]
    kept = slice(first, last + 1)
    pitches = np.where(sounding, prompt.pitch_indices + LOWEST_PITCH - 1, -1).astype(np.int16)[kept]
    steps = np.arange(first, last + 1) + (phrase.position or 0)
    bars = np.full(len(steps), phrase.steps_per_bar, np.int16)
    position = (steps % phrase.steps_per_bar).astype(np.int16)
    return FourPartPiece(path.name, pitches, prompt.onsets[kept] & sounding[kept], position, bars)


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
