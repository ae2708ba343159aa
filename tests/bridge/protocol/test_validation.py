"""What comes over the pipes and makes no sense is refused in a sentence, and nothing else happens."""

import pytest

from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.events import Answer, AnswerPhrase, AskRefused, Event, Plan, PlayPhrase, Setting, Status, loads
from bachbridge.protocol.validation import rejection_reason
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S

STEP_NS = 125 * MS
GOOD = Phrase((Note(0, 4, 60), Note(4, 4, 64, 80, -1, -9 * MS)), 8)


def one(**fields: object) -> Phrase:
    """A phrase of one note that has these fields."""
    numbers: dict[str, object] = {"start": 0, "length": 4, "pitch": 60, **fields}
    return Phrase((Note(**numbers),), 4)  # pyright: ignore[reportArgumentType] # as JSON lets through


@pytest.mark.parametrize(
    "event",
    [
        *(PlayPhrase(GOOD, step_ns) for step_ns in (0, -1, 10**15)),
        *(PlayPhrase(one(pitch=pitch), STEP_NS) for pitch in (-1, 128, 10**30, 60.5, "C4", None)),
        *(PlayPhrase(one(voice=voice), STEP_NS) for voice in (-2, 4)),
        *(PlayPhrase(one(start=start), STEP_NS) for start in (-1, 10**12)),
        *(PlayPhrase(one(length=length), STEP_NS) for length in (-1, 10**12)),
        *(PlayPhrase(Phrase(GOOD.notes, steps), STEP_NS) for steps in (0, -1, 10**9)),
        PlayPhrase(one(velocity=128), STEP_NS),
        PlayPhrase(one(offset_ns=10**15), STEP_NS),
        PlayPhrase(Phrase(GOOD.notes * 20_000, 8), STEP_NS),
        AnswerPhrase(Phrase((), 16), STEP_NS, 1, aloud=True),
        AnswerPhrase(GOOD, 0, 1, aloud=True),
        AnswerPhrase(GOOD, STEP_NS, -2, aloud=False),
        AnswerPhrase(Phrase(GOOD.notes, 100_000), STEP_NS, 1, aloud=False),
        Answer(1, (Note(0, 4, 60, 80, 4),), 4, final=True),
        Answer(1, (Note(0, 4, 60, 80, -1),), 4, final=True),
        AskRefused(1, None),  # pyright: ignore[reportArgumentType]
        AskRefused("one", "no"),  # pyright: ignore[reportArgumentType]
        Plan(1, 0, ((40, 40, 35, 30),), 0),
        Plan(1, 0, ((40, 40, 300, 30, 20, 15),), 0),
        Setting(5, 1),  # pyright: ignore[reportArgumentType]
        Setting("bpm", None),  # pyright: ignore[reportArgumentType]
    ],
)
def test_senseless_messages_are_told_and_change_nothing(event: Event) -> None:
    driver = Driver(Settings(bpm=120))
    effects = driver.feed(event)
    assert [type(effect) for effect in effects] == [Status]
    assert driver.session.deadline is None
    assert not driver.sent_messages()


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
def test_sense_passes(event: Event) -> None:
    assert rejection_reason(event) is None


@pytest.mark.parametrize(
    "line",
    [
        '{"type":"PlayPhrase","phrase":null,"step_ns":1}',
        '{"type":"PlayPhrase","phrase":{"notes":null,"steps":1},"step_ns":1}',
        '{"type":"PlayPhrase","phrase":{"notes":[[0]],"steps":1},"step_ns":1}',
        '{"type":"Midi","data":5}',
        '{"type":["Midi"]}',
        '{"type":"Quit","reason":' + "9" * 5000 + "}",
        "[" * 100_000,
    ],
)
def test_a_line_that_is_no_message_is_told_apart(line: str) -> None:
    with pytest.raises(ValueError, match=r"^not "):
        loads(line)


def test_what_is_refused_leaves_the_answer_that_sounds_alone() -> None:
    driver = Driver(Settings(bpm=120))
    driver.schedule(S, AnswerPhrase(GOOD, STEP_NS, 5, aloud=False))
    driver.run(S + 300 * MS)
    sounding = set(driver.receiver.sounding)
    assert len(sounding) == 4
    driver.feed(AnswerPhrase(GOOD, 0, 5, aloud=True))
    assert driver.receiver.sounding == sounding
