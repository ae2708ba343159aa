#!/usr/bin/env python3
"""Write a large collection of small files, to measure `bachbridge prepare`: parts of Bach's chorales in other keys.

    python scripts/figures/generate_collection.py FOLDER NUMBER [SEED]

Each file has two to six bars of a chorale that comes with music21, transposed, with up to three pitches
changed. Of a hundred files about 70 are MIDI, 6 MusicXML and 16 ABC in four voices, 4 are tunes in one voice, which
recipes for four voices refuse, 3 are copies of earlier files, and one is damaged. File n depends on the seed and on n
alone, and a thousand files lie in each folder.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from bachbridge.files.midi_writer import TICKS_PER_BEAT
from bachbridge.files.musicxml import encode_musicxml
from bachbridge.files.smf import (
    NOTE_OFF,
    NOTE_ON,
    TIME_SIGNATURE,
    TRACK_NAME,
    encode_events,
    encode_file,
    meta_event,
)
from bachbridge.music.frames import HIGHEST_PITCH, LOWEST_PITCH
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note
from bachbridge.music.timeline import Bar, meter_from_steps
from bachbridge_training.datasets import chorales
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.symbol_sources import piece_to_phrase

FOLDER_FILES = 1000
_TICKS_PER_STEP = TICKS_PER_BEAT // STEPS_PER_BEAT
_NAMES = ("C", "^C", "D", "^D", "E", "F", "^F", "G", "^G", "A", "^A", "B")
_MAX_CHANGED = 3


def cut_piece(piece: FourPartPiece, rng: np.random.Generator) -> FourPartPiece:
    """Return two to six bars of a chorale in a random key, with some pitches changed by a semitone or two."""
    lines = np.flatnonzero(piece.position == 0)
    first = int(rng.integers(max(1, len(lines) - 2)))
    last = min(len(lines) - 1, first + int(rng.integers(2, 7)))
    part = slice(int(lines[first]), int(lines[last]) if last > first else len(piece.pitches))
    pitches = piece.pitches[part].astype(np.int16)
    sounding = pitches[pitches >= 0]
    shift = int(rng.integers(max(-6, LOWEST_PITCH - sounding.min()), min(6, HIGHEST_PITCH - sounding.max()) + 1))
    pitches = np.where(pitches >= 0, pitches + shift, -1)
    onsets = piece.onsets[part].copy()
    onsets[0] = pitches[0] >= 0
    for _ in range(int(rng.integers(_MAX_CHANGED + 1))):
        step, voice = int(rng.integers(len(pitches))), int(rng.integers(len(VOICES)))
        if onsets[step, voice]:
            ends = np.flatnonzero(onsets[step + 1 :, voice] | (pitches[step + 1 :, voice] != pitches[step, voice]))
            held = slice(step, step + 1 + int(ends[0]) if len(ends) else None)
            changed = pitches[step, voice] + int(rng.integers(-2, 3))
            pitches[held, voice] = np.clip(changed, LOWEST_PITCH, HIGHEST_PITCH)
    return replace(piece, pitches=pitches, onsets=onsets, position=piece.position[part], bar=piece.bar[part])


def encode_midi(notes: list[Note], bar: int) -> bytes:
    """Return a MIDI file with a track for each voice."""
    meter = meter_from_steps(bar)
    sign = meta_event(TIME_SIGNATURE, bytes((meter.numerator, meter.denominator.bit_length() - 1, 24, 8)))
    tracks = [encode_events([(0, sign)])]
    for voice, name in enumerate(VOICES):
        events = [(0, meta_event(TRACK_NAME, name.encode()))]
        for note in notes:
            if note.voice == voice:
                events.append((note.start * _TICKS_PER_STEP, bytes((NOTE_ON | voice, note.pitch, 80))))
                events.append((note.end * _TICKS_PER_STEP, bytes((NOTE_OFF | voice, note.pitch, 64))))
        tracks.append(encode_events(events))
    return encode_file(TICKS_PER_BEAT, tracks)


def encode_score(notes: list[Note], bar: int) -> bytes:
    """Return a MusicXML file with two staves."""
    end = -(-max(note.end for note in notes) // bar) * bar
    return encode_musicxml(notes, [Bar(at, at + bar, meter_from_steps(bar)) for at in range(0, end, bar)], (0, False))


def encode_abc(notes: list[Note], bar: int) -> bytes:
    """Return an ABC file with a voice for each of ours; every accidental is written."""
    meter = meter_from_steps(bar)
    lines = ["X:1", "T:Part of a chorale", f"M:{meter.text}", "L:1/16", "K:C"]
    for voice, its_notes in groupby(sorted(notes, key=lambda note: (note.voice, note.start)), lambda note: note.voice):
        text, at = "", 0
        for note in its_notes:
            text += f"z{note.start - at} " if note.start > at else ""
            text += f"{_abc_pitch(note.pitch)}{note.length} "
            at = note.end
        lines += [f"V:{voice + 1} name={VOICES[voice]}", f"{text}|]"]
    return ("\n".join(lines) + "\n").encode()


def _abc_pitch(pitch: int) -> str:
    name, octave = _NAMES[pitch % 12], pitch // 12 - 5
    sign = "" if name.startswith("^") else "="
    name = name.lower() if octave > 0 else name
    return sign + name + ("'" * (octave - 1) if octave > 0 else "," * -octave)


ENCODERS: tuple[tuple[str, float, Callable[[list[Note], int], bytes]], ...] = (
    ("mid", 0.7, encode_midi),
    ("musicxml", 0.76, encode_score),
    ("abc", 0.96, encode_abc),
)
"""Suffixes with the ends of their shares of the files; the rest are copies, and damaged files."""
_TUNE_SHARE, _COPY_SHARE = 0.92, 0.99


def write_file(number: int, folder: Path, pieces: list[FourPartPiece], seed: int) -> None:
    """Write file `number` of the collection."""
    rng = np.random.default_rng([seed, number])
    kind = float(rng.random())
    place = folder / f"{number // FOLDER_FILES:04}"
    place.mkdir(parents=True, exist_ok=True)
    for suffix, end, encode in ENCODERS:
        if kind < end:
            piece = cut_piece(pieces[int(rng.integers(len(pieces)))], rng)
            notes = [note for note in piece_to_phrase(piece).notes if kind < _TUNE_SHARE or note.voice == 0]
            (place / f"{number:07}.{suffix}").write_bytes(encode(notes, int(piece.bar[0])))
            return
    earlier = sorted(place.glob("*.mid"))
    content = earlier[int(rng.integers(len(earlier)))].read_bytes() if earlier else b""
    if kind >= _COPY_SHARE:
        content = content[: int(rng.integers(len(content) + 1)) // 2]
    (place / f"{number:07}.mid").write_bytes(content)


def main(folder: Path, count: int, seed: int = 1) -> None:
    """Write `count` files."""
    pieces = [
        piece
        for part in chorales.PARTS
        for piece in chorales.load_chorales(part)
        if (piece.position == 0).sum() > 2 and (piece.onsets.sum(axis=0) > 0).all()
    ]
    for number in range(count):
        write_file(number, folder, pieces, seed)
    print(f"{count} files are in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *map(int, sys.argv[3:4]))
