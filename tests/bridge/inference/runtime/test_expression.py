"""The player's expression in the answer: swing."""

from bachbridge.inference.runtime.expression import ExpressionSampler
from bachbridge.music.notes import Note, Phrase


def test_answer_keeps_swing_of_player() -> None:
    late_ns = 83_000_000
    played = [Note(2 * n, 2, 60, 80, 0, late_ns if n % 2 else 0) for n in range(8)]
    sampler = ExpressionSampler(Phrase(tuple(played), 16), seed=3)
    assert [sampler.apply(Note(2 * n, 2, 60)).offset_ns for n in range(8)] == [0, late_ns] * 4


def test_single_late_note_is_no_swing() -> None:
    played = (Note(0, 2, 60), Note(2, 2, 60, 80, 0, 83_000_000), Note(4, 4, 60))
    sampler = ExpressionSampler(Phrase(played, 8), seed=3)
    assert max(sampler.apply(Note(start, 2, 60)).offset_ns for start in range(8)) <= 30_000_000
