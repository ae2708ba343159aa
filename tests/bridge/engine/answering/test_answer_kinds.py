"""The kinds of answers: what each asks the model for, how long it is, and how it closes."""

from dataclasses import replace

import pytest

from bachbridge.protocol.effects import Ask, PhraseEnded
from bachbridge.protocol.events import EndPhrase, ModelUp
from tests.support.virtual_driver import AT_120, MS, Driver, S, only_message, play_quarters


@pytest.mark.parametrize("kind", ["harmonize", "vary"])
def test_harmonize_and_vary_keep_length_of_phrase(kind: str) -> None:
    driver = Driver(replace(AT_120, answer=kind, answer_bars=3))
    play_quarters(driver)
    driver.run(20 * S)
    ask, ended = only_message(driver, Ask)[1], only_message(driver, PhraseEnded)[1]
    assert (ask.task, ask.steps) == (kind, ended.phrase.steps)


def test_continuation_has_length_that_is_set() -> None:
    driver = Driver(replace(AT_120, answer_bars=3))
    play_quarters(driver)
    driver.run(20 * S)
    assert (only_message(driver, Ask)[1].task, only_message(driver, Ask)[1].steps) == ("continue", 48)


@pytest.mark.parametrize(
    ("answer", "close"), [("continue", "open"), ("dream", "music"), ("harmonize", "music"), ("vary", "music")]
)
def test_only_a_continuation_closes_as_set(answer: str, close: str) -> None:
    driver = Driver(replace(AT_120, answer=answer, close="open"))
    play_quarters(driver)
    driver.run(8 * S)
    assert {message.close for _, message in driver.messages_of(Ask) if isinstance(message, Ask)} == {close}


def test_phrase_of_harmonize_mode_is_continued() -> None:
    driver = Driver(replace(AT_120, mode="harmonize", answer="vary"))
    driver.schedule(0, ModelUp("chorale-lstm", 1))
    last_up = play_quarters(driver)
    driver.schedule(last_up + 10 * MS, EndPhrase())
    driver.run(20 * S)
    assert only_message(driver, Ask)[1].task == "continue"
