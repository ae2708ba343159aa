"""Played lengths and micro-timing as note values."""

from dataclasses import replace
from fractions import Fraction

import pytest

from bachbridge.files.score_layout import regular_bars
from bachbridge.music.notation.played_values import values_as_written, with_triplets
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Meter

STEP_NS = 100_000_000


def lengths(*rows: tuple[int, int], bar: int = 16, position: int = 0) -> list[int | Fraction]:
    notes = [Note(start, length, 60) for start, length in rows]
    return [note.length for note in values_as_written(notes, regular_bars(32, bar, position))]


@pytest.mark.parametrize(
    ("rows", "written"),
    [
        (((0, 3), (4, 3), (8, 3), (12, 3)), [4, 4, 4, 4]),
        (((0, 7), (8, 6)), [8, 6]),
        (((0, 6), (8, 8)), [8, 8]),
        (((0, 1), (2, 1), (4, 4)), [2, 2, 4]),
        (((0, 1), (1, 1), (2, 1), (3, 1)), [1, 1, 1, 1]),
        (((0, 2), (4, 2)), [2, 2]),
        (((0, 12), (16, 16)), [12, 16]),
        (((0, 14), (16, 15)), [16, 16]),
        (((0, 3), (3, 1), (4, 4)), [3, 1, 4]),
        (((0, 3), (16, 4)), [4, 4]),
    ],
)
def test_values_as_written_close_short_gaps_only(rows: tuple[tuple[int, int], ...], written: list[int]) -> None:
    assert lengths(*rows) == written


def test_values_as_written_follow_beats_after_an_upbeat() -> None:
    assert lengths((0, 3), (4, 7), (12, 3), bar=16, position=12) == [4, 8, 4]


def test_values_as_written_keep_each_voice_apart() -> None:
    notes = [Note(0, 3, 72), Note(0, 15, 48, voice=3), Note(4, 4, 74)]
    assert [note.length for note in values_as_written(notes, regular_bars(16, 16, 0))] == [4, 16, 4]


def triplet(beat: int, *places: float) -> list[Note]:
    rounded = [round(beat + place) for place in places]
    return [
        Note(step, 1, 60, offset_ns=round((beat + place - step) * STEP_NS))
        for step, place in zip(rounded, places, strict=True)
    ]


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ((0.0, 1.33, 2.67), True),
        ((0.1, 1.45, 2.6), True),
        ((0.0, 1.0, 2.0), False),
        ((0.0, 2.0, 3.0), False),
        ((0.0, 1.1, 2.9), False),
        ((0.0, 1.33), False),
    ],
)
def test_with_triplets_needs_three_clear_onsets(places: tuple[float, ...], found: bool) -> None:
    notes = [*triplet(4, *places), Note(8, 4, 62)]
    written = with_triplets(notes, regular_bars(16, 16, 0), STEP_NS)
    assert (written[1].start == 4 + Fraction(4, 3)) == found
    assert all(note.start == int(note.start) for note in with_triplets(notes, regular_bars(16, 16, 0), 0))


def test_with_triplets_follows_beats_after_an_upbeat() -> None:
    written = with_triplets(triplet(3, 0.0, 1.33, 2.67), regular_bars(16, 16, 13), STEP_NS)
    assert [note.start - 3 for note in written] == [0, Fraction(4, 3), Fraction(8, 3)]


def test_with_triplets_leaves_compound_meters_alone() -> None:
    bars = [replace(bar, meter=Meter(0, 6, 8)) for bar in regular_bars(12, 12, 0)]
    written = with_triplets(triplet(0, 0.0, 1.33, 2.67), bars, STEP_NS)
    assert [note.start for note in written] == [0, 1, 3]
