"""The model process with a queue in place of its pipes and a fake model."""

from collections.abc import Iterator
from queue import SimpleQueue
from threading import Thread

import pytest

from bachbridge.errors import ModelError
from bachbridge.inference.host import Host, HostInbox
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import Ask, Cancel, Feed, PlanRequest
from bachbridge.protocol.events import Answer, AskRefused, ModelDown, ModelUp, Plan, Setting
from bachbridge.protocol.notices import Message
from bachbridge.protocol.style import Style

PHRASE = Phrase((Note(0, 4, 60),), 4)
TIMEOUT_S = 20.0


def make_ask(number: int, model: str = "good", steps: int = 2, task: str = "continue") -> Ask:
    return Ask(number, task, model, PHRASE, steps, 1.0, 1.0, 0)


def make_feed(model: str = "good", seed: int = 0) -> Feed:
    return Feed(model, PHRASE, seed)


def plan_request(step: int, model: str = "good") -> PlanRequest:
    frame = (36, 31, 27, 20, 15)
    return PlanRequest(model, 0, step, (frame,), 0, 36, 16, 1, Style(repeat="hold"))


SWEEPS = 20
"""The sweeps that an ask for "vary" takes before its first part."""


class FakeGenerator:
    """A generator whose later parts wait for a permit; asks numbered 0 (those of the warm-up) do not wait."""

    tasks = ("continue", "vary")

    def __init__(self) -> None:
        self.permits: SimpleQueue[None] = SimpleQueue()
        self.recorded_step_ns = 0
        self.calls: list[str] = []
        """The work done, in order."""
        self.fed_seeds: SimpleQueue[int] = SimpleQueue()
        """The seeds that were fed, without those of the warm-up, 0."""

    def feed(self, feed: Feed) -> None:
        if feed.seed:
            self.fed_seeds.put(feed.seed)

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        for _ in range(SWEEPS if ask.task == "vary" else 0):
            self.calls.append(f"sweep for {ask.ask}")
            self.permits.get(timeout=TIMEOUT_S)
            yield None
        for step in range(ask.steps):
            if ask.ask and step:
                self.permits.get(timeout=TIMEOUT_S)
            if ask.ask == 13:
                raise ValueError("thirteen")
            yield Answer(ask.ask, (), step + 1, step + 1 == ask.steps)


class FakeAccompanist(FakeGenerator):
    """A fake generator that also makes live harmony."""

    def __init__(self) -> None:
        super().__init__()
        self.idle_steps = 0
        """Number of idle steps that are left."""
        self.followed: list[int] = []

    def follow(self, request: PlanRequest) -> None:
        self.followed.append(request.step)
        self.calls.append(f"follow {request.step}")

    def idle_work(self) -> bool:
        if self.idle_steps:
            self.idle_steps -= 1
            self.calls.append("idle work")
            self.permits.get(timeout=TIMEOUT_S)
        return self.idle_steps > 0

    def plan(self, request: PlanRequest) -> Plan:
        return Plan(request.piece, request.step + len(request.frames), (), -1)

    def plans(self, request: PlanRequest) -> Iterator[Plan]:
        yield self.plan(request)


class HostThread:
    """A host that runs on its own thread."""

    def __init__(self) -> None:
        self.inbox, self.model, self.soloist = HostInbox(), FakeAccompanist(), FakeGenerator()
        self.sent: SimpleQueue[Message] = SimpleQueue()
        self.loaded: list[str] = []
        self._thread = Thread(target=Host(self.inbox, self.sent.put, self._load).serve)
        self._thread.start()

    def _load(self, name: str) -> FakeGenerator:
        self.loaded.append(name)
        if name == "bad":
            raise ModelError("there is no model 'bad'")
        return self.soloist if name == "soloist" else self.model

    def next_message(self) -> Message:
        return self.sent.get(timeout=TIMEOUT_S)

    def permit(self, count: int = 1) -> None:
        for _ in range(count):
            self.model.permits.put(None)

    def end(self) -> list[Message]:
        """Close the pipe; return the messages that are left."""
        self.inbox.put(None)
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive()
        return [self.sent.get() for _ in range(self.sent.qsize())]


@pytest.fixture
def host() -> Iterator[HostThread]:
    host = HostThread()
    yield host
    host.end()


def test_host_loads_the_set_model_and_answers_in_parts(host: HostThread) -> None:
    host.inbox.put(Setting("model", "good"))
    up = host.next_message()
    assert isinstance(up, ModelUp)
    assert up.name == "good"
    host.inbox.put(make_ask(1))
    assert host.next_message() == Answer(1, (), 1, final=False)
    host.permit()
    assert host.next_message() == Answer(1, (), 2, final=True)


@pytest.mark.parametrize("newer", [make_ask(2), Cancel()])
def test_host_drops_an_answer_between_parts_for_a_newer_one(host: HostThread, newer: Message) -> None:
    host.inbox.put(make_ask(1))
    assert isinstance(host.next_message(), ModelUp)
    assert host.next_message() == Answer(1, (), 1, final=False)
    host.inbox.put(newer)
    host.permit()
    host.inbox.put(make_ask(3, steps=1))
    answer = host.next_message()
    assert isinstance(answer, Answer)
    assert answer.ask > 1


def test_host_finishes_an_answer_in_spite_of_a_feed(host: HostThread) -> None:
    host.inbox.put(make_ask(1))
    assert isinstance(host.next_message(), ModelUp)
    assert host.next_message() == Answer(1, (), 1, final=False)
    host.inbox.put(make_feed(seed=8))
    host.permit()
    assert host.next_message() == Answer(1, (), 2, final=True)
    host.inbox.put(make_ask(2, steps=1))
    assert host.next_message() == Answer(2, (), 1, final=True)


def test_host_takes_in_only_the_last_waiting_feed(host: HostThread) -> None:
    host.inbox.put(make_ask(1))
    assert isinstance(host.next_message(), ModelUp)
    host.next_message()
    for seed in (101, 102, 103):
        host.inbox.put(make_feed(seed=seed))
    host.permit()
    assert host.model.fed_seeds.get(timeout=TIMEOUT_S) == 103


def test_host_follows_every_step_and_plans_only_the_newest(host: HostThread) -> None:
    host.inbox.put(make_ask(1))
    assert isinstance(host.next_message(), ModelUp)
    host.next_message()
    for step in (0, 1, 2):
        host.inbox.put(plan_request(step))
    host.permit()
    host.next_message()
    assert host.next_message() == Plan(0, 3, (), -1)
    assert host.model.followed == [0, 1, 2]


def test_host_does_not_load_the_model_in_use_again(host: HostThread) -> None:
    host.inbox.put(plan_request(0))
    up = host.next_message()
    assert isinstance(up, ModelUp)
    assert isinstance(host.next_message(), Plan)
    host.inbox.put(Setting("model", "good"))
    assert host.next_message() == up
    assert host.loaded == ["good"]


def test_host_stops_idle_work_of_a_model_not_in_use(host: HostThread) -> None:
    host.inbox.put(plan_request(0))
    assert isinstance(host.next_message(), ModelUp)
    assert isinstance(host.next_message(), Plan)
    host.model.idle_steps = 9
    host.inbox.put(plan_request(1))
    assert isinstance(host.next_message(), Plan)
    host.inbox.put(Setting("model", "bad"))
    host.permit(9)
    assert isinstance(host.next_message(), ModelDown)
    host.end()
    assert host.model.calls.count("idle work") <= 1


def test_host_reports_an_unknown_model_and_goes_on(host: HostThread) -> None:
    for message in (Setting("model", "bad"), make_feed("bad"), make_ask(1, "bad")):
        host.inbox.put(message)
    assert host.next_message() == ModelDown("there is no model 'bad'")
    assert host.next_message() == AskRefused(1, "there is no model 'bad'"), "nobody waits for an answer"
    assert host.next_message() == ModelDown("there is no model 'bad'")
    host.inbox.put(make_ask(2, steps=1))
    assert isinstance(host.next_message(), ModelUp)
    assert host.next_message() == Answer(2, (), 1, final=True)


def test_host_reports_a_failing_model_and_asks_it_again(host: HostThread, capsys: pytest.CaptureFixture[str]) -> None:
    host.inbox.put(make_ask(13))
    assert isinstance(host.next_message(), ModelUp)
    refused, down = host.next_message(), host.next_message()
    assert isinstance(down, ModelDown)
    assert "thirteen" in down.reason
    assert refused == AskRefused(13, down.reason)
    assert "ValueError" in capsys.readouterr().err
    host.inbox.put(make_ask(14, steps=1))
    assert host.next_message() == Answer(14, (), 1, final=True)


def test_host_finishes_an_answer_if_another_model_fails_to_load(host: HostThread) -> None:
    host.inbox.put(make_ask(1, steps=3))
    assert isinstance(host.next_message(), ModelUp)
    assert host.next_message() == Answer(1, (), 1, final=False)
    host.inbox.put(Setting("model", "bad"))
    host.permit(2)
    messages = [host.next_message() for _ in range(3)]
    assert ModelDown("there is no model 'bad'") in messages
    assert Answer(1, (), 3, final=True) in messages


def test_host_handles_messages_between_two_sweeps(host: HostThread) -> None:
    host.inbox.put(make_ask(1, steps=1, task="vary"))
    assert isinstance(host.next_message(), ModelUp)
    host.inbox.put(plan_request(0))
    host.permit()
    assert host.next_message() == Plan(0, 1, (), -1), "long before the last sweep"
    host.permit(SWEEPS - 1)
    assert host.next_message() == Answer(1, (), 1, final=True)
    assert host.model.calls.index("follow 0") in (1, 2), "it came during the first sweep, or at the latest the second"


def test_host_answers_only_the_newest_ask(host: HostThread) -> None:
    host.inbox.put(make_ask(1, steps=1, task="vary"))
    assert isinstance(host.next_message(), ModelUp)
    host.inbox.put(make_ask(2, steps=1))
    host.permit()
    assert host.next_message() == Answer(2, (), 1, final=True)
    host.permit(SWEEPS)
    host.inbox.put(make_ask(3, steps=1))
    assert host.next_message() == Answer(3, (), 1, final=True)
    assert set(host.model.calls) == {"sweep for 1"}


def test_host_computes_ahead_only_while_nothing_waits(host: HostThread) -> None:
    host.model.idle_steps = 3
    host.inbox.put(plan_request(0))
    assert isinstance(host.next_message(), ModelUp)
    assert isinstance(host.next_message(), Plan)
    host.inbox.put(plan_request(1))
    host.inbox.put(make_ask(1, steps=1))
    host.permit()
    assert [type(host.next_message()) for _ in range(2)] == [Plan, Answer]
    host.permit(2)
    host.inbox.put(make_ask(2, steps=1))
    host.next_message()
    assert host.model.calls.count("idle work") == 3
    assert host.model.calls[:3] == ["follow 0", "idle work", "follow 1"]


def test_host_refuses_a_task_that_the_model_lacks(host: HostThread) -> None:
    host.inbox.put(make_ask(1, task="harmonize"))
    assert isinstance(host.next_message(), ModelUp)
    refused = host.next_message()
    assert isinstance(refused, AskRefused)
    assert refused.ask == 1
    assert "good cannot harmonize a phrase" in refused.reason
    host.inbox.put(make_ask(2, steps=1))
    assert host.next_message() == Answer(2, (), 1, final=True)


def test_host_reports_a_recorded_step_time(host: HostThread) -> None:
    host.model.recorded_step_ns = 1_234_567
    host.inbox.put(Setting("model", "good"))
    assert host.next_message() == ModelUp("good", 1_234_567)


def test_host_refuses_plans_once_if_the_model_cannot_accompany(host: HostThread) -> None:
    for step in range(3):
        host.inbox.put(plan_request(step, "soloist"))
    assert isinstance(host.next_message(), ModelUp)
    refused = host.next_message()
    assert refused == AskRefused(
        0, "the model soloist puts no chords under what you play: choose another model or mode"
    )
    host.inbox.put(plan_request(3, "soloist"))
    host.inbox.put(make_ask(1, "soloist", steps=1))
    assert host.next_message() == Answer(1, (), 1, final=True)
