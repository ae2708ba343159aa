"""Tests for parsing bar numbers and voice names, and for positions in bars."""

import numpy as np
import pytest

from bachbridge.errors import ConfigError
from bachbridge.music import bar_ranges
from bachbridge.music.timeline import Meter, Timeline

WHOLE = tuple(Timeline(480).bars(64))
PICK_UP = tuple(Timeline(480, meters=(Meter(0, 1, 4), Meter(480, 3, 4))).bars(4 + 24))


@pytest.mark.parametrize(
    ("text", "ranges"), [("1", [(0, 16)]), ("2-3", [(16, 48)]), (" 4 , 1 - 2", [(0, 32), (48, 64)]), ("1-4", [(0, 64)])]
)
def test_parse_bars_counts_from_one(text: str, ranges: list[tuple[int, int]]):
    wanted = bar_ranges.parse_bars(text, WHOLE)
    assert np.flatnonzero(wanted).tolist() == [step for begin, end in ranges for step in range(begin, end)]


def test_parse_bars_calls_pick_up_bar_0():
    assert np.flatnonzero(bar_ranges.parse_bars("0", PICK_UP)).tolist() == [*range(4)]
    assert np.flatnonzero(bar_ranges.parse_bars("2", PICK_UP)).tolist() == [*range(16, 28)]
    assert [bar_ranges.bar_number(PICK_UP, step) for step in (0, 3, 4, 15, 16)] == [0, 0, 1, 1, 2]
    assert [bar_ranges.bar_number(WHOLE, step) for step in (0, 15, 16, 63)] == [1, 1, 2, 4]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot read the bars"),
        ("two", "cannot read the bars 'two': give numbers and ranges, such as 3-6 or 1-2,7"),
        ("1-", "cannot read the bars"),
        ("-1", "cannot read the bars"),
        ("0", "there is no bar 0: the piece has the bars 1 to 4"),
        ("3-5", "there is no bar 5"),
        ("99999999-999999999", "there is no bar 99999999"),
        ("3-2", "give the first bar and then the last, 2-3"),
    ],
)
def test_parse_bars_refuses_bars_outside_the_piece(text: str, says: str):
    with pytest.raises(ConfigError, match=says):
        bar_ranges.parse_bars(text, WHOLE)


def test_parse_voices_accepts_any_order():
    assert bar_ranges.parse_voices("Tenor, alto,tenor") == (1, 2)
    with pytest.raises(ConfigError, match="there is no voice 'mezzo': give soprano, alto, tenor or bass"):
        bar_ranges.parse_voices("alto,mezzo")


def test_bar_positions_put_pick_up_at_end_of_bar():
    position, lengths = bar_ranges.bar_positions(PICK_UP)
    assert position.tolist() == [8, 9, 10, 11, *range(12), *range(12)]
    assert set(lengths.tolist()) == {12}
    odd = Timeline(480, meters=(Meter(0, 6, 8), Meter(1440, 7, 8)))
    position, lengths = bar_ranges.bar_positions(tuple(odd.bars(20)))
    assert position.tolist() == [*range(12), *range(14)]
    assert lengths.tolist() == [12] * 12 + [14] * 14
