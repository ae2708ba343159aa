"""Metronome, count-in, taps and our own transport through the whole session."""

from dataclasses import replace

import pytest

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerStarted,
    PhraseKept,
    SettingApplied,
    SettingRefused,
    StartRefused,
)
from bachbridge.protocol.events import (
    EndPhrase,
    Event,
    Midi,
    Panic,
    Quit,
    Reset,
    Setting,
    StartTransport,
    StopTransport,
    TapBeat,
)
from bachbridge.settings import Settings
from tests.support.virtual_driver import AT_120, BEAT, MS, Driver, S, note_ons, only_message, play_quarters

TAP, START = 20, 21
HEADLESS = Settings(tap_control=TAP, start_control=START, seed=1)
ON_AT_120 = replace(AT_120, metronome="on")
LEAD = 8 * MS
ACCENT, BEAT_NOTE = 76, 77
CLICK_CHANNEL = 9
PULSE = BEAT // 24


def press(driver: Driver, controller: int, *times_ns: int) -> None:
    for time_ns in times_ns:
        driver.schedule(time_ns, Midi(midi.control_change(0, controller, 127)))
        driver.schedule(time_ns + 90 * MS, Midi(midi.control_change(0, controller, 0)))


def send_clock(driver: Driver, begin_ns: int, end_ns: int, pulse_ns: int = PULSE) -> None:
    """Script Start with the first pulse, and pulses before `end_ns`."""
    driver.schedule(begin_ns, Midi(b"\xfa"))
    for time_ns in range(begin_ns, end_ns, pulse_ns):
        driver.schedule(time_ns, Midi(b"\xf8"))


def clicks(driver: Driver) -> list[tuple[int, int]]:
    """Return time (ms) and note of all clicks."""
    return [(time_ns // MS, note.pitch) for time_ns, note in note_ons(driver) if note.channel == CLICK_CHANNEL]


def bpm_reports(driver: Driver) -> list[object]:
    return [m.value for _, m in driver.messages_of(SettingApplied) if isinstance(m, SettingApplied) and m.name == "bpm"]


# ---------------------------------------------------------------- taps


def test_taps_of_a_controller_set_the_tempo() -> None:
    driver = Driver(HEADLESS)
    press(driver, TAP, S, S + 600 * MS, S + 1200 * MS, S + 1800 * MS)
    driver.run(5 * S)
    assert bpm_reports(driver) == [100.0, 100.0, 100.0]
    assert driver.session.settings.bpm == 100.0


def test_pad_without_release_taps_once_a_message() -> None:
    driver = Driver(HEADLESS)
    for beat in range(3):
        driver.schedule(S + beat * 400 * MS, Midi(midi.control_change(3, TAP, 127)))
    driver.run(5 * S)
    assert bpm_reports(driver) == [150.0, 150.0]


def test_tap_command_works_like_the_controller() -> None:
    driver = Driver(Settings())
    for beat in range(3):
        driver.schedule(S + beat * BEAT, TapBeat())
    driver.run(5 * S)
    assert bpm_reports(driver) == [120.0, 120.0]


@pytest.mark.parametrize("interval_ms", [60, 199])
def test_tapped_tempo_out_of_range_is_refused(interval_ms: int) -> None:
    driver = Driver(replace(HEADLESS, bpm=90.0))
    press(driver, TAP, S, S + interval_ms * MS)
    driver.run(5 * S)
    _, refusal = only_message(driver, SettingRefused)
    assert "give 20 to 300 bpm" in refusal.reason
    assert driver.session.settings.bpm == 90.0


def test_no_controller_taps_by_default() -> None:
    driver = Driver(Settings())
    for controller in range(120):
        press(driver, controller, *(S + beat * BEAT + controller * MS for beat in range(3)))
    driver.run(10 * S)
    assert bpm_reports(driver) == []


def test_taps_are_not_passed_on() -> None:
    driver = Driver(replace(HEADLESS, thru=True))
    press(driver, TAP, S, S + BEAT)
    driver.run(5 * S)
    assert driver.sent_messages() == []


# ---------------------------------------------------------------- our own transport


def test_start_controller_counts_in_and_stops() -> None:
    driver = Driver(replace(HEADLESS, bpm=120.0, metronome="on"))
    press(driver, START, S, 5 * S)
    driver.run(20 * S)
    begin_ms = (S + LEAD) // MS
    expected = [(begin_ms + 500 * beat, BEAT_NOTE if beat % 4 else ACCENT) for beat in range(8)]
    assert clicks(driver) == expected
    assert not driver.receiver.sounding
    assert driver.session.deadline is None


def test_count_in_only_ends_where_playing_begins() -> None:
    driver = Driver(replace(AT_120, meter="6/8", count_in_bars=2))
    driver.schedule(S, StartTransport())
    driver.run(20 * S)
    assert clicks(driver) == [(1008, ACCENT), (1758, BEAT_NOTE), (2508, ACCENT), (3258, BEAT_NOTE)]


def test_start_at_tapped_tempo_continues_the_taps() -> None:
    driver = Driver(HEADLESS)
    press(driver, TAP, S, S + 600 * MS, S + 1200 * MS)
    press(driver, START, S + 1500 * MS)
    driver.run(20 * S)
    assert [time_ms for time_ms, _ in clicks(driver)] == [2800, 3400, 4000, 4600]


def test_start_without_tempo_is_refused() -> None:
    driver = Driver(HEADLESS)
    driver.schedule(S, StartTransport())
    driver.run(5 * S)
    assert only_message(driver, StartRefused)[1] == StartRefused("no tempo")
    assert driver.session.deadline is None


def test_start_beside_a_running_clock_is_refused() -> None:
    driver = Driver(HEADLESS)
    send_clock(driver, S, 6 * S)
    press(driver, START, 4 * S)
    driver.run(5 * S)
    assert only_message(driver, StartRefused)[1] == StartRefused("clock")


@pytest.mark.parametrize("event", [StopTransport(), Panic(), Quit("test"), Midi(b"\xfc")])
@pytest.mark.parametrize("stop_ns", [S + 20 * MS, S + LEAD + BEAT, 4 * S, 4 * S + 27 * MS])
def test_clicks_end_at_every_stop(event: Event, stop_ns: int) -> None:
    driver = Driver(ON_AT_120)
    driver.schedule(S, StartTransport())
    driver.run(stop_ns)
    assert clicks(driver)
    driver.feed(event)
    count = len(clicks(driver))
    assert not driver.receiver.sounding
    driver.run(20 * S)
    assert len(clicks(driver)) == count


def test_start_after_panic_clicks_again() -> None:
    driver = Driver(ON_AT_120)
    for time_ns, event in ((S, StartTransport()), (2 * S, Panic()), (3 * S, StartTransport())):
        driver.schedule(time_ns, event)
    driver.run(3500 * MS)
    assert [time_ms for time_ms, _ in clicks(driver)] == [1008, 1508, 3008]


def test_begin_again_keeps_the_beat() -> None:
    driver = Driver(ON_AT_120)
    driver.schedule(S, StartTransport())
    driver.schedule(2200 * MS, Reset())
    driver.run(4 * S)
    assert [time_ms for time_ms, _ in clicks(driver)] == [1008 + 500 * beat for beat in range(6)]


def test_set_tempo_moves_the_next_click() -> None:
    driver = Driver(ON_AT_120)
    driver.schedule(S, StartTransport())
    driver.schedule(S + LEAD + 4 * BEAT + BEAT // 2, Setting("bpm", 60.0))
    driver.run(7 * S)
    begin_ms = (S + LEAD + 4 * BEAT) // MS
    assert [time_ms - begin_ms for time_ms, _ in clicks(driver)[4:]] == [0, 750, 1750, 2750, 3750]


def test_tempo_of_the_playing_leaves_the_beat_as_it_was() -> None:
    driver = Driver(ON_AT_120)
    driver.schedule(S, StartTransport())
    driver.schedule(2 * S, Setting("bpm", 0.0))
    driver.run(4 * S)
    assert [time_ms for time_ms, _ in clicks(driver)] == [1008 + 500 * beat for beat in range(6)]


def test_taps_move_the_beat_of_our_own_transport() -> None:
    driver = Driver(replace(ON_AT_120, tap_control=TAP))
    driver.schedule(S, StartTransport())
    press(driver, TAP, 3100 * MS, 3700 * MS, 4300 * MS)
    driver.run(6200 * MS)
    assert driver.session.settings.bpm == 100.0
    assert [time_ms for time_ms, _ in clicks(driver) if time_ms > 4200] == [4300, 4900, 5500, 6100]


def test_kept_phrase_is_answered_after_the_count_in() -> None:
    driver = Driver(AT_120)
    driver.schedule(S, StartTransport())
    play_quarters(driver, start_ns=S + LEAD + 4 * BEAT)
    driver.schedule(S + LEAD + 8 * BEAT + 10 * MS, StopTransport())
    driver.schedule(8 * S, EndPhrase())
    driver.schedule(10 * S, StartTransport())
    driver.run(20 * S)
    assert driver.messages_of(PhraseKept)
    assert only_message(driver, AnswerStarted)[1].due_ns == 10 * S + LEAD + 4 * BEAT


# ---------------------------------------------------------------- the DAW's clock


def test_metronome_follows_the_clock_and_its_stop() -> None:
    driver = Driver(replace(ON_AT_120, bpm=0.0, meter="3/4"))
    send_clock(driver, S, 5 * S + PULSE)
    driver.schedule(5 * S + 100 * MS, Midi(b"\xfc"))
    driver.run(20 * S)
    times = clicks(driver)
    assert [pitch for _, pitch in times] == [BEAT_NOTE if beat % 3 else ACCENT for beat in range(9)]
    assert all(abs(time_ms - 1000 - 500 * beat) <= 1 for beat, (time_ms, _) in enumerate(times))
    assert not driver.receiver.sounding


def test_clock_clicks_only_if_metronome_is_on() -> None:
    for choice in ("off", "count-in"):
        driver = Driver(replace(AT_120, metronome=choice))
        send_clock(driver, S, 5 * S)
        driver.run(20 * S)
        assert clicks(driver) == []


def test_panic_silences_clicks_until_the_next_start() -> None:
    driver = Driver(ON_AT_120)
    send_clock(driver, S, 4 * S)
    driver.schedule(2200 * MS, Panic())
    driver.schedule(4 * S, Midi(b"\xfc"))
    send_clock(driver, 5 * S, 5 * S + BEAT)
    driver.run(5200 * MS)
    assert [time_ms for time_ms, _ in clicks(driver)] == [1000, 1500, 2000, 5000]


def test_clicks_do_not_hold_up_the_answer() -> None:
    ends: list[int] = []
    for choice in ("off", "on"):
        driver = Driver(replace(AT_120, metronome=choice, phrase_end="bars", phrase_bars=1, count_in_bars=0))
        driver.schedule(S - LEAD, StartTransport())
        play_quarters(driver, start_ns=S)
        driver.run(8 * S)
        ends.append(driver.messages_of(AnswerEnded)[0][0])
        assert driver.session.settings.metronome == choice
    assert ends[0] == ends[1]
