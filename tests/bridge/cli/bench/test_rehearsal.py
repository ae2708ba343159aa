"""The rehearsal in virtual time, before a session with a scripted model."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bachbridge.cli.bench.rehearsal import ExchangeRecording, record_exchange, wait_until_ready
from bachbridge.cli.play.demo import first_answer_delay_ns, recorded_parts
from bachbridge.engine.session import Session
from bachbridge.engine.session_log import LogEntry, SessionLog
from bachbridge.errors import BachBridgeError, ModelError
from bachbridge.music.example_phrase import as_timed_notes, load_example
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.performance import PLAYER
from bachbridge.protocol.events import (
    Answer,
    AnswerStarted,
    Ask,
    Event,
    Failed,
    Message,
    Midi,
    ModelDown,
    ModelUp,
    PortsChanged,
    Send,
    Sent,
    Tick,
)
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, S, ScriptedModel, chorale_model, silent_model

MELODY = load_example()
STEP_NS = round(60e9 / MELODY.bpm / 4)
LENGTH_NS = MELODY.phrase.steps * STEP_NS
SETTINGS = Settings(bpm=MELODY.bpm, phrase_end="bars", phrase_bars=4, seed=1)
READY: tuple[Message, ...] = (PortsChanged("in", "out"), ModelUp("chorale-lstm", 200_000))


class Stage:
    """A session on a clock of its own, which moves when somebody waits."""

    def __init__(self, model: ScriptedModel, greeting: tuple[Message, ...] = READY) -> None:
        self.now_ns = 5 * S
        self.told = list(greeting)
        self.entries: list[LogEntry] = []
        self._session = Session(SETTINGS)
        self._model = model
        self._coming: list[tuple[int, int, Event]] = []

    @property
    def is_open(self) -> bool:
        return True

    def now(self) -> int:
        return self.now_ns

    def send_midi(self, data: bytes) -> None:
        self._feed(Midi(data))

    def receive(self, timeout_s: float) -> Message | None:
        limit_ns = self.now_ns + round(timeout_s * 1e9)
        while not self.told:
            times = [self._session.deadline, self._coming[0][0] if self._coming else None]
            next_ns = min((time for time in times if time is not None), default=limit_ns)
            if next_ns >= limit_ns:
                self.now_ns = max(self.now_ns, limit_ns)
                return None
            self.now_ns = max(self.now_ns, next_ns)
            self._feed(heapq.heappop(self._coming)[2] if next_ns != times[0] else Tick())
        return self.told.pop(0)

    def _feed(self, event: Event) -> None:
        self.entries.append(LogEntry(self.now_ns, event))
        for effect in self._session.feed(self.now_ns, event):
            self.entries.append(LogEntry(self.now_ns, effect))
            match effect:
                case Send(data, due_ns):
                    self.told.append(Sent(data, due_ns, self.now_ns))
                case Ask():
                    for delay_ns, answer in self._model(effect):
                        heapq.heappush(self._coming, (self.now_ns + delay_ns, len(self._coming), answer))
                case _:
                    self.told.append(effect)


class DeadStage(Stage):
    """An engine that has gone."""

    def receive(self, timeout_s: float) -> Message | None:
        if not self.told:
            raise EOFError
        return super().receive(timeout_s)


def run(stage: Stage, tell: Callable[[float], None] = lambda share: None) -> ExchangeRecording:
    wait_until_ready(stage, stage.now)
    return record_exchange(stage, as_timed_notes(MELODY.phrase, STEP_NS), LENGTH_NS, stage.now, tell)


def test_the_phrase_is_heard_and_the_answer_comes_whole():
    stage, shares = Stage(chorale_model), list[float]()
    rehearsal = run(stage, shares.append)
    heard, answered = rehearsal.phrase_ended, rehearsal.answer_ended
    assert heard is not None
    assert [(n.start, n.pitch, n.velocity) for n in heard.phrase.notes] == [
        (n.start, n.pitch, n.velocity) for n in MELODY.phrase.notes
    ]
    assert answered is not None
    assert len(answered.notes) == 64
    assert shares == sorted(shares)
    assert shares[-1] > 0.99
    player, *voices = recorded_parts(
        rehearsal, [(sent.sent_ns, sent.data) for sent in rehearsal.sent_reports], SETTINGS.channels
    )
    assert (player.voice, len(player.notes)) == (PLAYER, 16)
    assert abs(player.notes[0].start_ns) < 20 * MS
    assert [len(part.notes) for part in voices] == [16, 16, 16, 16]
    for part in voices:
        assert abs(part.notes[0].start_ns - LENGTH_NS) < MS
    assert first_answer_delay_ns(SessionLog(SETTINGS, tuple(stage.entries))) == 2 * MS


def test_what_was_asked_for_in_vain_is_not_measured():
    ask = Ask(1, "continue", "m", Phrase((Note(0, 4, 60),), 4), 4, 1.0, 0.95, 0)
    messages = (
        *((0, ask), (9, Answer(1, (), 1, final=False)), (20, replace(ask, ask=2)), (25, Answer(1, (), 4, final=True))),
        *((31, AnswerStarted(2, 99)), (50, Answer(2, (), 1, final=False)), (60, Answer(2, (), 4, final=True))),
    )
    log = SessionLog(SETTINGS, tuple(LogEntry(at_ns, message) for at_ns, message in messages))
    assert first_answer_delay_ns(log) == 30
    assert first_answer_delay_ns(SessionLog(SETTINGS, ())) == -1


def test_what_goes_wrong_is_told_in_a_sentence():
    with pytest.raises(ModelError, match="no answer came"):
        run(Stage(silent_model))
    with pytest.raises(BachBridgeError, match="no ports"):
        run(Stage(chorale_model, (Failed("There are no ports."),)))
    with pytest.raises(ModelError, match="wrong hash"):
        run(Stage(chorale_model, (PortsChanged("", ""), ModelDown("wrong hash"))))
    with pytest.raises(BachBridgeError, match="not ready after a minute"):
        run(Stage(chorale_model, ()))
    with pytest.raises(BachBridgeError, match="ended unexpectedly"):
        run(DeadStage(chorale_model))


def test_an_answer_that_breaks_off_is_an_error():
    def broken(ask: Ask) -> Iterator[tuple[int, Event]]:
        yield next(iter(chorale_model(ask)))  # pyright: ignore[reportArgumentType]

    with pytest.raises(ModelError, match="not whole"):
        run(Stage(broken))  # pyright: ignore[reportArgumentType]
