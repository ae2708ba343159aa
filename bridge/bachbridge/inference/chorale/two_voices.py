"""Choosing a frame of which only two voices are heard: the player's and one against it.

The model's candidates are good four-part harmony, but two of their voices may sound poor alone. So the candidates are
put in order by the rules of two-part counterpoint first (J. J. Fux, "Gradus ad Parnassum", 1725): no parallel fifths
and octaves, consonances on the beats, dissonances between the beats only by step or by holding, fifths and octaves not
reached by similar motion with a leap. A voice that has kept its pitch for two beats should move. Candidates that are
equally good stay in the model's order.
"""

from dataclasses import dataclass

import numpy as np

from bachbridge.music.frames import REST, Floats, Ints
from bachbridge.music.notes import STEPS_PER_BEAT
from bachbridge.music.voice_leading import MAX_STEP_SEMITONES, OCTAVE_SEMITONES, PERFECT_INTERVALS

PARALLEL_COST, BEAT_DISSONANCE_COST, LEAP_DISSONANCE_COST, DIRECT_COST, STILL_COST = 4, 2, 1, 1, 2
MAX_STILL_STEPS = 2 * STEPS_PER_BEAT
"""A voice that has kept its pitch for so many steps should move."""
_CONSONANCES = (0, 3, 4, 7, 8, 9)
"""Thirds, sixths, fifths, unisons and octaves, in semitones modulo an octave; a fourth is a dissonance in two parts."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The frames before the step: `previous[voice]` and, a beat before, `beat_before[voice]` (None: none).

    The voice `own` sounds against the voice `given` and has kept its pitch for `still_steps` steps. `step` is counted
    from a bar line.
    """

    previous: Ints | None
    beat_before: Ints | None
    given: int
    own: int
    step: int
    still_steps: int

    @property
    def is_on_beat(self) -> bool:
        return self.step % STEPS_PER_BEAT == 0


def counterpoint_costs(situation: Situation, given: Ints, own: Ints) -> Ints:
    """Return the cost of each pair of pitch indices; the two arrays may have any shape that fits together."""
    given, own = np.broadcast_arrays(given, own)
    dissonant = (given > REST) & (own > REST) & ~np.isin(np.abs(given - own) % OCTAVE_SEMITONES, _CONSONANCES)
    costs = BEAT_DISSONANCE_COST * situation.is_on_beat * dissonant.astype(np.int32)
    previous = situation.previous
    if previous is None or previous[situation.own] == REST:
        return costs
    motion = own - previous[situation.own]
    costs += LEAP_DISSONANCE_COST * (dissonant & (np.abs(motion) > MAX_STEP_SEMITONES))
    costs += _perfect_costs(previous[situation.given], previous[situation.own], given, own)
    if situation.is_on_beat and situation.beat_before is not None:
        then = situation.beat_before[situation.given], situation.beat_before[situation.own]
        costs += PARALLEL_COST // 2 * (_perfect_costs(*then, given, own) == PARALLEL_COST)
    if situation.still_steps >= MAX_STILL_STEPS and situation.is_on_beat:
        costs += STILL_COST * (motion == 0)
    return costs


def _perfect_costs(given_before: int, own_before: int, given: Ints, own: Ints) -> Ints:
    """Return the cost of fifths, octaves and unisons that are reached by similar motion."""
    motion, given_motion = own - own_before, given - given_before
    similar = (given > REST) & (own > REST) & (min(given_before, own_before) > REST) & (motion * given_motion > 0)
    interval = np.abs(given - own) % OCTAVE_SEMITONES
    perfect = similar & np.isin(interval, PERFECT_INTERVALS)
    is_same = interval == abs(int(given_before) - int(own_before)) % OCTAVE_SEMITONES
    leaps = (np.abs(motion) > MAX_STEP_SEMITONES) | (np.abs(given_motion) > MAX_STEP_SEMITONES)
    return PARALLEL_COST * (perfect & is_same) + DIRECT_COST * (perfect & ~is_same & leaps)


def best_for_given(situation: Situation, frames: Ints) -> Ints:
    """Return the number of the best candidate in each row of `frames[row, candidate, voice]`."""
    costs = counterpoint_costs(situation, frames[..., situation.given], frames[..., situation.own])
    return np.argmin(costs, axis=1)


def best_for_unknown(situation: Situation, frames: Ints, shares: Floats) -> int:
    """Return the candidate of `frames[candidate, voice]` that suits best whatever the player does.

    Each candidate's voice is judged against all notes that he may play, by their probabilities `shares[pitch index]`. A
    voice that is a fifth or an octave from his note stays: nobody could avoid a parallel any more when his note comes.
    """
    own = frames[:, situation.own]
    pitches = np.flatnonzero(shares).astype(np.int32)
    costs = counterpoint_costs(situation, pitches[None, :], own[:, None]) @ shares[pitches]
    previous = situation.previous
    if previous is not None and min(previous[situation.given], previous[situation.own]) > REST:
        interval = abs(int(previous[situation.given] - previous[situation.own])) % OCTAVE_SEMITONES
        costs += PARALLEL_COST * ((interval in PERFECT_INTERVALS) & (own != previous[situation.own]))
    return int(np.argmin(np.where(own == REST, np.inf, costs)))
