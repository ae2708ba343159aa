"""Answers that come late, in part or never, and models that are replaced before they have answered."""

from dataclasses import replace

import pytest

from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note
from bachbridge.protocol.effects import AnswerEnded, AnswerLate, AnswerStarted, Ask, PhraseEnded, PlanRequest, Send
from bachbridge.protocol.events import Answer, AskRefused, EndPhrase, Midi, ModelDown, ModelUp, Setting, Tick
from bachbridge.settings import Settings
from tests.support.virtual_driver import (
    AT_120,
    BEAT,
    MS,
    Driver,
    S,
    chorale_model,
    note_ons,
    only_message,
    play_quarters,
    silent_model,
)


def test_session_starts_late_answer_on_later_beat() -> None:
    driver = Driver(AT_120, lambda ask: [(delay + 1200 * MS, answer) for delay, answer in chorale_model(ask)])
    play_quarters(driver)
    driver.run(30 * S)
    due = [m.due_ns for _, m in driver.messages_of(AnswerStarted) if isinstance(m, AnswerStarted)]
    assert len(due) == 2
    assert (due[1] - due[0]) % BEAT == 0
    assert due[1] > due[0]
    assert note_ons(driver)[0][0] == due[1]
    assert len(driver.messages_of(AnswerLate)) == 1


@pytest.mark.parametrize("late_ms", [90, 200])
@pytest.mark.parametrize("ended_by", ["silence", "bars", "control"])
def test_slow_answer_starts_on_next_beat_that_is_left(late_ms: int, ended_by: str) -> None:
    def whole(ask: Ask) -> list[tuple[int, Answer]]:
        notes = tuple(Note(0, ask.steps, 60 - 5 * voice, voice=voice) for voice in range(4))
        return [(late_ms * MS, Answer(ask.ask, notes, ask.steps, final=True))]

    driver = Driver(replace(AT_120, phrase_end=ended_by, phrase_bars=1, answer="harmonize"), whole)
    last_up = play_quarters(driver)
    if ended_by == "control":
        driver.schedule(last_up - 100 * MS, Midi(midi.control_change(0, 80, 127)))
    driver.run(20 * S)
    asked_ns, origin_ns = only_message(driver, Ask)[0], only_message(driver, PhraseEnded)[1].origin_ns
    ready_ns = asked_ns + late_ms * MS
    begin_ns = note_ons(driver)[0][0]
    assert (begin_ns - origin_ns) % BEAT == 0
    assert ready_ns <= begin_ns < ready_ns + BEAT
    assert len(note_ons(driver)) == 4
    assert not driver.receiver.sounding


def test_session_gives_up_missing_answer_and_goes_on() -> None:
    driver = Driver(AT_120, silent_model)
    play_quarters(driver)
    driver.run(30 * S)
    assert only_message(driver, AnswerLate)[1].what == "no answer came"
    play_quarters(driver, start_ns=40 * S)
    driver.run(60 * S)
    assert len(driver.messages_of(Ask)) == 2


def test_session_ends_notes_of_half_an_answer() -> None:
    driver = Driver(AT_120, lambda ask: list(chorale_model(ask))[:3])
    play_quarters(driver)
    driver.run(30 * S)
    assert len(note_ons(driver)) == 8
    assert not driver.receiver.sounding
    assert "rest of the answer" in only_message(driver, AnswerLate)[1].what


def test_refusal_is_reported_and_ends_answer_at_once() -> None:
    driver = Driver(replace(AT_120, answer="vary"), silent_model)
    last_up = play_quarters(driver)
    driver.run(last_up + 3 * S)
    ask = only_message(driver, Ask)[1]
    driver.feed(AskRefused(ask.ask + 1, "of another ask"))
    assert driver.messages_of(AnswerLate) == []
    driver.feed(AskRefused(ask.ask, "m cannot vary a phrase: choose another answer or another model."))
    assert only_message(driver, AnswerLate)[1] == AnswerLate(
        ask.ask, "m cannot vary a phrase: choose another answer or another model."
    )
    assert only_message(driver, AnswerEnded)[1].interrupted
    play_quarters(driver, start_ns=driver.now_ns + S)
    driver.run(driver.now_ns + 20 * S)
    assert len(driver.messages_of(Ask)) == 2


@pytest.mark.parametrize("answer", ["continue", "dream"])
def test_answer_ends_without_a_burst_when_the_machine_has_slept(answer: str) -> None:
    driver = Driver(Settings(bpm=120.0, seed=1, silence_beats=2.0, answer_bars=8, answer=answer))
    driver.feed(ModelUp("chorale-lstm", 1))
    driver.run(play_quarters(driver) + 3 * S)
    assert driver.receiver.sounding
    driver.now_ns += 5 * S
    effects = driver.feed(Tick())
    assert sum(isinstance(effect, Send) for effect in effects) <= 4
    assert not driver.receiver.sounding
    [(_, late)] = driver.messages_of(AnswerLate)
    assert "slept" in str(late)
    driver.run(driver.now_ns + 20 * S)
    assert not note_ons(driver) or note_ons(driver)[-1][0] < driver.now_ns - 20 * S


def test_session_asks_new_model_process_again() -> None:
    driver = Driver(AT_120, silent_model)
    play_quarters(driver)
    driver.run(S + 7 * BEAT + 485 * MS)
    driver.feed(ModelDown("killed"))
    driver.model = chorale_model
    driver.feed(ModelUp("chorale-lstm", 200_000))
    driver.run(30 * S)
    first, second = [m for _, m in driver.messages_of(Ask)]
    assert first == second
    assert len(note_ons(driver)) == 16


@pytest.mark.parametrize("mode", ["continue", "harmonize"])
def test_session_asks_newly_chosen_model_when_ready(mode: str) -> None:
    driver = Driver(replace(AT_120, mode=mode), silent_model)
    last_up = play_quarters(driver)
    driver.schedule(last_up + 10 * MS, EndPhrase())
    driver.run(last_up + 20 * MS)
    before = only_message(driver, Ask)[1]
    driver.model = chorale_model
    driver.feed(Setting("model", "another"))
    assert len(driver.messages_of(Ask)) == 1, "the new model is not ready yet"
    driver.feed(ModelUp("chorale-lstm", 200_000))
    assert len(driver.messages_of(Ask)) == 1, (
        "the former model may still report that it is ready; an ask would load it again"
    )
    driver.feed(ModelUp("another", 200_000))
    assert [m for _, m in driver.messages_of(Ask)][1:] == [replace(before, model="another")]
    driver.run(30 * S)
    assert only_message(driver, AnswerEnded)[1].ask == before.ask
    assert not driver.receiver.sounding


def test_session_sends_no_plan_request_to_former_model() -> None:
    driver = Driver(replace(AT_120, mode="harmonize"))
    driver.feed(Setting("model", "another"))
    request_count = len(driver.messages_of(PlanRequest))
    driver.feed(ModelUp("chorale-lstm", 200_000))
    assert len(driver.messages_of(PlanRequest)) == request_count
    driver.feed(ModelUp("another", 200_000))
    assert len(driver.messages_of(PlanRequest)) == request_count + 1
