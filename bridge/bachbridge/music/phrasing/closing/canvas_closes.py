"""Closes where all steps are drawn together: nats for the notes of the chords that are due, and steps that are held.

The chord of each phrase end is drawn beforehand (`phrase_plan.find_last_notes`). The dominant before it is wished for
less strongly than the close itself: other chords may lead there too.
"""

from collections.abc import Sequence

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, Bools, Floats, Ints
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Key
from bachbridge.music.phrasing.close_bias import outside_nats
from bachbridge.music.phrasing.closing.phrase_plan import find_last_notes

_CLOSE_NATS, _ROOT_NATS = 9.0, 12.0
"""Nats against notes outside the chord of a close, and against another bass than its root."""
_DOMINANT_NATS, _EARLY_NATS = 5.0, 1.5
"""Nats against notes outside its dominant in the last 8th before it, and in the 8th before that."""
_DOMINANT_DEGREES, _DOMINANT_ROOT = (7, 11, 2, 5), 7


def closing_nats_of_steps(
    given: Ints, onsets: Bools, *, phrase_ends: Sequence[int], key: Key | None, seed: int
) -> tuple[Floats, Bools]:
    """Return nats `[step, voice, pitch index]` for the closes under `given[step, voice]`, and the steps that are held.

    The other voices stay from the first step of a phrase's last note to its end. The arguments are those of
    `phrase_plan.plan_steps`.
    """
    nats = np.zeros((len(given), len(VOICES), PITCH_INDEX_COUNT), np.float32)
    holds = np.zeros(len(given), bool)
    for last_note in find_last_notes(given, onsets, phrase_ends, key, np.random.default_rng([seed, 7])):
        root, minor, is_authentic = last_note.close.target
        begin = last_note.begin
        if is_authentic:
            dominant = [(root + degree) % 12 for degree in _DOMINANT_DEGREES]
            bass = (root + _DOMINANT_ROOT) % 12
            for before in range(1, min(STEPS_PER_BEAT, begin) + 1):
                strength = _DOMINANT_NATS if before <= STEPS_PER_BEAT // 2 else _EARLY_NATS
                nats[begin - before] += outside_nats(dominant, bass, strength, strength)
        triad = [root, (root + (3 if minor else 4)) % 12, (root + 7) % 12]
        nats[begin : last_note.end] = outside_nats(triad, root, _CLOSE_NATS, _ROOT_NATS)
        holds[begin + 1 : last_note.end] = True
    return nats, holds
