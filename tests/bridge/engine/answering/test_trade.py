"""Mode trade: turns of whole bars on the shared grid, for ever."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from bachbridge.engine.answering.turns import Span, first_turn_step, upbeat_start
from bachbridge.engine.tempo.transport import STOP_DELAY_NS
from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerStarted,
    Ask,
    BarStarted,
    BeatMissing,
    PhraseEnded,
    PhraseKept,
)
from bachbridge.protocol.events import Answer, EndPhrase, LinkState, Midi, Reset, Setting, StartTransport
from bachbridge.settings import Settings
from tests.bridge.engine.tempo.test_transport import STOP, ClockedDaw, song_position
from tests.support.virtual_driver import MS, Driver, S, note_ons, silent_model

TRADE = Settings(seed=1, mode="trade", trade_bars=2)


def long_model(ask: Ask) -> Iterator[tuple[int, Answer]]:
    """A model that answers at once, with a note on each quarter that lasts too long, and one after the end."""
    notes = tuple(
        Note(start, 5, 60 + start % 12, 70, 0, 0 if start else -9 * MS) for start in range(0, ask.steps + 4, 4)
    )
    yield 2 * MS, Answer(ask.ask, notes, ask.steps, final=True)


def slow_model(delay_ns: int) -> object:
    def answer(ask: Ask) -> Iterator[tuple[int, Answer]]:
        for _, whole in long_model(ask):
            yield delay_ns, whole

    return answer


def trading(settings: Settings = TRADE, tempos: Sequence[tuple[float, float]] = ((120, 160),), **model: object):
    driver, daw = Driver(settings, **({"model": long_model} | model)), ClockedDaw(tempos)  # type: ignore[arg-type]
    daw.roll(driver)
    return driver, daw


def starts(driver: Driver) -> list[int]:
    return [m.due_ns for _, m in driver.messages_of(AnswerStarted) if isinstance(m, AnswerStarted)]


def phrases(driver: Driver) -> list[PhraseEnded]:
    return [m for _, m in driver.messages_of(PhraseEnded) if isinstance(m, PhraseEnded)]


def onset_beats(driver: Driver, daw: ClockedDaw) -> list[float]:
    beat_ns = daw.time_of(1) - daw.start_ns
    return [round((time_ns - daw.start_ns) / beat_ns, 3) for time_ns, _ in note_ons(driver)]


# ---------------------------------------------------------------- the turns


@pytest.mark.parametrize(("step", "begins"), [(0, 0), (3, 0), (4, 0), (7, 0), (8, 16), (12, 16), (15, 16), (16, 16)])
def test_first_turn_begins_with_first_bar(step: int, begins: int) -> None:
    assert first_turn_step(step, 16) == begins


@pytest.mark.parametrize(
    ("spans", "begins"),
    [
        ([], 32),
        ([(30, 32)], 30),
        ([(28, 31)], 28),
        ([(28, 29)], 32),
        ([(24, 28), (28, 32)], 24),
        ([(20, 24), (24, 28), (28, 32)], 32),
        ([(20, 24), (24, 28), (28, 30), (30, 32)], 30),
        ([(16, 20), (24, 28), (28, 31)], 24),
        ([(31, 40)], 31),
    ],
)
def test_upbeat_leads_into_turn(spans: list[tuple[int, int]], begins: int) -> None:
    assert upbeat_start([Span(*span) for span in spans], 32, 16, 4) == begins


def test_64_turns_begin_and_end_on_their_bar_lines() -> None:
    driver, daw = trading(replace(TRADE, trade_bars=1), [(120, 264)])
    for turn in range(0, 64, 2):
        daw.play(driver, range(4 * turn, 4 * turn + 4))
    driver.run(140 * S)
    assert starts(driver) == [daw.time_of(4 * turn) for turn in range(1, 65, 2)]
    assert onset_beats(driver, daw) == [4 * turn + beat for turn in range(1, 65, 2) for beat in range(4)]
    last_offs = [time_ns for time_ns, m in driver.sent_messages() if isinstance(m, midi.NoteOff)]
    assert {daw.time_of(4 * turn) for turn in range(2, 65, 2)} <= set(last_offs)
    assert not driver.receiver.sounding
    assert [phrase.phrase.position for phrase in phrases(driver)] == [0] * 32


@pytest.mark.parametrize("meter", ["3/4", "7/8", "6/8", "5/16", "1/4"])
def test_turns_are_exact_in_every_meter(meter: str) -> None:
    driver, daw = trading(replace(TRADE, meter=meter))
    quarters = driver.session.settings.steps_per_bar / 4
    for turn in range(0, 12, 2):
        daw.play(driver, [2 * turn * quarters, 2 * turn * quarters + quarters], quarters / 2)
    driver.run(60 * S)
    assert starts(driver) == pytest.approx([daw.time_of(2 * turn * quarters) for turn in range(1, 12, 2)], abs=MS)
    asks = [m for _, m in driver.messages_of(Ask) if isinstance(m, Ask)]
    assert {ask.steps for ask in asks} == {2 * driver.session.settings.steps_per_bar}
    assert {(p.phrase.steps, p.phrase.position) for p in phrases(driver)} == {(asks[0].steps, 0)}


@pytest.mark.parametrize("change_at", [5, 10])
def test_turns_move_with_tempo(change_at: int) -> None:
    driver, daw = trading(tempos=[(120, change_at), (90, 80)])
    for first in (0, 16, 32):
        daw.play(driver, range(first, first + 8))
    driver.run(60 * S)
    assert starts(driver)[1:] == pytest.approx([daw.time_of(24), daw.time_of(40)], abs=2 * MS)
    settled = [beat for beat in (*range(8, 16), *range(24, 32)) if beat >= change_at + 4]
    onsets = [time_ns for time_ns, _ in note_ons(driver) if time_ns < daw.time_of(33)][-len(settled) :]
    assert onsets == pytest.approx([daw.time_of(beat) for beat in settled], abs=2 * MS)
    assert not driver.receiver.sounding


def test_model_rests_after_empty_turn_and_count_goes_on() -> None:
    driver, daw = trading()
    daw.play(driver, range(8))
    daw.play(driver, range(34, 38))
    driver.run(60 * S)
    assert starts(driver) == [daw.time_of(8), daw.time_of(40)]
    (_, second) = phrases(driver)
    assert [note.start for note in second.phrase.notes] == [8, 12, 16, 20]
    assert (second.phrase.steps, second.origin_ns) == (32, daw.time_of(32))


def test_playing_in_models_turn_interrupts_and_changes_nothing() -> None:
    driver, daw = trading()
    daw.play(driver, range(8))
    daw.play(driver, (8.5, 9.5, 11, 13), 0.3)
    daw.play(driver, range(16, 24))
    driver.run(60 * S)
    assert starts(driver) == [daw.time_of(8), daw.time_of(24)]
    assert [m.interrupted for _, m in driver.messages_of(AnswerEnded) if isinstance(m, AnswerEnded)] == [False, False]
    assert onset_beats(driver, daw) == [*range(8, 16), *range(24, 32)]
    assert [note.start for note in phrases(driver)[1].phrase.notes] == list(range(0, 32, 4))


def test_upbeat_in_models_turn_belongs_to_next_phrase() -> None:
    driver, daw = trading()
    daw.play(driver, range(8))
    daw.play(driver, (14.5, 15, 15.5), 0.5)
    daw.play(driver, range(16, 24))
    driver.run(60 * S)
    assert starts(driver) == [daw.time_of(8), daw.time_of(24)]
    phrase = phrases(driver)[1].phrase
    assert (phrase.steps, phrase.position, phrase.notes[0].start) == (38, 10, 0)
    assert {ask.steps for _, ask in driver.messages_of(Ask) if isinstance(ask, Ask)} == {32}


@pytest.mark.parametrize("first", [3, 3.5, 3.75])
def test_first_upbeat_belongs_to_first_turn(first: float) -> None:
    driver, daw = trading()
    daw.play(driver, (first,), 4 - first)
    daw.play(driver, range(4, 12))
    driver.run(40 * S)
    assert starts(driver)[0] == daw.time_of(12)
    assert phrases(driver)[0].phrase.position == round(4 * first)


@pytest.mark.parametrize("answer", ["harmonize", "vary", "dream"])
def test_every_answer_fills_its_turn(answer: str) -> None:
    driver, daw = trading(replace(TRADE, answer=answer, answer_bars=7, start="downbeat"))
    daw.play(driver, range(3, 12))
    driver.run(30 * S)
    (_, ask) = driver.messages_of(Ask)[-1]
    assert isinstance(ask, Ask)
    assert (ask.task, ask.steps) == ("continue" if answer == "dream" else answer, 32)
    assert onset_beats(driver, daw) == list(range(12, 20))


# ---------------------------------------------------------------- late and missing answers


def test_late_answer_keeps_its_steps_and_turns() -> None:
    driver, daw = trading(model=slow_model(1400 * MS))
    daw.play(driver, range(8))
    daw.play(driver, range(16, 24))
    driver.run(40 * S)
    assert onset_beats(driver, daw) == [*range(11, 16), *range(26, 32)]
    assert starts(driver) == [daw.time_of(8), daw.time_of(24)]


def test_slow_model_is_asked_earlier_from_second_turn_on() -> None:
    driver, daw = trading(model=slow_model(400 * MS))
    for first in (0, 16, 32):
        daw.play(driver, range(first, first + 8))
    driver.run(60 * S)
    assert onset_beats(driver, daw) == [*range(9, 16), *range(24, 32), *range(40, 48)]


def test_last_notes_change_answer_just_before_bar_line() -> None:
    driver, daw = trading()
    daw.play(driver, range(8))
    daw.play(driver, (7.75, 7.85), 0.1)
    driver.run(12 * S)
    assert onset_beats(driver, daw) == list(range(8, 16))
    assert len(phrases(driver)[0].phrase.notes) == 10


def test_turns_go_on_without_any_answer() -> None:
    driver, daw = trading(model=silent_model)
    for first in (0, 16, 32):
        daw.play(driver, range(first, first + 8))
    driver.run(60 * S)
    assert starts(driver) == [daw.time_of(beat) for beat in (8, 24, 40)]
    assert [m.interrupted for _, m in driver.messages_of(AnswerEnded) if isinstance(m, AnswerEnded)] == [True] * 3


# ---------------------------------------------------------------- stop and start


def test_stop_ends_trading_and_start_begins_anew() -> None:
    driver, daw = trading(tempos=[(120, 10.4)])
    daw.play(driver, range(8))
    driver.schedule(daw.time_of(10.4), STOP)
    driver.run(daw.time_of(10.4) + STOP_DELAY_NS + 1)
    assert not driver.receiver.sounding
    again = ClockedDaw([(120, 64)], daw.time_of(17.3))
    again.roll(driver)
    again.play(driver, range(4, 12))
    driver.run(60 * S)
    assert starts(driver) == [daw.time_of(8), again.time_of(12)]
    assert not driver.messages_of(PhraseKept)


def test_loop_of_whole_bars_keeps_turns() -> None:
    driver, daw = trading()
    daw.play(driver, range(8))
    daw.play(driver, range(16, 24))
    driver.schedule(daw.time_of(12) - 5 * MS, STOP)
    driver.schedule(daw.time_of(12) - MS, song_position(16))
    driver.schedule(daw.time_of(12) - 1, Midi(b"\xfb"))
    driver.run(40 * S)
    assert starts(driver) == [daw.time_of(8), daw.time_of(24)]
    assert onset_beats(driver, daw) == [*range(8, 16), *range(24, 32)]


def test_reset_begins_trading_anew() -> None:
    driver, daw = trading()
    daw.play(driver, range(3))
    driver.schedule(daw.time_of(3), Reset())
    daw.play(driver, range(4, 12))
    driver.run(20 * S)
    assert starts(driver) == [daw.time_of(12)]


def test_trading_on_link() -> None:
    driver = Driver(TRADE, long_model)
    driver.schedule(0, LinkState(300 * MS, 125 * MS, is_playing=True, peers=1))
    for beat in range(8):
        driver.play(300 * MS + beat * 500 * MS, 67, 450 * MS)
    driver.run(20 * S)
    assert starts(driver) == [300 * MS + 8 * 500 * MS]


def test_trading_at_set_tempo_begins_with_first_note() -> None:
    driver = Driver(replace(TRADE, bpm=120.0), long_model)
    for beat in range(8):
        driver.play(S + beat * 500 * MS, 67, 450 * MS)
    driver.run(20 * S)
    assert starts(driver) == [5 * S]
    driver.feed(Setting("mode", "continue"))
    driver.play(21 * S, 67, 400 * MS)
    driver.run(40 * S)
    assert starts(driver)[1] % S % (500 * MS) == 0
    assert driver.session.settings.start == "beat"


def test_upbeat_in_count_in_belongs_to_first_turn() -> None:
    driver = Driver(replace(TRADE, bpm=120.0), long_model)
    driver.schedule(S, StartTransport())
    driver.run(S)
    (_, bar) = driver.messages_of(BarStarted)[-1]
    assert isinstance(bar, BarStarted)
    for beat in range(-1, 8):
        driver.play(bar.origin_ns + beat * 500 * MS, 67, 450 * MS)
    driver.run(12 * S)
    assert bar.origin_ns > 3 * S
    assert starts(driver) == [bar.origin_ns + 4 * S]
    assert phrases(driver)[0].phrase.position == 12


def test_trading_goes_over_to_clock_that_starts() -> None:
    driver, daw = Driver(replace(TRADE, bpm=120.0), long_model), ClockedDaw([(120, 60)], 4 * S + 40 * MS)
    for beat in range(4):
        driver.play(S + beat * 500 * MS, 67, 450 * MS)
    daw.roll(driver)
    daw.play(driver, range(4, 12))
    driver.run(30 * S)
    assert starts(driver) == [daw.time_of(12)]


def test_tempo_that_is_set_moves_own_turns() -> None:
    driver = Driver(replace(TRADE, bpm=120.0), long_model)
    for beat in range(6):
        driver.play(S + beat * 500 * MS, 67, 450 * MS)
    driver.schedule(4 * S, Setting("bpm", 60.0))
    driver.run(20 * S)
    assert starts(driver) == [6 * S]
    assert [time_ns for time_ns, _ in note_ons(driver)] == [(6 + beat) * S for beat in range(8)]


def test_trading_without_a_beat_is_reported_once() -> None:
    driver = Driver(TRADE)
    for beat in range(8):
        driver.play(S + beat * 500 * MS, 67, 450 * MS)
    driver.run(20 * S)
    assert [m for _, m in driver.messages_of(BeatMissing)] == [BeatMissing("trade")]
    driver.feed(EndPhrase())
    assert not driver.messages_of(Ask)


def test_clock_that_stands_still_is_no_beat() -> None:
    driver, daw = Driver(replace(TRADE, bpm=100.0)), ClockedDaw([(120, 40)])
    for time_ns in daw.pulses():
        driver.schedule(time_ns, Midi(b"\xf8"))
    daw.play(driver, range(4, 20))
    driver.run(30 * S)
    assert len(driver.messages_of(BeatMissing)) == 1
    assert not starts(driver)


def test_latency_sends_turn_earlier() -> None:
    driver, daw = trading(replace(TRADE, latency_ms=40))
    daw.play(driver, range(8))
    driver.run(20 * S)
    assert starts(driver) == [daw.time_of(8) - 40 * MS]
