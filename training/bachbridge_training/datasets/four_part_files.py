"""Four-voice music from files: the community's JSON, MIDI files, or a folder of both."""

from pathlib import Path

import numpy as np

from bachbridge.codecs import satb
from bachbridge.errors import ConfigError
from bachbridge.files.midi_reader import read_midi
from bachbridge_training.chorale.nll import read_json
from bachbridge_training.datasets.chorale_grids import Piece

_MIDI = (".mid", ".midi")


def read(path: Path, part: str) -> list[Piece]:
    """The pieces in `path`: of JSON files the part `part`, of MIDI files all."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in {".json", *_MIDI})
        if not files:
            raise ConfigError(f"{path} holds no MIDI and no JSON files: name another folder or a file.")
        return [piece for file in files for piece in read(file, part)]
    return [midi_piece(path)] if path.suffix.lower() in _MIDI else read_json(path, part)


def midi_piece(path: Path) -> Piece:
    """A MIDI file of four voices: by its tracks or channels, or a keyboard's chords by who is highest and lowest."""
    phrase = read_midi(path).phrase
    prompt = satb.read(phrase)
    sung = prompt.classes > satb.REST
    if not sung.any(axis=0).all():
        raise ConfigError(f"{path} has not four voices: give a file with four tracks, or with chords of four notes.")
    first, last = np.flatnonzero(sung.any(axis=1))[[0, -1]]
    kept = slice(first, last + 1)
    pitches = np.where(sung, prompt.classes + satb.LOWEST - 1, -1).astype(np.int16)[kept]
    steps = np.arange(first, last + 1) + (phrase.position or 0)
    bars = np.full(len(steps), phrase.steps_per_bar, np.int16)
    position = (steps % phrase.steps_per_bar).astype(np.int16)
    return Piece(path.name, pitches, prompt.struck[kept] & sung[kept], position, bars)
