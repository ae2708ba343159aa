"""Closes as nats on a canvas: chords, dominants and held steps."""

import numpy as np

from bachbridge.music.frames import UNKNOWN, pitch_classes, pitch_index
from bachbridge.music.phrasing.closing.canvas_closes import closing_nats_of_steps

CLASSES = pitch_classes(np.arange(47, dtype=np.int32))


def closes(*pitches: int, phrase_ends: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    line = np.repeat([pitch_index(pitch) for pitch in pitches], 4)
    given = np.full((len(line), 4), UNKNOWN, np.int32)
    given[:, 0] = line
    onsets = np.zeros(given.shape, bool)
    onsets[::4, 0] = True
    return closing_nats_of_steps(given, onsets, phrase_ends=phrase_ends, key=(0, False), seed=1)


def test_closes_want_a_triad_that_has_the_note():
    nats, holds = closes(67, 69, 71, 72)
    assert np.flatnonzero(holds).tolist() == [13, 14, 15]
    free = {int(pitch_class) for pitch_class in CLASSES[1:][nats[12, 1, 1:] == 0]}
    roots = {int(pitch_class) for pitch_class in CLASSES[1:][nats[12, 3, 1:] == 0]}
    assert (free, roots) == ({0, 4, 7}, {0})
    assert not nats[:8].any()


def test_closes_come_at_phrase_ends_too():
    nats, holds = closes(67, 69, 67, 64, 71, 72, phrase_ends=(8,))
    assert np.flatnonzero(holds).tolist() == [9, 10, 11, 21, 22, 23]
    assert (nats[8:12] == nats[8]).all()
    assert nats[8].any()
