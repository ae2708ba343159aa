"""Two versions of a piece as MIDI, sound and score, alike in everything but their notes.

Both have the same tempo, dynamics and key signature. Time slows down during the fermatas of the melody, so that the
phrases breathe. Both sound on the built-in organ, whatever else is installed, and are equally loud: the louder one
decides the level of both. Each note of the sound is a little shorter than written, so that repeated notes can be told
apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np

from bachbridge.cli.listen.chorales import Chorale
from bachbridge.files import engraving, mp3, wav
from bachbridge.files.midi_writer import TICKS_PER_BEAT, conductor_track, part_track, write_tracks
from bachbridge.files.musicxml import encode_musicxml
from bachbridge.files.wav import Samples
from bachbridge.music.general_midi import ANSWER_PROGRAM
from bachbridge.music.notes import NS_PER_MS, STEPS_PER_BEAT, VOICES, Note, step_ns_from_bpm
from bachbridge.music.performance import Part, TimedNote
from bachbridge.music.timeline import Meter, Tempo

BPM = 80
FERMATA_STEPS = 2.5
"""The steps by which a note under a fermata lasts longer than written."""
_VELOCITIES = (84, 70, 70, 76)
"""Soprano and bass are a little louder than the voices between them."""
_GAP_NS = 60 * NS_PER_MS
_SCORE_WIDTH = 800
"""In the units of `engraving.render_picture`: four or five bars to a line."""
_TICKS_PER_STEP = TICKS_PER_BEAT // STEPS_PER_BEAT


@dataclass(frozen=True, slots=True)
class Version:
    """One harmony of a chorale's melody, with the name of its files and the title that the MIDI file carries."""

    name: str
    title: str
    notes: tuple[Note, ...]


def write_versions(folder: Path, chorale: Chorale, versions: Sequence[Version]) -> None:
    """Write the files of all versions of the chorale into `folder`; raises `BachBridgeError`."""
    sounds = render_alike([version.notes for version in versions], chorale)
    for version, sound in zip(versions, sounds, strict=True):
        path = folder / version.name
        _write_midi(path.with_suffix(".mid"), version, chorale)
        path.with_suffix(".mp3").write_bytes(mp3.encode_mp3(sound))
        notes = sorted(version.notes, key=lambda note: (note.start, note.voice))
        score = encode_musicxml(notes, chorale.bars, chorale.key)
        path.with_suffix(".png").write_bytes(engraving.render_picture(score, ".png", width=_SCORE_WIDTH))


# ---------------------------------------------------------------- sound


def render_alike(versions: Sequence[Sequence[Note]], chorale: Chorale) -> list[Samples]:
    """Return samples[frame, side] of each version: equally long, and scaled by one factor to `wav.PEAK` at most."""
    times_ns = step_times_ns(chorale)
    sounds = [wav.render_parts(_detached_parts(notes, times_ns)) for notes in versions]
    frames = max(len(sound) for sound in sounds)
    loudest = max(float(np.max(np.abs(sound))) for sound in sounds)
    return [np.pad(sound, ((0, frames - len(sound)), (0, 0))) * (wav.PEAK / loudest) for sound in sounds]


def step_times_ns(chorale: Chorale) -> list[int]:
    """Return the time of each step, and of the end after the last."""
    step_ns = step_ns_from_bpm(BPM)
    lengths = [step_ns] * chorale.bars[-1].end
    for start, length in chorale.fermatas:
        lengths[start : start + length] = [round(step_ns * _slowness(length))] * length
    return list(accumulate(lengths, initial=0))


def _slowness(length: int) -> float:
    """Return how many times as long as others the steps of a fermata over `length` steps last."""
    return 1 + FERMATA_STEPS / length


def _detached_parts(notes: Sequence[Note], times_ns: Sequence[int]) -> list[Part]:
    """Return the four voices in time, with a gap after every note, and with the velocities that all versions have."""
    return [
        Part(
            voice,
            tuple(
                TimedNote(times_ns[note.start], times_ns[note.end] - _GAP_NS, note.pitch, velocity)
                for note in notes
                if note.voice == voice
            ),
        )
        for voice, velocity in enumerate(_VELOCITIES)
    ]


# ---------------------------------------------------------------- MIDI


def _write_midi(path: Path, version: Version, chorale: Chorale) -> None:
    """Write the version on the grid; its tempos slow down during the fermatas."""
    beat_us = round(60e6 / BPM)
    conductor = conductor_track(version.title, beat_us, _meters(chorale), _tempos(chorale, beat_us))
    voices = [
        part_track(
            name.capitalize(),
            voice,
            ANSWER_PROGRAM,
            [
                (note.start * _TICKS_PER_STEP, note.end * _TICKS_PER_STEP, note.pitch, _VELOCITIES[voice])
                for note in version.notes
                if note.voice == voice
            ],
        )
        for voice, name in enumerate(VOICES)
    ]
    write_tracks(path, [conductor, *voices])


def _meters(chorale: Chorale) -> list[Meter]:
    """Return the meters of the file: a pick-up is a short first bar."""
    first, meter = chorale.bars[0], chorale.bars[-1].meter
    if first.end - first.start == meter.steps_per_bar:
        return [replace(meter, tick=0)]
    pickup = Meter(0, (first.end - first.start) // STEPS_PER_BEAT, 4)
    return [pickup, replace(meter, tick=first.end * _TICKS_PER_STEP)]


def _tempos(chorale: Chorale, beat_us: int) -> list[Tempo]:
    return [
        tempo
        for start, length in chorale.fermatas
        for tempo in (
            Tempo(start * _TICKS_PER_STEP, round(beat_us * _slowness(length))),
            Tempo((start + length) * _TICKS_PER_STEP, beat_us),
        )
    ]
