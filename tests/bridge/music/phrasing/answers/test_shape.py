"""The shape of an answer: its key, where its last chord begins, and which one it is."""

import pytest

from bachbridge.music.notes import Note, Phrase
from bachbridge.music.phrasing.answers.shape import AnswerShape, shape_answer

SCALE = tuple(Note(2 * at, 2, pitch) for at, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72)))


def shape(phrase: Phrase, steps: int, close: str = "cadence", key: tuple[int, bool] | None = None) -> AnswerShape:
    found = shape_answer(phrase, steps, close, key)
    assert found
    return found


@pytest.mark.parametrize(
    ("close", "final_step", "chord"), [("cadence", 56, (0, 4, 7)), ("open", 56, (7, 11, 2)), ("music", 64, ())]
)
def test_shape_closes_as_it_is_asked(close: str, final_step: int, chord: tuple[int, ...]) -> None:
    found = shape(Phrase(SCALE, 16), 64, close)
    assert (found.final_step, found.final_chord) == (final_step, chord)


@pytest.mark.parametrize(
    ("bar", "position", "gap", "steps", "final_step"),
    [
        (16, 0, 4, 64, 56),
        (16, 0, 16, 64, 48),
        (12, 0, 2, 48, 36),
        (16, None, 2, 16, 8),
        (16, 0, 2, 8, 0),
        (16, 0, 2, 3, 0),
        (16, 4, 4, 64, 60),
        (1, 0, 2, 30, 26),
        (7, 3, 3, 21, 15),
    ],
)
def test_last_chord_begins_on_a_strong_place(
    bar: int, position: int | None, gap: int, steps: int, final_step: int
) -> None:
    phrase = Phrase(tuple(Note(gap * at, gap, 60 + 2 * at) for at in range(3)), max(1, bar) * (3 * gap // bar + 1), bar)
    phrase = Phrase(phrase.notes, phrase.steps, bar, position)
    assert shape(phrase, steps).final_step == final_step


def test_shape_takes_key_and_chromatic_notes_of_the_player() -> None:
    plain = shape(Phrase(SCALE, 16), 64).note_nats
    assert [pitch_class for pitch_class, nats in enumerate(plain) if nats == 0] == [0, 2, 4, 5, 7, 9, 11]
    chromatic = shape(Phrase((*SCALE, Note(16, 4, 66), Note(20, 4, 67)), 24), 64).note_nats
    assert plain[6] < chromatic[6] < 0
    locked = shape(Phrase(SCALE, 16), 64, key=(9, True))
    assert locked.final_chord == (9, 0, 4)
    assert locked.note_nats[8] == 0, "the leading note"
    assert plain[6] < locked.note_nats[6] < 0, "the raised sixth"


def test_shape_counts_the_players_notes() -> None:
    chords = tuple(Note(start, 8, pitch) for start in (0, 8) for pitch in (48, 55, 64, 72))
    found = shape(Phrase((*chords, Note(24, 8, 72)), 32), 64)
    assert (found.most_notes, found.notes_per_onset) == (4, 3)
    assert found.reach > shape(Phrase(SCALE[:3], 16), 64).reach


def test_shape_is_none_without_notes() -> None:
    assert shape_answer(Phrase((), 16), 16, "cadence") is None
