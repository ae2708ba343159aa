"""A lane of counterpoint: the network says how likely each of its notes is, and the rules of a species rank them.

The lane's voice is chosen first, for each note that the player may play: the network's log probability under that note
less the cost of the species (`music.counterpoint.line_costs`), with noise as in the draws of live harmony. Then the
network adds the voices that nobody hears; they keep the harmony together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.inference.chorale.candidates import StepView, rank_frames
from bachbridge.music.counterpoint.line_costs import (
    FORBIDDEN,
    IS_CONSONANT,
    Costs,
    LaneNotes,
    is_suspension,
    scale_of,
    strike_costs,
)
from bachbridge.music.counterpoint.species import Species
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Bools, Floats, Frame, Ints, pitch_index
from bachbridge.music.notes import VOICE_RANGES, VOICES, Key
from bachbridge.protocol.style import Style

_NETWORK_WEIGHT, _WEAK_NETWORK_WEIGHT = 0.7, 0.35
"""How much a nat of the network's counts beside a nat of the rules', and off the beat, where it knows few moves."""
_LEAST_LOG_P = -8.0
"""The network's least log probability that counts."""
_KEY_WEIGHT = 3.5
"""How much more a nat for the key counts than in four parts: a lane shows each foreign note."""
_NEVER = -100.0
_NOISE = 0.5
"""Share of the usual noise: 1 would draw from the weighed probabilities."""
_MIN_SHARE = 0.01
"""Notes of the player's that are less likely than this are left out of the reckoning."""
_UNHEARD_CANDIDATES = 2
_KEPT_STRIKES = 4


@dataclass(frozen=True, slots=True)
class LaneStep:
    """The step of a lane in which `own` goes against `given`: its species, place in the beat and notes before."""

    species: Species
    place: int
    given: int
    own: int
    notes: LaneNotes
    key: Key | None
    forecast: Floats | None = None
    """Probabilities of the player's note on the next beat, if he holds his note until then: `[pitch index]`."""

    @property
    def steps_to_beat(self) -> int:
        """Steps until the next beat, off the beat; 0 on it."""
        return self.species.beat_steps - self.place if self.place else 0

    @property
    def below(self) -> bool:
        """True if the lane lies under the player's voice."""
        return self.own > self.given


def lane_step(
    species: Species, bar_step: int, voices: tuple[int, int], past: Sequence[Frame], key: Key | None
) -> LaneStep:
    """Return the lane's step at `bar_step` of the bar for the player's voice and its own, after the frames `past`."""
    given, own = voices
    place = species.place(bar_step)
    if not past:
        return LaneStep(species, place, given, own, LaneNotes(), key)
    pitches = [frame.pitch_indices for frame in past]
    strikes = [number for number, frame in enumerate(past) if frame.onsets[own]][-_KEPT_STRIKES:]
    struck = tuple(pitches[number][own] for number in reversed(strikes)) or (pitches[-1][own],)
    then = pitches[-species.beat_steps] if len(past) >= species.beat_steps and species.strikes_on_pulse(place) else None
    notes = LaneNotes(
        given=pitches[-1][given],
        own=pitches[-1][own],
        beat_given=then[given] if then else REST,
        beat_own=then[own] if then else REST,
        struck=struck,
        is_tied=bool(strikes) and len(past) - strikes[-1] > place > 0,
    )
    return LaneStep(species, place, given, own, notes, key)


def choose_lane_frames(
    view: StepView,
    step: LaneStep,
    given: Ints,
    style: Style,
    rng: np.random.Generator,
    bias: Floats,
    shares: Floats | None,
) -> tuple[Ints, Bools]:
    """Return the frames for `given[row, voice]`, in which only the player's voice is known, and their onsets.

    The last row stands for a player who holds his note. `shares[pitch index]` are the probabilities of his next note
    if he may have let go of it; then a first row is added for a player of whom nothing is known.
    """
    melody = given[:, step.given]
    own, strikes = _choose_own(view, step, given, style, rng, bias)
    rows = given.copy()
    rows[:, step.own] = own
    if shares is not None:
        blind, blind_strikes = _choose_blindly(view, step, style, rng, bias[-1], shares)
        first = rows[-1:].copy()
        first[0, step.own] = blind if blind_strikes else own[-1]
        rows, bias = np.concatenate([first, rows]), np.concatenate([bias[-1:], bias])
        strikes = np.concatenate([[blind_strikes or strikes[-1]], strikes])
    quick = replace(style, candidates=_UNHEARD_CANDIDATES)
    frames = rank_frames(view, rows, quick, rng, bias=bias)
    pitch_indices, onsets = frames.pitch_indices[:, 0], frames.onsets[:, 0].copy()
    onsets[:, step.own] = strikes
    onsets[-len(melody) : -1, step.given] = True
    return pitch_indices, onsets


def _choose_own(
    view: StepView, step: LaneStep, given: Ints, style: Style, rng: np.random.Generator, bias: Floats
) -> tuple[Ints, Bools]:
    """Return the lane's note in each row, and whether it is struck there."""
    melody, notes, species = given[:, step.given], step.notes, step.species
    strikes = np.full(len(given), species.strikes_at(step.place))
    if species.strikes_with_player():
        strikes[:-1] = True
    if species.may_break_at(step.place):
        strikes |= ~_can_be_tied(step)[melody]
    if notes.own <= REST:
        strikes[:] = True
    merits = _merits(view, step, given, style, bias)
    merits += _NOISE * style.randomness * rng.gumbel(size=merits.shape)
    return np.where(strikes, merits.argmax(axis=1), notes.own).astype(np.int32), strikes & (melody > REST)


def _choose_blindly(
    view: StepView, step: LaneStep, style: Style, rng: np.random.Generator, bias: Floats, shares: Floats
) -> tuple[int, bool]:
    """Return the note that suits best whatever the player does, and whether it is struck."""
    likely = np.flatnonzero(shares > _MIN_SHARE).astype(np.int32)
    given = np.full((len(likely), len(VOICES)), UNKNOWN, np.int32)
    given[:, step.given] = likely
    merits = _merits(view, replace(step, forecast=None), given, style, np.repeat(bias[None], len(given), axis=0))
    expected = shares[likely] @ np.maximum(merits, -2 * FORBIDDEN) + _NOISE * style.randomness * rng.gumbel(
        size=PITCH_INDEX_COUNT
    )
    return int(expected.argmax()), step.species.strikes_at(step.place) or step.notes.own <= REST


def _can_be_tied(step: LaneStep) -> Bools:
    """Return under which of the player's notes the lane's note may go on over the beat, `[pitch index]`."""
    own, is_prepared = step.notes.own, not step.notes.is_dissonant
    suspended = is_suspension(scale_of(step.key), below=step.below)[:, own]
    return IS_CONSONANT[:, own] | (suspended & is_prepared)


def _merits(view: StepView, step: LaneStep, given: Ints, style: Style, bias: Floats) -> Costs:
    """Return what speaks for each note of the lane's in each row, in nats: `[row, pitch index]`."""
    logits = view.heads(np.arange(len(given)), given)[0][:, step.own]
    if not step.species.strikes_with_player():
        logits[:, [REST, step.notes.own]] = _NEVER
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    costs = strike_costs(
        step.notes,
        step.species,
        step.place,
        given[:, step.given],
        below=step.below,
        key=step.key,
        forecast=step.forecast,
    )
    weight = _WEAK_NETWORK_WEIGHT if step.place and not step.species.strikes_with_player() else _NETWORK_WEIGHT
    merits = weight / style.temperature * np.maximum(log_p, _LEAST_LOG_P) - costs
    merits += _KEY_WEIGHT * bias[:, step.own]
    low, high = VOICE_RANGES[step.own]
    merits[:, : pitch_index(low)] = -np.inf
    merits[:, pitch_index(high) + 1 :] = -np.inf
    return merits
