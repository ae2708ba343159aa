"""Loops are found by the onsets that come again, and what would go on with them is penalised more and more."""

import pytest

from bachbridge.music.phrasing.answers.loop_watch import LoopWatch, Pitches


def watch(*pitches: int) -> LoopWatch:
    return LoopWatch([(pitch,) for pitch in pitches])


@pytest.mark.parametrize(
    ("figure", "times", "is_loop"),
    [
        ((60,), 3, False),
        ((60,), 4, True),
        ((60, 62), 3, False),
        ((60, 62), 4, True),
        ((60, 67, 64, 67), 2, False),
        ((60, 67, 64, 67), 3, True),
        (tuple(range(60, 72)), 1, False),
        (tuple(range(60, 72)), 2, True),
    ],
)
def test_loop_watch_allows_a_figure_a_few_times(figure: tuple[int, ...], times: int, is_loop: bool) -> None:
    assert (watch(*figure * times).next_in_loop().keys() == {figure[:1]}) is is_loop


def test_loop_watch_penalises_longer_loops_more() -> None:
    penalties = [watch(*(60,) * count).next_in_loop()[(60,)] for count in (4, 5, 6, 32)]
    assert penalties == sorted(penalties)
    assert penalties[0] < penalties[1]


def test_loop_watch_forgets_a_loop_that_was_left() -> None:
    loops = watch(*(60,) * 9)
    loops.add_onset((62,))
    assert not loops.next_in_loop()


def test_loop_watch_counts_chords_as_one_onset() -> None:
    chords: list[Pitches] = [(48, 60), (50, 62)] * 4
    assert LoopWatch(chords).next_in_loop().keys() == {(48, 60)}
