"""Whole dialogues as logs under tests/golden; `pytest --golden` writes them anew, to be reviewed as a diff."""

from dataclasses import replace
from pathlib import Path

import pytest

from bachbridge.midi import messages as midi
from bachbridge.protocol.events import LinkState, Midi, ModelUp, PortsChanged, Quit, Reset, Setting
from bachbridge.protocol.wire import dumps, loads
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S, chorale_model

GOLDEN = Path(__file__).parents[2] / "golden"
AT_120 = Settings(bpm=120.0, seed=1, silence_beats=4.0)


def answered_phrase() -> Driver:
    driver = Driver(AT_120)
    for index, pitch in enumerate((67, 69, 71, 72)):
        driver.play(S + index * 500 * MS + (-1) ** index * 7 * MS, pitch, 430 * MS, 70 + 5 * index)
    driver.run(12 * S)
    return driver


def interrupted_answer() -> Driver:
    driver = Driver(replace(AT_120, phrase_end="bars", phrase_bars=1))
    for index, pitch in enumerate((67, 69, 71, 72)):
        driver.play(S + index * 500 * MS, pitch, 430 * MS)
    driver.play(S + 2700 * MS, 74, 200 * MS)
    driver.run(3800 * MS)
    driver.feed(Quit("closed by the player"))
    return driver


def chords_with_pedal_and_thru() -> Driver:
    driver = Driver(replace(AT_120, phrase_end="pedal", thru=True, answer_bars=1), chorale_model)
    driver.schedule(S, Midi(midi.control_change(0, 64, 127)))
    for index, chord in enumerate(((48, 60, 64, 67), (50, 59, 65, 67), (48, 60, 64, 72))):
        for late, pitch in enumerate(chord):
            driver.play(S + index * 1000 * MS + late * 6 * MS, pitch, 900 * MS, 60 + 4 * late)
    driver.schedule(S + 3000 * MS, Midi(midi.control_change(0, 64, 0)))
    driver.run(8 * S)
    return driver


def harmonised_melody() -> Driver:
    driver = Driver(replace(AT_120, mode="harmonize"))
    driver.schedule(0, ModelUp("chorale-lstm", 400_000))
    for start_ms, pitch, length_ms in ((500, 72, 480), (995, 74, 230), (1250, 76, 50), (1310, 77, 500)):
        driver.play(start_ms * MS, pitch, length_ms * MS)
    driver.run(2200 * MS)
    driver.feed(Quit("closed by the player"))
    return driver


def dreamt_phrase() -> Driver:
    driver = Driver(replace(AT_120, answer="dream", answer_bars=1, instrument="Church Organ"))
    driver.schedule(0, PortsChanged("keys", "synth"))
    for index, pitch in enumerate((67, 69, 71, 72)):
        driver.play(S + index * 500 * MS, pitch, 430 * MS)
    driver.schedule(8 * S, Setting("bpm", 150))
    driver.schedule(8 * S, Setting("temperature", 1.5))
    driver.run(11 * S)
    driver.feed(Reset())
    driver.run(20 * S)
    return driver


def traded_turns() -> Driver:
    driver = Driver(replace(AT_120, mode="trade", trade_bars=1))
    driver.schedule(0, LinkState(S, 125 * MS, is_playing=True, peers=1))
    for beat, pitch in enumerate((67, 69, 71, 72)):
        driver.play(S + beat * 500 * MS + (-1) ** beat * 7 * MS, pitch, 430 * MS)
    driver.play(4750 * MS, 74, 200 * MS)
    driver.play(5000 * MS, 76, 900 * MS)
    driver.run(8 * S)
    driver.schedule(8 * S, LinkState(S, 125 * MS, is_playing=False, peers=1))
    driver.run(12 * S)
    return driver


def duet_on_the_grid() -> Driver:
    driver = Driver(replace(AT_120, mode="duet", duet_voice="alto"))
    for start_ms, pitch, length_ms in ((500, 72, 480), (995, 74, 230), (1265, 76, 900)):
        driver.play(start_ms * MS, pitch, length_ms * MS)
    driver.run(6 * S)
    driver.feed(Quit("closed by the player"))
    return driver


DIALOGUES = [
    answered_phrase,
    interrupted_answer,
    chords_with_pedal_and_thru,
    harmonised_melody,
    dreamt_phrase,
    traded_turns,
    duet_on_the_grid,
]


@pytest.mark.parametrize("dialogue", DIALOGUES)
def test_golden_log_is_unchanged(dialogue, request: pytest.FixtureRequest) -> None:
    lines = dialogue().golden_lines()
    path = GOLDEN / f"{dialogue.__name__}.log"
    if request.config.getoption("--golden"):
        path.write_text("\n".join(lines) + "\n")
    assert lines == path.read_text().splitlines()


def test_golden_log_messages_read_back() -> None:
    for _, _, message in answered_phrase().log:
        assert loads(dumps(message)) == message
