"""Likelihoods of the rhythms of a meter, before anything is played.

A note's value depends on its place in the bar, as `tables` has it, counted in chorales and folk tunes. A meter without
a table of its own takes one whose bars are a multiple or a part of its bars, or else a general rule: an onset is the
likelier, the stronger its place is (D. Temperley, "Music and Probability", MIT Press 2007, chapter 3).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from bachbridge.engine.tempo.rhythm.evidence import EvidenceModel, evidence_model
from bachbridge.engine.tempo.rhythm.note_values import VALUES, strength, value_index
from bachbridge.engine.tempo.rhythm.tables import TABLES
from bachbridge.music.notes import STEPS_PER_BEAT

MAX_VALUE = 32
"""Longest value that is told from longer ones, in steps."""


@dataclass(frozen=True, slots=True)
class RhythmStyle:
    """A way of writing and playing rhythms that a phrase keeps; `swing` is the place of the second 8th in its beat."""

    name: str
    swing: float
    share: float


STYLES = (
    RhythmStyle("chorale", 0.5, 0.9),
    RhythmStyle("folk", 0.5, 0.05),
    RhythmStyle("halves", 0.5, 0.04),
    RhythmStyle("eighths", 0.5, 0.004),
    RhythmStyle("sixteenths", 0.5, 0.002),
    RhythmStyle("folk", 0.6, 0.02),
    RhythmStyle("folk", 0.667, 0.02),
)
_ONSET_SHARES = {
    "line": (0.93, 0.8, 0.3, 0.05),
    "chords": (0.97, 0.93, 0.45, 0.07),
    "folk": (0.95, 0.9, 0.55, 0.1),
    "eighths": (0.97, 0.96, 0.94, 0.03),
    "sixteenths": (0.97, 0.96, 0.94, 0.9),
}
"""Chance of an onset on a bar line, on a beat, halfway through a beat (or a third of it), and elsewhere."""
_GENERAL_SHARE = 0.04


@dataclass(frozen=True, slots=True, eq=False)
class RhythmModel:
    """The model of one meter; places are steps from the bar line."""

    steps_per_bar: int
    steps_per_beat: int
    log_values: dict[str, np.ndarray]
    """Logarithms by texture ("line" or "chords"): `array[style, place, value in steps]`."""
    log_start: np.ndarray
    """How likely a phrase begins at each place."""
    delays: np.ndarray
    """How much later than written each place is played, in steps: `array[style, place]`."""
    log_end: np.ndarray
    """How likely a phrase's last note begins at each place."""
    log_styles: np.ndarray
    evidence: dict[str, EvidenceModel]
    """Evidence of pitches, by texture."""
    strengths: np.ndarray
    """The strength of each place (see `note_values.strength`)."""


@cache
def rhythm_model(steps_per_bar: int, steps_per_beat: int) -> RhythmModel:
    """Return the model of a meter (`steps_per_beat` is the length of its beat)."""
    is_even = steps_per_beat == STEPS_PER_BEAT and steps_per_bar % (2 * STEPS_PER_BEAT) == 0
    styles = [style for style in STYLES if style.swing == 0.5 or steps_per_beat == STEPS_PER_BEAT]
    styles = [style for style in styles if style.name != "halves" or is_even]
    places = range(steps_per_bar)
    return RhythmModel(
        steps_per_bar,
        steps_per_beat,
        {
            texture: np.stack([_log_values(steps_per_bar, steps_per_beat, style.name, texture) for style in styles])
            for texture in ("line", "chords")
        },
        _log_start(steps_per_bar, steps_per_beat),
        np.array([[_swing_delay(place, steps_per_beat, style.swing) for place in places] for style in styles]),
        _log_end(steps_per_bar, steps_per_beat),
        np.log(np.array([style.share for style in styles])),
        {texture: evidence_model(steps_per_bar, steps_per_beat, texture) for texture in ("line", "chords")},
        np.array([strength(place, steps_per_bar, steps_per_beat) for place in places]),
    )


def _swing_delay(place: int, steps_per_beat: int, ratio: float) -> float:
    within, half = place % steps_per_beat, steps_per_beat / 2
    if within <= half:
        return within * (2 * ratio - 1)
    return (steps_per_beat - within) * (2 * ratio - 1)


def _log_start(steps_per_bar: int, steps_per_beat: int) -> np.ndarray:
    """Phrases begin on the last beat or on the bar line; in compound meters with the last third of a beat, too."""
    last_beat = (steps_per_bar - steps_per_beat) % steps_per_bar
    shares = np.array(
        [(0, 0.03, 0.015, 0.002)[strength(place, steps_per_bar, steps_per_beat)] for place in range(steps_per_bar)]
    )
    shares[0] += 0.38
    if steps_per_beat % 3 == 0:
        shares[(steps_per_bar - steps_per_beat // 3) % steps_per_bar] += 0.45
        shares[last_beat] += 0.08
    else:
        shares[last_beat] += 0.4 if steps_per_bar <= 3 * steps_per_beat else 0.52
        shares[(steps_per_bar - max(1, steps_per_beat // 2)) % steps_per_bar] += 0.03
    return np.log(shares / shares.sum())


def _log_end(steps_per_bar: int, steps_per_beat: int) -> np.ndarray:
    """Phrases end on the bar line or in the middle of an even bar; this is no more than a tendency."""
    strengths = [strength(place, steps_per_bar, steps_per_beat) for place in range(steps_per_bar)]
    shares = np.array([(0.3, 0.06, 0.03, 0.01)[number] for number in strengths])
    if steps_per_bar % (2 * steps_per_beat) == 0:
        shares[steps_per_bar // 2] += 0.3
    return np.log(shares / shares.sum())


def _log_values(steps_per_bar: int, steps_per_beat: int, style: str, texture: str) -> np.ndarray:
    if style == "halves":
        return _doubled(np.exp(_log_values(steps_per_bar, steps_per_beat, "chorale", texture)))
    kind = texture if style == "chorale" else style
    general = _general_values(steps_per_bar, steps_per_beat, kind)
    learnt = _learnt_values(steps_per_bar, steps_per_beat, kind)
    return np.log((general if learnt is None else (1 - _GENERAL_SHARE) * learnt + _GENERAL_SHARE * general) + 1e-7)


def _doubled(shares: np.ndarray) -> np.ndarray:
    """Return `array[place, value]`, logarithms, of music written in notes twice as long; a bar holds half as much."""
    bar = len(shares)
    doubled = np.full(shares.shape, 1e-4)
    half = MAX_VALUE // 2
    for place in range(0, bar, 2):
        both = shares[place // 2] + shares[(place // 2 + bar // 2) % bar]
        doubled[place, 2 : MAX_VALUE + 1 : 2] += both[1 : half + 1] / 2
    return np.log(doubled / doubled.sum(axis=1, keepdims=True))


def _general_values(steps_per_bar: int, steps_per_beat: int, kind: str) -> np.ndarray:
    """Return `array[place, value]`: the chance that the next onset is so many steps later."""
    shares = np.zeros((steps_per_bar, MAX_VALUE + 1))
    for place in range(steps_per_bar):
        none_yet = 1.0
        for value in range(1, MAX_VALUE + 1):
            onset = _ONSET_SHARES[kind][strength(place + value, steps_per_bar, steps_per_beat)]
            shares[place, value] = none_yet * onset
            none_yet *= 1 - onset
    return shares


def _learnt_values(steps_per_bar: int, steps_per_beat: int, kind: str) -> np.ndarray | None:
    """Return `array[place, value]` from a table that fits the meter, or None."""
    for (bar, beat, table_kind), table in TABLES.items():
        fits = bar % steps_per_bar == 0 or steps_per_bar % bar == 0
        if not fits or (beat % 3 == 0) != (steps_per_beat % 3 == 0) or table_kind != kind:
            continue
        by_place = np.array(table, dtype=np.float64)
        if bar > steps_per_bar:
            by_place = by_place.reshape(-1, steps_per_bar, len(VALUES)).mean(axis=0)
        return _spread_values(np.tile(by_place, (max(1, steps_per_bar // bar), 1)))
    return None


def _spread_values(by_place: np.ndarray) -> np.ndarray:
    """Spread each column of `VALUES` over the values that belong to it."""
    columns = np.array([value_index(max(1, value)) for value in range(MAX_VALUE + 1)])
    spread = ((by_place + 0.5) / np.bincount(columns[1:], minlength=len(VALUES)))[:, columns]
    spread[:, 0] = 0.0
    return spread / spread.sum(axis=1, keepdims=True)
