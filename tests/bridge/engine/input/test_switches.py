"""Switch controllers act once per press, on any channel."""

import pytest

from bachbridge.engine.input.switches import PressDetector, Switches
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import PhraseEnded, PlanRequest
from bachbridge.protocol.events import Midi
from bachbridge.settings import Settings, with_setting
from tests.support.virtual_driver import AT_120, MS, Driver, S, play_quarters


@pytest.mark.parametrize(
    ("messages", "presses"),
    [
        ([(0, 127), (100, 0), (500, 127), (600, 0)], [0, 500]),
        ([(0, 127), (500, 127), (1000, 127)], [0, 500, 1000]),
        ([(0, 64), (500, 63), (900, 1), (1000, 90), (1500, 70)], [0, 1000]),
        ([(0, 127), (9, 0), (14, 127), (20, 0), (500, 127)], [0, 500]),
        ([(10 * i, 2 * i) for i in range(64)], [320]),
        ([(0, 63), (500, 0), (1000, 63)], []),
    ],
)
def test_press_detector_counts_presses(messages: list[tuple[int, int]], presses: list[int]) -> None:
    detector = PressDetector()
    assert [time_ms for time_ms, value in messages if detector.is_press(time_ms * MS, value)] == presses


@pytest.mark.parametrize("command", ["panic", "tap", "start", "end", "cadence", "reset"])
def test_switches_find_command_of_controller(command: str) -> None:
    settings = with_setting(Settings(), f"{command}_control", 20)
    assert Switches().command_of(midi.ControlChange(3, 20, 127), settings) == command
    assert Switches().command_of(midi.ControlChange(3, 21, 127), settings) is None


def test_switches_count_copies_on_channels_once() -> None:
    switches = Switches()
    presses = [(0, 5, 127), (10, 6, 127), (500, 5, 63), (600, 6, 64)]
    found = [t for t, channel, value in presses if switches.is_press(t * MS, midi.ControlChange(channel, 20, value))]
    assert found == [0, 600]


def test_turned_knob_ends_phrase_once() -> None:
    driver = Driver(AT_120)
    end_ns = play_quarters(driver)
    for index, value in enumerate((30, 64, 80, 100, 127, 90)):
        driver.schedule(end_ns + index * 100 * MS, Midi(midi.control_change(0, 80, value)))
    driver.run(20 * S)
    [(time_ns, ended)] = driver.messages_of(PhraseEnded)
    assert isinstance(ended, PhraseEnded)
    assert (time_ns, ended.ended_by) == (end_ns + 100 * MS, "control")


def test_cadence_and_reset_act_once_per_press() -> None:
    driver = Driver(Settings(mode="harmonize", bpm=120.0, seed=1))
    for controller in (81, 82):
        before = len(driver.messages_of(PlanRequest))
        for value in (64, 100, 127):
            driver.feed(Midi(midi.control_change(0, controller, value)))
            driver.run(driver.now_ns + 200 * MS)
        assert len(driver.messages_of(PlanRequest)) == before + 1
