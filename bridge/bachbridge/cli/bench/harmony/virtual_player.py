"""A player in virtual time: a tune goes through a real session, and the real network plans the chords.

There is no clock and no port. A plan arrives a fixed time after it was requested, so a run gives the same notes on
every machine.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

from bachbridge.engine.session import Session
from bachbridge.inference.runtime.protocols import StepPlanner
from bachbridge.midi import messages as midi
from bachbridge.music.notes import NS_PER_MS, Note
from bachbridge.protocol.effects import Effect, Harmonized, PlanRequest, Send
from bachbridge.protocol.events import Event, Midi, ModelUp, Tick
from bachbridge.settings import Settings

_PLAN_DELAY_NS = 20 * NS_PER_MS
_FIRST_NOTE_NS = 1000 * NS_PER_MS
_GAP_NS = 20 * NS_PER_MS
"""The player lets go of a key this long before the next note."""
_TAIL_NS = 3000 * NS_PER_MS


@dataclass(frozen=True, slots=True)
class Sounded:
    """One note of an accompanying voice."""

    voice: int
    pitch: int
    on_ns: int
    off_ns: int


@dataclass(slots=True)
class HarmonizedTune:
    """A tune as it was played, and what accompanied it; times in ns."""

    notes: Sequence[Note]
    step_ns: int
    sounded: list[Sounded] = field(default_factory=list[Sounded])
    chord_times_ns: list[int] = field(default_factory=list[int])

    def time_of(self, step: int) -> int:
        """Return when a step of the tune begins."""
        return _FIRST_NOTE_NS + step * self.step_ns

    def sounding_at(self, time_ns: int) -> dict[int, int]:
        """Return the pitch of each accompanying voice that sounds."""
        return {note.voice: note.pitch for note in self.sounded if note.on_ns <= time_ns < note.off_ns}


def play(planner: StepPlanner, notes: Sequence[Note], settings: Settings, step_ns: int) -> HarmonizedTune:
    """Play the tune in mode harmonize and return what was heard."""
    performance = HarmonizedTune(notes, step_ns)
    queue: list[tuple[int, int, Event]] = [(0, 0, ModelUp(settings.model, 400_000))]
    for note in notes:
        begin = performance.time_of(note.start)
        for time_ns, data in (
            (begin, midi.note_on(0, note.pitch, 80)),
            (begin + note.length * step_ns - _GAP_NS, midi.note_off(0, note.pitch)),
        ):
            queue.append((time_ns, len(queue), Midi(data)))
    heapq.heapify(queue)
    _run(Session(settings), planner, queue, performance, performance.time_of(notes[-1].end) + _TAIL_NS)
    return performance


def _run(
    session: Session,
    planner: StepPlanner,
    queue: list[tuple[int, int, Event]],
    performance: HarmonizedTune,
    until_ns: int,
) -> None:
    """Feed the session its events and ticks in the order of their times."""
    started: dict[tuple[int, int], int] = {}
    now_ns, number = 0, len(queue)
    while True:
        scripted, deadline = (queue[0][0] if queue else until_ns), session.deadline
        due_ns = scripted if deadline is None else min(scripted, deadline)
        if due_ns >= until_ns:
            return
        now_ns = max(now_ns, due_ns)
        event = heapq.heappop(queue)[2] if queue and due_ns == scripted else Tick()
        for effect in session.feed(now_ns, event):
            if isinstance(effect, PlanRequest):
                planner.follow(effect)
                number += 1
                heapq.heappush(queue, (now_ns + _PLAN_DELAY_NS, number, planner.plan(effect)))
            else:
                _record(effect, now_ns, started, performance)


def _record(effect: Effect, now_ns: int, started: dict[tuple[int, int], int], performance: HarmonizedTune) -> None:
    match effect:
        case Harmonized():
            performance.chord_times_ns.append(now_ns)
        case Send(data):
            match midi.decode(data):
                case midi.NoteOn(channel, pitch):
                    started[channel, pitch] = now_ns
                case midi.NoteOff(channel, pitch) if (channel, pitch) in started:
                    begin = started.pop((channel, pitch))
                    performance.sounded.append(Sounded(channel, pitch, begin, now_ns))
                case _:
                    pass
        case _:
            pass
