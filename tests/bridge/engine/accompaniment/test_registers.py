"""Placement of the voices under tunes that lie outside the range of their voice."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.engine.accompaniment.registers import Pitches, Registers, count_parallels
from bachbridge.music.frames import REST, midi_pitch, pitch_index
from bachbridge.music.notes import VOICE_RANGES, fold_into_range

FLOORS, CEILINGS = (55, 48, 43, 28), (93, 86, 79, 64)


def frame_of(*pitches: int) -> tuple[int, ...]:
    """Return the frame with these pitches from the soprano down; 0 is a rest."""
    return (*(pitch_index(pitch) if pitch else REST for pitch in pitches), 15)


def place_all(chords: Sequence[tuple[int, tuple[int, ...]]], own: int = 0) -> list[Pitches]:
    """Place chords, given as the tune's pitch and the planned frame, one after the other."""
    registers = Registers()
    return [dict(registers.place(step, frame, own, pitch)) for step, (pitch, frame) in enumerate(chords)]


def below(tune: int) -> tuple[int, tuple[int, ...]]:
    """Return a tune's pitch and a chord under it, planned in the soprano's range."""
    planned = fold_into_range(tune, *VOICE_RANGES[0])
    return tune, frame_of(planned, max(53, planned - 5), max(48, planned - 9), max(36, planned - 24))


def test_place_leaves_chord_under_tune_in_range() -> None:
    tunes = (72, 74, 60, 81)
    assert [list(chord.values()) for chord in place_all([below(tune) for tune in tunes])] == [
        [midi_pitch(index) for index in below(tune)[1][:4]] for tune in tunes
    ]


@given(st.lists(st.integers(21, 108), min_size=1, max_size=8))
def test_place_keeps_voices_between_floor_and_ceiling(tunes: list[int]) -> None:
    for tune, chord in zip(tunes, place_all([below(tune) for tune in tunes]), strict=True):
        assert chord[0] == tune
        if not VOICE_RANGES[0][0] <= tune <= VOICE_RANGES[0][1]:
            assert all(FLOORS[voice] <= chord[voice] <= CEILINGS[voice] for voice in (1, 2, 3))
        assert chord[1] >= chord[2] >= chord[3]


def test_place_puts_upper_voices_above_low_tune() -> None:
    chord = place_all([(48, frame_of(60, 55, 52, 48))])[0]
    assert chord[3] == 36
    assert chord[1] > chord[2] > chord[0] == 48


def test_place_follows_high_tune_up() -> None:
    for tune, frame in ((84, frame_of(72, 67, 64, 48)), (91, frame_of(79, 72, 64, 48))):
        chord = place_all([(tune, frame)])[0]
        assert tune - chord[1] <= 12
        assert chord[1] - chord[2] <= 12


@pytest.mark.parametrize("tunes", [(60, 59, 60, 59, 60, 57, 60), (81, 83, 81, 82, 81, 84, 79)])
def test_place_makes_no_leaps_at_border_of_range(tunes: tuple[int, ...]) -> None:
    chords = place_all([below(tune) for tune in tunes])
    for before, now in pairwise(chords):
        assert all(abs(now[voice] - before[voice]) < 12 for voice in (1, 2, 3))


def test_place_moves_voices_when_tune_stays_away() -> None:
    before = (79, frame_of(79, 64, 60, 48))
    high = [(pitch, frame_of(pitch - 12, 64 + pitch % 2, 60, 48)) for pitch in (91, 90, 91, 90, 91, 90)]
    assert place_all([before, *high[:1]])[-1][1] == 65
    assert place_all([before, *high])[-1][1] >= 76


def test_place_keeps_held_chord_where_it_is() -> None:
    registers = Registers()
    tune, frame = below(50)
    first = registers.place(0, frame, 0, tune)
    assert registers.place(3, frame, 0, tune) == first


def test_place_exchanges_notes_to_avoid_parallels() -> None:
    # The bass has the tune's pitch class twice: every octave of it is parallel to the tune.
    chords = place_all([(62, frame_of(62, 57, 57, 50)), (59, frame_of(71, 62, 55, 47))])
    assert count_parallels(*chords) == 0
    assert {pitch % 12 for pitch in chords[1].values()} == {11, 2, 7}


def test_place_counts_ornaments_as_notes_of_tune() -> None:
    registers = Registers()
    registers.place(0, frame_of(72, 67, 64, 48), 0, 84)
    registers.move_tune(2, 0, 83, pitch_index(71))
    chord = registers.place(4, frame_of(69, 65, 60, 53), 0, 81)
    assert count_parallels({0: 83, 1: 79, 2: 76, 3: 48}, chord) == 0


def test_place_lets_rests_be() -> None:
    assert set(place_all([(36, frame_of(60, 0, 0, 48))])[0]) == {0, 3}


def test_place_forgets_what_sounded_when_cleared() -> None:
    registers = Registers()
    tune, frame = below(45)
    first = dict(registers.place(0, frame, 0, tune))
    registers.place(1, below(90)[1], 0, 90)
    registers.clear()
    assert registers.place(2, frame, 0, tune) == first


@pytest.mark.parametrize(
    ("before", "now", "count"),
    [
        ({0: 72, 3: 48}, {0: 74, 3: 50}, 1),  # octaves
        ({0: 67, 1: 60}, {0: 69, 1: 62}, 1),  # fifths
        ({0: 48, 1: 55}, {0: 50, 1: 57}, 1),  # fifths, with the tune below
        ({0: 67, 1: 60}, {0: 69, 1: 50}, 0),  # contrary motion
        ({0: 67, 1: 60}, {0: 67, 1: 60}, 0),
    ],
)
def test_count_parallels_counts_sounding_pairs(before: Pitches, now: Pitches, count: int) -> None:
    assert count_parallels(before, now) == count
