"""Measures of an answer to a phrase of any kind: key, last note, register, loudness and note rate.

Nothing is assumed about voices. Notes are counted where they begin. The answer ends on the tonic if the chord that
sounds when its last note ends has the tonic as its root, or as its only note. Register and loudness are means over the
notes; a note rate counts notes by the whole time of phrase and answer, so a silence at the end makes it lower.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bachbridge.music.harmony.chord_names import find_chord
from bachbridge.music.notes import Key, Note, Phrase, scale_pitch_classes

MAX_REGISTER_SEMITONES = 7
MAX_VELOCITY_DIFFERENCE = 10
MAX_RATE_FACTOR = 1.5


@dataclass(frozen=True, slots=True)
class AnswerComparison:
    """An answer beside the phrase that it answers; differences are the answer's less the phrase's."""

    notes: int
    in_key: float
    is_tonic_end: bool
    register_semitones: float
    velocity_difference: float
    rate_factor: float
    """The greater rate of notes as a multiple of the smaller one."""


@dataclass(frozen=True, slots=True)
class AnswerMeasures:
    """Measures of several answers: shares from 0 to 1 and worst cases; an answer without notes meets none of them."""

    answers: int
    in_key: float
    tonic_ends: float
    near_register: float
    near_velocity: float
    near_rate: float
    worst_register: float
    worst_velocity: float
    worst_rate: float


def compare_answer(phrase: Phrase, answer: Sequence[Note], steps: int, key: Key) -> AnswerComparison | None:
    """Compare an answer of `steps` steps with its phrase, whose key is known; None if either has no notes."""
    if not phrase.notes or not answer:
        return None
    scale = scale_pitch_classes(key)
    rates = sorted((len(phrase.notes) / phrase.steps, len(answer) / steps))
    played = phrase.notes
    return AnswerComparison(
        notes=len(answer),
        in_key=sum(note.pitch % 12 in scale for note in answer) / len(answer),
        is_tonic_end=_last_root(answer) == key[0],
        register_semitones=_mean([note.pitch for note in answer]) - _mean([note.pitch for note in played]),
        velocity_difference=_mean([note.velocity for note in answer]) - _mean([note.velocity for note in played]),
        rate_factor=rates[1] / rates[0],
    )


def measure_answers(comparisons: Sequence[AnswerComparison | None]) -> AnswerMeasures | None:
    """Return the measures of all answers together; None if there is no answer with notes."""
    found = [comparison for comparison in comparisons if comparison is not None]
    if not found:
        return None

    def share(met: Sequence[bool]) -> float:
        return sum(met) / len(comparisons)

    return AnswerMeasures(
        answers=len(comparisons),
        in_key=_mean([each.in_key for each in found]),
        tonic_ends=share([each.is_tonic_end for each in found]),
        near_register=share([abs(each.register_semitones) <= MAX_REGISTER_SEMITONES for each in found]),
        near_velocity=share([abs(each.velocity_difference) <= MAX_VELOCITY_DIFFERENCE for each in found]),
        near_rate=share([each.rate_factor <= MAX_RATE_FACTOR for each in found]),
        worst_register=max((each.register_semitones for each in found), key=abs),
        worst_velocity=max((each.velocity_difference for each in found), key=abs),
        worst_rate=max(each.rate_factor for each in found),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _last_root(notes: Sequence[Note]) -> int:
    """Return the root of the notes that sound when the last note ends; of a single pitch class that class itself."""
    end = max(note.end for note in notes)
    pitches = [note.pitch for note in notes if note.end == end]
    chord = find_chord(pitches)
    return chord.root if chord else min(pitches) % 12
