"""Answers that are asked for before the phrase ends, under the virtual driver."""

from dataclasses import replace

import pytest

from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note
from bachbridge.protocol.effects import AnswerEnded, AnswerLate, Ask, PhraseEnded
from bachbridge.protocol.events import Answer, AskRefused, Midi, ModelDown, ModelUp, Panic, Setting, Tick
from tests.support.virtual_driver import (
    AT_120,
    BEAT,
    MS,
    TUNE,
    Driver,
    S,
    ScriptedModel,
    note_ons,
    only_message,
    play_quarters,
    silent_model,
)


def late(ms: int) -> ScriptedModel:
    """Return a model that answers at once after `ms` milliseconds: the prompt's last pitch, held to the end."""

    def whole(ask: Ask) -> list[tuple[int, Answer]]:
        notes = tuple(Note(0, ask.steps, ask.prompt.notes[-1].pitch - 5 * voice, voice=voice) for voice in range(4))
        return [(ms * MS, Answer(ask.ask, notes, ask.steps, final=True))]

    return whole


@pytest.mark.parametrize("ended_by", ["silence", "bars"])
def test_early_ask_has_answer_ready_at_phrase_end(ended_by: str) -> None:
    """The ask goes out a moment before the end, and the answer sounds after it."""
    driver = Driver(replace(AT_120, phrase_end=ended_by, phrase_bars=1, answer="harmonize"), late(110))
    play_quarters(driver)
    driver.run(20 * S)
    ended_ns, ended = only_message(driver, PhraseEnded)
    assert ended_ns - only_message(driver, Ask)[0] == 150 * MS
    assert ended.phrase == only_message(driver, Ask)[1].prompt
    assert driver.messages_of(AnswerLate) == []
    bar_line_ns = S + (4 if ended_by == "bars" else 8) * BEAT
    assert [time_ns for time_ns, _ in note_ons(driver)] == [bar_line_ns] * 4


@pytest.mark.parametrize("model", [late(20), late(110), silent_model])
def test_note_at_last_moment_is_asked_for_anew(model: ScriptedModel) -> None:
    driver = Driver(replace(AT_120, phrase_end="bars", phrase_bars=1, answer="harmonize"), model)
    play_quarters(driver, TUNE[:3])
    driver.play(S + 4 * BEAT - 110 * MS, 74, 300 * MS)
    driver.run(4 * S)
    early, last = driver.messages_of(Ask)
    assert isinstance(early[1], Ask)
    assert isinstance(last[1], Ask)
    assert [note.pitch for note in early[1].prompt.notes] == [67, 67, 69]
    assert last[1].prompt == only_message(driver, PhraseEnded)[1].phrase
    assert [note.pitch for note in last[1].prompt.notes] == [67, 67, 69, 74]
    assert {message.pitch for _, message in note_ons(driver)} == (set() if model is silent_model else {74, 69, 64, 59})


def test_refusal_of_early_ask_is_reported_after_phrase() -> None:
    driver = Driver(AT_120, silent_model)
    last_up = play_quarters(driver)
    driver.run(last_up + 4 * BEAT - 100 * MS)
    driver.feed(AskRefused(only_message(driver, Ask)[1].ask, "no"))
    assert driver.messages_of(AnswerLate) == []
    driver.run(last_up + 4 * BEAT + MS)
    again = driver.messages_of(Ask)[-1][1]
    assert isinstance(again, Ask)
    driver.feed(AskRefused(again.ask, "no"))
    assert only_message(driver, AnswerLate)[1] == AnswerLate(again.ask, "no")


def test_restarted_model_gets_early_ask_again() -> None:
    driver = Driver(AT_120, silent_model)
    last_up = play_quarters(driver)
    driver.run(last_up + 4 * BEAT - 100 * MS)
    driver.feed(ModelUp(driver.session.settings.model, 1))
    driver.run(last_up + 4 * BEAT + MS)
    early, again = (message for _, message in driver.messages_of(Ask))
    assert isinstance(early, Ask)
    assert isinstance(again, Ask)
    assert again == replace(early, ask=again.ask)


LINE_NS = S + 4 * BEAT
"""The bar line after a phrase of one bar."""


@pytest.mark.parametrize("early_ms", [40, 80, 140])
@pytest.mark.parametrize("let_go", [Midi(midi.note_off(0, 72)), Midi(midi.control_change(0, midi.ALL_NOTES_OFF, 0))])
def test_key_released_before_bar_line_keeps_early_ask(let_go: Midi, early_ms: int) -> None:
    """The phrase on the grid is the expected one, so the early ask stays valid."""
    driver = Driver(replace(AT_120, phrase_end="bars", phrase_bars=1, answer="harmonize"), late(110))
    driver.schedule(S, Midi(midi.note_on(0, 72, 80)))
    driver.schedule(LINE_NS - early_ms * MS, let_go)
    driver.run(10 * S)
    assert only_message(driver, Ask)[1].prompt.notes == (Note(0, 16, 72),)
    assert [time_ns for time_ns, _ in note_ons(driver)] == [LINE_NS] * 4


def test_early_ask_is_sent_once_if_nothing_changes() -> None:
    driver = Driver(replace(AT_120, phrase_end="bars", phrase_bars=1, answer="harmonize"), late(110))
    driver.schedule(S, Midi(midi.note_on(0, 72, 80)))
    for n in range(10):
        driver.schedule(LINE_NS - (160 - 10 * n) * MS, Midi(midi.control_change(0, midi.SUSTAIN, n)))
        driver.schedule(LINE_NS - (155 - 10 * n) * MS, Setting("levels", f"{50 + n},50,50,50"))
    driver.run(10 * S)
    only_message(driver, Ask)
    assert [time_ns for time_ns, _ in note_ons(driver)] == [LINE_NS] * 4


def test_all_notes_off_at_last_moment_asks_anew() -> None:
    driver = Driver(replace(AT_120, phrase_end="bars", phrase_bars=1, answer="harmonize"), late(70))
    play_quarters(driver, TUNE[:3])
    driver.schedule(LINE_NS - BEAT // 2, Midi(midi.note_on(0, 74, 80)))
    driver.schedule(LINE_NS - 100 * MS, Midi(midi.control_change(0, midi.ALL_NOTES_OFF, 0)))
    driver.run(10 * S)
    assert [message.prompt.notes[-1].length for _, message in driver.messages_of(Ask) if isinstance(message, Ask)] == [
        2,
        1,
    ]
    assert note_ons(driver)[0][0] == LINE_NS


def test_late_tick_ends_phrase_at_its_proper_time() -> None:
    """A note on the edge between two lengths is not longer because the thread woke up late."""
    driver = Driver(replace(AT_120, phrase_end="bars", phrase_bars=1, answer="harmonize"), late(110))
    play_quarters(driver, TUNE[:3])
    driver.schedule(LINE_NS - BEAT + 42_600_000, Midi(midi.note_on(0, 74, 80)))
    driver.run(LINE_NS - 21 * MS)
    driver.now_ns = LINE_NS - 19 * MS
    driver.feed(Tick())
    assert only_message(driver, PhraseEnded)[1].phrase == only_message(driver, Ask)[1].prompt


def test_early_ask_is_repeated_after_model_crash() -> None:
    def half(ask: Ask) -> list[tuple[int, Answer]]:
        part = Answer(ask.ask, (Note(0, 4, 60),), 4, final=False)
        rest = [(3 * MS, Answer(ask.ask, (Note(4, 12, 64),), 16, final=True))] if ask.ask > 1 else []
        return [(2 * MS, part), *rest]

    driver = Driver(AT_120, half)
    last_up = play_quarters(driver)
    driver.run(last_up + 4 * BEAT - 100 * MS)
    driver.feed(ModelDown("killed"))
    driver.run(last_up + 4 * BEAT + MS)
    driver.feed(ModelUp(driver.session.settings.model, 1))
    driver.run(20 * S)
    assert driver.messages_of(AnswerLate) == []
    assert [note.pitch for note in only_message(driver, AnswerEnded)[1].notes] == [60, 64]


def test_panic_discards_early_ask() -> None:
    """The early ask is forgotten, though the seed is the same."""
    driver = Driver(AT_120, silent_model)
    last_up = play_quarters(driver)
    driver.run(last_up + 4 * BEAT - 100 * MS)
    driver.feed(Panic())
    play_quarters(driver, start_ns=last_up + 8 * BEAT)
    driver.run(last_up * 2 + 12 * BEAT - S)
    early, again = (message for _, message in driver.messages_of(Ask))
    assert isinstance(early, Ask)
    assert isinstance(again, Ask)
    assert again == replace(early, ask=again.ask)


def test_ask_to_harmonize_has_the_end_of_the_phrase() -> None:
    driver = Driver(replace(AT_120, phrase_end="bars", phrase_bars=1, answer="harmonize"), late(70))
    play_quarters(driver, TUNE[:3])
    driver.run(10 * S)
    asks = [message for _, message in driver.messages_of(Ask) if isinstance(message, Ask)]
    assert asks
    assert all(ask.phrase_ends[-1] == ask.prompt.notes[-1].start for ask in asks)
