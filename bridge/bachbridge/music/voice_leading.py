"""Rules of voice-leading: penalties while a voice is drawn, and a verdict on whole frames.

`check_rules` checks candidates for the next frame against named rules (`notes.VOICE_LEADING_RULES`). What the
treatises since Fux forbid outright counts as a violation: leaving the voice's range, crossing a neighbour, parallel
fifths, octaves and unisons, a doubled leading note. Lesser evils cost nats: upper voices more than an octave apart,
wide and awkward leaps, fifths and octaves that the outer voices leap into together, a voice stepping over where its
neighbour was, and notes foreign to the key. `forbidden_pitches` and `out_of_key_penalty` apply the same rules to the
pitch indices of one voice while it is drawn. They make a pitch unlikely and never impossible, so that a network that
is sure of a chromatic note still gets it.

Frames are `pitch_indices[k, voice]` (see `frames`). The rules for the step from one frame to the next exist once more
in `voice_leading_pairs`, in a form that is fast for all pairs of very many frames; the costs and intervals that both
use are defined here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Bools, Floats, Ints, pitch_classes, pitch_index
from bachbridge.music.keys import Weights, key_from_durations
from bachbridge.music.notes import VOICE_LEADING_RULES, VOICE_RANGES, VOICES, Key, scale_pitch_classes

PARALLEL_LOGIT, OUT_OF_KEY_LOGIT = -4.0, -2.0
"""Penalties while drawing, in nats: for a parallel, and for a pitch class outside the scale."""
WIDE_SPACING_COST, OVER_OCTAVE_LEAP_COST, AWKWARD_LEAP_COST = 3.0, 5.0, 1.0
"""Nats for upper voices over an octave apart, for a leap over an octave, and for an awkward leap."""
DIRECT_INTERVAL_COST, OVERLAP_COST = 1.0, 0.5
"""Nats for direct fifths or octaves of the outer voices, and for a voice that overlaps its neighbour."""
TRANSITION_RULES = frozenset(("parallels", "leap", "hidden", "overlap"))
"""The rules that a step from frame to frame can break; all others look at one frame."""

OCTAVE_SEMITONES = 12
PERFECT_INTERVALS = (0, 7)
"""Unison or octave, and fifth, in semitones modulo an octave."""
MAX_STEP_SEMITONES = 2
"""A larger interval is a leap."""
AWKWARD_LEAPS = (6, 10, 11)
"""Leaps in semitones that are hard to sing: the tritone and both sevenths."""
LEAP_COSTS = np.zeros(PITCH_INDEX_COUNT, np.float32)
"""Nats by the size of a voice's movement in semitones."""
LEAP_COSTS[list(AWKWARD_LEAPS)], LEAP_COSTS[OCTAVE_SEMITONES + 1 :] = AWKWARD_LEAP_COST, OVER_OCTAVE_LEAP_COST
VOICE_PAIRS = tuple(combinations(range(len(VOICES)), 2))
"""(upper voice, lower voice) of the six pairs."""

_SOPRANO_BASS = VOICE_PAIRS.index((0, len(VOICES) - 1))
_UPPER_NEIGHBOURS = [VOICE_PAIRS.index((0, 1)), VOICE_PAIRS.index((1, 2))]
_UPPER_OF_PAIR, _LOWER_OF_PAIR = np.array(VOICE_PAIRS).T
_IS_PERFECT = np.isin(np.arange(OCTAVE_SEMITONES), PERFECT_INTERVALS)
_PITCH_INDICES = np.arange(PITCH_INDEX_COUNT, dtype=np.int32)
_LOWEST_PITCH_INDEX, _HIGHEST_PITCH_INDEX = (
    np.array([pitch_index(limits[end]) for limits in VOICE_RANGES]) for end in (0, 1)
)
DOMINANT_DEGREES = (7, 11, 2, 5, 8)
"""Degrees (semitones above the tonic) of the chords in which the leading note leads: V, V7 and the diminished VII."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Verdict on each candidate: how many `violations[k]` it has, and the `penalty[k]` (nats) of its lesser evils."""

    violations: Ints
    penalty: Floats


def parse_rules(text: str) -> frozenset[str]:
    """Return the rules that "all", "none" or names separated by commas stand for; raise ValueError for others."""
    match text.strip():
        case "all":
            return frozenset(VOICE_LEADING_RULES)
        case "none" | "":
            return frozenset()
        case names:
            rules = frozenset(name.strip() for name in names.split(","))
    if unknown := sorted(rules - set(VOICE_LEADING_RULES)):
        raise ValueError(
            f"there is no rule {unknown[0]!r}: give all, none or some of {', '.join(VOICE_LEADING_RULES)}."
        )
    return rules


def check_rules(
    previous: Ints | Sequence[int] | None, candidates: Ints, rules: Collection[str], key: Key | None
) -> Verdict:
    """Check `candidates[k, voice]` against the rules, after `previous[voice]` or `previous[k, voice]`.

    Only voices that sound (pitch index >= 1) count. Without `previous` no movement is checked, without `key` no rule
    that needs one.
    """
    frames = FrameTransitions(candidates, None if previous is None else np.asarray(previous, np.int32))
    violations = np.zeros(len(candidates), np.int32)
    penalty = np.zeros(len(candidates), np.float32)
    if "range" in rules:
        violations += out_of_range(candidates).sum(axis=1, dtype=np.int32)
    if "crossing" in rules:
        violations += (frames.both_sounding & (frames.interval < 0)).sum(axis=1, dtype=np.int32)
    if "parallels" in rules:
        violations += frames.parallels().sum(axis=1, dtype=np.int32)
    if "leading-note" in rules and key is not None:
        violations += _doubled_leading_notes(frames, key)
    if "spacing" in rules:
        penalty += WIDE_SPACING_COST * wide_spacing(frames.interval, frames.both_sounding).sum(axis=1)
    if "leap" in rules:
        penalty += LEAP_COSTS[np.abs(frames.motion)].sum(axis=1)
    if "hidden" in rules:
        penalty += DIRECT_INTERVAL_COST * frames.direct_intervals()
    if "overlap" in rules:
        penalty += OVERLAP_COST * frames.overlap_count()
    if "key" in rules and key is not None:
        foreign = ~np.isin(frames.pitch_classes(), list(scale_pitch_classes(key)))
        penalty -= OUT_OF_KEY_LOGIT * (frames.sounding & foreign).sum(axis=1)
    return Verdict(violations, penalty)


def out_of_key_penalty(durations: Weights, key: Key | None = None) -> Floats:
    """Nats for each pitch index that is foreign to `key`, or else to the key of `durations[pitch index]` (steps).

    There is no penalty where no key is given and the durations are too few to find one.
    """
    penalty = np.zeros(PITCH_INDEX_COUNT, np.float32)
    key = key or key_from_durations(durations)
    if key is not None:
        foreign = ~np.isin(pitch_classes(_PITCH_INDICES), list(scale_pitch_classes(key)))
        penalty[foreign & (_PITCH_INDICES > REST)] = OUT_OF_KEY_LOGIT
    return penalty


def forbidden_pitches(previous: Ints | None, chosen: Ints, voice: int, rules: Collection[str]) -> Bools:
    """Return which pitch indices make `voice` cross, or go in parallel with, a chosen voice: `[k, pitch index]`.

    `chosen[k, voice]` holds the voices that are already chosen (-1: not yet), after `previous[k, voice]`.
    """
    forbidden = np.zeros((len(chosen), PITCH_INDEX_COUNT), np.bool_)
    for other in range(len(VOICES)):
        now = chosen[:, [other]]
        if other == voice or not (now > REST).any():
            continue
        interval = now - _PITCH_INDICES if other < voice else _PITCH_INDICES - now
        if "crossing" in rules:
            forbidden |= (now > REST) & (interval < 0)
        if "parallels" in rules and previous is not None:
            then, own = previous[:, [other]], previous[:, [voice]]
            all_sounding = (now > REST) & (then > REST) & (own > REST)
            interval_before = (then - own if other < voice else own - then) % OCTAVE_SEMITONES
            similar_motion = (now - then) * (_PITCH_INDICES - own) > 0
            same_interval = interval % OCTAVE_SEMITONES == interval_before
            forbidden |= all_sounding & similar_motion & _IS_PERFECT[interval_before] & same_interval
    forbidden[:, REST] = False
    return forbidden


def out_of_range(pitch_indices: Ints) -> Bools:
    """Return which notes of `pitch_indices[k, voice]` lie outside their voice's range."""
    return (pitch_indices > REST) & ((pitch_indices < _LOWEST_PITCH_INDEX) | (pitch_indices > _HIGHEST_PITCH_INDEX))


def wide_spacing(interval: Ints, both_sounding: Bools) -> Bools:
    """Return which upper neighbours are over an octave apart: `[k, 2]` for soprano and alto, alto and tenor.

    Both arguments are `[k, pair]` (see `FrameTransitions`).
    """
    return both_sounding[:, _UPPER_NEIGHBOURS] & (interval[:, _UPPER_NEIGHBOURS] > OCTAVE_SEMITONES)


class FrameTransitions:
    """Frames and the frames before them, with what the rules ask about them.

    Arrays are `[k, voice]` for voices and `[k, pair]` for the six `VOICE_PAIRS`; intervals and movements are in
    semitones.
    """

    __slots__ = ("both_sounding", "interval", "motion", "pitch_indices", "previous", "sounding")

    def __init__(self, pitch_indices: Ints, previous: Ints | None) -> None:
        self.pitch_indices, self.sounding = pitch_indices, pitch_indices > REST
        self.both_sounding = self.sounding[:, _UPPER_OF_PAIR] & self.sounding[:, _LOWER_OF_PAIR]
        self.interval = pitch_indices[:, _UPPER_OF_PAIR] - pitch_indices[:, _LOWER_OF_PAIR]
        self.previous = self.motion = np.zeros_like(pitch_indices)
        """Movements are 0 also where the voice begins or ends."""
        if previous is not None:
            self.previous = np.broadcast_to(previous, pitch_indices.shape)
            self.motion = np.where(self.sounding & (self.previous > REST), pitch_indices - self.previous, 0)

    def both_move(self) -> Bools:
        """Return in which pairs both voices move, `[k, pair]`."""
        return (self.motion[:, _UPPER_OF_PAIR] != 0) & (self.motion[:, _LOWER_OF_PAIR] != 0)

    def _is_similar_motion(self) -> Bools:
        return self.motion[:, _UPPER_OF_PAIR] * self.motion[:, _LOWER_OF_PAIR] > 0

    def _is_perfect(self) -> Bools:
        return _IS_PERFECT[self.interval % OCTAVE_SEMITONES]

    def parallels(self) -> Bools:
        """Return which pairs move in one direction from a fifth, an octave or a unison into the same, `[k, pair]`."""
        then = (self.previous[:, _UPPER_OF_PAIR] - self.previous[:, _LOWER_OF_PAIR]) % OCTAVE_SEMITONES
        return self._is_similar_motion() & self._is_perfect() & (self.interval % OCTAVE_SEMITONES == then)

    def direct_intervals(self) -> Bools:
        """Return where soprano and bass move in one direction into a fifth or an octave, the soprano by a leap."""
        into = self._is_similar_motion() & self._is_perfect() & ~self.parallels()
        return into[:, _SOPRANO_BASS] & (np.abs(self.motion[:, 0]) > MAX_STEP_SEMITONES)

    def overlap_count(self) -> Ints:
        """Return how many voices step over where their neighbour was before, `[k]`."""
        then, both = self.previous, (self.previous[:, 1:] > REST) & (self.previous[:, :-1] > REST)
        above = self.sounding[:, 1:] & (self.pitch_indices[:, 1:] > then[:, :-1])
        below = self.sounding[:, :-1] & (self.pitch_indices[:, :-1] < then[:, 1:])
        return (both & above).sum(axis=1, dtype=np.int32) + (both & below).sum(axis=1, dtype=np.int32)

    def pitch_classes(self) -> Ints:
        """Pitch classes of the frames, `[k, voice]`; meaningless where a voice rests."""
        return pitch_classes(self.pitch_indices)


def _doubled_leading_notes(frames: FrameTransitions, key: Key) -> Ints:
    """Count doublings of the leading note in chords of the dominant; in other chords the note does not lead."""
    degrees = (frames.pitch_classes() - key[0]) % 12
    dominant = (~frames.sounding | np.isin(degrees, DOMINANT_DEGREES)).all(axis=1)
    count = (frames.sounding & (degrees == 11)).sum(axis=1, dtype=np.int32)
    return np.where(dominant, np.maximum(count - 1, 0), 0).astype(np.int32)
