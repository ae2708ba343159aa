"""Health of the program for the status bar and the check list, derived from the engine's messages.

Figures are of the last minute. Latenesses are counted, second by second, in bins that grow by 5 %, so that a minute of
dense playing takes no more memory than a quiet one; a percentile is accurate to 2.5 %.

A loop is BachBridge's own output coming back as input. An echo is a key that is received shortly after the same key,
with the same velocity, was sent; the channel may have changed on the way. A player's note that is passed on was
received before it was sent and is no echo. Four echoes among the last six keys are a loop.
"""

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from itertools import accumulate
from math import ceil, exp, log

from bachbridge.midi import messages as midi
from bachbridge.midi.loopback import is_loopback
from bachbridge.music.notes import bpm_from_step_ns
from bachbridge.protocol.effects import AnswerLate, ChordsLate, ClockTempo, DamagedMidi, FeedbackLoop
from bachbridge.protocol.events import LinkState, ModelDown, ModelUp, PortsChanged
from bachbridge.protocol.notices import (
    Connections,
    EngineEnded,
    EngineStarted,
    Failed,
    Health,
    Message,
    NotesShed,
    Received,
    Sent,
)
from bachbridge_gui.state.notice_text import engine_change_text
from bachbridge_gui.state.notices import capitalized
from bachbridge_gui.translation import tr, tr_report, translatable

LATE_THRESHOLD_NS = 10_000_000
"""A message that is sent with more delay than this counts as late."""
_SECOND_NS = 1_000_000_000
_MINUTE_S = 60
_LOG_BIN_WIDTH = log(1.05)
MODEL_LOADING_TEXT = translatable("Model is loading")
NO_PORTS_NAME = "pipe"
"""Port name that an engine without ports reports."""
OWN_PORT_PREFIXES = ("BachBridge", NO_PORTS_NAME)
"""Prefixes of the names of our own virtual ports, which are open even if nobody is connected, and of a missing port."""


class LastMinuteCounts:
    """Counts of events in the last minute, by an integer key."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, Counter[int]]] = deque(maxlen=_MINUTE_S + 1)

    def add(self, now_ns: int, key: int, count: int = 1) -> None:
        second = now_ns // _SECOND_NS
        if not self._seconds or self._seconds[-1][0] < second:
            self._seconds.append((second, Counter()))
        self._seconds[-1][1][key] += count

    def counts(self, now_ns: int) -> dict[int, int]:
        since = now_ns // _SECOND_NS - _MINUTE_S
        counts: defaultdict[int, int] = defaultdict(int)
        for second, counter in self._seconds:
            if second > since:
                for key, count in counter.items():
                    counts[key] += count
        return counts


class EngineHealth:
    """Gets every message of the engine; the window reads it twice a second."""

    def __init__(self) -> None:
        self._lateness, self._faults = LastMinuteCounts(), LastMinuteCounts()
        self._lost_counts: dict[type, int] = {}
        """Numbers of messages damaged and of notes left out since the engine's start."""
        self.has_loop = False
        """True if our output comes back to our input."""
        self.input_name, self.output_name = "", ""
        self.input_connections = -1
        """Number of connections to our input; -1: the system cannot tell."""
        self.input_received = False
        """True if any MIDI message came in."""
        self.notes_seen = False
        self.clock_seen = False
        self.clock_bpm = 0.0
        """Tempo of the DAW's clock; 0: it does not run."""
        self.link_bpm = 0.0
        """Tempo of the Link session; 0: nobody else is in it."""
        self.last_note_in_ns: int | None = None
        self.last_note_out_ns: int | None = None
        """Times of the last note in and out."""
        self.engine_text = ""
        """Sentence about an engine that ended; empty once one runs again."""
        self.model_up: bool | None = None
        """None: the model has not reported yet."""
        self.model_text = tr(MODEL_LOADING_TEXT)
        self.model_p50_ns, self.model_p99_ns = 0, 0

    def handle_message(self, message: Message, now_ns: int) -> None:
        """Apply one message, received at `now_ns`."""
        match message:
            case Received(data, at_ns):
                self._handle_received(data, at_ns)
            case Sent(data, due_ns, sent_ns):
                self._handle_sent(data, due_ns, sent_ns, now_ns)
            case AnswerLate() | ChordsLate():
                self._faults.add(now_ns, 0, message.late if isinstance(message, ChordsLate) else 1)
            case DamagedMidi() | NotesShed():
                self._count_lost(message, now_ns)
            case PortsChanged() | Connections() | FeedbackLoop():
                self._handle_ports(message)
            case ClockTempo() | LinkState():
                self._handle_shared_tempo(message)
            case Health():
                self.model_p50_ns, self.model_p99_ns = message.model_p50_ns, message.model_p99_ns
            case ModelUp(name):
                self.model_up, self.model_text = True, tr("{name} is ready", name=name)
            case ModelDown(reason):
                self.model_up, self.model_text = False, capitalized(tr_report(reason))
                self.model_p50_ns = self.model_p99_ns = 0
            case Failed() | EngineEnded() | EngineStarted():
                self._handle_engine_end(
                    tr_report(message.error) if isinstance(message, Failed) else engine_change_text(message)
                )
            case _:
                pass

    # ------------------------------------------------------------ figures

    @property
    def input_seen(self) -> bool:
        """True if a port of another program is open or connected to ours, or anything came in."""
        return (
            self.input_received
            or self.input_connections > 0
            or bool(
                self.input_name
                and not self.input_name.startswith(OWN_PORT_PREFIXES)
                and not is_loopback(self.input_name)
            )
        )

    def lateness_percentiles_ns(self, now_ns: int, *shares: float) -> tuple[int, ...]:
        """Percentiles (`shares` from 0 to 1) of the last minute's lateness in ns; empty if nothing was sent."""
        counts = self._lateness.counts(now_ns)
        sizes = sorted(counts)
        ranks = list(accumulate(counts[size] for size in sizes))
        places = (bisect_left(ranks, ceil(share * ranks[-1])) for share in (shares if ranks else ()))
        return tuple(round(exp(sizes[place] * _LOG_BIN_WIDTH)) - 1 for place in places)

    def fault_count(self, now_ns: int) -> int:
        """Number of events in the last minute that were dropped, late or damaged."""
        return sum(self._faults.counts(now_ns).values())

    # ------------------------------------------------------------ messages

    def _handle_shared_tempo(self, message: ClockTempo | LinkState) -> None:
        match message:
            case ClockTempo(bpm):
                self.clock_bpm, self.clock_seen = bpm, self.clock_seen or bpm > 0
            case LinkState(_, step_ns, _, peers):
                self.link_bpm = bpm_from_step_ns(step_ns) if peers else 0.0

    def _handle_received(self, data: bytes, at_ns: int) -> None:
        self.input_received = True
        match midi.decode(data):
            case midi.NoteOn():
                self.notes_seen, self.last_note_in_ns = True, at_ns
            case midi.NoteOff():
                self.last_note_in_ns = at_ns
            case _:
                pass

    def _handle_sent(self, data: bytes, due_ns: int, sent_ns: int, now_ns: int) -> None:
        late_ns = max(0, sent_ns - due_ns)
        self._lateness.add(now_ns, round(log(late_ns + 1) / _LOG_BIN_WIDTH))
        if late_ns > LATE_THRESHOLD_NS:
            self._faults.add(now_ns, 0)
        if isinstance(midi.decode(data), midi.NoteOn | midi.NoteOff):
            self.last_note_out_ns = sent_ns

    def _count_lost(self, report: DamagedMidi | NotesShed, now_ns: int) -> None:
        before = self._lost_counts.get(type(report), 0)
        self._faults.add(now_ns, 0, max(1, report.count - before))
        self._lost_counts[type(report)] = report.count

    def _handle_engine_end(self, text: str) -> None:
        """Forget what the dead engine reported; before the first one was ready, its end is no news."""
        if self.input_name or self.output_name or self.engine_text:
            self.engine_text = text
        self.model_up, self.model_text = None, tr(MODEL_LOADING_TEXT)
        self._lost_counts.clear()
        self.clock_bpm = self.link_bpm = 0.0
        self.model_p50_ns = self.model_p99_ns = 0

    def _handle_ports(self, message: PortsChanged | Connections | FeedbackLoop) -> None:
        match message:
            case PortsChanged(input_name, output_name):
                self._handle_ports_changed(input_name, output_name)
            case Connections(inputs):
                self.input_connections = inputs
            case FeedbackLoop(is_there):
                self.has_loop = is_there

    def _handle_ports_changed(self, input_name: str, output_name: str) -> None:
        """Follow the ports; what was seen on another port proves nothing about this one."""
        if (input_name, output_name) != (self.input_name, self.output_name):
            self.input_received = self.notes_seen = self.clock_seen = False
            self.has_loop = False
        self.input_name, self.output_name, self.engine_text = input_name, output_name, ""
