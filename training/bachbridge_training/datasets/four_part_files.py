"""Readers of four-voice music: the community's JSON, MIDI files, or a folder of both."""

from pathlib import Path

import numpy as np

from bachbridge.errors import ConfigError
from bachbridge.files.midi_reader import read_midi
from bachbridge.music.frames import LOWEST_PITCH, REST
from bachbridge.music.voice_assignment import frames_from_phrase
from bachbridge_training.chorale.nll import read_json_pieces
from bachbridge_training.datasets.chorale_grids import FourPartPiece

_MIDI_SUFFIXES = (".mid", ".midi")


def read_pieces(path: Path, part: str) -> list[FourPartPiece]:
    """Return the pieces in `path`: the part `part` of JSON files, and all MIDI files; raise `ConfigError` if none."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in {".json", *_MIDI_SUFFIXES})
        if not files:
            raise ConfigError(f"{path} holds no MIDI and no JSON files: give another folder or a file.")
        return [piece for file in files for piece in read_pieces(file, part)]
    return [read_midi_piece(path)] if path.suffix.lower() in _MIDI_SUFFIXES else read_json_pieces(path, part)


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
