"""The model's process, its pipes replaced by queues and its model by a few lines."""

from collections.abc import Iterator
from queue import SimpleQueue
from threading import Thread

import pytest

from bachbridge.errors import ModelError
from bachbridge.inference.host import Host, HostInbox
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.events import (
    Answer,
    Ask,
    AskRefused,
    Cancel,
    Feed,
    Message,
    ModelDown,
    ModelUp,
    Plan,
    PlanRequest,
    Setting,
)

PHRASE = Phrase((Note(0, 4, 60),), 4)
PATIENCE_S = 20.0


def ask(number: int, model: str = "good", steps: int = 2, task: str = "continue") -> Ask:
    return Ask(number, task, model, PHRASE, steps, 1.0, 1.0, 0)


def feed(model: str = "good", seed: int = 0) -> Feed:
    return Feed(model, PHRASE, seed)


def foresee(step: int) -> PlanRequest:
    frame = (36, 31, 27, 20, 15)
    return PlanRequest("good", 0, step, (frame,), 0, 36, 16, 0.9, 0.95, 1, 8, "all", -1, 0.0, 0.0, False, "hold")


PASSES = 20
"""Asks for "vary" go through so many passes before they have anything to tell."""


class Fake:
    """A model whose later steps wait for a sign; asks numbered 0 (those of warming up) do not."""

    tasks = ("continue", "vary")

    def __init__(self) -> None:
        self.signs: SimpleQueue[None] = SimpleQueue()
        self.recorded_step_ns = 0
        self.deeds: list[str] = []
        """What was done, in order."""
        self.thoughts = 0
        """How many moments there is still something to think about."""
        self.fed: SimpleQueue[int] = SimpleQueue()
        """Seeds of what was fed; 0 in warming up."""
        self.followed: list[int] = []
        self.deaf = False
        """Whether it puts no chords under what is played."""

    def feed(self, feed: Feed) -> None:
        if feed.seed:
            self.fed.put(feed.seed)

    def follow(self, request: PlanRequest) -> None:
        self.followed.append(request.step)
        self.deeds.append(f"follow {request.step}")

    def idle_work(self) -> bool:
        if self.thoughts:
            self.thoughts -= 1
            self.deeds.append("thought")
            self.signs.get(timeout=PATIENCE_S)
        return self.thoughts > 0

    def plan(self, request: PlanRequest) -> Plan | None:
        if self.deaf:
            return None
        return Plan(request.piece, request.step + len(request.frames), (), -1)

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        for _ in range(PASSES if ask.task == "vary" else 0):
            self.deeds.append(f"pass for {ask.ask}")
            self.signs.get(timeout=PATIENCE_S)
            yield None
        for step in range(ask.steps):
            if ask.ask and step:
                self.signs.get(timeout=PATIENCE_S)
            if ask.ask == 13:
                raise ValueError("thirteen")
            yield Answer(ask.ask, (), step + 1, step + 1 == ask.steps)


class Rig:
    """A host at work on a thread."""

    def __init__(self) -> None:
        self.inbox, self.model = HostInbox(), Fake()
        self.sent: SimpleQueue[Message] = SimpleQueue()
        self.built: list[str] = []
        self._thread = Thread(target=Host(self.inbox, self.sent.put, self._build).serve)
        self._thread.start()

    def _build(self, name: str) -> Fake:
        self.built.append(name)
        if name == "bad":
            raise ModelError("there is no model 'bad'")
        return self.model

    def hear(self) -> Message:
        return self.sent.get(timeout=PATIENCE_S)

    def end(self) -> list[Message]:
        """Close the pipe; what was still said."""
        self.inbox.put(None)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return [self.sent.get() for _ in range(self.sent.qsize())]


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.end()


def test_a_model_is_loaded_when_it_is_set_and_answers_step_by_step(rig: Rig) -> None:
    rig.inbox.put(Setting("model", "good"))
    up = rig.hear()
    assert isinstance(up, ModelUp)
    assert up.name == "good"
    rig.inbox.put(ask(1))
    assert rig.hear() == Answer(1, (), 1, final=False)
    rig.model.signs.put(None)
    assert rig.hear() == Answer(1, (), 2, final=True)


@pytest.mark.parametrize("newer", [ask(2), Cancel()])
def test_what_is_newer_makes_an_answer_void_between_two_of_its_parts(rig: Rig, newer: Message) -> None:
    rig.inbox.put(ask(1))
    assert isinstance(rig.hear(), ModelUp)
    assert rig.hear() == Answer(1, (), 1, final=False)
    rig.inbox.put(newer)
    rig.model.signs.put(None)
    rig.inbox.put(ask(3, steps=1))
    said = rig.hear()
    assert isinstance(said, Answer)
    assert said.ask > 1


def test_feeding_does_not_void_an_answer_that_is_allowed_to_finish(rig: Rig) -> None:
    rig.inbox.put(ask(1))
    assert isinstance(rig.hear(), ModelUp)
    assert rig.hear() == Answer(1, (), 1, final=False)
    rig.inbox.put(feed(seed=8))
    rig.model.signs.put(None)
    assert rig.hear() == Answer(1, (), 2, final=True)
    rig.inbox.put(ask(2, steps=1))
    assert rig.hear() == Answer(2, (), 1, final=True)


def test_only_the_last_feed_that_waits_is_taken_in(rig: Rig) -> None:
    rig.inbox.put(ask(1))
    assert isinstance(rig.hear(), ModelUp)
    rig.hear()
    for seed in (101, 102, 103):
        rig.inbox.put(feed(seed=seed))
    rig.model.signs.put(None)
    assert rig.model.fed.get(timeout=PATIENCE_S) == 103


def test_every_step_of_a_harmony_is_followed_and_only_the_newest_is_planned(rig: Rig) -> None:
    rig.inbox.put(ask(1))
    assert isinstance(rig.hear(), ModelUp)
    rig.hear()
    for step in (0, 1, 2):
        rig.inbox.put(foresee(step))
    rig.model.signs.put(None)
    rig.hear()
    assert rig.hear() == Plan(0, 3, (), -1)
    assert rig.model.followed == [0, 1, 2]


def test_a_model_that_is_there_is_not_loaded_again(rig: Rig) -> None:
    rig.inbox.put(foresee(0))
    up = rig.hear()
    assert isinstance(up, ModelUp)
    assert isinstance(rig.hear(), Plan)
    rig.inbox.put(Setting("model", "good"))
    assert rig.hear() == up
    assert rig.built == ["good"]


def test_a_model_that_is_gone_does_not_think_any_more(rig: Rig) -> None:
    rig.inbox.put(foresee(0))
    assert isinstance(rig.hear(), ModelUp)
    assert isinstance(rig.hear(), Plan)
    rig.model.thoughts = 9
    rig.inbox.put(foresee(1))
    assert isinstance(rig.hear(), Plan)
    rig.inbox.put(Setting("model", "bad"))
    signs(rig, 9)
    assert isinstance(rig.hear(), ModelDown)
    rig.end()
    assert rig.model.deeds.count("thought") <= 1


def test_an_unknown_model_is_told_and_the_process_lives_on(rig: Rig) -> None:
    for message in (Setting("model", "bad"), feed("bad"), ask(1, "bad")):
        rig.inbox.put(message)
    assert rig.hear() == ModelDown("there is no model 'bad'")
    assert rig.hear() == AskRefused(1, "there is no model 'bad'"), "nobody waits for an answer"
    assert rig.hear() == ModelDown("there is no model 'bad'")
    rig.inbox.put(ask(2, steps=1))
    assert isinstance(rig.hear(), ModelUp)
    assert rig.hear() == Answer(2, (), 1, final=True)


def test_a_model_that_fails_is_told_and_asked_again(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.inbox.put(ask(13))
    assert isinstance(rig.hear(), ModelUp)
    refused, down = rig.hear(), rig.hear()
    assert isinstance(down, ModelDown)
    assert "thirteen" in down.reason
    assert refused == AskRefused(13, down.reason)
    assert "ValueError" in capsys.readouterr().err
    rig.inbox.put(ask(14, steps=1))
    assert rig.hear() == Answer(14, (), 1, final=True)


def test_an_answer_under_way_goes_on_where_another_model_cannot_be_had(rig: Rig) -> None:
    rig.inbox.put(ask(1, steps=3))
    assert isinstance(rig.hear(), ModelUp)
    assert rig.hear() == Answer(1, (), 1, final=False)
    rig.inbox.put(Setting("model", "bad"))
    rig.model.signs.put(None)
    rig.model.signs.put(None)
    heard = [rig.hear() for _ in range(3)]
    assert ModelDown("there is no model 'bad'") in heard
    assert Answer(1, (), 3, final=True) in heard


def signs(rig: Rig, count: int) -> None:
    for _ in range(count):
        rig.model.signs.put(None)


def test_between_two_passes_what_has_come_is_taken(rig: Rig) -> None:
    rig.inbox.put(ask(1, steps=1, task="vary"))
    assert isinstance(rig.hear(), ModelUp)
    rig.inbox.put(foresee(0))
    signs(rig, 1)
    assert rig.hear() == Plan(0, 1, (), -1), "long before the last pass"
    signs(rig, PASSES - 1)
    assert rig.hear() == Answer(1, (), 1, final=True)
    assert rig.model.deeds.index("follow 0") in (1, 2), "it came in the first pass, or at the worst in the second"


def test_the_newest_ask_is_answered_first_and_alone(rig: Rig) -> None:
    rig.inbox.put(ask(1, steps=1, task="vary"))
    assert isinstance(rig.hear(), ModelUp)
    rig.inbox.put(ask(2, steps=1))
    signs(rig, 1)
    assert rig.hear() == Answer(2, (), 1, final=True)
    signs(rig, PASSES)
    rig.inbox.put(ask(3, steps=1))
    assert rig.hear() == Answer(3, (), 1, final=True)
    assert set(rig.model.deeds) == {"pass for 1"}


def test_it_thinks_ahead_only_while_nothing_waits(rig: Rig) -> None:
    rig.model.thoughts = 3
    rig.inbox.put(foresee(0))
    assert isinstance(rig.hear(), ModelUp)
    assert isinstance(rig.hear(), Plan)
    rig.inbox.put(foresee(1))
    rig.inbox.put(ask(1, steps=1))
    signs(rig, 1)
    assert [type(rig.hear()) for _ in range(2)] == [Plan, Answer]
    signs(rig, 2)
    rig.inbox.put(ask(2, steps=1))
    rig.hear()
    assert rig.model.deeds.count("thought") == 3
    assert rig.model.deeds[:3] == ["follow 0", "thought", "follow 1"]


def test_what_a_model_does_not_know_is_refused_at_once(rig: Rig) -> None:
    rig.inbox.put(ask(1, task="harmonize"))
    assert isinstance(rig.hear(), ModelUp)
    refused = rig.hear()
    assert isinstance(refused, AskRefused)
    assert refused.ask == 1
    assert "good cannot harmonize a phrase" in refused.reason
    rig.inbox.put(ask(2, steps=1))
    assert rig.hear() == Answer(2, (), 1, final=True)


def test_a_pace_that_is_on_record_is_told(rig: Rig) -> None:
    rig.model.recorded_step_ns = 1_234_567
    rig.inbox.put(Setting("model", "good"))
    assert rig.hear() == ModelUp("good", 1_234_567)


def test_a_model_without_chords_says_so_once_and_answers_on(rig: Rig) -> None:
    rig.model.deaf = True
    for step in range(3):
        rig.inbox.put(foresee(step))
    assert isinstance(rig.hear(), ModelUp)
    refused = rig.hear()
    assert refused == AskRefused(0, "the model good puts no chords under what you play: choose another model or mode")
    rig.inbox.put(foresee(3))
    rig.inbox.put(ask(1, steps=1))
    assert rig.hear() == Answer(1, (), 1, final=True)
