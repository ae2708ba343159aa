"""A phrase that cannot be answered or played is refused with a report, and nothing else happens."""

import pytest

from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import PhraseRefused
from bachbridge.protocol.events import Answer, AnswerPhrase, Event, Plan, PlayPhrase, Setting
from bachbridge.protocol.validation import rejection_report
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S

STEP_NS = 125 * MS
GOOD = Phrase((Note(0, 4, 60), Note(4, 4, 64, 80, -1, -9 * MS)), 8)


@pytest.mark.parametrize(
    "event",
    [
        *(PlayPhrase(GOOD, step_ns) for step_ns in (0, -1, 10**15)),
        *(PlayPhrase(Phrase(GOOD.notes, steps), STEP_NS) for steps in (0, -1, 10**9)),
        PlayPhrase(Phrase(GOOD.notes * 20_000, 8), STEP_NS),
        AnswerPhrase(Phrase((), 16), STEP_NS, 1, aloud=True),
        AnswerPhrase(GOOD, 0, 1, aloud=True),
        AnswerPhrase(Phrase(GOOD.notes, 100_000), STEP_NS, 1, aloud=False),
    ],
)
def test_refused_phrase_is_reported_and_changes_nothing(event: Event) -> None:
    driver = Driver(Settings(bpm=120))
    effects = driver.feed(event)
    assert [type(effect) for effect in effects] == [PhraseRefused]
    assert driver.session.deadline is None
    assert not driver.sent_messages()


def test_rejection_report_names_purpose_and_problem() -> None:
    empty = Phrase((), 16)
    assert rejection_report(AnswerPhrase(empty, STEP_NS, 1, aloud=True)) == PhraseRefused("answer", "empty")
    assert rejection_report(AnswerPhrase(GOOD, 0, 1, aloud=True)) == PhraseRefused("answer", "unplayable")
    assert rejection_report(PlayPhrase(GOOD, 0)) == PhraseRefused("play", "unplayable")


@pytest.mark.parametrize(
    "event",
    [
        PlayPhrase(GOOD, STEP_NS),
        AnswerPhrase(GOOD, STEP_NS, -1, aloud=True),
        Answer(1, (Note(3, 0, 127, 1, 3),), 4, final=False),
        Plan(1, 0, (), -1),
        Setting("channels", "1,2,3,4"),
    ],
)
def test_rejection_report_is_none_for_a_valid_event(event: Event) -> None:
    assert rejection_report(event) is None


def test_refused_phrase_leaves_the_sounding_answer_alone() -> None:
    driver = Driver(Settings(bpm=120))
    driver.schedule(S, AnswerPhrase(GOOD, STEP_NS, 5, aloud=False))
    driver.run(S + 300 * MS)
    sounding = set(driver.receiver.sounding)
    assert len(sounding) == 4
    driver.feed(AnswerPhrase(GOOD, 0, 5, aloud=True))
    assert driver.receiver.sounding == sounding
