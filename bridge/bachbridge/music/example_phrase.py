"""A phrase by Bach for demonstrations, and a player's touch for it.

The phrase is the soprano of the closing chorale of the cantata BWV 78, bars 1 to 4 (the music is in the public domain).
The chorale is in the test part of the data's split, so the shipped model has not seen it, and the phrase ends with a
half close that asks for an answer. The touch comes from a fixed seed: strong beats are a little louder, the line swells
with its height, every note is some milliseconds off the grid and is released a little before the next.
"""

from dataclasses import dataclass
from itertools import chain
from random import Random

from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase
from bachbridge.music.performance import TimedNote

_GATE = 0.9
"""The share of its written length for which a note sounds."""
_JITTER_NS = 7_000_000
_MAX_JITTER_NS = 18_000_000


@dataclass(frozen=True, slots=True)
class ExamplePhrase:
    """A phrase with its source, the `work` by its number in the catalogue of Bach's works, and its tempo."""

    work: str
    title: str
    bpm: float
    phrase: Phrase


_BARS = (
    ((74, 4), (74, 4), (69, 4), (70, 4)),
    ((72, 4), (70, 2), (69, 2), (69, 4), (67, 4)),
    ((70, 4), (70, 4), (69, 4), (67, 4)),
    ((66, 4), (67, 4), (69, 8)),
)
"""(MIDI pitch, length in 16ths) of each note, by bars."""


def load_example() -> ExamplePhrase:
    """Return the example phrase, in 4/4, with a player's touch."""
    notes: list[Note] = []
    step = 0
    for pitch, length in chain.from_iterable(_BARS):
        notes.append(Note(step, length, pitch))
        step += length
    phrase = humanized(Phrase(tuple(notes), step, position=0))
    return ExamplePhrase("BWV 78/7", "Herr, ich glaube, hilf mir Schwachen", 84, phrase)


def humanized(phrase: Phrase, seed: int = 1685) -> Phrase:
    """Return the phrase with a player's velocities and micro-timing; the first note is on time."""
    random = Random(seed)
    middle = sum(note.pitch for note in phrase.notes) / len(phrase.notes)
    played: list[Note] = []
    for note in phrase.notes:
        accent = 8 if note.start % phrase.steps_per_bar == 0 else 4 if note.start % STEPS_PER_BEAT == 0 else 0
        velocity = 70 + accent + 1.3 * (note.pitch - middle) + random.gauss(0, 3)
        offset_ns = max(-_MAX_JITTER_NS, min(_MAX_JITTER_NS, round(random.gauss(0, _JITTER_NS)))) if note.start else 0
        velocity = max(30, min(110, round(velocity)))
        played.append(Note(note.start, note.length, note.pitch, velocity, note.voice, offset_ns))
    return Phrase(tuple(played), phrase.steps, phrase.steps_per_bar, phrase.position)


def as_timed_notes(phrase: Phrase, step_ns: int) -> tuple[TimedNote, ...]:
    """Return the phrase in real time from 0 ns on, each note released a little before the next."""
    return tuple(
        TimedNote(start_ns, start_ns + round(note.length * step_ns * _GATE), note.pitch, note.velocity)
        for note in phrase.notes
        for start_ns in [note.start * step_ns + note.offset_ns]
    )
