"""The DAW's MIDI clock: its tempo in spite of jitter, its end, and its effect on the session."""

from random import Random

import pytest

from bachbridge.engine.tempo.midi_clock import CLOCK_TIMEOUT_NS, MidiClock
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import AnswerEnded, Ask, BarStarted, ClockTempo
from bachbridge.protocol.events import Midi
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S

PULSE = Midi(b"\xf8")


def pulses(bpm: float, beats: float, start_ns: int = 0, jitter_ns: float = 0.0) -> list[int]:
    chance = Random(3)
    length_ns = 60e9 / bpm / 24
    return sorted(start_ns + round(n * length_ns + chance.gauss(0, jitter_ns)) for n in range(round(24 * beats)))


@pytest.mark.parametrize("bpm", [40.0, 97.3, 120.0, 240.0])
def test_clock_measures_tempo_in_spite_of_jitter(bpm: float) -> None:
    clock = MidiClock(lambda _: [])
    reported = [clock.bpm for time_ns in pulses(bpm, 16, jitter_ns=2.6e6) if clock.add_pulse(time_ns)]
    assert reported[-1] == pytest.approx(bpm, rel=0.008)
    assert len(reported) <= 8


def test_clock_reports_steady_tempo_once() -> None:
    clock = MidiClock(lambda _: [])
    assert sum(clock.add_pulse(time_ns) for time_ns in pulses(120, 64)) == 1


def test_clock_ignores_pulses_that_are_no_tempo() -> None:
    clock = MidiClock(lambda _: [])
    assert not any(clock.add_pulse(time_ns) for time_ns in pulses(900, 16))
    assert not any(MidiClock(lambda _: []).add_pulse(0) for _ in range(100))


def test_session_follows_clock_while_it_runs() -> None:
    driver = Driver(Settings(silence_beats=1.0))
    for time_ns in pulses(150, 20):
        driver.schedule(time_ns, PULSE)
    for n in range(6):
        driver.play(2 * S + n * 400 * MS, 67, 350 * MS)
    driver.run(20 * S)
    assert [m.bpm for _, m in driver.messages_of(ClockTempo) if isinstance(m, ClockTempo)] == [150.0, 0.0]
    assert driver.messages_of(ClockTempo)[-1][0] == pytest.approx(pulses(150, 20)[-1] + CLOCK_TIMEOUT_NS, abs=1)
    assert {m.source for _, m in driver.messages_of(BarStarted) if isinstance(m, BarStarted)} == {"clock"}
    assert {m.step_ns for _, m in driver.messages_of(BarStarted) if isinstance(m, BarStarted)} == {100 * MS}
    assert len(driver.messages_of(Ask)) == 1
    assert driver.session.settings.bpm == 0


def test_session_only_reports_clock_if_not_followed() -> None:
    driver = Driver(Settings(follow_clock=False, bpm=100))
    for time_ns in pulses(150, 8):
        driver.schedule(time_ns, PULSE)
    driver.run(S)
    assert driver.messages_of(ClockTempo)
    assert driver.session.settings.bpm == 100


def test_clock_that_stops_leaves_phrase_its_notes() -> None:
    driver = Driver(Settings(silence_beats=2.0))
    for time_ns in pulses(150, 8):
        driver.schedule(time_ns, PULSE)
    for n in range(16):
        driver.play(S + n * 400 * MS, 60 + n % 5, 350 * MS)
    driver.run(30 * S)
    (ask,) = [m for _, m in driver.messages_of(Ask) if isinstance(m, Ask)]
    assert [note.pitch for note in ask.prompt.notes] == [60 + n % 5 for n in range(16)]
    assert [note.start for note in ask.prompt.notes] == list(range(0, 64, 4))
    assert [m.interrupted for _, m in driver.messages_of(AnswerEnded) if isinstance(m, AnswerEnded)] == [False]


def test_clock_pulses_send_nothing() -> None:
    driver = Driver(Settings(thru=True))
    for time_ns in pulses(120, 8):
        driver.schedule(time_ns, PULSE)
    driver.run(20 * S)
    assert not [meaning for _, meaning in driver.sent_messages() if not isinstance(meaning, midi.NoteOff)]
