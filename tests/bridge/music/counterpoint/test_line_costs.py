"""The cost of a lane's next note."""

from dataclasses import replace

import numpy as np
import pytest

from bachbridge.music.counterpoint.line_costs import FORBIDDEN, LaneNotes, is_suspension, scale_of, strike_costs
from bachbridge.music.counterpoint.species import Species, SpeciesName
from bachbridge.music.frames import pitch_index

C = (0, False)
A_MINOR = (9, True)
E5, G5, D5, C5, A4, B4, F5 = (pitch_index(pitch) for pitch in (76, 79, 74, 72, 69, 71, 77))
C4, D4, E4, F4, G4, A3, B3, G3 = (pitch_index(pitch) for pitch in (60, 62, 64, 65, 67, 57, 59, 55))
C6 = pitch_index(81) + 1
FROM_E4 = LaneNotes(C5, E4, 0, 0, (E4, C4))


def cost(
    notes: LaneNotes, given: int, own: int, *, name: SpeciesName = "2:1", place: int = 2, below: bool = True
) -> float:
    row = strike_costs(notes, Species(name), place, np.array([given], np.int32), below=below, key=C)
    return float(row[0, own])


def test_dissonance_is_reached_by_step_off_the_beat_only() -> None:
    assert cost(FROM_E4, C5, D4) < FORBIDDEN
    assert cost(FROM_E4, C5, D4, place=0) >= FORBIDDEN
    assert cost(replace(FROM_E4, own=G4, struck=(G4,)), C5, D4) >= FORBIDDEN
    assert cost(FROM_E4, C5, D4, name="1:1") >= FORBIDDEN


def test_dissonance_is_left_by_step() -> None:
    passing = LaneNotes(C5, D4, 0, 0, (D4, E4))
    assert cost(passing, C5, C4, place=0) < cost(passing, C5, E4, place=0) + 3 < FORBIDDEN
    assert cost(passing, C5, A3, place=0) >= 0.9 * FORBIDDEN


def test_dissonance_that_the_player_resolved_is_free() -> None:
    passing = LaneNotes(C5, D4, 0, 0, (D4, E4))
    assert cost(passing, F5, A3, place=0) < 0.9 * FORBIDDEN


def test_suspension_resolves_down_by_step() -> None:
    suspended = LaneNotes(D5, C4, 0, 0, (C4,), is_tied=True)
    assert cost(suspended, D5, B3, name="suspensions") < 0.5 * FORBIDDEN
    assert cost(suspended, D5, D4, name="suspensions") >= 0.9 * FORBIDDEN


@pytest.mark.parametrize(("own_before", "given", "own"), [(C4, D5, D4), (F4, D5, G4)])
def test_parallels_are_forbidden(own_before: int, given: int, own: int) -> None:
    assert cost(LaneNotes(C5, own_before, 0, 0, (own_before,)), given, own, name="1:1", place=0) >= FORBIDDEN


def test_parallels_between_beats_cost_too() -> None:
    apart = LaneNotes(C5, E4, C5, C4, (E4, C4))
    assert cost(apart, D5, D4, place=0) > cost(replace(apart, beat_own=0), D5, D4, place=0) + 3


def test_voices_do_not_cross() -> None:
    assert cost(FROM_E4, C4, E4) >= FORBIDDEN
    assert cost(LaneNotes(C4, E4, 0, 0, (E4,)), E4, C4, below=False) >= FORBIDDEN


def test_repeated_notes_and_trills_cost() -> None:
    trill = LaneNotes(G5, E4, 0, 0, (E4, D4, E4, D4))
    assert cost(FROM_E4, G5, E4) > cost(FROM_E4, G5, C4) + 3
    assert cost(trill, F5, D4) > cost(FROM_E4, F5, D4) + 3


def test_forms_of_a_degree_in_minor_do_not_follow() -> None:
    from_g = LaneNotes(C5, G3, 0, 0, (G3, A3))
    row = strike_costs(from_g, Species("2:1"), 2, np.array([C5], np.int32), below=True, key=A_MINOR)
    other = strike_costs(from_g, Species("2:1"), 2, np.array([C5], np.int32), below=True, key=C)
    assert row[0, G3 + 1] > other[0, G3 + 1] + 3


def test_suspensions_are_those_of_the_treatises() -> None:
    under, over = (is_suspension(scale_of(C), below=below) for below in (True, False))
    assert under[D5, C4]
    assert not under[B4, C4]
    assert not under[C5, D4]
    assert over[D4, C5]
    assert over[C4, F4]
    assert not over[C4, D4]
