"""Rows about answers on the DAW's grid: where they begin, and whether they stay there when the tempo changes.

A simulated DAW sends its clock and plays a phrase of seven quarter notes; a session answers it with quarter notes, in
virtual time and without a model. Its notes are compared with the DAW's beats. The other method is the former grid,
counted from the first onset with the clock's tempo.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from random import Random

from bachbridge.cli.bench.sync.rows import Row
from bachbridge.engine.session import Session
from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note
from bachbridge.protocol.effects import Ask, Send
from bachbridge.protocol.events import Answer, Event, Midi, Tick
from bachbridge.settings import Settings

_OURS, _FORMER = "BachBridge", "first onset + n steps"
_PHRASE_BEATS, _ANSWER_BEAT, _SETTLING_BEATS = 7, 8, 4
_CHANGES_BPM = ((120, 90), (120, 125), (120, 140), (120, 60), (100, 160))
_FIRST_NS, _BEATS = 1_000_000_000, 24
_MODEL_NS = 20_000_000


@dataclass(frozen=True, slots=True)
class SimulatedSong:
    """A song of a DAW: its tempo is `bpm` and, from beat `change_beat` on, `later_bpm`."""

    bpm: float
    later_bpm: float
    change_beat: float

    def time_of(self, beat: float) -> float:
        """Return the time of a beat in ns."""
        before, after = min(beat, self.change_beat), max(0.0, beat - self.change_beat)
        return _FIRST_NS + 60e9 * (before / self.bpm + after / self.later_bpm)


def answer_rows() -> Iterator[Row]:
    """Measure one row after another."""
    for name, change_beat, first_beat in (
        ("tempo change in the phrase", 3.0, _ANSWER_BEAT),
        ("tempo change in the answer, 4 beats later", 9.0, 9 + _SETTLING_BEATS),
    ):
        songs = [SimulatedSong(bpm, later_bpm, change_beat) for bpm, later_bpm in _CHANGES_BPM]
        figures = {
            _OURS: max(_worst_error_ms(song, first_beat) for song in songs),
            _FORMER: max(_former_error_ms(song, first_beat) for song in songs),
        }
        yield Row(f"{name}: worst distance from the beat", figures, "≤ 2", "ms")
    steady = SimulatedSong(120, 120, inf)
    jittered = [_worst_error_ms(steady, _ANSWER_BEAT, jitter_ms=2.6, seed=seed) for seed in (1, 2, 3)]
    yield Row("jitter 2.6 ms: worst distance from the beat", {_OURS: max(jittered)}, "", "ms")
    yield Row("wait from the last note to the answer", {_OURS: _waiting_beats(steady), _FORMER: None}, "", "beats")


def _worst_error_ms(song: SimulatedSong, first_beat: float, jitter_ms: float = 0.0, seed: int = 0) -> float:
    """Return the largest distance of the answer's notes from the song's beats, from `first_beat` on."""
    onsets = _answer_onsets(song, jitter_ms, seed)
    beats = [(beat, time_ns) for beat, time_ns in enumerate(onsets, _ANSWER_BEAT) if beat >= first_beat]
    return max((abs(time_ns - song.time_of(beat)) / 1e6 for beat, time_ns in beats), default=inf)


def _former_error_ms(song: SimulatedSong, beat: float) -> float:
    """Return how far a beat counted from the first onset, at the tempo when the answer begins, is from any beat."""
    bpm = song.later_bpm if song.change_beat < _ANSWER_BEAT else song.bpm
    time_ns = _FIRST_NS + beat * 60e9 / bpm
    return min(abs(time_ns - song.time_of(other)) for other in range(4 * _BEATS)) / 1e6


def _waiting_beats(song: SimulatedSong) -> float:
    begin_ns = min(_answer_onsets(song, 0.0, 0))
    return (begin_ns - song.time_of(_PHRASE_BEATS)) / (60e9 / song.bpm)


def _answer_onsets(song: SimulatedSong, jitter_ms: float, seed: int) -> list[int]:
    """Return the distinct times at which notes of the answer begin."""
    chance = Random(seed)
    events = [(round(song.time_of(0)), Midi(b"\xfa"))]
    for pulse in range(24 * _BEATS):
        time_ns = song.time_of(pulse / 24) + chance.gauss(0, jitter_ms * 1e6)
        events.append((max(_FIRST_NS, round(time_ns)), Midi(b"\xf8")))
    for beat in range(_PHRASE_BEATS):
        events.append((round(song.time_of(beat)), Midi(midi.note_on(0, 67 + beat, 80))))
        events.append((round(song.time_of(beat + 0.9)), Midi(midi.note_off(0, 67 + beat))))
    return _run_session(sorted(events, key=lambda event: event[0]), round(song.time_of(_BEATS)))


def _run_session(scripted: Sequence[tuple[int, Event]], until_ns: int) -> list[int]:
    """Feed a session the events and its own deadlines; return when its notes begin."""
    session, now_ns, count = Session(Settings(seed=1)), 0, 0
    queue = [(time_ns, index, event) for index, (time_ns, event) in enumerate(scripted)]
    onsets: set[int] = set()
    while queue or session.deadline is not None:
        deadline_ns = session.deadline
        next_ns = min(time_ns for time_ns in (queue[0][0] if queue else None, deadline_ns) if time_ns is not None)
        if next_ns > until_ns:
            break
        now_ns = max(now_ns, next_ns)
        event = heapq.heappop(queue)[2] if queue and queue[0][0] == next_ns else Tick()
        for effect in session.feed(now_ns, event):
            if isinstance(effect, Send) and isinstance(midi.decode(effect.data), midi.NoteOn):
                onsets.add(effect.due_ns)
            elif isinstance(effect, Ask):
                count += 1
                heapq.heappush(queue, (now_ns + _MODEL_NS, len(scripted) + count, _quarter_notes(effect)))
    return sorted(onsets)


def _quarter_notes(ask: Ask) -> Answer:
    notes = tuple(Note(start, 4, 60) for start in range(0, ask.steps, 4))
    return Answer(ask.ask, notes, ask.steps, final=True)
