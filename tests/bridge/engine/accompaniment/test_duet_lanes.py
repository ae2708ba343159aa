"""Mode duet with the setting counterpoint: a lane in a species, with a scripted model."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import PlanRequest
from bachbridge.protocol.events import LinkState, Plan, Reset, Setting
from bachbridge.settings import Settings
from tests.bridge.engine.accompaniment.test_duet import BASS_CHANNEL, DUET, MELODY, STEP, own_onsets, play
from tests.support.virtual_driver import MS, Driver, S

BASS_BIT = 8
QUARTERS = tuple((step, 67 + step % 5, 4) for step in range(0, 32, 4))


def plan_lane(request: PlanRequest, delay_ns: int = 3 * MS) -> tuple[int, Plan]:
    """Plan a bass that goes round a few notes where the species strikes, and else holds."""
    step = request.step + len(request.frames)
    before = request.frames[-1][3] if request.frames else 0
    species = request.lane
    assert species
    place = species.place(step % request.steps_per_bar)
    follows, strikes = species.strikes_with_player() or not before, species.strikes_at(place) or not before
    rows: list[tuple[int, ...]] = []
    for index in (*range(25, 47), request.held):
        is_struck = strikes or (follows and len(rows) < 22)
        bass = 8 + (before + 5 * index + step) % 17 if is_struck else before
        rows.append((index, index, max(0, index - 4), max(0, index - 9), bass, 1 | BASS_BIT * is_struck))
    return delay_ns, Plan(request.piece, step, tuple(rows), 0)


def lane(
    name: str, settings: Settings = DUET, planner: Callable[[PlanRequest], tuple[int, Plan] | None] = plan_lane
) -> Driver:
    driver = Driver(replace(settings, counterpoint=name), planner=planner)
    driver.schedule(0, LinkState(S, STEP, is_playing=True, peers=1))
    return driver


def steps_of(driver: Driver) -> list[int]:
    return [(time_ns - S + STEP // 2) // STEP for time_ns, _ in own_onsets(driver)]


def sent_offs(driver: Driver) -> list[int]:
    return [
        time_ns for time_ns, m in driver.sent_messages() if isinstance(m, midi.NoteOff) and m.channel == BASS_CHANNEL
    ]


@pytest.mark.parametrize("late_ms", [0, -30, 20, 45])
def test_note_against_note_strikes_with_the_player(late_ms: int) -> None:
    driver = lane("1:1")
    play(driver, MELODY, late_ns=late_ms * MS)
    driver.run(20 * S)
    first, *others = [time_ns for time_ns, _ in own_onsets(driver)]
    played = [S + step * STEP + late_ms * MS for step, _, _ in MELODY]
    assert 0 <= first - played[0] <= 4 * MS
    assert others == played[1:]
    assert not driver.receiver.sounding


@pytest.mark.parametrize(("name", "every"), [("2:1", 2), ("4:1", 1)])
def test_lane_moves_under_quarters_and_held_notes(name: str, every: int) -> None:
    for melody in (QUARTERS, ((0, 72, 32),)):
        driver = lane(name)
        play(driver, melody)
        driver.run(20 * S)
        assert steps_of(driver)[: 32 // every] == list(range(0, 32, every))
        assert not driver.receiver.sounding


def test_suspensions_are_struck_between_the_beats() -> None:
    driver = lane("suspensions")
    play(driver, QUARTERS)
    driver.run(20 * S)
    steps = steps_of(driver)
    assert len(steps) > 6
    assert {step % 4 for step in steps[1:]} == {2}


@pytest.mark.parametrize("name", ["1:1", "2:1", "4:1", "suspensions"])
def test_lane_rests_a_beat_after_the_player(name: str) -> None:
    driver = lane(name)
    play(driver, [(0, 72, 4), (4, 74, 4), (40, 72, 4)])
    driver.run(20 * S)
    steps = steps_of(driver)
    assert [step for step in steps if step < 8]
    assert not [step for step in steps if 13 <= step < 40]
    assert [step for step in steps if step >= 40]
    assert not driver.receiver.sounding
    assert max(time_ns for time_ns in sent_offs(driver) if time_ns < S + 40 * STEP) <= S + 13 * STEP


def test_lane_waits_a_moment_for_a_late_note() -> None:
    driver = lane("2:1")
    play(driver, QUARTERS, late_ns=25 * MS)
    driver.run(20 * S)
    beats = {time_ns for time_ns, _ in own_onsets(driver) if (time_ns - S) % (4 * STEP) < STEP}
    assert {S + step * STEP + 25 * MS for step in range(8, 32, 4)} <= beats


def test_lane_does_not_wait_under_a_held_note() -> None:
    driver = lane("4:1")
    play(driver, [(0, 72, 48)])
    driver.run(S + 47 * STEP)
    late = [(time_ns - S) % STEP for time_ns, _ in own_onsets(driver)][1:]
    assert set(late) == {2 * MS}


@pytest.mark.parametrize("name", ["1:1", "2:1", "4:1", "suspensions"])
def test_lane_holds_while_no_plan_comes(name: str) -> None:
    driver = lane(name, planner=lambda request: plan_lane(request) if request.step < 5 else None)
    play(driver, QUARTERS)
    driver.run(20 * S)
    assert own_onsets(driver)
    assert max(steps_of(driver)) <= 8
    assert not driver.receiver.sounding


def test_note_against_note_makes_a_late_plan_good() -> None:
    driver = lane("1:1", planner=lambda request: plan_lane(request, 200 * MS if request.step == 8 else 3 * MS))
    play(driver, QUARTERS)
    driver.run(20 * S)
    assert {step for step, _, _ in QUARTERS} - set(steps_of(driver)) <= {8}
    assert len(own_onsets(driver)) >= len(QUARTERS)


def test_chord_of_the_player_is_one_note() -> None:
    driver = lane("1:1")
    for step in (0, 4, 8):
        for late, pitch in enumerate((60, 67, 72 + step)):
            driver.play(S + step * STEP + late * 8 * MS, pitch, 3 * STEP)
    driver.run(20 * S)
    times = [time_ns for time_ns, _ in own_onsets(driver)]
    assert len(times) <= 6
    assert all(later - earlier >= 62 * MS for earlier, later in pairwise(times))


@pytest.mark.parametrize("name", ["1:1", "2:1", "4:1", "suspensions"])
@pytest.mark.parametrize("event", [Reset(), Setting("mode", "continue"), LinkState(S, STEP, is_playing=False, peers=1)])
def test_lane_ends_its_note_at_a_stop(name: str, event: Reset | Setting | LinkState) -> None:
    driver = lane(name)
    play(driver, [(0, 72, 40)])
    driver.schedule(S + 9 * STEP + 30 * MS, event)
    driver.run(S + 9 * STEP + 31 * MS)
    assert own_onsets(driver)
    driver.run(S + 13 * STEP)
    assert not [note for note in driver.receiver.sounding if note[0] == BASS_CHANNEL]
    assert max(time_ns for time_ns, _ in own_onsets(driver)) <= S + 9 * STEP + 30 * MS


def test_species_can_be_changed_while_playing() -> None:
    driver = lane("2:1")
    play(driver, [(0, 72, 60)])
    for step, name in ((10, "4:1"), (20, "suspensions"), (30, "1:1"), (40, "2:1")):
        driver.schedule(S + step * STEP + 30 * MS, Setting("counterpoint", name))
    driver.run(30 * S)
    steps = steps_of(driver)
    assert {15, 17, 19} <= set(steps)
    assert not [step for step in steps if 33 <= step < 40]
    assert not driver.receiver.sounding


@pytest.mark.parametrize("meter", ["3/4", "6/8", "7/8", "5/16"])
@pytest.mark.parametrize("name", ["1:1", "2:1", "4:1", "suspensions"])
def test_random_playing_leaves_no_lane_hanging(name: str, meter: str) -> None:
    rng = np.random.default_rng(7)
    driver = lane(name, replace(DUET, meter=meter))
    for start in np.cumsum(rng.integers(20, 900, 80)):
        driver.play(S + int(start) * MS, int(rng.integers(50, 90)), int(rng.integers(10, 1500)) * MS)
    driver.run(120 * S)
    assert len(own_onsets(driver)) > 20
    assert not driver.receiver.sounding
