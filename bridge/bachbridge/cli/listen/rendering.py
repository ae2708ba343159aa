"""Two versions of a piece as MIDI, sound and score, alike in everything but their notes.

Both have the same tempo, dynamics and key signature. Both sound on the built-in organ, whatever else is installed, and
are equally loud: the louder one decides the level of both. Each note of the sound is a little shorter than written, so
that repeated notes can be told apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bachbridge.files import engraving, mp3, wav
from bachbridge.files.midi_writer import write_midi
from bachbridge.files.musicxml import encode_musicxml
from bachbridge.files.wav import Samples
from bachbridge.music.notes import NS_PER_MS, VOICES, Key, Note, step_ns_from_bpm
from bachbridge.music.performance import Part, notes_from_grid
from bachbridge.music.timeline import Bar, meter_from_steps

BPM = 76
_VELOCITIES = (84, 70, 70, 76)
"""Soprano and bass are a little louder than the voices between them."""
_GAP_NS = 60 * NS_PER_MS
_SCORE_WIDTH = 800
"""In the units of `engraving.render_picture`: four or five bars to a line."""


@dataclass(frozen=True, slots=True)
class Version:
    """One harmony of a melody, with the name of its files and the title that the MIDI file carries."""

    name: str
    title: str
    notes: tuple[Note, ...]


def write_versions(folder: Path, versions: Sequence[Version], bars: Sequence[Bar], key: Key) -> None:
    """Write the files of all versions of a piece into `folder`; raises `BachBridgeError`."""
    sounds = render_alike([version.notes for version in versions])
    for version, sound in zip(versions, sounds, strict=True):
        path = folder / version.name
        meter = replace(meter_from_steps(bars[-1].meter.steps_per_bar), tick=0)
        write_midi(path.with_suffix(".mid"), _parts(version.notes), bpm=BPM, meter=meter, title=version.title)
        path.with_suffix(".mp3").write_bytes(mp3.encode_mp3(sound))
        notes = sorted(version.notes, key=lambda note: (note.start, note.voice))
        score = encode_musicxml(notes, bars, key)
        path.with_suffix(".png").write_bytes(engraving.render_picture(score, ".png", width=_SCORE_WIDTH))


def render_alike(versions: Sequence[Sequence[Note]]) -> list[Samples]:
    """Return samples[frame, side] of each version: equally long, and scaled by one factor to `wav.PEAK` at most."""
    sounds = [wav.render_parts(_detached_parts(notes)) for notes in versions]
    frames = max(len(sound) for sound in sounds)
    loudest = max(float(np.max(np.abs(sound))) for sound in sounds)
    return [np.pad(sound, ((0, frames - len(sound)), (0, 0))) * (wav.PEAK / loudest) for sound in sounds]


def _parts(notes: Sequence[Note]) -> list[Part]:
    """Return the four voices in time, with the velocities that all versions have."""
    step_ns = step_ns_from_bpm(BPM)
    return [
        Part(
            voice,
            notes_from_grid(
                (replace(note, velocity=velocity, offset_ns=0) for note in notes if note.voice == voice), step_ns
            ),
        )
        for voice, velocity in zip(range(len(VOICES)), _VELOCITIES, strict=True)
    ]


def _detached_parts(notes: Sequence[Note]) -> list[Part]:
    """Return the voices with a gap after every note."""
    return [
        replace(part, notes=tuple(replace(note, end_ns=note.end_ns - _GAP_NS) for note in part.notes))
        for part in _parts(notes)
    ]
