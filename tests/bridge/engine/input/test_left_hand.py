"""Live harmony that obeys the player's left hand."""

from dataclasses import replace
from itertools import pairwise

import pytest

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import Harmonized, PlanRequest
from bachbridge.protocol.events import Midi, Plan, Setting
from bachbridge.settings import Settings
from tests.support.virtual_driver import BEAT, MS, Driver, S, note_ons

OBEY = Settings(mode="harmonize", bpm=120.0, seed=1, hands="split", split_point=60, left_hand="obey")
PLAN_NS = 3 * MS


def plan_obediently(request: PlanRequest) -> tuple[int, Plan]:
    """A model whose lower voices are the left hand's first, second and third pitch class; without one they are C."""
    step = request.step + len(request.frames)
    classes = [*request.left_hand, *request.left_hand, *request.left_hand][:3] or [0, 0, 0]
    bass, tenor, alto = (1 + pitch_class + 12 * octave for octave, pitch_class in enumerate(classes))
    rows = [(index, index, alto, tenor, bass, 15) for index in range(25, 47)]
    held = request.held
    return PLAN_NS, Plan(request.piece, step, (*rows, (held, held, alto, tenor, bass, 0)), 0)


def playing(settings: Settings = OBEY) -> Driver:
    driver = Driver(settings, planner=plan_obediently)
    driver.feed(Setting("seed", 1))
    driver.run(S)
    return driver


def press(driver: Driver, *pitches: int) -> None:
    for pitch in pitches:
        driver.feed(Midi(midi.note_on(0, pitch, 80)))


def release(driver: Driver, *pitches: int) -> None:
    for pitch in pitches:
        driver.feed(Midi(midi.note_off(0, pitch)))


def last_request(driver: Driver) -> PlanRequest:
    request = driver.messages_of(PlanRequest)[-1][1]
    assert isinstance(request, PlanRequest)
    return request


def sounding_classes(driver: Driver) -> set[int]:
    """Return the pitch classes of the voices that sound."""
    return {pitch % 12 for _, pitch in driver.receiver.sounding}


def test_left_hand_before_the_note_is_obeyed_at_once() -> None:
    driver = playing()
    press(driver, 52, 56, 59)
    assert last_request(driver).left_hand == (4, 8, 11)
    driver.run(S + 200 * MS)
    press(driver, 71)
    assert note_ons(driver)[0][0] == S + 200 * MS
    assert len(note_ons(driver)) == 3
    assert sounding_classes(driver) == {4, 8, 11}
    driver.run(2 * S)
    assert sounding_classes(driver) == {4, 8, 11}


@pytest.mark.parametrize("delay_ms", [0, 1, 10, 40, 300])
def test_left_hand_after_the_note_revises_its_chord(delay_ms: int) -> None:
    driver = playing()
    press(driver, 76)
    assert sounding_classes(driver) == {0}
    driver.run(S + delay_ms * MS)
    press(driver, 53, 57, 59)
    driver.run(S + max(62, delay_ms + 16) * MS)
    assert sounding_classes(driver) == {5, 9, 11}
    chords = [time_ns for time_ns, _ in driver.messages_of(Harmonized)]
    assert all(after - before >= 60 * MS for before, after in pairwise(chords))


def test_left_hand_a_moment_before_the_note_is_obeyed() -> None:
    driver = playing()
    press(driver, 53, 57, 59, 76)
    driver.run(S + 20 * MS)
    assert sounding_classes(driver) <= {5, 9, 11}
    assert len({time_ns for time_ns, _ in note_ons(driver)}) == 1


def test_model_that_does_not_obey_is_played_all_the_same() -> None:
    driver = Driver(OBEY)
    driver.feed(Setting("seed", 1))
    driver.run(S)
    press(driver, 54, 58, 61 - 4, 76)
    driver.run(2 * S)
    assert len(driver.receiver.sounding) == 3


def test_changed_left_hand_revises_held_note() -> None:
    driver = playing()
    press(driver, 48, 52, 55, 76)
    driver.run(S + BEAT)
    release(driver, 48, 52, 55)
    press(driver, 45, 48, 52)
    driver.run(S + BEAT + 80 * MS)
    assert sounding_classes(driver) == {9, 0, 4}
    assert last_request(driver).left_hand == (9, 0, 4)


@pytest.mark.parametrize("left_hand", ["context", "ignore"])
def test_left_hand_that_is_not_obeyed_changes_nothing(left_hand: str) -> None:
    driver = playing(replace(OBEY, left_hand=left_hand))
    press(driver, 48, 52, 55, 76)
    driver.run(2 * S)
    assert {
        request.left_hand for _, request in driver.messages_of(PlanRequest) if isinstance(request, PlanRequest)
    } == {()}


def test_reset_frees_the_harmony() -> None:
    driver = playing()
    press(driver, 48, 52, 55)
    driver.feed(Setting("mode", "continue"))
    driver.feed(Setting("mode", "harmonize"))
    assert last_request(driver).left_hand == ()
