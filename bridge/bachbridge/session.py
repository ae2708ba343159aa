"""The dialogue itself: a state machine that is handed the time and one event, and returns what is to be done.

    listening ──(silence, bar line, pedal, command)──▶ answering ──(last note ended)──▶ idle
        ▲                                                 │
        └───────────(the player plays: hush)──────────────┘

`feed` never reads a clock and never raises for what a player sends; every answer carries the number of its ask, so
that late ones fall out by comparison. Before and after each event, `_advance` does what time alone brings: notes that
are due, a phrase's end, the feeding of the model with what was played so far. A recorded log of events therefore
replays exactly.
"""

from dataclasses import dataclass, replace

from bachbridge import midi
from bachbridge.agenda import Agenda
from bachbridge.config import Settings, with_value
from bachbridge.errors import ConfigError
from bachbridge.events import (
    Answer,
    Answered,
    Answering,
    Ask,
    Cancel,
    Effect,
    EndPhrase,
    Event,
    Feed,
    Heard,
    Midi,
    Missed,
    ModelDown,
    ModelUp,
    Panic,
    PortsChanged,
    Quit,
    Reset,
    Send,
    Setting,
    Status,
    Tick,
)
from bachbridge.exchange import Exchange
from bachbridge.music import STEPS_PER_BEAT, Phrase
from bachbridge.phrase import Take
from bachbridge.tempo import Grid, Reader

_LEAD_NS = 20_000_000
"""A phrase of a fixed number of bars is answered this long before its bar line, so that the answer is there on it."""
_READY_NS = 8_000_000
"""The answer starts on the first beat that is at least this far ahead."""
_FEED_NS, _CLEAR_NS = 1_000_000, 3_000_000
"""How long after a key the model is told of it, and how far ahead the next note that is due must be then."""
_PATIENCE_BEATS = 8
"""How long after its due time an answer is waited for."""


@dataclass(slots=True)
class _Counts:
    asks: int = 0
    phrases: int = 0
    bad: int = 0


class Session:
    """Feed it events in order of time, on one thread; perform the effects in their order."""

    __slots__ = ("_agenda", "_bpm", "_counts", "_exchange", "_fed", "_feed_ns", "_take", "_thru_pedals", "settings")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._bpm: float | None = None
        """The tempo of the phrase before."""
        self._agenda = Agenda()
        self._take = self._new_take()
        self._exchange: Exchange | None = None
        self._counts = _Counts()
        self._fed: Phrase | None = None
        self._feed_ns: int | None = None
        """When the model is next told how far the phrase has come."""
        self._thru_pedals: set[int] = set()
        """Channels on which a sustain pedal that is down was passed through."""

    # ------------------------------------------------------------ the two public questions

    @property
    def deadline(self) -> int | None:
        """When to feed a `Tick` if nothing else happens (ns), or None."""
        times = (self._agenda.deadline, self._phrase_end_ns(), self._feed_ns, self._exchange_end_ns())
        return min((time for time in times if time is not None), default=None)

    def feed(self, now_ns: int, event: Event) -> list[Effect]:
        """What is to be done about `event` at `now_ns`, in order."""
        effects = self._advance(now_ns)
        effects += self._handle(now_ns, event)
        return effects + self._advance(now_ns)

    # ------------------------------------------------------------ events

    def _handle(self, now_ns: int, event: Event) -> list[Effect]:
        match event:
            case Midi(data):
                return self._midi(now_ns, data)
            case Answer():
                return self._answer(now_ns, event)
            case Setting(name, value):
                return self._set(now_ns, name, value)
            case EndPhrase():
                return self._end_phrase(now_ns, "command")
            case Panic():
                return [*self._stop(now_ns), *(Send(data, now_ns) for data in midi.panic())]
            case Reset():
                return self._stop(now_ns)
            case Quit(reason):
                return [*self._stop(now_ns), Status("quit", reason)]
            case ModelUp(name, _):
                return [*self._ask_again(), Status("model", f"{name} is ready")]
            case ModelDown(reason):
                return [Status("model", reason)]
            case PortsChanged(source, sink):
                # A port that is gone will never say that a key went up.
                gone = [] if source and sink else self._stop(now_ns)
                return [*gone, Status("port", f"in: {source or 'closed'}, out: {sink or 'closed'}")]
            case Tick():
                return []

    def _midi(self, now_ns: int, data: bytes) -> list[Effect]:
        meaning = midi.decode(data)
        effects = self._thru(now_ns, data, meaning) if self.settings.thru else []
        if isinstance(meaning, midi.Stop):
            return effects + self._stop(now_ns)
        if self.settings.mode == "off":
            return effects
        match meaning:
            case midi.NoteOn(_, pitch, velocity):
                return effects + self._note_on(now_ns, pitch, velocity)
            case midi.NoteOff(_, pitch):
                self._take.note_off(now_ns, pitch)
                return effects + self._feed_soon(now_ns)
            case midi.Control(_, controller, value):
                return effects + self._control(now_ns, controller, value)
            case midi.Unknown():
                self._counts.bad += 1
                return [*effects, Status("midi", f"{self._counts.bad} damaged messages so far")]
            case _:
                return effects

    def _thru(self, now_ns: int, data: bytes, meaning: midi.Meaning) -> list[Effect]:
        match meaning:
            case midi.NoteOn(channel, pitch, velocity):
                return list(self._agenda.strike(channel, pitch, velocity, now_ns))
            case midi.NoteOff(channel, pitch):
                return list(self._agenda.release(channel, pitch, now_ns))
            case midi.Control(channel, midi.SUSTAIN, value):
                (self._thru_pedals.add if value >= 64 else self._thru_pedals.discard)(channel)
                return [Send(data, now_ns)]
            case midi.Control() | midi.Voiced():
                return [Send(data, now_ns)]
            case _:
                return []

    def _note_on(self, now_ns: int, pitch: int, velocity: int) -> list[Effect]:
        effects: list[Effect] = [] if self.settings.let_finish else self._interrupt(now_ns)
        self._take.note_on(now_ns, pitch, velocity)
        return effects + self._feed_soon(now_ns)

    def _control(self, now_ns: int, controller: int, value: int) -> list[Effect]:
        down = value >= 64
        if controller == midi.SUSTAIN:
            released = self._take.pedal and not down
            self._take.set_pedal(now_ns, down)
            if released and self.settings.phrase_end == "pedal":
                return self._end_phrase(now_ns, "pedal")
        elif controller == self.settings.end_control and down:
            return self._end_phrase(now_ns, "control")
        elif controller in (midi.ALL_NOTES_OFF, midi.ALL_SOUND_OFF):
            self._take.all_off(now_ns)
        return []

    def _set(self, now_ns: int, name: str, value: str | int | float | bool) -> list[Effect]:
        try:
            self.settings = with_value(self.settings, name, value)
        except ConfigError as error:
            return [Status("setting", str(error))]
        effects: list[Effect] = []
        if name == "bpm":
            self._take.read_at(self.settings.bpm)
        if name == "mode" or (name == "thru" and not self.settings.thru):
            effects = self._stop(now_ns)
        return [*effects, Status("setting", f"{name} = {getattr(self.settings, name)}")]

    # ------------------------------------------------------------ what time alone brings

    def _advance(self, now_ns: int) -> list[Effect]:
        effects: list[Effect] = list(self._agenda.due(now_ns))
        end_ns = self._phrase_end_ns()
        if end_ns is not None and end_ns <= now_ns:
            effects += self._end_phrase(now_ns, self.settings.phrase_end)
        if self._feed_ns is not None and self._feed_ns <= now_ns:
            effects += self._feed_model(now_ns)
        end_ns = self._exchange_end_ns()
        if end_ns is not None and end_ns <= now_ns:
            effects += self._finish_exchange(now_ns)
        return effects

    def _new_take(self, *, pedal: bool = False) -> Take:
        return Take(Reader(self.settings.bpm, self._bpm), pedal=pedal)

    @property
    def _steps_per_bar(self) -> int:
        return self.settings.beats_per_bar * STEPS_PER_BEAT

    def _phrase_end_ns(self) -> int | None:
        take, settings = self._take, self.settings
        if not take.played:
            return None
        if settings.phrase_end == "bars":
            return take.grid.time_of(settings.phrase_bars * self._steps_per_bar) - _LEAD_NS
        if settings.phrase_end == "silence" and take.quiet_since_ns is not None:
            return take.quiet_since_ns + round(settings.silence_beats * STEPS_PER_BEAT * take.grid.step_ns)
        return None

    # ------------------------------------------------------------ the phrase

    def _feed_soon(self, now_ns: int) -> list[Effect]:
        """Something was played: tell the model in a turn of its own, after whatever this turn has to send."""
        self._feed_ns = now_ns + _FEED_NS
        return []

    def _feed_model(self, now_ns: int) -> list[Effect]:
        """Tell the model what is certain of the phrase so far, and plan to do so again on the next beat.

        Looking through a long phrase takes time, so notes that are about to be due come first.
        """
        due_ns = self._agenda.deadline
        if due_ns is not None and due_ns - now_ns < _CLEAR_NS:
            self._feed_ns = due_ns + 1
            return []
        self._feed_ns = None
        if not self._take.played:
            return []
        grid = self._take.grid
        phrase = self._take.phrase(now_ns, self._steps_per_bar, at_most=grid.nearest(now_ns))
        self._feed_ns = grid.time_of(grid.next_beat(now_ns + 1))
        if not phrase.notes or phrase == self._fed:
            return []
        self._fed = phrase
        return [Feed(self.settings.model, phrase, self._seed())]

    def _seed(self) -> int:
        return self.settings.seed if self.settings.seed >= 0 else self._counts.phrases

    def _end_phrase(self, now_ns: int, ended_by: str) -> list[Effect]:
        if not self._take.played:
            return []
        grid = self._take.grid
        whole = self.settings.phrase_bars * self._steps_per_bar if ended_by == "bars" else None
        phrase = self._take.phrase(now_ns, self._steps_per_bar, steps=whole)
        effects = [Heard(phrase, grid.origin_ns, grid.step_ns, ended_by), *self._answer_phrase(now_ns, phrase, grid)]
        self._bpm = grid.bpm
        self._forget_take()
        self._counts.phrases += 1
        return effects

    def _forget_take(self) -> None:
        """Begin afresh, but keep in mind the pedal that is down."""
        self._take = self._new_take(pedal=self._take.pedal)
        self._fed = self._feed_ns = None

    def _answer_phrase(self, now_ns: int, phrase: Phrase, grid: Grid) -> list[Effect]:
        effects = self._interrupt(now_ns)
        steps = self.settings.answer_bars * self._steps_per_bar or phrase.steps
        settings = self.settings
        self._counts.asks += 1
        ask = Ask(
            ask=self._counts.asks,
            task=settings.mode,
            model=settings.model,
            prompt=phrase,
            steps=steps,
            temperature=settings.temperature,
            top_p=settings.top_p,
            seed=self._seed(),
        )
        start_ns = grid.time_of(grid.next_beat(now_ns + _READY_NS))
        channels = tuple(channel - 1 for channel in settings.channels)
        self._exchange = Exchange(ask, Grid(start_ns, grid.step_ns), channels)
        return [*effects, ask, Answering(ask.ask, start_ns)]

    # ------------------------------------------------------------ the answer

    def _answer(self, now_ns: int, answer: Answer) -> list[Effect]:
        exchange = self._exchange
        if exchange is None or answer.ask != exchange.ask.ask or exchange.final:
            return []
        effects: list[Effect] = []
        if not exchange.heard and (steps := exchange.postpone(now_ns)):
            effects.append(Missed(answer.ask, f"the answer came late and starts {steps // STEPS_PER_BEAT} beats later"))
            effects.append(Answering(answer.ask, exchange.grid.origin_ns))
        if dropped := exchange.take(now_ns, answer, self._agenda):
            effects.append(Missed(answer.ask, f"{dropped} notes came too late to be played"))
        return effects

    def _ask_again(self) -> list[Effect]:
        """The model's process is new: what it was asked before, it has forgotten."""
        exchange = self._exchange
        return [] if exchange is None or exchange.heard else [exchange.ask]

    def _exchange_end_ns(self) -> int | None:
        exchange = self._exchange
        if exchange is None:
            return None
        if exchange.final and self._agenda.empty:
            return exchange.grid.time_of(max((note.end for note in exchange.notes.values()), default=0))
        patience_ns = _PATIENCE_BEATS * STEPS_PER_BEAT * exchange.grid.step_ns
        return patience_ns + (exchange.end_ns if exchange.heard else exchange.grid.origin_ns)

    def _finish_exchange(self, now_ns: int) -> list[Effect]:
        exchange = self._exchange
        if exchange is None or exchange.final:
            return self._close_exchange(now_ns, interrupted=False)
        what = "the rest of the answer never came" if exchange.heard else "no answer came"
        return [Missed(exchange.ask.ask, what), *self._close_exchange(now_ns, interrupted=True)]

    def _interrupt(self, now_ns: int) -> list[Effect]:
        """The player plays again, or something newer is to be answered: stop what is under way."""
        return self._close_exchange(now_ns, interrupted=True) if self._exchange else []

    def _close_exchange(self, now_ns: int, *, interrupted: bool) -> list[Effect]:
        exchange, self._exchange = self._exchange, None
        effects: list[Effect] = list(self._agenda.hush(now_ns))
        if exchange is None:
            return effects
        notes = exchange.in_order()
        if interrupted:
            played = (now_ns - exchange.grid.origin_ns) // exchange.grid.step_ns
            notes = tuple(replace(n, length=min(n.length, played - n.start + 1)) for n in notes if n.start <= played)
            effects.append(Cancel())
        return [*effects, Answered(exchange.ask.ask, notes, interrupted)]

    def _stop(self, now_ns: int) -> list[Effect]:
        """Silence and forget everything but the settings."""
        effects = [*self._interrupt(now_ns), *self._agenda.silence(now_ns)]
        effects += [Send(midi.control(channel, midi.SUSTAIN, 0), now_ns) for channel in sorted(self._thru_pedals)]
        self._thru_pedals.clear()
        self._take = self._new_take()
        self._fed = self._feed_ns = None
        return effects
