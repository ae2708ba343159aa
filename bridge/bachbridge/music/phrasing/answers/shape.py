"""The shape of an answer, of which its phrase and its close decide: values, known before its first note.

The key is the one that the player has locked, or else the likeliest one of the phrase (`tonality.phrase_key`). Notes
that are foreign to it cost the more, the less the player used them. The rhythm is the phrase's (`onset_pattern`), the
register is around its mean pitch.

An answer that closes has a last chord that begins on a strong place and sounds to the end, for a beat at least: on the
tonic ("cadence") or on the dominant ("open").
"""

from collections import Counter
from dataclasses import dataclass
from statistics import fmean, pstdev

from bachbridge.music.notes import Key, Phrase, scale_pitch_classes
from bachbridge.music.phrasing.answers.onset_pattern import OnsetPattern, phrase_onset_pattern
from bachbridge.music.tonality.phrase_key import phrase_key

_FOREIGN_NATS = 4.0
"""Nats against a note that is foreign to the key and that the player did not play."""
_RAISED_SIXTH_SHARE = 0.4
"""How foreign the raised sixth is to a minor key."""
_LEAST_SHARE, _USED_FACTOR = 0.3, 5.0
"""How much of the cost is left at least for a note that the player used, and how quickly it falls with its share."""
_MIN_REACH, _MAX_REACH, _REACH_SPREADS = 7.0, 12.0, 1.5
"""Semitones around the mean pitch within which an answer is free: the least, the most, and by standard deviations."""


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """The shape of an answer of `steps` steps.

    `note_nats[pitch class]` are 0 or less. `mean_pitch`, `reach` (semitones) and `notes_per_onset` are the player's.
    The last chord begins on `final_step` and has the pitch classes `final_chord`, its root first; where the answer does
    not close, `final_step` is its end and there are none. `lead_chord` comes before the last one.
    """

    steps: int
    key: Key
    note_nats: tuple[float, ...]
    mean_pitch: float
    reach: float
    notes_per_onset: float
    most_notes: int
    pattern: OnsetPattern
    beat_steps: int
    final_step: int
    final_chord: tuple[int, ...] = ()
    lead_chord: tuple[int, ...] = ()


def shape_answer(phrase: Phrase, steps: int, close: str, locked: Key | None = None) -> AnswerShape | None:
    """Return the shape of the answer to a phrase; None without any note.

    `close` is "cadence", "open" or "music" (no close); `locked` is the key that the player has locked.
    """
    pattern, key = phrase_onset_pattern(phrase), locked or phrase_key(phrase.notes)
    if pattern is None or key is None:
        return None
    pitches = [note.pitch for note in phrase.notes]
    starts = Counter(note.start for note in phrase.notes)
    beat = _beat_steps(phrase)
    return AnswerShape(
        steps,
        key,
        _note_nats(phrase, key),
        fmean(pitches),
        min(_MAX_REACH, max(_MIN_REACH, _REACH_SPREADS * pstdev(pitches))),
        len(pitches) / len(starts),
        max(starts.values()),
        pattern,
        beat,
        steps if close == "music" else _final_step(phrase, steps, beat, pattern.mean_gap),
        *_closing_chords(key, close),
    )


def _note_nats(phrase: Phrase, key: Key) -> tuple[float, ...]:
    tonic, minor = key
    scale = scale_pitch_classes(key)
    counts, nats = Counter(note.pitch % 12 for note in phrase.notes), list[float]()
    for pitch_class in range(12):
        foreign = float(pitch_class not in scale)
        if minor and pitch_class == (tonic + 9) % 12:
            foreign = _RAISED_SIXTH_SHARE
        used = counts[pitch_class] / len(phrase.notes)
        nats.append(-_FOREIGN_NATS * foreign * max(_LEAST_SHARE, 1 - _USED_FACTOR * used))
    return tuple(nats)


def _closing_chords(key: Key, close: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the pitch classes of the last chord, its root first, and of the chord before it."""
    tonic, minor = key
    tonic_chord = (tonic, (tonic + (3 if minor else 4)) % 12, (tonic + 7) % 12)
    dominant = ((tonic + 7) % 12, (tonic + 11) % 12, (tonic + 2) % 12)
    match close:
        case "cadence":
            return tonic_chord, dominant
        case "open":
            return dominant, tonic_chord
        case _:
            return (), ()


def _beat_steps(phrase: Phrase) -> int:
    """Return the steps of a beat: of a dotted one in bars of two or four dotted beats that the rhythm shows."""
    if phrase.steps_per_bar % 6 or phrase.steps_per_bar == 6:
        return 4
    position = phrase.position or 0
    places = [(note.start + position) % phrase.steps_per_bar for note in phrase.notes]
    dotted = sum(place % 6 == 0 for place in places) - sum(place % 12 in (4, 8) for place in places)
    return 6 if phrase.steps_per_bar == 24 or dotted > 0 else 4


def _final_step(phrase: Phrase, steps: int, beat: int, gap: float) -> int:
    """Return the last strong place that leaves the last chord a beat, and about as long as the player's notes."""
    bar = phrase.steps_per_bar
    begin = (phrase.position or 0) + phrase.steps
    wanted = max(beat, min(bar, beat * round(gap / beat)))
    longest = max(2 * wanted, bar if bar <= 12 else 0)

    def strength(step: int) -> int:
        place = (begin + step) % bar
        return (place == 0) + (2 * place % bar == 0 and bar % (2 * beat) == 0) + (place % beat == 0)

    places = range(max(0, steps - longest), max(0, steps - wanted) + 1)
    return max(places, key=lambda step: (strength(step), step))
