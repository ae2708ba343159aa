"""The model process under random messages in any order: only the newest ask is answered, and no request is lost.

Messages arrive while the model works: each sweep, plan or idle step delivers the next few messages of a script.
"""

from collections.abc import Iterator
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from bachbridge.errors import ModelError
from bachbridge.inference.host import Host, HostInbox
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import Ask, Cancel, Feed, PlanRequest
from bachbridge.protocol.events import Answer, AskRefused, ModelDown, ModelUp, Plan, Setting
from bachbridge.protocol.notices import Message, Ping
from bachbridge.protocol.style import Style

PHRASE = Phrase((Note(0, 4, 60),), 4)
FRAME = (36, 31, 27, 20, 15)
KNOWN_MODELS = ("quick", "slow")
FAILING_SEED = 13


class ScriptedInbox:
    """An inbox that gets the messages of a script a few at a time, in the middle of work or when it is empty."""

    def __init__(self, messages: list[Message], counts: list[int]) -> None:
        self._inbox, self._left, self._counts = HostInbox(), messages, counts
        self.delivered: list[Message] = []

    def deliver_some(self, at_least: int = 0) -> None:
        """Deliver the next few messages."""
        for _ in range(max(at_least, self._counts.pop() if self._counts else 0)):
            if self._left:
                self.delivered.append(self._left.pop(0))
                self._inbox.put(self.delivered[-1])

    def get(self) -> Message | None:
        if not self._inbox.has_messages:
            self.deliver_some(1)
        return self._inbox.get() if self._inbox.has_messages else None

    @property
    def has_messages(self) -> bool:
        return self._inbox.has_messages

    @property
    def has_newer_music(self) -> bool:
        return self._inbox.has_newer_music

    @property
    def has_newer_plan_request(self) -> bool:
        return self._inbox.has_newer_plan_request

    @property
    def is_answer_stale(self) -> bool:
        return self._inbox.is_answer_stale


class BusyModel:
    """A model that receives messages while it works; it checks that all requests name it."""

    tasks = ("continue", "vary")

    def __init__(self, name: str, inbox: ScriptedInbox) -> None:
        self.name, self.inbox = name, inbox
        self.recorded_step_ns = 1
        self.followed: list[int] = []
        self.idle_steps = 0

    def feed(self, feed: Feed) -> None:
        assert feed.model == self.name

    def follow(self, request: PlanRequest) -> None:
        assert request.model == self.name
        self.followed.append(request.step)
        self.idle_steps = 3

    def plan(self, request: PlanRequest) -> Plan:
        assert request.step == self.followed[-1]
        self.inbox.deliver_some()
        return Plan(request.piece, request.step, (), -1)

    def plans(self, request: PlanRequest) -> Iterator[Plan]:
        yield self.plan(request)

    def idle_work(self) -> bool:
        self.inbox.deliver_some()
        self.idle_steps -= 1
        return self.idle_steps >= 0

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        assert ask.model == self.name
        for _ in range(4 if self.name == "slow" and ask.ask else 0):
            self.inbox.deliver_some()
            yield None
        if ask.seed == FAILING_SEED:
            raise ValueError("thirteen")
        yield Answer(ask.ask, (), 1, final=False)
        if ask.ask:
            self.inbox.deliver_some()
        yield Answer(ask.ask, (), 2, final=True)


STYLE_FIELDS = (0, 36, 16, 1, Style(repeat="hold"))
MODELS = st.sampled_from([*KNOWN_MODELS, "bad"])
MESSAGES = st.one_of(
    st.builds(lambda model: Setting("model", model), MODELS),
    st.builds(lambda model: Feed(model, PHRASE, 1), MODELS),
    st.builds(
        lambda model, task, seed: Ask(0, task, model, PHRASE, 2, 1.0, 1.0, seed),
        MODELS,
        st.sampled_from(["continue", "vary", "harmonize"]),
        st.sampled_from([1, FAILING_SEED]),
    ),
    st.builds(lambda model: PlanRequest(model, 0, 0, (FRAME,), *STYLE_FIELDS), MODELS),
    st.just(Cancel()),
    st.just(Ping()),
)


def with_numbers(messages: list[Message]) -> list[Message]:
    """Return the messages with unique numbers for asks and unique steps for plan requests."""
    numbered: list[Message] = []
    for number, message in enumerate(messages, 1):
        match message:
            case Ask():
                numbered.append(Ask(number, message.task, message.model, PHRASE, 2, 1.0, 1.0, message.seed))
            case PlanRequest():
                numbered.append(PlanRequest(message.model, 0, number, (FRAME,), *STYLE_FIELDS))
            case _:
                numbered.append(message)
    return numbered


@given(st.lists(MESSAGES, max_size=12), st.lists(st.integers(0, 3), max_size=40))
def test_host_answers_newest_ask_and_follows_every_request(messages: list[Message], counts: list[int]) -> None:
    inbox = ScriptedInbox(with_numbers(messages), counts)
    models = {name: BusyModel(name, inbox) for name in KNOWN_MODELS}
    sent: list[Message] = []

    def load(name: str) -> BusyModel:
        if name not in models:
            raise ModelError("there is no such model")
        return models[name]

    def send(message: Message) -> None:
        if isinstance(message, Answer | AskRefused):
            newest = [other for other in inbox.delivered if isinstance(other, Ask | Cancel)][-1]
            assert isinstance(newest, Ask), "a cancelled ask is not answered"
            assert message.ask == newest.ask
        sent.append(message)

    Host(cast("HostInbox", inbox), send, load).serve()

    assert inbox.delivered == with_numbers(messages), "every message was handled"
    assert sent.count(Ping()) == inbox.delivered.count(Ping()), "every ping was returned"
    requests = [message for message in inbox.delivered if isinstance(message, PlanRequest)]
    for name, model in models.items():
        assert model.followed == [message.step for message in requests if message.model == name]
    if requests and requests[-1].model in KNOWN_MODELS:
        assert [message for message in sent if isinstance(message, Plan)][-1].step == requests[-1].step
    asks = [message for message in inbox.delivered if isinstance(message, Ask | Cancel)]
    if asks and isinstance(last := asks[-1], Ask):
        answers = [message for message in sent if isinstance(message, Answer) and message.ask == last.ask]
        is_possible = last.model in KNOWN_MODELS and last.task in BusyModel.tasks and last.seed != FAILING_SEED
        assert [answer.final for answer in answers] == ([False, True] if is_possible else [])
        refusals = [message for message in sent if isinstance(message, AskRefused) and message.ask == last.ask]
        assert len(refusals) == (not is_possible), "an ask is answered or refused"
    for message in sent:
        assert not isinstance(message, ModelDown) or "no such model" in message.reason or "thirteen" in message.reason
    wanted = [
        message.value if isinstance(message, Setting) else getattr(message, "model", "") for message in inbox.delivered
    ]
    assert {message.name for message in sent if isinstance(message, ModelUp)} <= {*KNOWN_MODELS} & {*wanted}
