"""The figures of lanes, and the player in virtual time that they come from."""

import pytest

from bachbridge.cli.bench.harmony.counterpoint import play_lane
from bachbridge.cli.bench.harmony.lanes import compute_lane_figures
from bachbridge.cli.bench.harmony.melodies import melodies
from bachbridge.music.notes import Note
from bachbridge.protocol.effects import PlanRequest
from bachbridge.protocol.events import Plan
from tests.bridge.engine.accompaniment.test_duet_lanes import plan_lane


class LanePlanner:
    """A planner whose lane goes round a few notes."""

    def follow(self, request: PlanRequest) -> None:
        """Know nothing of what sounded."""

    def plan(self, request: PlanRequest) -> Plan:
        return plan_lane(request)[1]


def line(*pitches: int, length: int = 4, start: int = 0) -> list[Note]:
    return [Note(start + number * length, length, pitch) for number, pitch in enumerate(pitches)]


def test_passing_notes_are_proper_and_leaps_are_not() -> None:
    given = line(72, 72)
    passing = compute_lane_figures([(given, line(64, 62, 60, 57, length=2))])
    leaping = compute_lane_figures([(given, line(64, 62, 57, 57, length=2))])
    assert (passing.proper_dissonances, passing.consonant_beats, passing.notes_per_beat) == (1, 1, 2)
    assert leaping.proper_dissonances == 0


def test_suspension_is_prepared_tied_and_resolved() -> None:
    given = line(76, 74, 74)
    own = [Note(0, 2, 72), *line(60, 59, start=2)]
    figures = compute_lane_figures([(given, own)])
    assert figures.suspended_beats == pytest.approx(1 / 3)
    assert figures.proper_dissonances == 1
    upwards = compute_lane_figures([(given, [Note(0, 2, 72), *line(60, 62, start=2)])])
    assert (upwards.suspended_beats, upwards.proper_dissonances) == (0, 0)


def test_lane_over_the_player_is_judged_alike() -> None:
    over = compute_lane_figures([(line(60, 60), line(67, 69, 72, 69, length=2))])
    assert (over.consonant_beats, over.proper_dissonances) == (1, 1)


def test_parallels_are_counted_per_thousand_moves_together() -> None:
    figures = compute_lane_figures([(line(72, 74, 72), line(60, 62, 57))])
    assert figures.parallels == 500


def test_play_lane_returns_both_lines() -> None:
    tune = melodies()[0]
    given, own = play_lane(LanePlanner(), tune, "1:1", "under")
    assert len(given) == len(tune.notes)
    assert {note.start for note in own} >= {note.start for note in given[1:]}
