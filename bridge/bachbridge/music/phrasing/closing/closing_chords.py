"""The chords on which phrases end, and whether their dominant goes before: how likely each is under a last note.

The shares were counted at the fermatas of Bach's chorales (training part; `scripts/tables/closing_chords.py` prints
them): for a piece in major or minor and each degree of the melody's last note, how often each triad in root position
follows other chords and how often its dominant. They are mixed by the belief in the 24 keys, since a melody alone does
not tell its key for sure. The last chord of a piece is the tonic's.
"""

import numpy as np

from bachbridge.music.keys import Weights
from bachbridge.music.notes import Key, key_to_number
from bachbridge.music.tonality.key_belief import KEY_COUNT

_COUNTS: dict[tuple[int, int], dict[tuple[int, int], tuple[int, int]]] = {
    (0, 0): {(0, 0): (29, 111), (9, 1): (18, 13), (5, 0): (3, 9)},
    (0, 2): {(7, 0): (71, 8), (2, 1): (3, 18), (10, 0): (0, 7)},
    (0, 4): {(0, 0): (21, 47), (9, 0): (20, 5), (4, 0): (7, 0), (9, 1): (2, 2)},
    (0, 5): {(5, 0): (2, 15), (2, 1): (7, 6), (5, 1): (0, 4)},
    (0, 7): {(7, 0): (14, 111), (0, 0): (15, 1), (4, 1): (8, 1), (7, 1): (1, 4)},
    (0, 9): {(9, 1): (2, 14), (5, 0): (10, 4), (2, 0): (3, 0)},
    (0, 11): {(7, 0): (13, 22), (4, 0): (5, 2), (4, 1): (1, 1)},
    (1, 0): {(0, 1): (12, 84), (8, 0): (13, 4), (5, 0): (13, 1), (0, 0): (8, 4)},
    (1, 2): {(7, 0): (50, 8), (10, 0): (7, 11)},
    (1, 3): {(3, 0): (11, 61), (0, 1): (6, 2), (8, 0): (1, 2)},
    (1, 4): {(0, 0): (2, 0)},
    (1, 5): {(5, 1): (4, 20), (10, 0): (9, 5), (5, 0): (1, 2)},
    (1, 7): {(7, 0): (25, 28), (3, 0): (20, 22), (7, 1): (2, 18), (0, 0): (6, 0), (0, 1): (3, 1)},
    (1, 8): {(8, 0): (4, 7)},
    (1, 10): {(10, 0): (1, 19), (7, 1): (1, 5), (3, 0): (3, 1), (10, 1): (0, 2)},
    (1, 11): {(7, 0): (22, 2)},
}
"""`[minor, degree]`: (root above the tonic, minor third) with counts of other chords and of the dominant before it."""
_LAST_SHARES = {0: 0.85, 4: 0.04, 3: 0.04, 7: 0.05, 2: 0.005}
"""Shares of the degrees with which a melody ends at home; the second is that of a half close."""
_RARE_SHARE = 0.002
_BELIEF_WEIGHT = 0.3
"""Weight of the belief in a key beside the last note: the belief is too sure of itself."""
_PICARDY_SHARE = 0.5
"""Share of the last chords in minor with a major third: in Bach's chorales about half."""
_AUTHENTIC_SHARE = 0.8
"""Share of last chords after their dominant."""


def closing_shares(probabilities: Weights, pitch_class: int) -> Weights:
    """Return `share[root, minor, dominant before]` of the closes under a last note, by `probabilities[key number]`."""
    shares = joint_shares(probabilities, pitch_class)
    return shares / shares.sum()


def joint_shares(probabilities: Weights, pitch_class: int) -> Weights:
    """Return the shares of closes under this last note among all closes, `share[root, minor, dominant before]`."""
    shares = np.zeros((12, 2, 2))
    for number in range(KEY_COUNT):
        minor, tonic = divmod(number, 12)
        for (root, third), counts in _COUNTS.get((minor, (pitch_class - tonic) % 12), {}).items():
            shares[(root + tonic) % 12, third] += probabilities[number] * np.array(counts) / _degree_count(minor)
    return shares + _RARE_SHARE / 4 * _triads_with(pitch_class)[:, :, None]


def closing_shares_over_bass(probabilities: Weights, pitch_class: int) -> Weights:
    """Return `closing_shares` where the given last note is the bass's, and so the root."""
    shares = np.zeros((12, 2, 2))
    for number in range(KEY_COUNT):
        minor, tonic = divmod(number, 12)
        for chords in (chords for (mode, _), chords in _COUNTS.items() if mode == minor):
            for (root, third), counts in chords.items():
                if (root + tonic) % 12 == pitch_class:
                    shares[pitch_class, third] += probabilities[number] * np.array(counts)
    shares[pitch_class] += _RARE_SHARE
    return shares / shares.sum()


def _degree_count(minor: int) -> int:
    return sum(sum(counts) for (mode, _), chords in _COUNTS.items() if mode == minor for counts in chords.values())


def _triads_with(pitch_class: int) -> Weights:
    """Return 1 for each major and minor triad that has the note, `[root, minor]`."""
    found = np.zeros((12, 2))
    for minor, third in enumerate((4, 3)):
        for interval in (0, third, 7):
            found[(pitch_class - interval) % 12, minor] = 1
    return found


def home_of_melody(probabilities: Weights, pitch_class: int) -> Key:
    """Return the key in which a melody ends, by the belief after it and its last note.

    In Bach's chorales the last note is the tonic in 96 of 100 (training part).
    """
    nats = _BELIEF_WEIGHT * np.log(probabilities + 1e-9)
    for number in range(KEY_COUNT):
        minor, tonic = divmod(number, 12)
        degree = (pitch_class - tonic) % 12
        fits = degree in _LAST_SHARES and degree != (4 if minor else 3)
        nats[number] += np.log(_LAST_SHARES[degree] if fits else _RARE_SHARE)
    best = int(nats.argmax())
    return best % 12, best >= 12


def final_shares(home: Key, pitch_class: int, *, has_raised_third: bool) -> Weights:
    """Return `share[root, minor, dominant before]` of the last chord in the key `home`, under the last note.

    It is the tonic's triad; where the note does not belong to that, the dominant's, or another with the note.
    """
    tonic, minor = home
    shares = _RARE_SHARE * np.repeat(_triads_with(pitch_class)[:, :, None], 2, axis=2)
    degree = (pitch_class - tonic) % 12
    is_major = degree == 4 or (has_raised_third and degree != 3)
    third = int(minor and not is_major)
    if degree in (0, 4 - third, 7):
        shares[tonic, third] = 1 - _AUTHENTIC_SHARE, _AUTHENTIC_SHARE
    elif degree in (2, 11):
        shares[(tonic + 7) % 12, 0] = _AUTHENTIC_SHARE, 1 - _AUTHENTIC_SHARE
    else:
        shares = closing_shares(np.eye(KEY_COUNT)[key_to_number(home)], pitch_class)
    return shares / shares.sum()


def draw_raised_third(rng: np.random.Generator) -> bool:
    """Draw whether a piece in minor ends on a major chord."""
    return bool(rng.random() < _PICARDY_SHARE)
