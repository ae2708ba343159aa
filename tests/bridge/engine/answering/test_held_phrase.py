"""A phrase that should end by silence while the pedal or the latch holds its notes."""

from dataclasses import replace

import pytest

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import PhraseEnded, PhraseHeld
from bachbridge.protocol.events import Midi
from bachbridge.settings import Settings
from tests.support.virtual_driver import AT_120, BEAT, MS, Driver, S, only_message, play_quarters


def pedal(driver: Driver, time_ns: int, value: int) -> None:
    driver.schedule(time_ns, Midi(midi.control_change(0, midi.SUSTAIN, value)))


def test_pedal_that_holds_phrase_is_reported_once() -> None:
    driver = Driver(AT_120)
    pedal(driver, S, 127)
    end_ns = play_quarters(driver)
    driver.run(end_ns + 60 * S)
    assert only_message(driver, PhraseHeld) == (end_ns + 4 * BEAT, PhraseHeld("pedal"))
    pedal(driver, driver.now_ns, 0)
    driver.run(driver.now_ns + 20 * S)
    assert len(driver.messages_of(PhraseEnded)) == 1
    pedal(driver, driver.now_ns, 127)
    play_quarters(driver, start_ns=driver.now_ns + S)
    driver.run(driver.now_ns + 60 * S)
    assert len(driver.messages_of(PhraseHeld)) == 2, "once a phrase"


def test_latch_that_holds_phrase_is_reported() -> None:
    driver = Driver(replace(AT_120, latch=True))
    play_quarters(driver)
    driver.run(60 * S)
    assert only_message(driver, PhraseHeld)[1] == PhraseHeld("latch")


@pytest.mark.parametrize(
    "settings",
    [
        replace(AT_120, phrase_end="pedal"),
        replace(AT_120, phrase_end="control"),
        replace(AT_120, mode="harmonize"),
        replace(AT_120, mode="trade"),
        replace(AT_120, mode="off"),
    ],
)
def test_pedal_is_no_obstacle_elsewhere(settings: Settings) -> None:
    driver = Driver(settings)
    pedal(driver, S, 127)
    play_quarters(driver)
    driver.run(60 * S)
    assert not driver.messages_of(PhraseHeld)


def test_pedal_lifted_in_time_is_no_obstacle() -> None:
    driver = Driver(AT_120)
    pedal(driver, S, 127)
    end_ns = play_quarters(driver)
    pedal(driver, end_ns + 3 * BEAT, 0)
    driver.run(60 * S)
    assert not driver.messages_of(PhraseHeld)
    assert only_message(driver, PhraseEnded)[0] >= end_ns + 7 * BEAT - 20 * MS


@pytest.mark.parametrize("mode", ["continue", "harmonize"])
def test_key_that_is_down_for_very_long_is_doubted(mode: str) -> None:
    driver = Driver(replace(AT_120, mode=mode))
    driver.schedule(S, Midi(midi.note_on(0, 60, 80)))
    driver.run(300 * S)
    assert only_message(driver, PhraseHeld) == (31 * S, PhraseHeld("key"))
    driver.schedule(driver.now_ns, Midi(midi.note_off(0, 60)))
    driver.play(driver.now_ns + S, 62, 20 * S)
    driver.run(driver.now_ns + 100 * S)
    assert len(driver.messages_of(PhraseHeld)) == 1
