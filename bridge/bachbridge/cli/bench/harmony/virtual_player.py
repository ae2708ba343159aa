"""A player in virtual time: a tune goes through a real session, and the real network plans the chords.

There is no clock and no port. A plan arrives a fixed time after it was requested, so a run gives the same notes on
every machine.
"""

import heapq
from dataclasses import dataclass, field

import numpy as np

from bachbridge.cli.bench.harmony.melodies import Melody
from bachbridge.cli.bench.harmony.touch import PlayedKey, press_keys
from bachbridge.engine.session import Session
from bachbridge.inference.runtime.protocols import StepPlanner
from bachbridge.midi import messages as midi
from bachbridge.music.notes import NS_PER_MS
from bachbridge.protocol.effects import Effect, Harmonized, PlanRequest, Send
from bachbridge.protocol.events import Event, Midi, ModelUp, Tick
from bachbridge.settings import Settings, with_values

_PLAN_DELAY_NS = 20 * NS_PER_MS
_FIRST_NOTE_NS = 1000 * NS_PER_MS
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

    melody: Melody
    step_ns: int
    begins_ns: list[int] = field(default_factory=list[int])
    """When the key of each of the tune's notes went down."""
    sounded: list[Sounded] = field(default_factory=list[Sounded])
    chord_times_ns: list[int] = field(default_factory=list[int])

    def time_of(self, step: int) -> int:
        """Return when a step of the tune begins."""
        return _FIRST_NOTE_NS + step * self.step_ns

    def sounding_at(self, time_ns: int) -> dict[int, int]:
        """Return the pitch of each accompanying voice that sounds."""
        return {note.voice: note.pitch for note in self.sounded if note.on_ns <= time_ns < note.off_ns}


def play(planner: StepPlanner, melody: Melody, settings: Settings, step_ns: int) -> HarmonizedTune:
    """Play the tune with its own settings in mode harmonize and return what was heard.

    The player's inaccuracies follow from the seed.
    """
    settings = with_values(settings, dict(melody.settings))
    performance = HarmonizedTune(melody, step_ns)
    begin_ns = performance.time_of(0)
    tune, lower = _press_hands(melody, settings, step_ns)
    performance.begins_ns = [begin_ns + press.on_ns for press in tune]
    queue: list[tuple[int, int, Event]] = [(0, 0, ModelUp(settings.model, 400_000))]
    for press in (*tune, *lower):
        for time_ns, data in (
            (press.on_ns, midi.note_on(0, press.pitch, 80)),
            (press.off_ns, midi.note_off(0, press.pitch)),
        ):
            queue.append((begin_ns + time_ns, len(queue), Midi(data)))
    heapq.heapify(queue)
    _run(Session(settings), planner, queue, performance, performance.time_of(melody.notes[-1].end) + _TAIL_NS)
    return performance


def _press_hands(melody: Melody, settings: Settings, step_ns: int) -> tuple[list[PlayedKey], list[PlayedKey]]:
    """Return the keys of the tune's notes and all others; without a left hand they are one hand's."""
    rng = np.random.default_rng([settings.seed, 5])
    if settings.hands != "melody":
        left_hand = press_keys(melody.lower, melody.touch, step_ns, rng)
        return press_keys(melody.notes, melody.touch, step_ns, rng), left_hand
    notes = sorted((*melody.notes, *melody.lower), key=lambda note: note.start)
    presses = press_keys(notes, melody.touch, step_ns, rng)
    tune = [press for press in presses if notes[press.number] in melody.notes]
    return tune, [press for press in presses if press not in tune]


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
