"""One exchange in virtual time, with a session and a scripted model in place of the engine."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import replace

import mido
import pytest

from bachbridge.cli.bench.exchange import ExchangeRecording, record_exchange, wait_until_ready
from bachbridge.cli.play.demo import first_answer_delay_ns, recorded_parts
from bachbridge.engine.session import Session
from bachbridge.engine.session_log import LogEntry, SessionLog
from bachbridge.errors import BachBridgeError, ModelError
from bachbridge.music.example_phrase import as_timed_notes, load_example
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.performance import PLAYER
from bachbridge.protocol.effects import AnswerStarted, Ask, Send
from bachbridge.protocol.events import Answer, Event, Midi, ModelDown, ModelUp, PortsChanged, Tick
from bachbridge.protocol.notices import Failed, Message, Sent
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, S, ScriptedModel, chorale_model, silent_model

MELODY = load_example()
STEP_NS = round(60e9 / MELODY.bpm / 4)
LENGTH_NS = MELODY.phrase.steps * STEP_NS
SETTINGS = Settings(bpm=MELODY.bpm, phrase_end="bars", phrase_bars=4, seed=1)
READY: tuple[Message, ...] = (PortsChanged("in", "out"), ModelUp("chorale-lstm", 200_000))


class VirtualEngine:
    """An `EngineConnection` to a session with a clock of its own, which moves on while the player waits."""

    def __init__(self, model: ScriptedModel, greeting: tuple[Message, ...] = READY) -> None:
        self.now_ns = 5 * S
        self.messages = list(greeting)
        self.entries: list[LogEntry] = []
        self._session = Session(SETTINGS)
        self._model = model
        self._coming: list[tuple[int, int, Event]] = []

    @property
    def is_open(self) -> bool:
        return True

    def now(self) -> int:
        return self.now_ns

    def send_midi(self, message: mido.Message) -> None:
        self._feed(Midi(bytes(message.bytes())))

    def receive(self, timeout_s: float) -> Message | None:
        limit_ns = self.now_ns + round(timeout_s * 1e9)
        while not self.messages:
            times = [self._session.deadline, self._coming[0][0] if self._coming else None]
            next_ns = min((time for time in times if time is not None), default=limit_ns)
            if next_ns >= limit_ns:
                self.now_ns = max(self.now_ns, limit_ns)
                return None
            self.now_ns = max(self.now_ns, next_ns)
            self._feed(heapq.heappop(self._coming)[2] if next_ns != times[0] else Tick())
        return self.messages.pop(0)

    def _feed(self, event: Event) -> None:
        self.entries.append(LogEntry(self.now_ns, event))
        for effect in self._session.feed(self.now_ns, event):
            self.entries.append(LogEntry(self.now_ns, effect))
            match effect:
                case Send(data, due_ns):
                    self.messages.append(Sent(data, due_ns, self.now_ns))
                case Ask():
                    for delay_ns, answer in self._model(effect):
                        heapq.heappush(self._coming, (self.now_ns + delay_ns, len(self._coming), answer))
                case _:
                    self.messages.append(effect)


class DeadEngine(VirtualEngine):
    """An engine that has ended."""

    def receive(self, timeout_s: float) -> Message | None:
        if not self.messages:
            raise EOFError
        return super().receive(timeout_s)


def run(engine: VirtualEngine, report_progress: Callable[[float], None] = lambda share: None) -> ExchangeRecording:
    wait_until_ready(engine, engine.now)
    return record_exchange(engine, as_timed_notes(MELODY.phrase, STEP_NS), LENGTH_NS, engine.now, report_progress)


def test_exchange_records_phrase_and_whole_answer():
    engine, shares = VirtualEngine(chorale_model), list[float]()
    recording = run(engine, shares.append)
    phrase_ended, answer_ended = recording.phrase_ended, recording.answer_ended
    assert phrase_ended is not None
    assert [(n.start, n.pitch, n.velocity) for n in phrase_ended.phrase.notes] == [
        (n.start, n.pitch, n.velocity) for n in MELODY.phrase.notes
    ]
    assert answer_ended is not None
    assert len(answer_ended.notes) == 64
    assert shares == sorted(shares)
    assert shares[-1] > 0.99
    player, *voices = recorded_parts(
        recording, [(sent.sent_ns, sent.data) for sent in recording.sent_reports], SETTINGS.channels
    )
    assert (player.voice, len(player.notes)) == (PLAYER, 16)
    assert abs(player.notes[0].start_ns) < 20 * MS
    assert [len(part.notes) for part in voices] == [16, 16, 16, 16]
    for part in voices:
        assert abs(part.notes[0].start_ns - LENGTH_NS) < MS
    assert first_answer_delay_ns(SessionLog(SETTINGS, tuple(engine.entries))) == 2 * MS


def test_answer_delay_ignores_asks_without_played_answer():
    ask = Ask(1, "continue", "m", Phrase((Note(0, 4, 60),), 4), 4, 1.0, 0.95, 0)
    messages = (
        *((0, ask), (9, Answer(1, (), 1, final=False)), (20, replace(ask, ask=2)), (25, Answer(1, (), 4, final=True))),
        *((31, AnswerStarted(2, 99)), (50, Answer(2, (), 1, final=False)), (60, Answer(2, (), 4, final=True))),
    )
    log = SessionLog(SETTINGS, tuple(LogEntry(at_ns, message) for at_ns, message in messages))
    assert first_answer_delay_ns(log) == 30
    assert first_answer_delay_ns(SessionLog(SETTINGS, ())) == -1


def test_exchange_reports_failures_in_one_sentence():
    with pytest.raises(ModelError, match="no answer came"):
        run(VirtualEngine(silent_model))
    with pytest.raises(BachBridgeError, match="no ports"):
        run(VirtualEngine(chorale_model, (Failed("There are no ports."),)))
    with pytest.raises(ModelError, match="wrong hash"):
        run(VirtualEngine(chorale_model, (PortsChanged("", ""), ModelDown("wrong hash"))))
    with pytest.raises(BachBridgeError, match="not ready after a minute"):
        run(VirtualEngine(chorale_model, ()))
    with pytest.raises(BachBridgeError, match="ended unexpectedly"):
        run(DeadEngine(chorale_model))


def test_exchange_raises_if_answer_breaks_off():
    def break_off(ask: Ask) -> Iterator[tuple[int, Event]]:
        yield next(iter(chorale_model(ask)))  # pyright: ignore[reportArgumentType]

    with pytest.raises(ModelError, match="not complete"):
        run(VirtualEngine(break_off))  # pyright: ignore[reportArgumentType]
