"""What a voice had better not do: penalties while drawing, and a verdict on whole frames.

`judge` holds candidates for the next frame against named rules (`RULES`). Forbidden is what the treatises since Fux
forbid outright: leaving the voice's range, crossing a neighbour, parallel fifths, octaves and unisons, a doubled
leading note. Lesser evils cost nats: upper voices more than an octave apart, wide and awkward leaps, fifths and
octaves that the outer voices leap into together, a voice stepping over where its neighbour was, and notes foreign to
the key. `barred` and `foreign` say the same of one voice's classes while it is drawn, to be made unlikely and never
impossible, so that a network that is sure of a chromatic note still gets it.

Keys are found by correlation with the profiles of C. Krumhansl and E. Kessler, "Tracing the dynamic changes in
perceived tonal organization in a spatial representation of musical keys", Psychological Review 89, 1982.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbridge.codecs import satb
from bachbridge.music.notes import VOICE_LEADING_RULES, VOICE_RANGES, VOICES, Key, scale_pitch_classes

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

PARALLEL_LOGIT, OUT_OF_KEY_LOGIT = -4.0, -2.0
"""Penalties for a parallel and for a pitch class outside the scale, in nats."""
_MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
_PITCH_INDICES = np.arange(satb.PITCH_INDEX_COUNT)
_PITCH_CLASSES = (_PITCH_INDICES[satb.REST + 1 :] + satb.LOWEST_PITCH - 1) % 12
_MIN_KEY_PITCH_CLASSES = 4
"""Distinct pitch classes that it takes to tell a key."""


def _standardized(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean 0 and length 1 along the last axis, so that a product is a correlation."""
    centred = values - values.mean(axis=-1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=-1, keepdims=True)


_KEY_PROFILES = _standardized(
    np.array([np.roll(profile, tonic) for profile in (_MAJOR_PROFILE, _MINOR_PROFILE) for tonic in range(12)])
)


def estimate_key(weights: NDArray[np.float64]) -> Key:
    """Tonic (0 = C) and whether it is minor, of pitch classes weighted by how long they sound (not all the same)."""
    best = int((_KEY_PROFILES @ _standardized(weights)).argmax())
    return best % 12, best >= 12


def pitch_durations(pitch_indices: Ints | Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """For how many steps each class was given in `classes[step, voice]`, `sounded[class]`."""
    given = np.asarray(pitch_indices, np.int64).ravel()
    return np.bincount(given[given > satb.UNKNOWN], minlength=satb.PITCH_INDEX_COUNT).astype(np.float64)


def estimate_key_numbers(weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """The same for many: of `weights[n, pitch class]` numbers `key[n]` (see `music.key_number`); -1: not to be told."""
    told = (np.count_nonzero(weights, axis=1) >= _MIN_KEY_PITCH_CLASSES) & (weights.min(axis=1) < weights.max(axis=1))
    keys = np.full(len(weights), -1, np.int64)
    keys[told] = (_standardized(weights[told]) @ _KEY_PROFILES.T).argmax(axis=1)
    return keys


def key_from_durations(durations: NDArray[np.float64]) -> Key | None:
    """The key of `sounded[class]`, for how many steps each one sounded; None where that is too little to tell one."""
    weights = np.bincount(_PITCH_CLASSES, durations[satb.REST + 1 :], minlength=12).astype(np.float64)
    if np.count_nonzero(weights) < _MIN_KEY_PITCH_CLASSES or weights.min() == weights.max():
        return None
    return estimate_key(weights)


def out_of_key_penalty(durations: NDArray[np.float64], key: Key | None = None) -> Floats:
    """`penalty[class]` of what does not belong to the key, or else to that of `sounded[class]`: how long each sounded.

    No penalty where no key is given and too little was sounded to tell one.
    """
    penalty = np.zeros(satb.PITCH_INDEX_COUNT, np.float32)
    key = key or key_from_durations(durations)
    if key is not None:
        penalty[satb.REST + 1 :][~np.isin(_PITCH_CLASSES, list(scale_pitch_classes(key)))] = OUT_OF_KEY_LOGIT
    return penalty


# ---------------------------------------------------------------- verdicts on whole frames

WIDE_SPACING_COST, OVER_OCTAVE_LEAP_COST, AWKWARD_LEAP_COST, DIRECT_INTERVAL_COST, OVERLAP_COST = (
    3.0,
    5.0,
    1.0,
    1.0,
    0.5,
)
"""Nats of lesser evils: spacing, a leap over an octave, an awkward leap, direct fifths or octaves, overlapping."""
_OCTAVE = 12
_MAX_STEP_SEMITONES = 2
_AWKWARD_LEAPS = (6, 10, 11)
"""Leaps in semitones that are hard to sing: the tritone and both sevenths."""
_LEAP_COSTS = np.zeros(_OCTAVE + 2, np.float32)
_LEAP_COSTS[list(_AWKWARD_LEAPS)], _LEAP_COSTS[_OCTAVE + 1] = AWKWARD_LEAP_COST, OVER_OCTAVE_LEAP_COST
_IS_PERFECT = np.isin(np.arange(12), (0, 7))
_UPPER_OF_PAIR, _LOWER_OF_PAIR = np.triu_indices(len(VOICES), 1)
_LOWEST_PITCH_INDEX, _HIGHEST_PITCH_INDEX = (
    np.array([satb.pitch_index(limit[end]) for limit in VOICE_RANGES]) for end in (0, 1)
)
_DOMINANT_DEGREES = (7, 11, 2, 5, 8)
"""Degrees (semitones above the tonic) of the chords in which the leading note leads: V, V7 and the diminished VII."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """On each candidate: how many `forbidden[k]` things it does, and the `penalty[k]` (nats) of its lesser evils."""

    violations: Ints
    penalty: Floats


def parse_rules(text: str) -> frozenset[str]:
    """The rules that "all", "none" or names separated by commas stand for; ValueError says which there are."""
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
    """Hold `candidates[k, voice]` against the rules, after the frame(s) `before[voice]` or `before[k, voice]`.

    Only voices that sound (class >= 1) count; without `before` nothing is known of how they got there.
    """
    frame = FrameTransitions(candidates, None if previous is None else np.asarray(previous, np.int32))
    forbidden = np.zeros(len(candidates), np.int32)
    penalty = np.zeros(len(candidates), np.float32)
    if "range" in rules:
        forbidden += out_of_range(candidates).sum(axis=1, dtype=np.int32)
    if "crossing" in rules:
        forbidden += (frame.both_sounding & (frame.interval < 0)).sum(axis=1, dtype=np.int32)
    if "parallels" in rules:
        forbidden += frame.parallels().sum(axis=1, dtype=np.int32)
    if "leading-note" in rules and key is not None:
        forbidden += _doubled_leading_notes(frame, key)
    if "spacing" in rules:
        penalty += WIDE_SPACING_COST * wide_spacing(frame.interval, frame.both_sounding).sum(axis=1)
    if "leap" in rules:
        size = np.abs(frame.motion)
        penalty += _LEAP_COSTS[np.minimum(size, _OCTAVE + 1)].sum(axis=1)
    if "hidden" in rules:
        penalty += DIRECT_INTERVAL_COST * frame.direct_intervals()
    if "overlap" in rules:
        penalty += OVERLAP_COST * frame.overlap_count()
    if "key" in rules and key is not None:
        penalty -= OUT_OF_KEY_LOGIT * (
            frame.sounding & ~np.isin(frame.pitch_classes(), list(scale_pitch_classes(key)))
        ).sum(axis=1)
    return Verdict(forbidden, penalty)


def forbidden_pitches(previous: Ints | None, chosen: Ints, voice: int, rules: Collection[str]) -> Bools:
    """`barred[k, class]`: what `voice` cannot take without crossing, or going in parallel with, one that is `known`.

    After `before[k, voice]`, given the voices of `known[k, voice]` that are already chosen (-1: not yet).
    """
    found = np.zeros((len(chosen), satb.PITCH_INDEX_COUNT), np.bool_)
    for other in range(len(VOICES)):
        now = chosen[:, [other]]
        if other == voice or not (now > satb.REST).any():
            continue
        interval = now - _PITCH_INDICES if other < voice else _PITCH_INDICES - now
        if "crossing" in rules:
            found |= (now > satb.REST) & (interval < 0)
        if "parallels" in rules and previous is not None:
            then, own = previous[:, [other]], previous[:, [voice]]
            all_sing = (now > satb.REST) & (then > satb.REST) & (own > satb.REST)
            was = (then - own if other < voice else own - then) % 12
            same_way = (now - then) * (_PITCH_INDICES - own) > 0
            found |= all_sing & same_way & ((was == 0) | (was == 7)) & (interval % 12 == was)
    found[:, satb.REST] = False
    return found


def out_of_range(pitch_indices: Ints) -> Bools:
    """Which notes of `classes[k, voice]` lie outside their voice's range."""
    return (pitch_indices > satb.REST) & (
        (pitch_indices < _LOWEST_PITCH_INDEX) | (pitch_indices > _HIGHEST_PITCH_INDEX)
    )


def wide_spacing(interval: Ints, both_sounding: Bools) -> Bools:
    """Which of the upper neighbours lie wider apart than an octave, `[k, pair]` for soprano-alto and alto-tenor."""
    upper = [0, 3]  # among the pairs of voices
    return both_sounding[:, upper] & (interval[:, upper] > _OCTAVE)


class FrameTransitions:
    """Frames with what the rules ask about them: `[k, voice]` for voices, `[k, pair]` for the six pairs."""

    __slots__ = ("both_sounding", "interval", "motion", "pitch_indices", "previous", "sounding")

    def __init__(self, classes: Ints, before: Ints | None) -> None:
        self.pitch_indices, self.sounding = classes, classes > satb.REST
        self.both_sounding = self.sounding[:, _UPPER_OF_PAIR] & self.sounding[:, _LOWER_OF_PAIR]
        self.interval = classes[:, _UPPER_OF_PAIR] - classes[:, _LOWER_OF_PAIR]
        self.previous = np.zeros_like(classes) if before is None else np.broadcast_to(before, classes.shape)
        self.motion = np.where(self.sounding & (self.previous > satb.REST), classes - self.previous, 0)
        """Semitones; 0 also where the voice begins or ends."""

    def both_move(self) -> Bools:
        return (self.motion[:, _UPPER_OF_PAIR] != 0) & (self.motion[:, _LOWER_OF_PAIR] != 0)

    def _is_similar_motion(self) -> Bools:
        return self.motion[:, _UPPER_OF_PAIR] * self.motion[:, _LOWER_OF_PAIR] > 0

    def _is_perfect(self) -> Bools:
        return _IS_PERFECT[self.interval % 12]

    def parallels(self) -> Bools:
        """Pairs that go the same way from a fifth, an octave or a unison into the same, `[k, pair]`."""
        then = (self.previous[:, _UPPER_OF_PAIR] - self.previous[:, _LOWER_OF_PAIR]) % 12
        return self._is_similar_motion() & self._is_perfect() & (self.interval % 12 == then)

    def direct_intervals(self) -> Bools:
        """Whether soprano and bass go the same way into a fifth or an octave, the soprano by a leap."""
        outer = 2  # soprano and bass among the pairs
        into = self._is_similar_motion()[:, outer] & self._is_perfect()[:, outer] & ~self.parallels()[:, outer]
        return into & (np.abs(self.motion[:, 0]) > _MAX_STEP_SEMITONES)

    def overlap_count(self) -> Ints:
        """How many voices step over where their neighbour was before."""
        then, both = self.previous, (self.previous[:, 1:] > satb.REST) & (self.previous[:, :-1] > satb.REST)
        above = self.sounding[:, 1:] & (self.pitch_indices[:, 1:] > then[:, :-1])
        below = self.sounding[:, :-1] & (self.pitch_indices[:, :-1] < then[:, 1:])
        return (both & above).sum(axis=1, dtype=np.int32) + (both & below).sum(axis=1, dtype=np.int32)

    def pitch_classes(self) -> Ints:
        return (self.pitch_indices + satb.LOWEST_PITCH - 1) % 12


def _doubled_leading_notes(frame: FrameTransitions, key: Key) -> Ints:
    """How often the leading note is doubled in a chord of the dominant (elsewhere the same note does not lead)."""
    degrees = (frame.pitch_classes() - key[0]) % 12
    dominant = (~frame.sounding | np.isin(degrees, _DOMINANT_DEGREES)).all(axis=1)
    count = (frame.sounding & (degrees == 11)).sum(axis=1, dtype=np.int32)
    return np.where(dominant, np.maximum(count - 1, 0), 0).astype(np.int32)
