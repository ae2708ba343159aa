"""The key of a whole phrase, of one part or several: the belief of `key_belief`, without an order of the notes.

Every note counts for the keys in which its degree is common (D. Temperley, "Music and Probability", 2007), a long one
more than a short one; the first note, the last one and the last bass note also say which tonic they suggest.
"""

from collections.abc import Sequence

import numpy as np

from bachbridge.music.notes import Key, Note, key_from_number
from bachbridge.music.tonality.key_belief import notes_key_nats

_REPEATED_WEIGHT, _STEP_WEIGHT, _MAX_WEIGHTED_STEPS = 0.2, 0.1, 8
"""Weight of a repeated pitch class, and of each step that a note lasts, beside 1 for a new note."""


def phrase_key(notes: Sequence[Note]) -> Key | None:
    """Return the likeliest key of notes that are sorted by start; None without any note."""
    if not notes:
        return None
    weights = np.zeros(12)
    for before, note in zip((None, *notes), notes, strict=False):
        repeated = before is not None and before.pitch % 12 == note.pitch % 12
        steps = min(note.length, _MAX_WEIGHTED_STEPS)
        weights[note.pitch % 12] += (_REPEATED_WEIGHT if repeated else 1) + _STEP_WEIGHT * steps
    ends = [min(_at_start(notes, notes[-1].start)), max(_at_start(notes, notes[-1].start))]
    nats = notes_key_nats(weights, min(_at_start(notes, notes[0].start)) % 12, [pitch % 12 for pitch in ends])
    return key_from_number(int(nats.argmax()))


def _at_start(notes: Sequence[Note], start: int) -> list[int]:
    """Return the pitches of the notes that begin at `start`."""
    return [note.pitch for note in notes if note.start == start]
