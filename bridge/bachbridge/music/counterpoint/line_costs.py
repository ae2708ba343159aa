"""The cost of each note that a lane may strike next, by the rules of two-part counterpoint after J. J. Fux.

Notes are pitch indices (see `music.frames`). A cost is a number of nats. `FORBIDDEN` marks what Fux does not allow:
dissonances on the beat that are no suspensions, dissonances that are reached or left by a leap, parallel fifths and
octaves, crossed voices, repeated notes. The rest are preferences: steps before leaps, contrary motion, thirds and
sixths.

Whether a dissonance can be left by a step, and a note be tied as a suspension, depends on the player's next note, which
nobody knows. It is taken from `_MOTIONS`, shares of how melodies move.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bachbridge.music.counterpoint.species import Species
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Bools, Floats, Ints, pitch_classes
from bachbridge.music.notes import Key, scale_pitch_classes
from bachbridge.music.voice_leading import MAX_STEP_SEMITONES, OCTAVE_SEMITONES, PERFECT_INTERVALS

Costs = NDArray[np.float64]
FORBIDDEN = 30.0
PITCHES = np.arange(PITCH_INDEX_COUNT, dtype=np.int32)
_CONSONANCES = (0, 3, 4, 7, 8, 9)
"""Thirds, sixths, fifths, unisons and octaves, in semitones modulo an octave; a fourth is a dissonance in two parts."""
IS_CONSONANT = np.isin(np.abs(PITCHES[:, None] - PITCHES) % OCTAVE_SEMITONES, _CONSONANCES)
"""`[pitch, pitch]`."""
_IS_PERFECT = np.isin(np.arange(OCTAVE_SEMITONES), PERFECT_INTERVALS)
_MOTIONS = {0: 0.2, 1: 0.12, -1: 0.14, 2: 0.2, -2: 0.24, 3: 0.05, -3: 0.05, 4: 0.03, -4: 0.03, 5: 0.03, 7: 0.01}
"""Shares of a melody's motions in semitones, of which those in the scale count."""
_FORECAST_WEIGHT = 0.8
"""How much the network's forecast counts beside these shares."""
_HELD_SHARE = 0.85
"""Probability that the player's note is held while the lane moves within a beat."""
_LEAP_COSTS = np.array(
    [0, 0, 0, 1, 1.1, 1.5, FORBIDDEN, 2, 3, 5, FORBIDDEN, FORBIDDEN, 3.5, *[FORBIDDEN] * PITCH_INDEX_COUNT]
)
"""Cost of a motion by its size in semitones."""
_UNISON_COST, _OCTAVE_COST, _FIFTH_COST = 3.0, 0.9, 0.6
_HIDDEN_COST, _BEAT_PARALLEL_COST, _SIMILAR_COST, _SAME_AGAIN_COST = 4.0, 6.0, 0.4, 1.2
_LEAP_ON_COST, _SECOND_LEAP_COST, _REPEAT_COST = 1.0, 1.5, 12.0
_RETURN_COST, _TURN_COST, _TRILL_COST, _CHROMATIC_COST = 1.2, 1.5, 3.0, 6.0
_SMALL_LEAP_SEMITONES = 4
_MINOR_CLASHES = ((8, 9), (10, 11), (8, 11))
"""Degrees of minor, in semitones above the tonic, that do not follow each other in a line."""
_STUCK_COST = 30.0
"""Cost of a dissonance that cannot be left by a step."""
_RESOLVED_WEIGHT = 0.1
"""Weight of leaving a dissonance by a leap if the player's new note has resolved it."""
_TIE_WEIGHT = 5.0
"""How much the hope for a suspension counts."""


@dataclass(frozen=True, slots=True)
class LaneNotes:
    """The notes before: the pair that sounds, the pair on the beat before, and the lane's notes, the last one first.

    A pitch of 0 stands for none.
    """

    given: int = REST
    own: int = REST
    beat_given: int = REST
    beat_own: int = REST
    struck: tuple[int, ...] = ()
    is_tied: bool = False
    """True if the lane's note has been tied over the beat."""

    @property
    def is_dissonant(self) -> bool:
        """True if the pair that sounds is dissonant."""
        return min(self.given, self.own) > REST and not IS_CONSONANT[self.given, self.own]


def strike_costs(
    notes: LaneNotes,
    species: Species,
    place: int,
    given: Ints,
    *,
    below: bool,
    key: Key | None,
    forecast: Floats | None = None,
) -> Costs:
    """Return the cost of each note that the lane may strike under `given[row]`: `[row, pitch]`.

    `below` says that the lane lies under the player's voice. `forecast[pitch]` are probabilities of the player's note
    on the next beat, if he holds the note of the last row until then.
    """
    scale = scale_of(key)
    consonant = IS_CONSONANT[given]
    costs = _interval_costs(given, consonant, below=below, is_strong=species.is_strong(place))
    if notes.own > REST:
        costs += _melodic_costs(notes, species) + _chromatic_costs(notes, key)
        costs += _dissonance_costs(notes, consonant, given)
        costs += _motion_costs(notes, given)
    elif not species.is_strong(place):
        costs += FORBIDDEN * ~consonant
    stuck = ~_can_resolve(scale, (-2, -1, 1, 2), below)
    shares = _expected(stuck, scale, given, forecast)
    if not species.leads_to_beat(place):
        shares = _HELD_SHARE * stuck[given] + (1 - _HELD_SHARE) * shares
    costs += np.where(consonant, 0, _STUCK_COST * shares)
    if species.name == "suspensions" and place:
        costs += _TIE_WEIGHT * _expected(_tie_costs(scale, below), scale, given, forecast)
    return costs


def _interval_costs(given: Ints, consonant: Bools, *, below: bool, is_strong: bool) -> Costs:
    """Cost of the interval itself, `[row, pitch]`."""
    distance = given[:, None] - PITCHES if below else PITCHES - given[:, None]
    interval = distance % OCTAVE_SEMITONES
    costs = 2 * FORBIDDEN * (distance < 0) + np.where(consonant, 0, FORBIDDEN * is_strong)
    weight = 1.0 if is_strong else 0.4
    costs += weight * (_FIFTH_COST * (interval == 7) + _OCTAVE_COST * (interval == 0) + _UNISON_COST * (distance == 0))
    return costs


def _melodic_costs(notes: LaneNotes, species: Species) -> Costs:
    """Cost of the lane's own motion, `[pitch]`."""
    motion = PITCHES - notes.own
    costs = _LEAP_COSTS[np.abs(motion)] * (1.5 if species.name == "4:1" else 1.0)
    struck = notes.struck
    before = struck[1] if len(struck) > 1 else REST
    if species.name == "1:1":
        costs += 1.2 * (motion == 0) + FORBIDDEN * ((motion == 0) & (before == notes.own))
    else:
        costs += _REPEAT_COST * (motion == 0)
    if before > REST:
        last = notes.own - before
        goes_on, is_leap = motion * last > 0, np.abs(motion) > MAX_STEP_SEMITONES
        costs += _SECOND_LEAP_COST * (goes_on & is_leap & (abs(last) > MAX_STEP_SEMITONES))
        costs += _LEAP_ON_COST * (goes_on & (abs(last) > _SMALL_LEAP_SEMITONES))
        has_returned = len(struck) > 2 and struck[2] == notes.own
        costs += _RETURN_COST * (before == PITCHES)
        if has_returned and species.name != "1:1":
            costs += _TRILL_COST * (before == PITCHES) + _TURN_COST * (motion * last < 0)
    return costs


def _chromatic_costs(notes: LaneNotes, key: Key | None) -> Costs:
    """Cost of lines that move on by a second semitone, and of both forms of a degree in minor, `[pitch]`."""
    motion = PITCHES - notes.own
    costs = np.zeros(PITCH_INDEX_COUNT, np.float64)
    if len(notes.struck) > 1 and abs(last := notes.own - notes.struck[1]) == 1:
        costs += _CHROMATIC_COST * (motion == last)
    if key is not None and key[1]:
        degrees = (pitch_classes(PITCHES) - key[0]) % 12
        for pair in _MINOR_CLASHES:
            if degrees[notes.own] in pair:
                costs += _CHROMATIC_COST * ((degrees != degrees[notes.own]) & np.isin(degrees, pair))
    return costs


def _dissonance_costs(notes: LaneNotes, consonant: Bools, given: Ints) -> Costs:
    """Cost of reaching a dissonance by a leap, and of leaving one by a leap or, if it was tied, upwards.

    A dissonance that the player's new note has resolved counts less.
    """
    motion = PITCHES - notes.own
    is_step = (motion != 0) & (np.abs(motion) <= MAX_STEP_SEMITONES)
    costs = np.where(consonant | is_step, 0, FORBIDDEN)
    if not notes.is_dissonant:
        return costs
    weight = np.where(IS_CONSONANT[given, notes.own], _RESOLVED_WEIGHT, 0.9)[:, None]
    costs = costs + FORBIDDEN * weight * ~(is_step & (motion < 0) if notes.is_tied else is_step)
    before = notes.struck[1] if len(notes.struck) > 1 else REST
    if not notes.is_tied and before > REST:
        goes_on = motion * (notes.own - before) > 0
        costs += np.where(goes_on | (before == PITCHES), 0, 1.5)
    return costs


def _motion_costs(notes: LaneNotes, given: Ints) -> Costs:
    """Cost of parallels, of perfect intervals that are reached by similar motion, and of similar motion itself."""
    perfect, both, same = _perfect_moves(notes.given, notes.own, given)
    result = FORBIDDEN * 1.25 * (perfect & same) + _HIDDEN_COST * (perfect & ~same) + _SIMILAR_COST * both
    if notes.beat_own > REST:
        perfect, _, same = _perfect_moves(notes.beat_given, notes.beat_own, given)
        result += _BEAT_PARALLEL_COST * (perfect & same) + _SAME_AGAIN_COST * (notes.beat_own == PITCHES)
    return result


def _perfect_moves(given_before: int, own_before: int, given: Ints) -> tuple[Bools, Bools, Bools]:
    """Return where similar motion leads to a perfect interval, where motion is similar, and where intervals repeat."""
    similar = (PITCHES - own_before) * (given[:, None] - given_before) > 0
    similar &= (given[:, None] > REST) & (given_before > REST) & (own_before > REST)
    interval = np.abs(given[:, None] - PITCHES) % OCTAVE_SEMITONES
    same = interval == abs(given_before - own_before) % OCTAVE_SEMITONES
    return similar & _IS_PERFECT[interval], similar, same


# ---------------------------------------------------------------- what the player may do next


@lru_cache(maxsize=64)
def _next_given(scale: frozenset[int]) -> Costs:
    """Shares of the player's next note: `[note, next note]`."""
    shares = np.zeros((PITCH_INDEX_COUNT, PITCH_INDEX_COUNT), np.float64)
    in_scale = np.isin(pitch_classes(PITCHES), list(scale))
    for motion, share in _MOTIONS.items():
        for pitch in range(1, PITCH_INDEX_COUNT):
            if 0 < pitch + motion < PITCH_INDEX_COUNT and (in_scale[pitch + motion] or not motion):
                shares[pitch, pitch + motion] = share
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)


def _steps_away(scale: frozenset[int], motions: tuple[int, ...]) -> Bools:
    """Return which notes of the scale are one of the motions away: `[pitch, next pitch]`."""
    in_scale = np.isin(pitch_classes(PITCHES), list(scale)) & (PITCHES > REST)
    return np.isin(PITCHES - PITCHES[:, None], motions) & in_scale


@lru_cache(maxsize=64)
def _can_resolve(scale: frozenset[int], motions: tuple[int, ...], below: bool) -> Bools:
    """Return where the lane can go by a motion to a consonance: `[given, pitch]`."""
    right_side = PITCHES[:, None] > PITCHES if below else PITCHES[:, None] < PITCHES
    good = IS_CONSONANT & right_side
    return good @ _steps_away(scale, motions).T


def _expected(table: Costs | Bools, scale: frozenset[int], given: Ints, forecast: Floats | None) -> Costs:
    """Return the mean of `table[next note, pitch]` over the player's next note after `given[row]`: `[row, pitch]`."""
    shares = _next_given(scale)[given]
    if forecast is not None:
        shares[-1] = _FORECAST_WEIGHT * forecast + (1 - _FORECAST_WEIGHT) * shares[-1]
    return shares @ table.astype(np.float64)


@lru_cache(maxsize=64)
def _tie_costs(scale: frozenset[int], below: bool) -> Costs:
    """Cost of tying a note over a beat with `given`: 0 for a suspension, 1 for no tie: `[given, pitch]`.

    A suspension that resolves to a third or a sixth is better than one that resolves to a fifth or an octave.
    """
    distance = np.abs(PITCHES[:, None] - PITCHES) % OCTAVE_SEMITONES
    to_imperfect = is_suspension(scale, below=below) & np.isin(distance, (1, 2) if below else (5, 10, 11))
    other = np.where(is_suspension(scale, below=below), 0.3, np.where(IS_CONSONANT, 0.6, 1.0))
    return np.where(to_imperfect, 0.0, other)


def scale_of(key: Key | None) -> frozenset[int]:
    """Return the pitch classes of the key, in minor those of the natural scale, or all without a key."""
    if key is None:
        return frozenset(range(12))
    tonic, minor = key
    return scale_pitch_classes(((tonic + 3) % 12, False) if minor else key)


@lru_cache(maxsize=64)
def is_suspension(scale: frozenset[int], *, below: bool) -> Bools:
    """Return which dissonances resolve as a suspension, down by a step to a consonance: `[given, pitch]`.

    A seventh under the player's note, which would resolve to an octave, is none, and a second above it neither.
    """
    distance = PITCHES[:, None] - PITCHES if below else PITCHES - PITCHES[:, None]
    allowed = ~np.isin(distance % OCTAVE_SEMITONES, (10, 11)) if below else distance > MAX_STEP_SEMITONES
    return ~IS_CONSONANT & allowed & _can_resolve(scale, (-2, -1), below)
