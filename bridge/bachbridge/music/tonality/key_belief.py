"""The key of a tune as a belief: probabilities of the 24 keys, which every note of the tune changes.

It is a hidden Markov model with the keys as states (D. Temperley, "Music and Probability", 2007). A tune is likelier to
be in a key with few accidentals; from note to note the key mostly stays, or moves to a related one (the distance of
keys is that of C. Krumhansl and E. Kessler, Psychological Review 89, 1982: the correlation of their profiles). A key
makes each note as likely as the note's degree is in melodies in that key. Some notes say more: tunes begin on the
notes of the tonic chord, a note a semitone above the one before may be the tonic after its leading note, and a long
note or one before a rest may be a last one. Only the tune counts, never the harmony, which would confirm itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbridge.music.frames import REST, Bools, Ints, pitch_classes
from bachbridge.music.keys import key_profile_correlations
from bachbridge.music.notes import Key, key_from_number, key_to_number

KEY_COUNT = 24
Probabilities = NDArray[np.float64]

_MAJOR_DEGREES = (0.184, 0.001, 0.155, 0.003, 0.191, 0.109, 0.005, 0.214, 0.001, 0.078, 0.004, 0.055)
_MINOR_DEGREES = (0.192, 0.005, 0.149, 0.179, 0.002, 0.144, 0.002, 0.201, 0.038, 0.012, 0.053, 0.022)
"""Shares of the notes of melodies by semitones above the tonic (Temperley's counts in European folk songs)."""
_UNEXPECTED_SHARE = 0.08
"""Share of notes that follow no key: it keeps one chromatic note from deciding."""
_FIRST_DEGREES = {0: 0.45, 7: 0.26, 4: 0.17, 3: 0.1}
_LAST_DEGREES = {0: 0.6, 7: 0.2, 4: 0.15, 3: 0.1}
_RARE_DEGREE = 0.015
_ACCIDENTAL_NATS = 0.3
"""Nats for each accidental of a key's signature: players choose simple keys more often."""
_MINOR_NATS = 0.5
_KEEP_KEY_SHARE = 0.985
"""Probability that the next note is in the same key."""
_RELATED_NATS = 4.0
"""Nats by which a closely related key (correlation 1) is a likelier next key than an unrelated one (correlation 0)."""
_REPEATED_WEIGHT, _STEP_WEIGHT, _MAX_WEIGHTED_STEPS = 0.3, 0.1, 8
"""Weight of a repeated pitch class, and of each step that a note lasts, beside 1 for a new note."""
_CHORD_WEIGHT = 0.5
"""Weight of a note that the player adds under the tune's note, beside 1 for that one."""
_LEADING_NATS = 0.3
"""Nats for the keys whose tonic is reached by a semitone from below."""
_KEPT_SHARE = 0.7
"""Share of the belief that is left after a pause: players rest, and mostly go on in the same key."""
_LONG_STEPS, _LAST_WEIGHT = 8, 0.5
"""Steps after which a note may be a last one, and the weight of that."""


def _by_key(major: NDArray[np.float64], minor: NDArray[np.float64]) -> Probabilities:
    """Return `table[pitch class, key]` from values by degree."""
    return np.array([np.roll(row, tonic) for row in (major, minor) for tonic in range(12)]).T


def _log_by_degree(shares: dict[int, float], third: int) -> NDArray[np.float64]:
    """Return log probabilities by degree; the other mode's third is as rare as the degrees that are not given."""
    allowed = {degree: share for degree, share in shares.items() if degree not in (3, 4) or degree == third}
    row = np.array([allowed.get(degree, _RARE_DEGREE) for degree in range(12)])
    return np.log(row / row.sum())


def _log_degrees(shares: tuple[float, ...]) -> NDArray[np.float64]:
    mixed = (1 - _UNEXPECTED_SHARE) * np.array(shares) / sum(shares) + _UNEXPECTED_SHARE / 12
    return np.log(mixed)


_NOTE_NATS = _by_key(_log_degrees(_MAJOR_DEGREES), _log_degrees(_MINOR_DEGREES))
_FIRST_NATS = _by_key(_log_by_degree(_FIRST_DEGREES, 4), _log_by_degree(_FIRST_DEGREES, 3))
_LAST_NATS = _by_key(_log_by_degree(_LAST_DEGREES, 4), _log_by_degree(_LAST_DEGREES, 3))
_TONIC_NATS = _by_key(*(np.array([_LEADING_NATS] + [0.0] * 11) for _ in range(2)))


def _prior() -> Probabilities:
    fifths = np.array([(7 * tonic + 5) % 12 - 5 for tonic in range(12)])  # sharps, or flats below 0
    accidentals = np.abs(np.concatenate([fifths, np.roll(fifths, -3)])).astype(np.float64)
    accidentals[12:] = [abs((7 * (tonic + 3) + 5) % 12 - 5) for tonic in range(12)]
    nats = -_ACCIDENTAL_NATS * accidentals
    nats[12:] -= _MINOR_NATS
    return np.exp(nats) / np.exp(nats).sum()


def _transitions() -> Probabilities:
    """Return `share[key, next key]`."""
    related = np.exp(_RELATED_NATS * key_profile_correlations())
    np.fill_diagonal(related, 0)
    moves = (1 - _KEEP_KEY_SHARE) * related / related.sum(axis=1, keepdims=True)
    return moves + _KEEP_KEY_SHARE * np.eye(KEY_COUNT)


_PRIOR, _TRANSITIONS = _prior(), _transitions()


def _normalized(shares: Probabilities) -> Probabilities:
    return shares / shares.sum(axis=-1, keepdims=True)


@dataclass(frozen=True, slots=True)
class KeyBelief:
    """The belief after some steps of a tune: `probabilities[key number]` (see `notes.key_to_number`).

    `pitch_class` is that of the last note (-1: none yet), and `steps` how long it has lasted, as long as it sounds.
    """

    probabilities: Probabilities
    pitch_class: int = -1
    steps: int = 0

    @property
    def has_begun(self) -> bool:
        """True once the tune has a note."""
        return self.pitch_class >= 0

    @property
    def confidence(self) -> float:
        """The probability of the likeliest key."""
        return float(self.probabilities.max())

    @property
    def key(self) -> Key | None:
        """The likeliest key; None before the first note."""
        return key_from_number(int(self.probabilities.argmax())) if self.has_begun else None

    @property
    def certain_key(self) -> Key | None:
        """The likeliest key, if it is likelier than all others together."""
        return self.key if self.confidence > 0.5 else None

    def after_step(self, pitch_index: int, *, onset: bool) -> "KeyBelief":
        """Return the belief after one more step, in which the tune has this note (or rests)."""
        if pitch_index <= REST:
            return self._after_silence()
        pitch_class = int(pitch_classes(np.array([pitch_index], np.int32))[0])
        if onset or pitch_class != self.pitch_class or not self.steps:
            return KeyBelief(self.by_next_pitch_class()[pitch_class], pitch_class, 1)
        if self.steps > _MAX_WEIGHTED_STEPS:
            return self
        nats = _STEP_WEIGHT * _NOTE_NATS[pitch_class]
        if self.steps == _LONG_STEPS:
            nats = nats + _LAST_WEIGHT * _LAST_NATS[pitch_class]
        return KeyBelief(_normalized(self.probabilities * np.exp(nats)), pitch_class, self.steps + 1)

    def after_chord_note(self, pitch_class: int) -> "KeyBelief":
        """Return the belief with another note of the chord that sounds under the tune's note."""
        shares = _normalized(self.probabilities * np.exp(_CHORD_WEIGHT * _NOTE_NATS[pitch_class]))
        return KeyBelief(shares, self.pitch_class, self.steps)

    def after_line(self, pitch_indices: Ints, onsets: Bools) -> "KeyBelief":
        """Return the belief after the steps of a line, `pitch_indices[step]` and `onsets[step]`."""
        belief = self
        for index, onset in zip(pitch_indices.tolist(), onsets.tolist(), strict=True):
            belief = belief.after_step(index, onset=onset)
        return belief

    def _after_silence(self) -> "KeyBelief":
        """Return the belief with the note before a rest as a last one, if that has not been counted for its length."""
        if not self.steps:
            return self
        shares = self.probabilities
        if self.steps <= _LONG_STEPS:
            shares = _normalized(shares * np.exp(_LAST_WEIGHT * _LAST_NATS[self.pitch_class]))
        return KeyBelief(shares, self.pitch_class, 0)

    def after_pause(self) -> "KeyBelief":
        """Return the belief before the first note of the next tune; one that was not played yet changes nothing."""
        if not self.has_begun:
            return self
        return KeyBelief(_KEPT_SHARE * self.probabilities + (1 - _KEPT_SHARE) * _PRIOR)

    def by_next_pitch_class(self) -> Probabilities:
        """Return the belief after each note that may come next: `probabilities[pitch class, key]`."""
        if not self.has_begun:
            return _normalized(self.probabilities * np.exp(_FIRST_NATS))
        nats = _NOTE_NATS.copy()
        nats[self.pitch_class] *= _REPEATED_WEIGHT
        above = (self.pitch_class + 1) % 12
        nats[above] += _TONIC_NATS[above]
        return _normalized((self.probabilities @ _TRANSITIONS) * np.exp(nats))


def notes_key_nats(weights: Probabilities, first: int, last: Sequence[int]) -> Probabilities:
    """Return how likely each key is, in nats up to a constant, by `weights[pitch class]` of notes in no order.

    `first` is the first note's pitch class, and `last` are those of the last notes.
    """
    ends = sum((_LAST_NATS[pitch_class] for pitch_class in last), np.zeros(KEY_COUNT))
    return np.log(_PRIOR) + weights @ _NOTE_NATS + _FIRST_NATS[first] + ends


NO_BELIEF = KeyBelief(_PRIOR)
"""The belief before the first note."""


def certain_belief(key: Key) -> KeyBelief:
    """Return the belief of a player who has set the key."""
    return KeyBelief(np.eye(KEY_COUNT)[key_to_number(key)], key[0])
