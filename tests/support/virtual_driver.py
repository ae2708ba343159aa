"""A virtual driver for the session: no clock, no port, no model; hours of play in a second.

It pops the earlier of the next scripted event and the session's deadline, feeds it, and answers each `Ask` after a
chosen delay with the answers of a small scripted model. Whatever the session sends goes through a simulated receiver.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from bachbridge.engine.session import Session
from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note
from bachbridge.protocol.effects import AnswerEnded, AnswerStarted, Ask, Effect, PlanRequest, Send
from bachbridge.protocol.events import Answer, Event, Midi, Plan, Tick
from bachbridge.protocol.wire import dumps
from bachbridge.settings import Settings
from tests.support.simulated_receiver import Receiver

MS = 1_000_000
S = 1000 * MS
BEAT = 500 * MS
"""At 120 bpm."""
AT_120 = Settings(bpm=120.0, seed=1, silence_beats=4.0)
TUNE = (67, 67, 69, 71)
MAX_TURNS_AT_ONE_TIME = 1000
"""More turns than anything needs at one moment."""

M = TypeVar("M")
ScriptedModel = Callable[[Ask], Iterable[tuple[int, Answer]]]
"""A function from an ask to the model's answers with their delays in ns."""


def chorale_model(ask: Ask) -> Iterator[tuple[int, Answer]]:
    """A model that repeats the last pitch of the prompt as quarters in four voices, and sends each note twice."""
    top = ask.prompt.notes[-1].pitch
    for start in range(0, ask.steps, 4):
        short_notes = [Note(start, 1, max(0, top - 5 * voice), 70, voice) for voice in range(4)]
        full_notes = [Note(n.start, 4, n.pitch, n.velocity, n.voice) for n in short_notes]
        delay = 2 * MS + start * MS // 4
        yield delay, Answer(ask.ask, tuple(short_notes), start + 1, final=False)
        yield delay + MS // 2, Answer(ask.ask, tuple(full_notes), start + 4, final=start + 4 >= ask.steps)


def silent_model(_: Ask) -> list[tuple[int, Answer]]:
    """A model that never answers."""
    return []


ScriptedPlanner = Callable[[PlanRequest], tuple[int, Plan] | None]
"""A function from a plan request to the model's plan with its delay in ns, or None."""


def plan_sixths(request: PlanRequest, delay_ns: int = 3 * MS) -> tuple[int, Plan]:
    """A model that puts voices a fourth, a tenth and two octaves below a soprano; if it holds, the alto steps up."""
    step = request.step + len(request.frames)
    if request.given == 3:
        low = [(index, index + 17, index + 12, index + 7, index, 15) for index in range(1, 30)]
        return delay_ns, Plan(request.piece, step, (*low, low[-1]), 0)
    rows = [(index, index, index - 5, index - 16, max(1, index - 24), 15) for index in range(25, 47)]
    held = request.held
    rows.append((held, held, max(0, held - 4), max(0, held - 16), max(0, held - 24), 2))
    return delay_ns, Plan(request.piece, step, tuple(rows), 0)


@dataclass
class Driver:
    """Runs a session in virtual time; `log` holds every event and effect with its time."""

    settings: Settings = field(default_factory=Settings)
    model: ScriptedModel = chorale_model
    planner: ScriptedPlanner = plan_sixths
    now_ns: int = 0
    log: list[tuple[int, str, Event | Effect]] = field(default_factory=list)
    receiver: Receiver = field(default_factory=Receiver)
    answering: bool = False
    """True if an answer was announced and is not over."""

    def __post_init__(self) -> None:
        self.session = Session(self.settings)
        self._queue: list[tuple[int, int, Event]] = []
        self._order = 0

    def schedule(self, time_ns: int, event: Event) -> None:
        """Script an event."""
        self._order += 1
        heapq.heappush(self._queue, (time_ns, self._order, event))

    def play(self, time_ns: int, pitch: int, length_ns: int, velocity: int = 80) -> None:
        """Script a key press and its release."""
        self.schedule(time_ns, Midi(midi.note_on(0, pitch, velocity)))
        self.schedule(time_ns + length_ns, Midi(midi.note_off(0, pitch)))

    def run(self, until_ns: int) -> None:
        """Let time pass until `until_ns`; fails if the session's deadline never moves on."""
        turns = 0
        while True:
            scripted = self._queue[0][0] if self._queue else None
            deadline = self.session.deadline
            due = min((t for t in (scripted, deadline) if t is not None), default=None)
            if due is None or due > until_ns:
                break
            turns = 0 if due > self.now_ns else turns + 1
            assert turns < MAX_TURNS_AT_ONE_TIME, f"the deadline stays at {due}"
            self.now_ns = max(self.now_ns, due)
            self.feed(heapq.heappop(self._queue)[2] if due == scripted else Tick())
        self.now_ns = until_ns

    def feed(self, event: Event) -> list[Effect]:
        """Feed one event now and perform its effects."""
        self.log.append((self.now_ns, "in", event))
        effects = self.session.feed(self.now_ns, event)
        for effect in effects:
            self._perform(effect)
        return effects

    def _perform(self, effect: Effect) -> None:
        self.log.append((self.now_ns, "out", effect))
        match effect:
            case Send(data, due_ns):
                assert due_ns <= self.now_ns
                self.receiver.receive(data)
            case AnswerStarted():
                self.answering = True
            case AnswerEnded():
                self.answering = False
            case Ask():
                for delay_ns, answer in self.model(effect):
                    self.schedule(self.now_ns + delay_ns, answer)
            case PlanRequest():
                planned = self.planner(effect)
                if planned:
                    self.schedule(self.now_ns + planned[0], planned[1])
            case _:
                pass

    def messages_of(self, kind: type) -> list[tuple[int, Event | Effect]]:
        """Return the logged messages of one kind with their times."""
        return [(time_ns, message) for time_ns, _, message in self.log if isinstance(message, kind)]

    def sent_messages(self) -> list[tuple[int, midi.MidiMessage]]:
        return [(t, midi.decode(m.data)) for t, m in self.messages_of(Send) if isinstance(m, Send)]

    def golden_lines(self) -> list[str]:
        """Return the log in the format of the golden files."""
        return [f"{time_ns / MS:.3f} {direction} {dumps(message)}" for time_ns, direction, message in self.log]


def play_quarters(driver: Driver, pitches: tuple[int, ...] = TUNE, start_ns: int = S) -> int:
    """Script quarter notes; return the time of the last key release."""
    for index, pitch in enumerate(pitches):
        driver.play(start_ns + index * BEAT, pitch, BEAT - 20 * MS, 70 + index)
    return start_ns + len(pitches) * BEAT - 20 * MS


def note_ons(driver: Driver) -> list[tuple[int, midi.NoteOn]]:
    return [(t, m) for t, m in driver.sent_messages() if isinstance(m, midi.NoteOn)]


def only_message(driver: Driver, kind: type[M]) -> tuple[int, M]:
    [(time_ns, message)] = driver.messages_of(kind)
    assert isinstance(message, kind)
    return time_ns, message
