"""The key signature of phrases and answers."""

import pytest

from bachbridge.music.harmony.spelling import key_signature_fifths
from bachbridge.music.notation.signature import written_key
from bachbridge.music.notes import Note


def melody(*pitches: int) -> list[Note]:
    return [Note(4 * at, 4, pitch) for at, pitch in enumerate(pitches)]


@pytest.mark.parametrize(
    ("pitches", "fifths"),
    [
        ((67, 70, 74, 72, 70, 69, 67, 66, 67), -2),
        ((62, 65, 69, 67, 65, 64, 62, 61, 62), -1),
        ((64, 66, 67, 69, 71, 72, 71, 69, 67, 66, 64, 63, 64), 1),
        ((60, 62, 63, 65, 67, 68, 67, 65, 63, 62, 60, 59, 60), -3),
        ((66, 68, 69, 71, 73, 74, 73, 71, 69, 68, 66, 65, 66), 3),
        ((65, 65, 65, 65), -1),
    ],
)
def test_written_key_has_the_melodys_signature(pitches: tuple[int, ...], fifths: int) -> None:
    assert key_signature_fifths(written_key(melody(*pitches))) == fifths


def test_written_key_of_the_phrase_outweighs_the_answer() -> None:
    prompt = melody(67, 70, 74, 72, 70, 69, 67, 66, 67)
    answer = [
        Note(4 * at, 4, pitch - 12 * (voice > 1), voice=voice)
        for at in range(8)
        for voice, pitch in enumerate((74, 69, 66, 62))
    ]
    assert key_signature_fifths(written_key(answer)) != -2
    assert written_key(prompt, answer) == (7, True)


def test_written_key_is_the_given_one_or_c_major() -> None:
    assert written_key(melody(60, 64, 67), given=(2, True)) == (2, True)
    assert written_key([]) == (0, False)
