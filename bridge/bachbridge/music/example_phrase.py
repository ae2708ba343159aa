"""The bundled melody, and a hand that plays it: a phrase by Bach for demonstrations.

It is the soprano of a chorale from the test part of the data's split (the shipped model has not seen it), up to a
half close that asks for an answer. The hand is a fixed seed's: strong beats a little louder, the line swelling with its
height, every note some milliseconds off the grid and let go a little before the next.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from random import Random

from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase
from bachbridge.music.performance import TimedNote

_GATE = 0.9
"""The share of its written length that a note sounds."""
_JITTER_NS = 7_000_000
_MAX_JITTER_NS = 18_000_000


@dataclass(frozen=True, slots=True)
class ExamplePhrase:
    """A phrase with its source, `work` by the catalogue of Bach's works, and its tempo."""

    work: str
    title: str
    bpm: float
    phrase: Phrase


def load_example() -> ExamplePhrase:
    """The melody that comes with the program."""
    plain = json.loads(files("bachbridge").joinpath("assets", "melody.json").read_text("utf-8"))
    notes = tuple(Note(start, length, pitch) for start, length, pitch in plain["notes"])
    return ExamplePhrase(
        plain["work"], plain["title"], plain["bpm"], humanized(Phrase(notes, plain["steps"], position=0))
    )


def humanized(phrase: Phrase, seed: int = 1685) -> Phrase:
    """The phrase with a hand's velocities and micro-timing; the first note is on time."""
    chance = Random(seed)
    middle = sum(note.pitch for note in phrase.notes) / len(phrase.notes)
    played: list[Note] = []
    for note in phrase.notes:
        accent = 8 if note.start % phrase.steps_per_bar == 0 else 4 if note.start % STEPS_PER_BEAT == 0 else 0
        velocity = 70 + accent + 1.3 * (note.pitch - middle) + chance.gauss(0, 3)
        away_ns = max(-_MAX_JITTER_NS, min(_MAX_JITTER_NS, round(chance.gauss(0, _JITTER_NS)))) if note.start else 0
        loudness = max(30, min(110, round(velocity)))
        played.append(Note(note.start, note.length, note.pitch, loudness, note.voice, away_ns))
    return Phrase(tuple(played), phrase.steps, phrase.steps_per_bar, phrase.position)


def as_timed_notes(phrase: Phrase, step_ns: int) -> tuple[TimedNote, ...]:
    """The phrase in real time from 0 on, each note let go a little before the next."""
    return tuple(
        TimedNote(start_ns, start_ns + round(note.length * step_ns * _GATE), note.pitch, note.velocity)
        for note in phrase.notes
        for start_ns in [note.start * step_ns + note.offset_ns]
    )
