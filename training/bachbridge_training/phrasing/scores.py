"""Precision and recall of phrase ends: with the future seen, and while the melody is played.

With the future seen, the ends are those of the likeliest division into phrases. The last note of a piece is an end in
any case; `score_divisions` leaves it out if asked to. Live, a note is called an end if its probability is over
`LIVE_THRESHOLD`, as soon as it begins or when it has sounded for its length.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from bachbridge.inference.phrasing.live import LiveMelody, after_note, phrase_end_probability
from bachbridge.inference.phrasing.predictor import PhraseEndNet, likeliest_notes
from bachbridge.music.frames import Bools
from bachbridge.music.notes import STEPS_PER_BEAT, Note
from bachbridge_training.evaluation.tables import ScoreColumn
from bachbridge_training.phrasing.melodies import PhrasedMelody

LIVE_THRESHOLD = 0.35
_LONG_STEPS = 2 * STEPS_PER_BEAT


@dataclass(frozen=True, slots=True)
class EndScores:
    """How many phrase ends are right (`precision`) and found (`recall`), and F1, their harmonic mean."""

    melodies: int
    ends: int
    precision: float
    recall: float
    f1: float

    def as_column(self) -> ScoreColumn:
        return {**asdict(self)}


def score_calls(melodies: Sequence[PhrasedMelody], calls: Sequence[Bools], *, has_last: bool = True) -> EndScores:
    """Score `calls[melody][note]`, True for the notes that are called ends."""
    stop = None if has_last else -1
    true = np.concatenate([melody.is_end[:stop] for melody in melodies])
    called = np.concatenate([call[:stop] for call in calls])
    hits, ends = float((true & called).sum()), int(true.sum())
    precision, recall = hits / max(1, int(called.sum())), hits / max(1, ends)
    return EndScores(len(melodies), ends, precision, recall, 2 * hits / max(1, int(called.sum()) + ends))


def score_divisions(
    net: PhraseEndNet, melodies: Sequence[PhrasedMelody], *, is_placed: bool = True, has_last: bool = True
) -> EndScores:
    """Score the likeliest divisions with the future seen; `is_placed`: with the bar lines known."""
    calls = [_division(net, replace(melody, notes=replace(melody.notes, is_placed=is_placed))) for melody in melodies]
    return score_calls(melodies, calls, has_last=has_last)


def _division(net: PhraseEndNet, melody: PhrasedMelody) -> Bools:
    return np.isin(np.arange(len(melody.is_end)), likeliest_notes(net, melody.notes))


def score_live(net: PhraseEndNet, melodies: Sequence[PhrasedMelody], *, is_held: bool) -> EndScores:
    """Score the notes' probabilities in live play: as they begin, or (`is_held`) when they have their length."""
    return score_calls(melodies, [_live_calls(net, melody, is_held=is_held) for melody in melodies])


def _live_calls(net: PhraseEndNet, melody: PhrasedMelody, *, is_held: bool) -> Bools:
    played = LiveMelody()
    calls: list[bool] = []
    notes = melody.notes
    columns = (notes.start, notes.length, notes.pitch, notes.place, notes.bar)
    for start, length, pitch, place, bar in zip(*(column.tolist() for column in columns), strict=True):
        held = length - 1 if is_held else 0
        chance = phrase_end_probability(
            net, played, (pitch,), start=start, held=held, steps_per_bar=bar, position=place
        )
        calls.append(bool(chance[0] > LIVE_THRESHOLD))
        played = after_note(net, played, Note(start, length, pitch), steps_per_bar=bar, position=place)
    return np.array(calls, bool)


def score_long_notes(melodies: Sequence[PhrasedMelody]) -> EndScores:
    """Score the calls of all notes of a half and more, for comparison."""
    return score_calls(melodies, [melody.notes.length >= _LONG_STEPS for melody in melodies])
