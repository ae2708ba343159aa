"""Plans for a lane of counterpoint."""

from dataclasses import replace

import pytest

from bachbridge.inference.chorale.planner import Planner
from bachbridge.music.counterpoint.line_costs import IS_CONSONANT
from bachbridge.music.counterpoint.species import Species, SpeciesName
from bachbridge.music.frames import pitch_index
from bachbridge.music.notes import VOICE_RANGES
from bachbridge.protocol.effects import PlanRequest
from bachbridge.protocol.style import Style
from tests.bridge.inference.chorale.test_planner import CHAIN, FRAME, REQUEST, MixingNet, plan, request_for

BASS_BIT = 8
HELD = (*FRAME[:4], 0)


def lane_request(name: SpeciesName, *frames: tuple[int, ...], **changes: object) -> PlanRequest:
    request = replace(request_for(*frames), only_voice=3, lane=Species(name), style=Style(repeat="hold"))
    return replace(request, **changes)  # type: ignore[arg-type]


def rows_of(request: PlanRequest) -> tuple[tuple[int, ...], ...]:
    return plan(Planner(MixingNet(), CHAIN), request).rows


@pytest.mark.parametrize(
    ("name", "past", "on_new", "on_held"),
    [
        ("1:1", 1, True, False),
        ("2:1", 1, False, False),
        ("2:1", 2, True, True),
        ("4:1", 1, True, True),
        ("suspensions", 1, False, False),
        ("suspensions", 2, True, True),
    ],
)
def test_lane_strikes_at_the_places_of_its_species(name: SpeciesName, past: int, on_new: bool, on_held: bool) -> None:
    _, *new, held = rows_of(lane_request(name, FRAME, *[HELD] * (past - 1)))
    assert {bool(row[5] & BASS_BIT) for row in new} == {on_new}
    assert bool(held[5] & BASS_BIT) == on_held
    if not on_held:
        assert held[4] == FRAME[3]


def test_lane_is_consonant_where_it_must_be() -> None:
    low, high = VOICE_RANGES[3]
    for row in rows_of(lane_request("1:1", FRAME, HELD, HELD, HELD))[1:-1]:
        assert IS_CONSONANT[row[0], row[4]]
        assert pitch_index(low) <= row[4] <= pitch_index(high)


def test_tie_breaks_where_no_suspension_is_possible() -> None:
    struck = (*FRAME[:4], 15)
    rows = rows_of(lane_request("suspensions", FRAME, HELD, struck, HELD))[1:-1]
    tied = [row for row in rows if not row[5] & BASS_BIT]
    broken = [row for row in rows if row[5] & BASS_BIT]
    assert tied
    assert broken
    assert {row[4] for row in tied} == {FRAME[3]}
    assert all(IS_CONSONANT[row[0], row[4]] for row in broken)


def test_first_note_of_a_lane_is_struck() -> None:
    rows = rows_of(lane_request("2:1", held=0))
    assert all(row[5] & BASS_BIT for row in rows[:-1])
    assert len(rows) == len(plan(Planner(MixingNet(), CHAIN), replace(REQUEST, held=0)).rows)


def test_plan_of_a_lane_repeats_with_its_seed() -> None:
    request = lane_request("4:1", FRAME)
    assert rows_of(request) == rows_of(request)
    assert rows_of(request) != rows_of(replace(request, seed=9))
