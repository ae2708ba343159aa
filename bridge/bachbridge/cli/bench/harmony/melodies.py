"""The tunes that `bench --harmony` plays: opening lines of Bach's chorales, and tunes written for this benchmark.

A tune is text: notes such as `C5/4`, a name and a length in 16ths, and rests such as `-/8`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from bachbridge.cli.bench.harmony.touch import DETACHED, Touch
from bachbridge.music.notes import Note
from bachbridge.protocol.field_types import StoredValue

FIRST_CHORD_GROUPS = ("chorale", "pop", "folk", "minor", "modal")
"""The groups over which the first chord is judged; the others are hard cases for the rest."""


@dataclass(frozen=True, slots=True)
class HandChord:
    """A chord that the left hand gives, however it is broken: its time in steps and its MIDI pitches, lowest first."""

    start: int
    length: int
    pitches: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Melody:
    """A tune in a key, which is written as in `Settings.key`, and what else is played."""

    group: str
    key: str
    notes: tuple[Note, ...]
    lower: tuple[Note, ...] = ()
    """Further keys: those of the left hand, or those under the tune's in the same hand."""
    chords: tuple[HandChord, ...] = ()
    """The chords that the left hand gives to be obeyed."""
    settings: tuple[tuple[str, StoredValue], ...] = ()
    """Names and values of settings that are not the default ones."""
    touch: Touch = DETACHED


_TUNES = """
pop; C; E5/2 G5/2 A5/4 G5/4 E5/4 D5/2 E5/2 C5/4 D5/8 E5/2 G5/2 A5/4 C6/4 A5/4 G5/4 E5/2 D5/2 C5/8
pop; C; G4/2 C5/4 D5/2 E5/4 E5/4 D5/2 C5/2 A4/4 G4/8 A4/2 C5/2 D5/4 E5/4 D5/4 C5/12
pop; G; D5/2 D5/2 B4/4 D5/2 E5/2 G5/8 E5/2 D5/2 B4/4 A4/4 G4/12 A4/4 B4/4 D5/4 A4/4 G4/8
pop; A minor; A4/2 C5/2 D5/4 E5/6 G5/2 E5/4 D5/4 C5/2 D5/2 A4/8 C5/2 D5/2 E5/4 D5/4 C5/4 A4/8
pop; F; C5/4 F5/2 G5/2 A5/6 G5/2 F5/4 D5/4 C5/8 D5/2 F5/2 G5/4 A5/4 G5/4 F5/12
pop; E minor; B4/2 E5/2 E5/4 D5/2 B4/2 A4/8 G4/2 A4/2 B4/4 D5/4 B4/4 A4/4 E5/8 D5/4 B4/8
pop; D; A4/4 F#5/6 E5/2 D5/4 B4/4 A4/8 B4/4 D5/4 E5/4 F#5/4 E5/8 D5/8
pop; Bb; D5/2 F5/2 G5/4 F5/4 D5/4 C5/4 Bb4/8 G4/2 Bb4/2 C5/4 D5/4 C5/4 Bb4/12
folk; G; D5/4 G4/4 B4/4 D5/4 E5/4 C5/4 A4/8 B4/4 G4/4 C5/4 B4/4 A4/8 G4/8
folk; D; A4/2 D5/4 D5/2 E5/2 F#5/4 D5/2 A5/4 G5/2 F#5/2 E5/2 D5/4 B4/2 A4/6 D5/4 E5/2 F#5/2 E5/2 D5/8
folk; C; C5/4 C5/4 G5/4 E5/4 F5/2 E5/2 D5/4 C5/8 E5/4 G5/4 A5/4 G5/4 F5/2 E5/2 D5/4 C5/8
folk; F; C5/4 F5/4 F5/2 G5/2 A5/4 A5/2 Bb5/2 A5/4 G5/4 F5/8 G5/4 E5/4 C5/4 D5/2 E5/2 F5/8
folk; A; E5/2 C#5/2 A4/4 A4/2 B4/2 C#5/4 D5/2 E5/2 F#5/4 E5/8 D5/2 C#5/2 B4/4 G#4/4 A4/12
folk; Bb; F4/4 Bb4/4 Bb4/2 C5/2 D5/4 Bb4/4 Eb5/4 D5/4 C5/8 D5/2 Eb5/2 F5/4 C5/4 A4/4 Bb4/8
folk; E minor; E5/4 G5/2 F#5/2 E5/4 B4/4 C5/4 B4/2 A4/2 B4/8 E5/4 D5/4 C5/2 B4/2 A4/4 B4/4 E4/8
minor; A minor; A4/4 B4/4 C5/4 D5/4 E5/8 F5/4 E5/4 D5/4 C5/4 B4/4 G#4/4 A4/8
minor; A minor; E5/4 C5/4 A4/4 C5/4 B4/4 G#4/4 E4/8 A4/4 B4/4 C5/4 D5/4 B4/8 A4/8
minor; D minor; D5/4 A4/4 F5/4 E5/4 D5/4 C#5/4 D5/8 G5/4 F5/4 E5/4 C#5/4 D5/12
minor; G minor; G4/4 Bb4/4 D5/4 Eb5/4 D5/8 C5/4 Bb4/4 A4/4 F#4/4 G4/8
minor; C minor; C5/4 Eb5/4 D5/4 G5/4 Ab5/4 G5/4 F5/4 Eb5/4 D5/4 B4/4 C5/8
minor; E minor; B4/4 E5/4 F#5/4 G5/4 A5/4 G5/4 F#5/4 D#5/4 E5/8 C5/4 B4/4 A4/4 F#4/4 E4/8
minor; F# minor; C#5/4 F#5/4 G#5/4 A5/4 G#5/4 E#5/4 F#5/8 D5/4 C#5/4 B4/4 A4/4 G#4/4 F#4/8
modal; D dorian; D5/4 F5/4 G5/4 A5/4 B5/4 A5/4 G5/4 F5/4 E5/4 C5/4 D5/8
modal; D dorian; A4/4 D5/4 C5/4 B4/4 A4/8 D5/4 E5/4 F5/4 E5/2 C5/2 D5/8
modal; E phrygian; E5/4 F5/4 G5/4 F5/4 E5/8 D5/4 C5/4 D5/4 F5/4 E5/12
modal; G mixolydian; G4/4 B4/4 D5/4 F5/4 E5/4 D5/4 C5/4 A4/4 F4/4 A4/4 G4/8
modal; G mixolydian; D5/4 B4/4 G4/4 A4/2 B4/2 C5/4 A4/4 F4/8 G4/4 A4/4 B4/4 F4/4 G4/8
modal; F lydian; F4/4 A4/4 B4/4 C5/4 A4/4 G4/4 F4/8 C5/4 B4/4 A4/4 G4/4 F4/8
modal; A aeolian; A4/4 E5/4 D5/4 C5/4 B4/4 G4/4 A4/8 C5/4 D5/4 E5/4 G4/4 A4/12
modal; E dorian; E5/4 D5/2 E5/2 G5/4 F#5/4 E5/8 C#5/4 D5/4 B4/4 D5/4 E5/12
blues; C; C5/4 Eb5/2 E5/2 G5/4 Bb5/2 A5/2 G5/8 Eb5/2 C5/2 Bb4/4 C5/8 F5/2 F#5/2 G5/4 Eb5/4 C5/8
blues; A; A4/2 C5/2 D5/2 Eb5/2 E5/4 G5/4 E5/2 D5/2 C5/2 A4/6 G4/4 A4/8
chromatic; C; C5/4 C#5/4 D5/4 D#5/4 E5/4 F5/4 F#5/4 G5/8 F#5/4 F5/4 E5/4 Eb5/4 D5/4 C#5/4 C5/8
chromatic; G; D5/4 Eb5/4 D5/4 C#5/4 D5/4 G4/4 G#4/4 A4/4 Bb4/4 B4/4 C5/4 F#4/4 G4/8
grace; C; D5/1 C5/3 E5/4 F#5/1 G5/3 E5/4 B4/1 C5/7 A4/1 G4/3 C5/4 E5/1 D5/3 C5/8
trill; C; C5/4 D5/1 E5/1 D5/1 E5/1 D5/1 E5/1 D5/2 C5/8 F5/1 G5/1 F5/1 G5/1 F5/1 E5/3 D5/4 C5/8
repeated; F; A4/2 A4/2 A4/2 A4/2 C5/4 C5/4 Bb4/2 Bb4/2 Bb4/2 Bb4/2 G4/8 A4/2 A4/2 G4/2 G4/2 F4/8
low; C; C3/4 E3/4 G3/4 E3/4 F3/4 D3/4 G2/4 B2/4 C3/8
low; A minor; A2/4 C3/4 E3/4 D3/4 C3/4 B2/4 G#2/4 B2/4 A2/8
low; F; F3/4 A3/4 C4/4 A3/4 Bb3/4 G3/4 A3/4 E3/4 F3/8
low; G; D3/4 G3/4 B3/4 A3/4 G3/4 F#3/4 E3/4 D3/4 C3/4 B2/4 A2/4 G2/8
high; C; C6/4 E6/4 G6/4 E6/4 F6/4 D6/4 G6/4 B5/4 C6/8
high; A minor; A5/4 C6/4 E6/4 D6/4 C6/4 B5/4 G#5/4 B5/4 A5/8
high; F; C7/4 A6/4 F6/4 G6/4 A6/4 Bb6/4 A6/4 G6/4 F6/8
border; C; C4/2 B3/2 C4/2 D4/2 C4/2 B3/2 A3/2 B3/2 C4/4 D4/2 C4/2 B3/4 C4/8
border; G; D4/4 B3/4 G3/4 A3/4 B3/4 D4/4 E4/4 D4/4 C4/4 B3/4 A3/4 B3/4 G3/8
border; A; A5/2 G#5/2 A5/2 B5/2 A5/4 C#6/4 B5/2 A5/2 G#5/4 B5/4 A5/8
border; D; D3/2 E3/2 F#3/2 G3/2 A3/2 B3/2 C#4/2 D4/2 E4/2 F#4/2 G4/2 A4/2 B4/2 C#5/2 D5/4 A4/4 D5/8
bass; C; C3/4 E3/4 G3/4 E3/4 F3/4 D3/4 G2/4 B2/4 C3/8
bass; G; G2/4 B2/4 C3/4 D3/4 E3/4 C3/4 D3/4 D2/4 G2/8
bass; D minor; D3/4 F3/4 E3/4 D3/4 A2/4 Bb2/4 G2/4 A2/4 D3/8
tenor; F; A3/4 F3/4 C4/4 A3/4 Bb3/4 G3/4 A3/4 C4/4 F3/8
tenor; E minor; G3/4 B3/4 E4/4 D4/4 B3/4 C4/4 A3/4 F#3/4 E3/8
pauses; G; G4/4 B4/4 D5/8 -/24 E5/4 C5/4 A4/8 -/40 D5/4 C5/4 A4/4 F#4/4 G4/8
"""
_RECOGNISED: tuple[tuple[str, StoredValue], ...] = (("voice", "auto"),)
_GROUP_SETTINGS = {"bass": _RECOGNISED, "tenor": _RECOGNISED}
"""Settings with which the tunes of a group are played: here the voice is recognised."""
_PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_TOKEN = re.compile(r"([A-G])([#b]?)(\d)/(\d+)|-/(\d+)")


def parse_notes(text: str) -> tuple[Note, ...]:
    """Return the notes of a tune's text."""
    notes: list[Note] = []
    step = 0
    for letter, sign, octave, length, rest in _TOKEN.findall(text):
        if letter:
            pitch = 12 * (int(octave) + 1) + _PITCH_CLASSES[letter] + {"": 0, "#": 1, "b": -1}[sign]
            notes.append(Note(step, int(length), pitch))
        step += int(length or rest)
    return tuple(notes)


def _parse_tune(line: str) -> Melody:
    group, key, text = (part.strip() for part in line.split(";"))
    return Melody(group, key, parse_notes(text), settings=_GROUP_SETTINGS.get(group, ()))


def _chorale_lines() -> Iterator[Melody]:
    text = resources.files("bachbridge.cli.bench.harmony").joinpath("chorale_lines.json").read_text("utf-8")
    for entry in json.loads(text)["lines"]:
        notes: list[Note] = []
        step = 0
        for length, pitch in zip(entry["notes"][::2], entry["notes"][1::2], strict=True):
            notes += [Note(step, length, pitch)] if pitch >= 0 else []
            step += length
        yield Melody("chorale", entry["key"], tuple(notes))


@cache
def melodies() -> tuple[Melody, ...]:
    """Return all tunes that are played alone, group by group."""
    return (*_chorale_lines(), *(_parse_tune(line) for line in _TUNES.strip().splitlines()))
