"""Ends of phrases other than by silence: by the pedal, a command, a controller or a number of bars."""

from dataclasses import replace

import pytest

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import PhraseEnded
from bachbridge.protocol.events import EndPhrase, Midi
from tests.support.virtual_driver import AT_120, BEAT, MS, Driver, S, note_ons, only_message, play_quarters


def test_pedal_release_ends_phrase() -> None:
    driver = Driver(replace(AT_120, phrase_end="pedal"))
    driver.schedule(S - MS, Midi(midi.control_change(0, 64, 127)))
    last_up = play_quarters(driver)
    driver.schedule(last_up + 3 * BEAT, Midi(midi.control_change(0, 64, 0)))
    driver.run(20 * S)
    assert only_message(driver, PhraseEnded)[0] == last_up + 3 * BEAT
    assert len(note_ons(driver)) == 16


def test_pedal_that_is_down_is_not_silence() -> None:
    driver = Driver(AT_120)
    driver.schedule(S - MS, Midi(midi.control_change(0, 64, 127)))
    last_up = play_quarters(driver)
    driver.schedule(last_up + 3 * BEAT, Midi(midi.control_change(0, 64, 0)))
    driver.run(20 * S)
    assert only_message(driver, PhraseEnded)[0] == last_up + 7 * BEAT


@pytest.mark.parametrize("ending", [EndPhrase(), Midi(midi.control_change(0, 80, 127))])
def test_command_or_controller_ends_phrase_at_once(ending: EndPhrase | Midi) -> None:
    driver = Driver(replace(AT_120, phrase_end="control"))
    last_up = play_quarters(driver)
    driver.schedule(last_up + 100 * MS, ending)
    driver.run(20 * S)
    assert only_message(driver, PhraseEnded)[0] == last_up + 100 * MS
    assert note_ons(driver)[0][0] == S + 5 * BEAT


def test_phrase_of_two_bars_is_answered_on_bar_line() -> None:
    driver = Driver(replace(AT_120, phrase_end="bars", phrase_bars=2))
    play_quarters(driver)
    driver.run(20 * S)
    assert only_message(driver, PhraseEnded)[1].phrase.steps == 32
    assert note_ons(driver)[0][0] == S + 8 * BEAT
