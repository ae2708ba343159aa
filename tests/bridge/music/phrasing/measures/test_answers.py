"""Answers compared with the phrases that they answer, note by note."""

import pytest

from bachbridge.music.notes import Note, Phrase
from bachbridge.music.phrasing.measures.answers import compare_answer, measure_answers

PHRASE = Phrase((Note(0, 4, 60, 70), Note(4, 4, 64, 90), Note(8, 8, 67, 80)), 16)
C_MAJOR = (0, False)


def test_compare_answer_has_differences_from_the_phrase() -> None:
    answer = (Note(0, 8, 72, 90), Note(8, 8, 78, 90), Note(16, 8, 74, 90), Note(24, 8, 72, 90))
    found = compare_answer(PHRASE, answer, 32, C_MAJOR)
    assert found is not None
    assert (found.notes, found.in_key, found.is_tonic_end) == (4, 0.75, True)
    assert found.register_semitones == pytest.approx(74 - 191 / 3)
    assert found.velocity_difference == 10
    assert found.rate_factor == pytest.approx((3 / 16) / (4 / 32))


@pytest.mark.parametrize(("last", "is_tonic"), [((60,), True), ((67, 64, 60), True), ((67,), False), ((60, 57), False)])
def test_tonic_end_is_that_of_the_last_chord(last: tuple[int, ...], is_tonic: bool) -> None:
    answer = (Note(0, 4, 67), *(Note(4, 4, pitch) for pitch in last))
    found = compare_answer(PHRASE, answer, 16, C_MAJOR)
    assert found is not None
    assert found.is_tonic_end == is_tonic


def test_measure_answers_counts_an_empty_answer_as_missed() -> None:
    same = compare_answer(PHRASE, PHRASE.notes, 16, C_MAJOR)
    far = compare_answer(PHRASE, (Note(0, 1, 36, 120),), 16, C_MAJOR)
    measures = measure_answers([same, far, None, compare_answer(PHRASE, (), 16, C_MAJOR)])
    assert measures is not None
    assert (measures.answers, measures.in_key, measures.tonic_ends) == (4, 1, 0.25)
    assert (measures.near_register, measures.near_velocity, measures.near_rate) == (0.25, 0.25, 0.25)
    assert measures.worst_register == pytest.approx(36 - 191 / 3)
    assert (measures.worst_velocity, measures.worst_rate) == (40, pytest.approx(3))
    assert measure_answers([None]) is None
