"""Tests for grouping notes by onset, and for the time until the next group."""

from fractions import Fraction

from bachbridge.codecs.chords.onsets import (
    OnsetGroup,
    beat_notes,
    group_onsets,
    phrase_onsets,
    round_to_units,
    timed_chords,
    transposed,
)
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.timeline import TickNote


def test_onsets_closer_than_a_16th_of_a_beat_are_one_group() -> None:
    spread = [
        (Fraction(0), Fraction(1), 60, 70),
        (Fraction(1, 20), Fraction(2), 43, 90),
        (Fraction(1, 16), Fraction(1), 67, 50),
        (Fraction(3, 32), Fraction(1), 55, 60),
    ]
    assert group_onsets(spread) == [
        OnsetGroup(Fraction(0), Fraction(41, 20), (43, 60), 90),
        OnsetGroup(Fraction(1, 16), Fraction(33, 32), (55, 67), 60),
    ]
    assert len(group_onsets(spread, tolerance=Fraction(1, 100))) == 4
    assert group_onsets([]) == []


def test_unison_of_two_voices_is_one_pitch() -> None:
    phrase = Phrase((Note(4, 2, 60, voice=1), Note(4, 4, 60, voice=2), Note(8, 1, 62)), 9)
    assert phrase_onsets(phrase) == [
        OnsetGroup(Fraction(1), Fraction(1), (60,), 80),
        OnsetGroup(Fraction(2), Fraction(1, 4), (62,), 80),
    ]


def test_beat_notes_keep_exact_time() -> None:
    note = TickNote(160, 320, 60, 64, 0, 0)
    assert list(beat_notes([note], 480)) == [(Fraction(1, 3), Fraction(1, 3), 60, 64)]


def test_transposed_moves_pitches_by_semitones() -> None:
    assert transposed([OnsetGroup(Fraction(0), Fraction(1), (60, 67))], -5) == [
        OnsetGroup(Fraction(0), Fraction(1), (55, 62))
    ]


def test_round_to_units_rounds_halves_up() -> None:
    assert [round_to_units(Fraction(n, 8), Fraction(1, 4)) for n in range(5)] == [0, 1, 1, 2, 2]
    assert round_to_units(Fraction(1, 3), Fraction(1, 10)) == 3


LINE = [
    OnsetGroup(Fraction(0), Fraction(1, 2), (60,), 50),
    OnsetGroup(Fraction(1), Fraction(3), (62,), 60),
    OnsetGroup(Fraction(2), Fraction(1), (64,), 70),
]


def test_timed_chords_last_until_the_next_without_rests() -> None:
    assert list(timed_chords(LINE, unit=Fraction(1, 4), max_units=32, rests=False)) == [
        ((60,), 4, 50),
        ((62,), 4, 60),
        ((64,), 4, 70),
    ]


def test_timed_chords_include_rests() -> None:
    assert list(timed_chords(LINE, unit=Fraction(1, 4), max_units=32, rests=True, end=Fraction(4))) == [
        *(((60,), 2, 50), ((), 2, 50)),
        ((62,), 4, 60),
        *(((64,), 4, 70), ((), 4, 70)),
    ]


def test_timed_chords_last_from_one_unit_to_max_units() -> None:
    brief = [OnsetGroup(Fraction(0), Fraction(1, 100), (60,)), OnsetGroup(Fraction(1, 100), Fraction(20), (62,))]
    assert [units for _, units, _ in timed_chords(brief, unit=Fraction(1, 4), max_units=32, rests=True)] == [1, 32]
