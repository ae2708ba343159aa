"""The key in which a phrase and its answer are written: its signature, and the mode by which accidentals are spelt.

Three witnesses are weighed: the course of the melody (`tonality.key_belief`), how long each pitch class sounds (the
profiles of `music.keys`), and the lowest notes at the ends. The player's phrase is the reference. Its answer, which may
modulate, counts less. A major key and its relative minor share a signature, so their probabilities are added before the
signature is chosen; the likelier of the two then decides the spelling.
"""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from bachbridge.music.frames import folded_pitch_index
from bachbridge.music.harmony.spelling import key_signature_fifths
from bachbridge.music.keys import key_profile_scores
from bachbridge.music.notation.tuplets import WrittenNote
from bachbridge.music.notes import Key, Note, key_from_number
from bachbridge.music.tonality.key_belief import KEY_COUNT, NO_BELIEF, Probabilities

_PROFILE_NATS = 8.0
"""Nats for a key whose profile agrees perfectly with the durations."""
_BASS_NATS = 0.7
"""Nats for the keys on the lowest note with which the phrase begins, and for those on its last one."""
_ANSWER_SHARE = 0.5
"""Weight of the answer beside that of a phrase of the same length."""
_FULL_PHRASE_ONSETS = 6
"""Onsets from which on the melody's course counts in full."""
_MAX_HELD_STEPS = 12
"""Steps of a note that are counted: a longer one says no more."""
_SIGNATURES = np.array([key_signature_fifths((number % 12, number >= 12)) for number in range(KEY_COUNT)])
C_MAJOR: Key = (0, False)
Notes = Sequence[Note | WrittenNote]


def written_key(prompt: Notes, answer: Notes = (), given: Key | None = None) -> Key:
    """Return the key in which the phrase and its answer are written; `given` is the player's, if it is set.

    Notes are sorted by start. Without any note it is C major.
    """
    return weighed_key(prompt, answer, given)[0]


def weighed_key(prompt: Notes, answer: Notes = (), given: Key | None = None) -> tuple[Key, float]:
    """Return the same key as `written_key`, and the probability of its signature; 0 without any note."""
    if given is not None:
        return given, 1.0
    if not prompt and not answer:
        return C_MAJOR, 0.0
    nats = signature_nats(prompt, answer)
    probabilities = np.exp(nats - nats.max())
    totals = {int(fifths): probabilities[fifths == _SIGNATURES].sum() for fifths in set(_SIGNATURES.tolist())}
    best = max(totals, key=lambda fifths: (totals[fifths], -abs(fifths)))
    key = key_from_number(int(np.where(best == _SIGNATURES, nats, -np.inf).argmax()))
    assert key is not None
    return key, float(totals[best] / probabilities.sum())


def signature_nats(prompt: Notes, answer: Notes) -> Probabilities:
    """Return how likely each key number is, in nats up to a constant."""
    reference = prompt or answer
    onsets = len({note.start for note in reference})
    belief = NO_BELIEF
    for pitch, length in _top_line(reference):
        index = folded_pitch_index(pitch)
        for step in range(max(1, min(length, _MAX_HELD_STEPS))):
            belief = belief.after_step(index, onset=not step)
    nats = min(1.0, onsets / _FULL_PHRASE_ONSETS) * np.log(belief.probabilities + 1e-9)
    weights = np.zeros(12)
    for notes, share in ((prompt, 1.0), (answer if prompt else (), _ANSWER_SHARE), (() if prompt else answer, 1.0)):
        for note in notes:
            weights[note.pitch % 12] += share * float(note.length)
    if weights.min() < weights.max():
        nats = nats + _PROFILE_NATS * key_profile_scores(weights)
    for pitch_class in _bass_ends(reference):
        nats[pitch_class:KEY_COUNT:12] += _BASS_NATS
    return nats


def _top_line(notes: Notes) -> list[tuple[int, int]]:
    """Return pitch and length of the highest note of each onset."""
    highest = [max(group, key=lambda note: note.pitch) for _, group in groupby(notes, key=lambda note: note.start)]
    return [(note.pitch, int(note.length)) for note in highest]


def _bass_ends(notes: Notes) -> list[int]:
    """Return the pitch classes of the lowest notes at both ends, if more than a melody sounds."""
    by_start = [[*group] for _, group in groupby(notes, key=lambda note: note.start)]
    if len(by_start) < 2 or all(len(group) == 1 for group in by_start):
        return []
    return [min(note.pitch for note in by_start[end]) % 12 for end in (0, -1)]
