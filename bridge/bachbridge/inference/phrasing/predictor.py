"""The ends of a melody's phrases: what is written, and where that is not all, the likeliest division into phrases."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from bachbridge.codecs import phrase_features
from bachbridge.codecs.phrase_features import MelodyArrays
from bachbridge.music.frames import Floats, Ints
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.phrasing import segmentation
from bachbridge.music.phrasing.written import WrittenEnds, ends_before_rests, top_line

_MIN_NOTES = 4
"""A shorter melody is one phrase."""


class PhraseEndNet(Protocol):
    """The network of phrase ends; see `codecs.phrase_features`."""

    def logits(self, features: Floats, /) -> Floats:
        """`features[note, field]` → `logits[note, class of the distance from the phrase's beginning]`."""
        ...


def predict_ends(
    net: PhraseEndNet,
    melody: Sequence[Note],
    position: int | Ints | None,
    steps_per_bar: int | Ints,
    written: WrittenEnds,
) -> tuple[int, ...]:
    """Return the steps at which the last notes of phrases begin, of a melody one note at a time.

    The written ends are kept; others are added unless these are complete. For `position` and `steps_per_bar` see
    `phrase_features.melody_arrays`.
    """
    if written.is_complete or len(melody) < _MIN_NOTES:
        return written.shown
    arrays = phrase_features.melody_arrays(melody, position, steps_per_bar)
    ends = likeliest_notes(
        net, arrays, _by_note(melody, dict.fromkeys(written.certain, 0.0)), _by_note(melody, written.hints)
    )
    return tuple(melody[note].start for note in ends)


def _by_note(melody: Sequence[Note], steps: Mapping[int, float]) -> dict[int, float]:
    """Return the steps' values by the number of the note that begins there."""
    return {number: steps[note.start] for number, note in enumerate(melody) if note.start in steps}


def likeliest_notes(
    net: PhraseEndNet, melody: MelodyArrays, forced: Collection[int] = (), hints: Mapping[int, float] | None = None
) -> tuple[int, ...]:
    """Return the numbers of the notes that end the phrases of a melody."""
    logits = segmentation.log_odds_of_ends(net.logits(phrase_features.feature_rows(melody)), forced, hints)
    return segmentation.likeliest_ends(logits, lambda first, notes: distances(melody, first, notes))


def distances(melody: MelodyArrays, first: int, notes: Ints) -> Ints:
    """Return the classes of the notes' distances from the note `first`, with which a phrase begins."""
    return phrase_features.distance_classes(melody.start[notes] - melody.start[first], melody.bar[notes])


def predict_played_ends(net: PhraseEndNet, phrase: Phrase, shown: Collection[int]) -> tuple[int, ...]:
    """Return the ends of the phrases in what was played: those that are `shown` by it, and likely ones.

    The bar lines count only if the phrase has a position.
    """
    melody = top_line(phrase)
    certain = tuple(sorted({*shown, *ends_before_rests(melody[-1:], 1)}))
    return predict_ends(net, melody, phrase.position, phrase.steps_per_bar, WrittenEnds(certain))
