"""Whatever is asked of the model's process in whatever order: each answer is to the newest ask, and nothing is left.

Messages come while the model is in the middle of something: at each pass, plan or thought the next few of a script.
"""

from collections.abc import Iterator
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

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
FRAME = (36, 31, 27, 20, 15)
KNOWN = ("quick", "slow")
FAILING = 13


class Script:
    """An inbox into which messages come a few at a time, in the middle of work or when all is done."""

    def __init__(self, messages: list[Message], counts: list[int]) -> None:
        self._inbox, self._left, self._counts = HostInbox(), messages, counts
        self.put: list[Message] = []

    def more(self, least: int = 0) -> None:
        """The next few messages come."""
        for _ in range(max(least, self._counts.pop() if self._counts else 0)):
            if self._left:
                self.put.append(self._left.pop(0))
                self._inbox.put(self.put[-1])

    def get(self) -> Message | None:
        if not self._inbox.has_messages:
            self.more(1)
        return self._inbox.get() if self._inbox.has_messages else None

    @property
    def has_messages(self) -> bool:
        return self._inbox.has_messages

    @property
    def has_newer_plan_request(self) -> bool:
        return self._inbox.has_newer_plan_request

    @property
    def is_answer_stale(self) -> bool:
        return self._inbox.is_answer_stale


class Busy:
    """A model in whose work messages come; it says of itself what it does."""

    tasks = ("continue", "vary")

    def __init__(self, name: str, script: Script) -> None:
        self.name, self.script = name, script
        self.recorded_step_ns = 1
        self.followed: list[int] = []
        self.thoughts = 0

    def feed(self, feed: Feed) -> None:
        assert feed.model == self.name

    def follow(self, request: PlanRequest) -> None:
        assert request.model == self.name
        self.followed.append(request.step)
        self.thoughts = 3

    def plan(self, request: PlanRequest) -> Plan:
        assert request.step == self.followed[-1]
        self.script.more()
        return Plan(request.piece, request.step, (), -1)

    def idle_work(self) -> bool:
        self.script.more()
        self.thoughts -= 1
        return self.thoughts >= 0

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        assert ask.model == self.name
        for _ in range(4 if self.name == "slow" and ask.ask else 0):
            self.script.more()
            yield None
        if ask.seed == FAILING:
            raise ValueError("thirteen")
        yield Answer(ask.ask, (), 1, final=False)
        self.script.more() if ask.ask else None
        yield Answer(ask.ask, (), 2, final=True)


MODELS = st.sampled_from([*KNOWN, "bad"])
KINDS = st.one_of(
    st.builds(lambda model: Setting("model", model), MODELS),
    st.builds(lambda model: Feed(model, PHRASE, 1), MODELS),
    st.builds(
        lambda model, task, seed: Ask(0, task, model, PHRASE, 2, 1.0, 1.0, seed),
        MODELS,
        st.sampled_from(["continue", "vary", "harmonize"]),
        st.sampled_from([1, FAILING]),
    ),
    st.builds(
        lambda model: PlanRequest(
            model, 0, 0, (FRAME,), 0, 36, 16, 0.9, 0.95, 1, 8, "all", -1, 0.0, 0.0, False, "hold"
        ),
        MODELS,
    ),
    st.just(Cancel()),
)


def numbered(messages: list[Message]) -> list[Message]:
    """Asks and steps foreseen have numbers of their own."""
    made: list[Message] = []
    for number, message in enumerate(messages, 1):
        match message:
            case Ask():
                made.append(Ask(number, message.task, message.model, PHRASE, 2, 1.0, 1.0, message.seed))
            case PlanRequest():
                style = (0, 36, 16, 0.9, 0.95, 1, 8, "all", -1, 0.0, 0.0, False, "hold")
                made.append(PlanRequest(message.model, 0, number, (FRAME,), *style))
            case _:
                made.append(message)
    return made


@given(st.lists(KINDS, max_size=12), st.lists(st.integers(0, 3), max_size=40))
def test_the_newest_ask_alone_is_answered_and_all_that_is_foreseen_followed(
    messages: list[Message], counts: list[int]
) -> None:
    script = Script(numbered(messages), counts)
    models = {name: Busy(name, script) for name in KNOWN}
    sent: list[Message] = []

    def build(name: str) -> Busy:
        if name not in models:
            raise ModelError("there is no such model")
        return models[name]

    def send(message: Message) -> None:
        if isinstance(message, Answer | AskRefused):
            newest = [other for other in script.put if isinstance(other, Ask | Cancel)][-1]
            assert isinstance(newest, Ask), "a cancelled ask is not answered"
            assert message.ask == newest.ask
        sent.append(message)

    Host(cast("HostInbox", script), send, build).serve()

    assert script.put == numbered(messages), "all of it was heard"
    foreseen = [message for message in script.put if isinstance(message, PlanRequest)]
    for name, model in models.items():
        assert model.followed == [message.step for message in foreseen if message.model == name]
    if foreseen and foreseen[-1].model in KNOWN:
        assert [message for message in sent if isinstance(message, Plan)][-1].step == foreseen[-1].step
    voiding = [message for message in script.put if isinstance(message, Ask | Cancel)]
    if voiding and isinstance(last := voiding[-1], Ask):
        answers = [message for message in sent if isinstance(message, Answer) and message.ask == last.ask]
        whole = last.model in KNOWN and last.task in Busy.tasks and last.seed != FAILING
        assert [answer.final for answer in answers] == ([False, True] if whole else [])
        refusals = [message for message in sent if isinstance(message, AskRefused) and message.ask == last.ask]
        assert len(refusals) == (not whole), "whoever is not answered is told"
    for message in sent:
        assert not isinstance(message, ModelDown) or "no such model" in message.reason or "thirteen" in message.reason
    wanted = [
        message.value if isinstance(message, Setting) else getattr(message, "model", "") for message in script.put
    ]
    assert {message.name for message in sent if isinstance(message, ModelUp)} <= {*KNOWN} & {*wanted}
