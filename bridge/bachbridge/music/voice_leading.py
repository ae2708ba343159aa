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
from bachbridge.music.notes import RANGES, RULES, VOICES, Key, scale

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

PARALLEL, FOREIGN = -4.0, -2.0
"""Penalties for a parallel and for a pitch class outside the scale, in nats."""
_MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
_CLASSES = np.arange(satb.CLASSES)
_PITCH_CLASSES = (_CLASSES[satb.REST + 1 :] + satb.LOWEST - 1) % 12
_TELLING = 4
"""Distinct pitch classes that it takes to tell a key."""


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean 0 and length 1 along the last axis, so that a product is a correlation."""
    centred = values - values.mean(axis=-1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=-1, keepdims=True)


_KEYS = _standard(
    np.array([np.roll(profile, tonic) for profile in (_MAJOR_PROFILE, _MINOR_PROFILE) for tonic in range(12)])
)


def key_of(weights: NDArray[np.float64]) -> Key:
    """Tonic (0 = C) and whether it is minor, of pitch classes weighted by how long they sound (not all the same)."""
    best = int((_KEYS @ _standard(weights)).argmax())
    return best % 12, best >= 12


def sounded(classes: Ints | Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """For how many steps each class was given in `classes[step, voice]`, `sounded[class]`."""
    given = np.asarray(classes, np.int64).ravel()
    return np.bincount(given[given > satb.UNKNOWN], minlength=satb.CLASSES).astype(np.float64)


def keys_of(weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """The same for many: of `weights[n, pitch class]` numbers `key[n]` (see `music.key_number`); -1: not to be told."""
    told = (np.count_nonzero(weights, axis=1) >= _TELLING) & (weights.min(axis=1) < weights.max(axis=1))
    keys = np.full(len(weights), -1, np.int64)
    keys[told] = (_standard(weights[told]) @ _KEYS.T).argmax(axis=1)
    return keys


def key_heard(sounded: NDArray[np.float64]) -> Key | None:
    """The key of `sounded[class]`, for how many steps each one sounded; None where that is too little to tell one."""
    weights = np.bincount(_PITCH_CLASSES, sounded[satb.REST + 1 :], minlength=12).astype(np.float64)
    if np.count_nonzero(weights) < _TELLING or weights.min() == weights.max():
        return None
    return key_of(weights)


def foreign(sounded: NDArray[np.float64], key: Key | None = None) -> Floats:
    """`penalty[class]` of what does not belong to the key, or else to that of `sounded[class]`: how long each sounded.

    No penalty where no key is given and too little was sounded to tell one.
    """
    penalty = np.zeros(satb.CLASSES, np.float32)
    key = key or key_heard(sounded)
    if key is not None:
        penalty[satb.REST + 1 :][~np.isin(_PITCH_CLASSES, list(scale(key)))] = FOREIGN
    return penalty


# ---------------------------------------------------------------- verdicts on whole frames

WIDE, TOO_FAR, AWKWARD, DIRECT, OVERLAP = 3.0, 5.0, 1.0, 1.0, 0.5
"""Nats of lesser evils: spacing, a leap over an octave, an awkward leap, direct fifths or octaves, overlapping."""
_OCTAVE = 12
_STEP = 2
_AWKWARD = (6, 10, 11)
"""Leaps in semitones that are hard to sing: the tritone and both sevenths."""
_LEAPS = np.zeros(_OCTAVE + 2, np.float32)
_LEAPS[list(_AWKWARD)], _LEAPS[_OCTAVE + 1] = AWKWARD, TOO_FAR
_IS_PERFECT = np.isin(np.arange(12), (0, 7))
_UPPER, _LOWER = np.triu_indices(len(VOICES), 1)
_LOW, _HIGH = (np.array([satb.class_of(limit[end]) for limit in RANGES]) for end in (0, 1))
_DOMINANT = (7, 11, 2, 5, 8)
"""Degrees (semitones above the tonic) of the chords in which the leading note leads: V, V7 and the diminished VII."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """On each candidate: how many `forbidden[k]` things it does, and the `penalty[k]` (nats) of its lesser evils."""

    forbidden: Ints
    penalty: Floats


def rules_of(text: str) -> frozenset[str]:
    """The rules that "all", "none" or names separated by commas stand for; ValueError says which there are."""
    match text.strip():
        case "all":
            return frozenset(RULES)
        case "none" | "":
            return frozenset()
        case names:
            rules = frozenset(name.strip() for name in names.split(","))
    if unknown := sorted(rules - set(RULES)):
        raise ValueError(f"there is no rule {unknown[0]!r}: give all, none or some of {', '.join(RULES)}.")
    return rules


def judge(before: Ints | Sequence[int] | None, candidates: Ints, rules: Collection[str], key: Key | None) -> Verdict:
    """Hold `candidates[k, voice]` against the rules, after the frame(s) `before[voice]` or `before[k, voice]`.

    Only voices that sound (class >= 1) count; without `before` nothing is known of how they got there.
    """
    frame = Frames(candidates, None if before is None else np.asarray(before, np.int32))
    forbidden = np.zeros(len(candidates), np.int32)
    penalty = np.zeros(len(candidates), np.float32)
    if "range" in rules:
        forbidden += outside(candidates).sum(axis=1, dtype=np.int32)
    if "crossing" in rules:
        forbidden += (frame.together & (frame.interval < 0)).sum(axis=1, dtype=np.int32)
    if "parallels" in rules:
        forbidden += frame.parallels().sum(axis=1, dtype=np.int32)
    if "leading-note" in rules and key is not None:
        forbidden += _doubled_leading_note(frame, key)
    if "spacing" in rules:
        penalty += WIDE * wide(frame.interval, frame.together).sum(axis=1)
    if "leap" in rules:
        size = np.abs(frame.moved)
        penalty += _LEAPS[np.minimum(size, _OCTAVE + 1)].sum(axis=1)
    if "hidden" in rules:
        penalty += DIRECT * frame.direct()
    if "overlap" in rules:
        penalty += OVERLAP * frame.overlaps()
    if "key" in rules and key is not None:
        penalty -= FOREIGN * (frame.sung & ~np.isin(frame.pitch_classes(), list(scale(key)))).sum(axis=1)
    return Verdict(forbidden, penalty)


def barred(before: Ints | None, known: Ints, voice: int, rules: Collection[str]) -> Bools:
    """`barred[k, class]`: what `voice` cannot take without crossing, or going in parallel with, one that is `known`.

    After `before[k, voice]`, given the voices of `known[k, voice]` that are already chosen (-1: not yet).
    """
    found = np.zeros((len(known), satb.CLASSES), np.bool_)
    for other in range(len(VOICES)):
        now = known[:, [other]]
        if other == voice or not (now > satb.REST).any():
            continue
        interval = now - _CLASSES if other < voice else _CLASSES - now
        if "crossing" in rules:
            found |= (now > satb.REST) & (interval < 0)
        if "parallels" in rules and before is not None:
            then, own = before[:, [other]], before[:, [voice]]
            all_sing = (now > satb.REST) & (then > satb.REST) & (own > satb.REST)
            was = (then - own if other < voice else own - then) % 12
            same_way = (now - then) * (_CLASSES - own) > 0
            found |= all_sing & same_way & ((was == 0) | (was == 7)) & (interval % 12 == was)
    found[:, satb.REST] = False
    return found


def outside(classes: Ints) -> Bools:
    """Which notes of `classes[k, voice]` lie outside their voice's range."""
    return (classes > satb.REST) & ((classes < _LOW) | (classes > _HIGH))


def wide(interval: Ints, together: Bools) -> Bools:
    """Which of the upper neighbours lie wider apart than an octave, `[k, pair]` for soprano-alto and alto-tenor."""
    upper = [0, 3]  # among the pairs of voices
    return together[:, upper] & (interval[:, upper] > _OCTAVE)


class Frames:
    """Frames with what the rules ask about them: `[k, voice]` for voices, `[k, pair]` for the six pairs."""

    __slots__ = ("before", "classes", "interval", "moved", "sung", "together")

    def __init__(self, classes: Ints, before: Ints | None) -> None:
        self.classes, self.sung = classes, classes > satb.REST
        self.together = self.sung[:, _UPPER] & self.sung[:, _LOWER]
        self.interval = classes[:, _UPPER] - classes[:, _LOWER]
        self.before = np.zeros_like(classes) if before is None else np.broadcast_to(before, classes.shape)
        self.moved = np.where(self.sung & (self.before > satb.REST), classes - self.before, 0)
        """Semitones; 0 also where the voice begins or ends."""

    def both_move(self) -> Bools:
        return (self.moved[:, _UPPER] != 0) & (self.moved[:, _LOWER] != 0)

    def _same_way(self) -> Bools:
        return self.moved[:, _UPPER] * self.moved[:, _LOWER] > 0

    def _perfect(self) -> Bools:
        return _IS_PERFECT[self.interval % 12]

    def parallels(self) -> Bools:
        """Pairs that go the same way from a fifth, an octave or a unison into the same, `[k, pair]`."""
        then = (self.before[:, _UPPER] - self.before[:, _LOWER]) % 12
        return self._same_way() & self._perfect() & (self.interval % 12 == then)

    def direct(self) -> Bools:
        """Whether soprano and bass go the same way into a fifth or an octave, the soprano by a leap."""
        outer = 2  # soprano and bass among the pairs
        into = self._same_way()[:, outer] & self._perfect()[:, outer] & ~self.parallels()[:, outer]
        return into & (np.abs(self.moved[:, 0]) > _STEP)

    def overlaps(self) -> Ints:
        """How many voices step over where their neighbour was before."""
        then, both = self.before, (self.before[:, 1:] > satb.REST) & (self.before[:, :-1] > satb.REST)
        above = self.sung[:, 1:] & (self.classes[:, 1:] > then[:, :-1])
        below = self.sung[:, :-1] & (self.classes[:, :-1] < then[:, 1:])
        return (both & above).sum(axis=1, dtype=np.int32) + (both & below).sum(axis=1, dtype=np.int32)

    def pitch_classes(self) -> Ints:
        return (self.classes + satb.LOWEST - 1) % 12


def _doubled_leading_note(frame: Frames, key: Key) -> Ints:
    """How often the leading note is doubled in a chord of the dominant (elsewhere the same note does not lead)."""
    degrees = (frame.pitch_classes() - key[0]) % 12
    dominant = (~frame.sung | np.isin(degrees, _DOMINANT)).all(axis=1)
    count = (frame.sung & (degrees == 11)).sum(axis=1, dtype=np.int32)
    return np.where(dominant, np.maximum(count - 1, 0), 0).astype(np.int32)
