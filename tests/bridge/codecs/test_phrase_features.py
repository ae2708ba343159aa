"""A note's row: the future is hidden where it is not known, and quick rows are those of the slow way."""

import numpy as np
import pytest

from bachbridge.codecs import phrase_features
from bachbridge.codecs.phrase_features import FEATURE_COUNT, causal_rows, distance_classes, feature_rows, melody_arrays
from bachbridge.inference.phrasing.live import LiveMelody, after_note, phrase_end_probability
from bachbridge.music.frames import Floats
from bachbridge.music.notes import Note


class RecordingNet:
    """Keeps the rows that it is asked about; the logits follow from them."""

    def __init__(self) -> None:
        self.rows: Floats = np.zeros((0, FEATURE_COUNT), np.float32)

    def logits(self, features: Floats, /) -> Floats:
        self.rows = features
        return np.repeat(np.sin(features.sum(axis=1))[:, None], phrase_features.DISTANCE_CLASSES, axis=1)


def random_melody(count: int, first: int = 3) -> list[Note]:
    rng = np.random.default_rng(count)
    notes: list[Note] = []
    for _ in range(count):
        length = int(rng.choice([1, 2, 4, 4, 6, 8]))
        notes.append(Note(first, length, int(rng.integers(58, 82))))
        first += length + int(rng.choice([0, 0, 0, 2, 4, 12]))
    return notes


@pytest.mark.parametrize("position", [5, None])
def test_live_rows_are_causal_rows(position: int | None) -> None:
    notes, net, melody = random_melody(40), RecordingNet(), LiveMelody()
    for number, note in enumerate(notes):
        arrays = melody_arrays(notes[: number + 1], position, 16)
        place = None if position is None else int(arrays.place[-1])
        for held in (0, note.length - 1):
            wanted = causal_rows(arrays, np.array([number], np.int32), np.array([held], np.int32))
            phrase_end_probability(
                net, melody, (note.pitch,), start=note.start, held=held, steps_per_bar=16, position=place
            )
            np.testing.assert_allclose(net.rows, wanted, atol=1e-5)
        melody = after_note(net, melody, note, steps_per_bar=16, position=place)


def test_causal_rows_know_nothing_later() -> None:
    notes = random_melody(30)
    at, held = np.arange(12, dtype=np.int32), np.zeros(12, np.int32)
    whole = causal_rows(melody_arrays(notes, 0, 16), at, held)
    begun = causal_rows(melody_arrays(notes[:12], 0, 16), at, held)
    np.testing.assert_array_equal(whole, begun)


def test_feature_rows_do_not_depend_on_the_key() -> None:
    notes = random_melody(30)
    higher = [Note(note.start, note.length, note.pitch + 5) for note in notes]
    rows = feature_rows(melody_arrays(notes, 0, 16))
    assert rows.shape == (30, FEATURE_COUNT)
    np.testing.assert_allclose(rows, feature_rows(melody_arrays(higher, 0, 16)))


def test_distance_classes_count_quarters_of_a_bar() -> None:
    steps = np.array([0, 4, 6, 28, 10**6], np.int32)
    assert distance_classes(steps, np.full(len(steps), 16, np.int32)).tolist() == [
        0,
        1,
        2,
        7,
        phrase_features.DISTANCE_CLASSES - 1,
    ]
