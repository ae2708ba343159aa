"""What is asked for before its phrase ends, under a virtual driver."""

from dataclasses import replace

import pytest

from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note
from bachbridge.protocol.events import (
    Answer,
    AnswerEnded,
    AnswerLate,
    Ask,
    AskRefused,
    Midi,
    ModelDown,
    ModelUp,
    Panic,
    PhraseEnded,
    Setting,
    Tick,
)
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
    """A model that says all at once, in so many milliseconds: the prompt's last pitch from the beginning to the end."""

    def whole(ask: Ask) -> list[tuple[int, Answer]]:
        notes = tuple(Note(0, ask.steps, ask.prompt.notes[-1].pitch - 5 * voice, voice=voice) for voice in range(4))
        return [(ms * MS, Answer(ask.ask, notes, ask.steps, final=True))]

    return whole


@pytest.mark.parametrize("ended_by", ["silence", "bars"])
def test_an_answer_of_many_passes_is_there_when_the_phrase_ends(ended_by: str) -> None:
    """It is asked for a moment before, and heard after."""
    driver = Driver(replace(AT_120, phrase_end=ended_by, phrase_bars=1, answer="harmonize"), late(110))
    play_quarters(driver)
    driver.run(20 * S)
    heard_ns, heard = only_message(driver, PhraseEnded)
    assert heard_ns - only_message(driver, Ask)[0] == 150 * MS
    assert heard.phrase == only_message(driver, Ask)[1].prompt
    assert driver.messages_of(AnswerLate) == []
    bar_line_ns = S + (4 if ended_by == "bars" else 8) * BEAT
    assert [time_ns for time_ns, _ in note_ons(driver)] == [bar_line_ns] * 4


@pytest.mark.parametrize("model", [late(20), late(110), silent_model])
def test_what_is_played_at_the_last_moment_is_answered_too(model: ScriptedModel) -> None:
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


def test_a_refusal_that_was_foreseen_is_told_when_the_phrase_has_ended() -> None:
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


def test_a_model_that_begins_again_is_asked_again_what_was_foreseen() -> None:
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
def test_a_key_that_is_lifted_just_before_the_bar_line_costs_no_answer(let_go: Midi, early_ms: int) -> None:
    """The phrase on the grid is the one that was foreseen, so what is thought of it goes on."""
    driver = Driver(replace(AT_120, phrase_end="bars", phrase_bars=1, answer="harmonize"), late(110))
    driver.schedule(S, Midi(midi.note_on(0, 72, 80)))
    driver.schedule(LINE_NS - early_ms * MS, let_go)
    driver.run(10 * S)
    assert only_message(driver, Ask)[1].prompt.notes == (Note(0, 16, 72),)
    assert [time_ns for time_ns, _ in note_ons(driver)] == [LINE_NS] * 4


def test_what_changes_nothing_in_the_ask_puts_it_only_once() -> None:
    driver = Driver(replace(AT_120, phrase_end="bars", phrase_bars=1, answer="harmonize"), late(110))
    driver.schedule(S, Midi(midi.note_on(0, 72, 80)))
    for n in range(10):
        driver.schedule(LINE_NS - (160 - 10 * n) * MS, Midi(midi.control_change(0, midi.SUSTAIN, n)))
        driver.schedule(LINE_NS - (155 - 10 * n) * MS, Setting("levels", f"{50 + n},50,50,50"))
    driver.run(10 * S)
    only_message(driver, Ask)
    assert [time_ns for time_ns, _ in note_ons(driver)] == [LINE_NS] * 4


def test_all_keys_let_go_at_the_last_moment_are_heard_at_once() -> None:
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


def test_a_phrase_that_is_noticed_late_to_be_over_ended_when_it_did() -> None:
    """What is held on the edge between two lengths is no longer for a thread that woke up late."""
    driver = Driver(replace(AT_120, phrase_end="bars", phrase_bars=1, answer="harmonize"), late(110))
    play_quarters(driver, TUNE[:3])
    driver.schedule(LINE_NS - BEAT + 42_600_000, Midi(midi.note_on(0, 74, 80)))
    driver.run(LINE_NS - 21 * MS)
    driver.now_ns = LINE_NS - 19 * MS
    driver.feed(Tick())
    assert only_message(driver, PhraseEnded)[1].phrase == only_message(driver, Ask)[1].prompt


def test_an_answer_that_the_models_death_cut_off_before_the_phrase_ended_is_asked_for_again() -> None:
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


def test_after_a_panic_the_same_phrase_is_asked_for_anew() -> None:
    """Nothing is left of what was asked before it, though the seed is the same."""
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
