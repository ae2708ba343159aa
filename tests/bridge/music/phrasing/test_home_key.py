"""The key in which a phrase is at home."""

import numpy as np
import pytest

from bachbridge.music.frames import UNKNOWN, pitch_index
from bachbridge.music.notes import Key, Note, Phrase
from bachbridge.music.phrasing.home_key import home_key_of_frames
from bachbridge.music.voice_assignment import frames_from_phrase


def line(*pitches: int, length: int = 4) -> list[Note]:
    return [Note(length * number, length, pitch) for number, pitch in enumerate(pitches)]


def home_key_of_notes(notes: list[Note]) -> Key | None:
    prompt = frames_from_phrase(Phrase(tuple(notes), max((note.end for note in notes), default=4)))
    return home_key_of_frames(prompt.pitch_indices, prompt.onsets)


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        (line(60, 62, 64, 65, 67, 65, 64, 62, 60), (0, False)),
        (line(69, 71, 72, 74, 76, 74, 72, 71, 68, 69), (9, True)),
        (line(62, 66, 69, 74, 69, 66, 62), (2, False)),
        (line(60), (0, False)),
        (line(67, 67, 67), (7, False)),
        (line(24, 26, 28, 29, 31, 29, 28, 26, 24), (0, False)),
        (line(96, 98, 100, 101, 103, 105, 107, 108), (0, False)),
    ],
)
def test_home_key_of_a_line(notes: list[Note], expected: Key) -> None:
    assert home_key_of_notes(notes) == expected


def test_home_key_counts_the_bass() -> None:
    chords = [Note(4 * number, 4, pitch) for number in range(4) for pitch in (45, 64, 72)]
    assert home_key_of_notes(chords) == (9, True)


def test_home_key_of_nothing_is_none() -> None:
    assert home_key_of_notes([]) is None
    silence = np.zeros((16, 4), np.int32)
    assert home_key_of_frames(silence, silence.astype(bool)) is None


def test_home_key_of_frames_follows_the_voice_given() -> None:
    frames = np.full((32, 4), UNKNOWN, np.int32)
    for number, pitch in enumerate((67, 69, 71, 72, 74, 72, 69, 67)):
        frames[4 * number : 4 * number + 4, 0] = pitch_index(pitch)
    onsets = np.zeros(frames.shape, bool)
    onsets[::4, 0] = True
    assert home_key_of_frames(frames, onsets) == (7, False)
