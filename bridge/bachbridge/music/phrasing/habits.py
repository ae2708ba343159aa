"""The player's habits in a phrase, which its answer takes up: where in the bar each voice moves, and how high it lies.

For each place in the bar the share of the bars in which the voice moves there is compared with what is usual in
chorales; the difference, as the logarithm of the odds, is added for the voice's motion there. So 16ths are answered in
16ths, a pattern of 8ths goes on, and syncopations fall where the player had them. A few bars say little about a single
place, so places of the same kind (beat, 8th, 16th) support one another. Register works by nats against notes that lie
far from the middle of the player's voice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Bools, Floats, Ints
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES

_USUAL_SHARES = np.array(
    [[0.7, 0.01, 0.09, 0.01], [0.62, 0.01, 0.22, 0.02], [0.65, 0.01, 0.24, 0.02], [0.84, 0.01, 0.27, 0.01]]
)
"""Shares of the steps on which a voice moves in Bach's chorales, `[voice, step in the beat]`."""
_USUAL_WEIGHT, _KIND_WEIGHT = 4.0, 3.0
"""Bars' worth of belief in the usual share, and in the share of the same step in all beats."""
_RHYTHM_NATS = (-3.0, 9.0)
"""Least and most nats for a motion."""
_USUAL_STRIKES, _STRIKES_WEIGHT = 0.25, 3.0
"""Usual share of the steps of a beat on which a note that stays is struck again, and steps' worth of belief in it."""
_MOSTLY, _HARDLY = 0.6, 0.12
"""Shares from which on the player's way with repeated notes decides."""
_NEAR_SEMITONES, _FAR_NATS = 4, 0.25
"""Semitones around the middle of the player's voice that are free, and nats against each one beyond."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Nats for motion, `motion[voice, place in the bar]`, and for register, `register[voice, pitch index]`.

    `strikes[voice, place in the bar]` is the share of the notes that stay which are struck again (-1: not known).
    """

    motion: Floats
    register: Floats
    strikes: Floats

    def strikes_again(self, voice: int, position: int, *, otherwise: bool) -> bool:
        """Return whether a voice that keeps its pitch has an onset; `otherwise` where the player has no habit."""
        share = self.strikes[voice, position % self.strikes.shape[1]]
        if share >= _MOSTLY:
            return True
        return otherwise and not 0 <= share <= _HARDLY

    def nats_at(self, position: int, previous: Sequence[int] | None) -> Floats:
        """Nats for the notes at a place in the bar after the frame `previous[voice]`: `[voice, pitch index]`."""
        nats = self.register.copy()
        if previous is not None:
            for voice, index in enumerate(previous):
                if index > REST:
                    nats[voice, index] -= self.motion[voice, position % self.motion.shape[1]]
        return nats


def player_habits(pitch_indices: Ints, onsets: Bools, position: int, steps_per_bar: int) -> Habits:
    """Return the habits in `pitch_indices[step, voice]`, `onsets[step, voice]`, from `position` steps into a bar on.

    Voices that were not given (`UNKNOWN` throughout) have none.
    """
    motion = np.zeros((len(VOICES), steps_per_bar), np.float32)
    register = np.zeros((len(VOICES), PITCH_INDEX_COUNT), np.float32)
    strikes = np.full((len(VOICES), steps_per_bar), -1, np.float32)
    for voice in range(len(VOICES)):
        line = pitch_indices[:, voice]
        sounding = line[line > REST]
        if (line == UNKNOWN).any() or not len(sounding):
            continue
        far = np.abs(np.arange(PITCH_INDEX_COUNT) - float(np.mean(sounding))) - _NEAR_SEMITONES
        register[voice] = -_FAR_NATS * np.maximum(far, 0)
        motion[voice] = _motion_nats(line, _USUAL_SHARES[voice], position, steps_per_bar)
        strikes[voice] = _strike_shares(line, onsets[:, voice], position, steps_per_bar)
    register[:, REST] = 0
    return Habits(motion, register, strikes)


def _motion_nats(line: Ints, usual: np.ndarray, position: int, steps_per_bar: int) -> Floats:
    """Nats for the motion of one voice, `[place in the bar]`."""
    steps = np.arange(1, len(line))
    counts: Bools = (line[1:] > REST) & (line[:-1] > REST)
    moves = counts & (line[1:] != line[:-1])
    places, kinds = (position + steps) % steps_per_bar, (position + steps) % STEPS_PER_BEAT
    moved = np.bincount(places, moves, steps_per_bar)
    seen = np.bincount(places, counts, steps_per_bar)
    kind_of_place = np.arange(steps_per_bar) % STEPS_PER_BEAT
    by_kind = np.bincount(kinds, moves, STEPS_PER_BEAT) + _USUAL_WEIGHT * usual
    by_kind /= np.bincount(kinds, counts, STEPS_PER_BEAT) + _USUAL_WEIGHT
    share = (moved + _KIND_WEIGHT * by_kind[kind_of_place]) / (seen + _KIND_WEIGHT)
    odds = _log_odds(share) - _log_odds(usual[kind_of_place])
    return np.clip(odds, *_RHYTHM_NATS).astype(np.float32)


def _strike_shares(line: Ints, onsets: Bools, position: int, steps_per_bar: int) -> Floats:
    """Shares of the steps with an onset among those on which one voice keeps its pitch, `[place in the bar]`."""
    stays: Bools = (line[1:] > REST) & (line[1:] == line[:-1])
    kinds = (position + np.arange(1, len(line))) % STEPS_PER_BEAT
    usual = np.where(np.arange(STEPS_PER_BEAT) == 0, _USUAL_STRIKES, 0) * _STRIKES_WEIGHT
    struck = np.bincount(kinds, stays & onsets[1:], STEPS_PER_BEAT) + usual
    share = struck / (np.bincount(kinds, stays, STEPS_PER_BEAT) + _STRIKES_WEIGHT)
    return share[np.arange(steps_per_bar) % STEPS_PER_BEAT].astype(np.float32)


def _log_odds(share: np.ndarray) -> np.ndarray:
    clipped = np.clip(share, 0.01, 0.99)
    return np.log(clipped / (1 - clipped))
