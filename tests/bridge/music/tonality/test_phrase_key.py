"""The key of whole phrases of all kinds."""

import pytest

from bachbridge.music.notes import Key, Note
from bachbridge.music.tonality.phrase_key import phrase_key


def melody(*pitches: int) -> list[Note]:
    return [Note(4 * at, 4, pitch) for at, pitch in enumerate(pitches)]


@pytest.mark.parametrize(
    ("pitches", "key"),
    [
        ((60, 62, 64, 65, 67, 69, 71, 72), (0, False)),
        ((57, 60, 64, 69, 64, 60, 57), (9, True)),
        ((67, 67, 69, 71, 74, 72, 71, 69, 67, 66, 67), (7, False)),
        ((62, 65, 69, 67, 65, 64, 61, 62), (2, True)),
        ((66, 68, 70, 71, 73, 75, 77, 78), (6, False)),
        ((65,), (5, False)),
        ((60,) * 16, (0, False)),
    ],
)
def test_phrase_key_is_that_of_the_tune(pitches: tuple[int, ...], key: Key) -> None:
    assert phrase_key(melody(*pitches)) == key


def test_phrase_key_hears_the_bass() -> None:
    chords = [Note(8 * at, 8, pitch) for at, chord in enumerate(((57, 60, 64), (53, 57, 60))) for pitch in chord]
    assert phrase_key([*chords, Note(16, 8, 45), Note(16, 8, 60), Note(16, 8, 64)]) == (9, True)
    assert phrase_key([*chords, Note(16, 8, 48), Note(16, 8, 64), Note(16, 8, 67)]) == (0, False)


def test_phrase_key_is_none_without_notes() -> None:
    assert phrase_key([]) is None
