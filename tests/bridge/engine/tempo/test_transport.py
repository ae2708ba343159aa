"""The shared transport: the DAW's grid with its phase, and answers that begin on its bar lines and follow it."""

from collections.abc import Iterator, Sequence
from random import Random

import pytest

from bachbridge.engine.tempo.transport import CLOCK_TIMEOUT_NS, STOP_DELAY_NS
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerStarted,
    Ask,
    BarStarted,
    ClockNeverStarted,
    ClockTempo,
    Harmonized,
    PhraseEnded,
    PhraseKept,
)
from bachbridge.protocol.events import EndPhrase, LinkState, Midi, ModelUp
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S, note_ons

PULSE, START, CONTINUE, STOP = Midi(b"\xf8"), Midi(b"\xfa"), Midi(b"\xfb"), Midi(b"\xfc")
QUARTERS_A_BAR = 4


def song_position(sixteenths: int) -> Midi:
    return Midi(bytes((0xF2, sixteenths & 127, sixteenths >> 7)))


def pulse_times(bpm: float, beats: float, start_ns: int = 0, jitter_ns: float = 0.0) -> list[int]:
    chance = Random(3)
    length_ns = 60e9 / bpm / 24
    return sorted(start_ns + round(n * length_ns + chance.gauss(0, jitter_ns)) for n in range(round(24 * beats)))


class ClockedDaw:
    """A DAW that sends clock from `start_ns` on, through tempos that last some beats each."""

    def __init__(self, tempos: Sequence[tuple[float, float]], start_ns: int = S) -> None:
        """`tempos` are (bpm, beats)."""
        self.start_ns, self._tempos = start_ns, tempos

    def time_of(self, beat: float) -> int:
        time_ns = float(self.start_ns)
        for bpm, beats in self._tempos:
            length_ns = 60e9 / bpm
            if beat <= beats:
                return round(time_ns + beat * length_ns)
            time_ns, beat = time_ns + beats * length_ns, beat - beats
        return round(time_ns + beat * 60e9 / self._tempos[-1][0])

    def pulses(self, first_beat: float = 0.0) -> Iterator[int]:
        beats = sum(beats for _, beats in self._tempos)
        return (self.time_of(n / 24) for n in range(round(24 * first_beat), round(24 * beats)))

    def roll(self, driver: Driver, first_beat: float = 0.0, start: Midi = START) -> None:
        driver.schedule(self.time_of(first_beat), start)
        for time_ns in self.pulses(first_beat):
            driver.schedule(time_ns, PULSE)

    def play(self, driver: Driver, beats: Sequence[float], length: float = 0.9, early_ns: int = 0) -> None:
        """Play quarter notes, or notes of `length` beats, at these beats."""
        for index, beat in enumerate(beats):
            begin_ns, end_ns = self.time_of(beat) - early_ns, self.time_of(beat + length) - early_ns
            driver.play(begin_ns, 67 + index % 5, end_ns - begin_ns)


def answer_start(driver: Driver) -> int:
    return driver.messages_of(AnswerStarted)[-1][1].due_ns  # type: ignore[union-attr]


def answer_onsets(driver: Driver) -> list[int]:
    return sorted({time_ns for time_ns, _ in note_ons(driver)})


# ---------------------------------------------------------------- tempo


def test_session_follows_tempo_of_clock_while_it_runs() -> None:
    driver = Driver()
    for time_ns in pulse_times(150, 20):
        driver.schedule(time_ns, PULSE)
    driver.run(4 * S)
    assert driver.session.settings.bpm == 150
    driver.run(20 * S)
    assert [m.bpm for _, m in driver.messages_of(ClockTempo) if isinstance(m, ClockTempo)] == [150.0, 0.0]
    assert driver.messages_of(ClockTempo)[-1][0] == pytest.approx(pulse_times(150, 20)[-1] + CLOCK_TIMEOUT_NS, abs=1)
    assert driver.session.settings.bpm == 0


def test_session_only_reports_clock_if_not_followed() -> None:
    driver = Driver(Settings(follow_clock=False, bpm=100))
    ClockedDaw([(150, 16)], 0).roll(driver)
    driver.run(3 * S)
    assert driver.messages_of(ClockTempo)
    assert driver.session.settings.bpm == 100
    assert driver.session.settings.start == "beat"


def test_clock_without_start_is_reported_once() -> None:
    driver = Driver()
    for time_ns in pulse_times(120, 64):
        driver.schedule(time_ns, PULSE)
    driver.run(40 * S)
    assert len(driver.messages_of(ClockNeverStarted)) == 1


@pytest.mark.parametrize("bpm", [5, 10_000])
def test_absurd_clock_sets_no_tempo(bpm: float) -> None:
    driver = Driver()
    ClockedDaw([(bpm, 40)], 0).roll(driver)
    driver.run(30 * S)
    assert not any(m.bpm for _, m in driver.messages_of(ClockTempo) if isinstance(m, ClockTempo))


def test_clock_pulses_send_nothing() -> None:
    driver = Driver(Settings(thru=True))
    ClockedDaw([(120, 8)], 0).roll(driver)
    driver.run(20 * S)
    assert not [meaning for _, meaning in driver.sent_messages() if not isinstance(meaning, midi.NoteOff)]


# ---------------------------------------------------------------- the answer's bar line


PHRASES = {
    "two bars": (range(8), 8),
    "seven beats": (range(7), 8),
    "upbeat": ((3, 4, 5, 6, 7, 8, 9, 10), 12),
    "bar 5": (range(16, 24), 24),
    "after a rest": ((1, 2, 3, 4, 5, 6, 7), 8),
    "three bars": (range(12), 16),
}


@pytest.mark.parametrize("name", PHRASES)
@pytest.mark.parametrize("early_ns", [0, 6 * MS, -8 * MS])
def test_answer_begins_on_bar_line_of_clock(name: str, early_ns: int) -> None:
    beats, wanted = PHRASES[name]
    driver, daw = Driver(Settings(seed=1)), ClockedDaw([(120, 64)])
    daw.roll(driver)
    daw.play(driver, list(beats), early_ns=early_ns)
    driver.run(20 * S)
    latest = daw.time_of(wanted + QUARTERS_A_BAR)
    start_ns = answer_start(driver)
    assert start_ns in {daw.time_of(beat) for beat in range(0, 64, QUARTERS_A_BAR)}
    assert daw.time_of(wanted) <= start_ns <= latest


def test_long_last_note_is_answered_without_a_wait() -> None:
    for length in (1.8, 2.0, 2.5):
        driver, daw = Driver(Settings(seed=1)), ClockedDaw([(120, 64)])
        daw.roll(driver)
        daw.play(driver, range(6))
        daw.play(driver, [6], length)
        driver.run(20 * S)
        assert answer_start(driver) == daw.time_of(8)


@pytest.mark.parametrize("bar", ["3/4", "5/4", "6/8", "7/8", "9/8", "12/8", "3/2", "5/16"])
def test_answer_begins_on_bar_line_of_every_meter(bar: str) -> None:
    driver, daw = Driver(Settings(seed=1, meter=bar)), ClockedDaw([(100, 128)])
    quarters = driver.session.settings.steps_per_bar / 4
    daw.roll(driver)
    daw.play(driver, [n * quarters / 2 for n in range(7)], quarters / 2.2)
    driver.run(60 * S)
    bars = (answer_start(driver) - daw.start_ns) / (daw.time_of(quarters) - daw.start_ns)
    assert bars == pytest.approx(round(bars), abs=1e-6)
    (_, ask) = driver.messages_of(Ask)[-1]
    assert isinstance(ask, Ask)
    assert ask.steps % ask.prompt.steps_per_bar == 0
    assert ((ask.prompt.position or 0) + ask.prompt.steps) % ask.prompt.steps_per_bar == 0


def test_downbeat_answer_leaves_room_for_next_upbeat() -> None:
    driver, daw = Driver(Settings(seed=1, start="downbeat")), ClockedDaw([(120, 64)])
    daw.roll(driver)
    daw.play(driver, (3, 4, 5, 6, 7, 8, 9, 10))
    driver.run(20 * S)
    (_, ask) = driver.messages_of(Ask)[-1]
    assert isinstance(ask, Ask)
    assert (ask.prompt.steps + ask.steps) % 16 == 0
    assert (ask.prompt.position, ask.steps) == (12, 28)


def test_beat_answer_begins_on_beat_of_clock() -> None:
    driver, daw = Driver(Settings(seed=1, start="beat", foresee_end=False)), ClockedDaw([(120, 64)])
    daw.roll(driver)
    daw.play(driver, range(7), early_ns=10 * MS)
    driver.run(20 * S)
    beat = (answer_start(driver) - daw.start_ns) / (500 * MS)
    assert beat == pytest.approx(round(beat), abs=1e-6)
    assert 8 <= beat <= 10


def test_answer_to_upbeat_in_four_voices_begins_with_upbeat() -> None:
    driver, daw = Driver(Settings(seed=1, answer="harmonize")), ClockedDaw([(120, 64)])
    daw.roll(driver)
    daw.play(driver, (3, 4, 5, 6, 7, 8, 9, 10))
    driver.run(20 * S)
    assert answer_start(driver) in {daw.time_of(15), daw.time_of(11)}


# ---------------------------------------------------------------- tempo changes


@pytest.mark.parametrize("second", [140.0, 125.0, 60.0, 90.0])
@pytest.mark.parametrize("change_at", [4, 10])
def test_answer_follows_tempo_change(second: float, change_at: int) -> None:
    driver, daw = Driver(Settings(seed=1)), ClockedDaw([(120, change_at), (second, 60)])
    daw.roll(driver)
    daw.play(driver, range(7))
    driver.run(40 * S)
    onsets = answer_onsets(driver)
    assert len(onsets) == 8
    settled = [beat for beat in range(8, 16) if beat >= change_at + 4]
    for beat in settled:
        assert onsets[beat - 8] == pytest.approx(daw.time_of(beat), abs=2 * MS)


def test_answer_stays_on_grid_through_jitter() -> None:
    driver, daw = Driver(Settings(seed=1)), ClockedDaw([(120, 40)])
    chance = Random(5)
    driver.schedule(daw.start_ns, START)
    for time_ns in sorted(max(daw.start_ns, time_ns + round(chance.gauss(0, 2.6e6))) for time_ns in daw.pulses()):
        driver.schedule(time_ns, PULSE)
    daw.play(driver, range(7))
    driver.run(40 * S)
    onsets = answer_onsets(driver)
    errors = [onset - daw.time_of(beat) for beat, onset in enumerate(onsets, 8)]
    assert max(map(abs, errors)) < 3 * MS
    assert not driver.receiver.sounding


# ---------------------------------------------------------------- start, stop, locate, loop


def test_continue_goes_on_at_song_position() -> None:
    driver, daw = Driver(Settings(seed=1)), ClockedDaw([(120, 64)])
    driver.schedule(daw.time_of(16) - MS, song_position(64))
    daw.roll(driver, first_beat=16, start=CONTINUE)
    daw.play(driver, range(16, 23))
    driver.run(40 * S)
    assert answer_start(driver) == daw.time_of(24)


def test_continue_in_mid_bar_keeps_bar_lines() -> None:
    driver, daw = Driver(Settings(seed=1)), ClockedDaw([(120, 64)])
    driver.schedule(daw.time_of(17) - MS, song_position(68))
    daw.roll(driver, first_beat=17, start=CONTINUE)
    daw.play(driver, range(20, 27))
    driver.run(40 * S)
    assert answer_start(driver) == daw.time_of(28)


def test_song_position_in_pulses_is_understood() -> None:
    driver, daw = Driver(Settings(seed=1)), ClockedDaw([(120, 64)])
    driver.schedule(daw.start_ns, START)
    for time_ns in list(daw.pulses())[: 24 * 2 + 19]:
        driver.schedule(time_ns, PULSE)
    driver.schedule(daw.time_of(2.8), STOP)
    again = ClockedDaw([(120, 64)], daw.time_of(2.8) + 3 * S - daw.time_of(3) + daw.start_ns)
    driver.schedule(again.time_of(3) - MS, song_position(72))
    again.roll(driver, first_beat=3, start=CONTINUE)
    again.play(driver, range(4, 11))
    driver.run(40 * S)
    assert answer_start(driver) == again.time_of(12)


def test_note_a_moment_before_start_belongs_to_bar_one() -> None:
    driver, daw = Driver(Settings(seed=1)), ClockedDaw([(120, 64)])
    daw.roll(driver)
    daw.play(driver, range(7), early_ns=6 * MS)
    driver.run(40 * S)
    (_, phrase_ended) = driver.messages_of(PhraseEnded)[-1]
    assert isinstance(phrase_ended, PhraseEnded)
    assert [note.start for note in phrase_ended.phrase.notes] == list(range(0, 28, 4))
    assert answer_start(driver) == daw.time_of(8)


@pytest.mark.parametrize("ending", [STOP, song_position(0)], ids=["stop", "locate"])
def test_stop_and_locate_silence_answer(ending: Midi) -> None:
    driver, daw = Driver(Settings(seed=1)), ClockedDaw([(120, 10.4)])
    daw.roll(driver)
    daw.play(driver, range(7))
    driver.schedule(daw.time_of(10.4), ending)
    driver.run(daw.time_of(10.4) + STOP_DELAY_NS + 1)
    assert [m.interrupted for _, m in driver.messages_of(AnswerEnded) if isinstance(m, AnswerEnded)] == [True]
    assert not driver.receiver.sounding
    driver.run(60 * S)
    assert answer_onsets(driver)[-1] <= daw.time_of(10.4)


def test_loop_of_daw_does_not_end_answer() -> None:
    driver, daw = Driver(Settings(seed=1)), ClockedDaw([(120, 40)])
    daw.roll(driver)
    daw.play(driver, range(7))
    driver.schedule(daw.time_of(12) - 5 * MS, STOP)
    driver.schedule(daw.time_of(12) - MS, song_position(16))
    driver.schedule(daw.time_of(12) - 1, CONTINUE)
    driver.run(60 * S)
    assert answer_onsets(driver) == [daw.time_of(beat) for beat in range(8, 16)]
    assert [m.interrupted for _, m in driver.messages_of(AnswerEnded) if isinstance(m, AnswerEnded)] == [False]


def stopped_after_phrase() -> tuple[Driver, ClockedDaw]:
    driver, daw = Driver(Settings(seed=1)), ClockedDaw([(120, 7.9)])
    daw.roll(driver)
    daw.play(driver, range(7))
    driver.schedule(daw.time_of(7.9), STOP)
    driver.run(daw.time_of(9))
    return driver, daw


def test_phrase_before_stop_is_kept_and_reported() -> None:
    driver, _ = stopped_after_phrase()
    [(_, kept)] = driver.messages_of(PhraseKept)
    assert isinstance(kept, PhraseKept)
    assert len(kept.phrase.notes) == 7
    assert not kept.is_awaited
    assert not note_ons(driver)


@pytest.mark.parametrize("click", [EndPhrase(), Midi(midi.control_change(0, 80, 127))], ids=["command", "controller"])
def test_kept_phrase_is_answered_at_next_start(click: EndPhrase | Midi) -> None:
    driver, daw = stopped_after_phrase()
    driver.schedule(daw.time_of(10), click)
    again = ClockedDaw([(120, 40)], daw.time_of(14))
    again.roll(driver)
    driver.run(60 * S)
    assert answer_onsets(driver) == pytest.approx([again.time_of(beat) for beat in range(8)], abs=2 * MS)
    assert not driver.receiver.sounding


def test_kept_phrase_is_answered_on_bar_line_while_rolling() -> None:
    driver, daw = stopped_after_phrase()
    again = ClockedDaw([(120, 40)], daw.time_of(14))
    again.roll(driver)
    driver.schedule(again.time_of(1.5), EndPhrase())
    driver.run(60 * S)
    assert answer_start(driver) == again.time_of(4)


def test_new_phrase_replaces_kept_phrase() -> None:
    driver, daw = stopped_after_phrase()
    again = ClockedDaw([(120, 40)], daw.time_of(14))
    again.roll(driver)
    again.play(driver, range(7))
    driver.run(60 * S)
    assert len(driver.messages_of(PhraseEnded)) == 1
    driver.feed(EndPhrase())
    assert len(driver.messages_of(PhraseEnded)) == 1


# ---------------------------------------------------------------- other sources, and live harmony


def test_answer_begins_on_bar_line_of_link() -> None:
    driver = Driver(Settings(seed=1))
    driver.schedule(0, LinkState(300 * MS, 125 * MS, is_playing=True, peers=1))
    for beat in range(7):
        driver.play(300 * MS + beat * 500 * MS, 67, 450 * MS)
    driver.run(20 * S)
    assert answer_start(driver) == 300 * MS + 8 * 500 * MS
    assert {m.source for _, m in driver.messages_of(BarStarted) if isinstance(m, BarStarted)} == {"link"}


def test_live_harmony_counts_bars_of_clock() -> None:
    driver, daw = Driver(Settings(seed=1, mode="harmonize")), ClockedDaw([(120, 40)])
    driver.schedule(0, ModelUp("chorale-lstm", 400_000))
    daw.roll(driver)
    daw.play(driver, (3, 4, 5, 6, 7))
    driver.schedule(daw.time_of(8.2), EndPhrase())
    driver.run(20 * S)
    (_, phrase_ended) = driver.messages_of(PhraseEnded)[-1]
    assert isinstance(phrase_ended, PhraseEnded)
    assert (phrase_ended.phrase.position, phrase_ended.phrase.notes[0].start) == (12, 0)
    assert driver.messages_of(Harmonized)[0][0] == daw.time_of(3)
    assert answer_start(driver) == daw.time_of(12)
