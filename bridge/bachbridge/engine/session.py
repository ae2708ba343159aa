"""The dialogue itself: a state machine that is handed the time and one event, and returns what is to be done.

    listening ──(silence, bar line, pedal, command)──▶ answering ──(last note ended)──▶ idle
        ▲                                                 │
        └───────────(the player plays: hush)──────────────┘

`feed` never reads a clock and never raises for what a player sends; every answer carries the number of its ask, so
that late ones fall out by comparison. Before and after each event, `_advance` does what time alone brings: notes that
are due, a phrase's end and shortly before it the ask for its answer, the feeding of the model with what was played so
far. A recorded log of events therefore replays exactly.
"""

from dataclasses import replace

from bachbridge.engine.accompaniment.accompanist import Harmonizer
from bachbridge.engine.answering.phrase_detector import Listener
from bachbridge.engine.answering.responder import Respondent
from bachbridge.engine.output.playback import Playback
from bachbridge.engine.output.scheduler import Agenda
from bachbridge.engine.output.thru import Thru
from bachbridge.engine.tempo.bar_reports import Bars
from bachbridge.engine.tempo.midi_clock import Clock
from bachbridge.engine.tempo.tracker import Grid, reached
from bachbridge.errors import ConfigError
from bachbridge.midi import messages as midi
from bachbridge.music import general_midi
from bachbridge.music.notes import VOICES, Note, Phrase, step_ns_of
from bachbridge.music.performance import PLAYER
from bachbridge.protocol.events import (
    Answer,
    Cadence,
    ClockHeard,
    Effect,
    EndPhrase,
    Event,
    Heard,
    LookForPorts,
    Midi,
    ModelDown,
    ModelUp,
    Panic,
    Plan,
    Play,
    PortsChanged,
    Prompt,
    Quit,
    Refused,
    Reset,
    Send,
    Setting,
    Status,
    Tick,
)
from bachbridge.protocol.validation import objection
from bachbridge.settings import Settings, with_value

_READY_NS = 8_000_000
"""The answer starts on the first beat that is at least this far ahead."""
_UNFED_NS = 3_000_000
"""What a model needs for each step of a phrase that it was not fed beforehand (1.7 ms on a slow core)."""
_STOPPING = ("mode", "voice")
"""Settings whose change ends what sounds."""
_VOICING = ("channels", "octaves", "levels", "harmony")
"""Settings under which what sounds is another note from now on."""
_SOUNDING = ("instrument", "channels")
"""Settings under which the receiver is to sound otherwise."""


class Session:
    """Feed it events in order of time, on one thread; perform the effects in their order."""

    __slots__ = (
        *("_agenda", "_bad", "_bars", "_clock", "_harmonizer", "_listener", "_playback", "_respondent"),
        *("_settings", "_thru"),
    )

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        """As they were set; the clock may know the tempo better."""
        self._clock = Clock()
        self._listener = Listener(settings)
        self._agenda = Agenda()
        self._thru = Thru(self._agenda)
        self._harmonizer = Harmonizer(settings, self._agenda)
        self._respondent = Respondent(self._agenda)
        self._playback = Playback(self._agenda)
        self._bars = Bars()
        self._bad = 0
        """How many messages made no sense."""

    @property
    def settings(self) -> Settings:
        """As they are in force."""
        return self._listener.settings

    # ------------------------------------------------------------ the two public questions

    @property
    def deadline(self) -> int | None:
        """When to feed a `Tick` if nothing else happens (ns), or None."""
        times = (
            *(self._agenda.deadline, self._listener.end_ns, self._listener.early_ns, self._listener.feed_ns),
            *(self._respondent.end_ns, self._respondent.dream_ns, self._harmonizer.deadline),
            *(self._playback.deadline, self._clock.gone_ns),
        )
        return min((time for time in times if time is not None), default=None)

    def feed(self, now_ns: int, event: Event) -> list[Effect]:
        """What is to be done about `event` at `now_ns`, in order."""
        effects = self._advance(now_ns)
        senseless = objection(event)
        effects += [Status(*senseless)] if senseless else self._handle(now_ns, event)
        return effects + self._advance(now_ns)

    # ------------------------------------------------------------ events

    def _handle(self, now_ns: int, event: Event) -> list[Effect]:
        match event:
            case Midi(data):
                return self._midi(now_ns, data)
            case Answer():
                return self._respondent.take(now_ns, event)
            case Plan():
                return self._harmonizer.planned(now_ns, event)
            case Setting(name, value):
                return self._set(now_ns, name, value)
            case EndPhrase():
                return self._end_phrase(now_ns, "command")
            case Panic():
                return [*self._stop(now_ns), *(Send(data, now_ns) for data in midi.panic())]
            case Reset():
                return [*self._stop(now_ns), *self._programs(now_ns)]
            case Quit(reason):
                return [*self._stop(now_ns), Status("quit", reason)]
            case Cadence():
                return self._harmonizer.close() if self.settings.mode == "harmonize" else []
            case Prompt():
                return self._prompt(now_ns, event)
            case Play():
                return self._play(now_ns, event)
            case _:
                return self._told(now_ns, event)

    def _told(
        self, now_ns: int, event: ModelUp | ModelDown | Refused | PortsChanged | Tick | LookForPorts
    ) -> list[Effect]:
        """What the engine says of its surroundings."""
        match event:
            case Refused(0, reason):
                return [Status("model", reason)]
            case Refused():
                return self._respondent.refused(now_ns, event)
            case ModelUp(name, _):
                return [*self._ready(name), Status("model", f"{name} is ready")]
            case ModelDown(reason):
                self._respondent.forget()
                return [Status("model", reason)]
            case PortsChanged(source, sink):
                # A port that is gone will never say that a key went up.
                gone = [] if source and sink else self._stop(now_ns)
                programs = self._programs(now_ns) if sink else []
                return [*gone, *programs, Status("port", f"in: {source or 'closed'}, out: {sink or 'closed'}")]
            case Tick() | LookForPorts():
                return []

    def _ready(self, model: str) -> list[Effect]:
        """A model is ready; one that is not wanted any more is asked nothing, or it would be loaded again for that."""
        if model != self.settings.model:
            return []
        return [*self._respondent.ask_again(model), *self._steer(new=True)]

    def _midi(self, now_ns: int, data: bytes) -> list[Effect]:
        meaning = midi.decode(data)
        match meaning:
            case midi.Clock():
                return self._apply_clock(now_ns) if self._clock.pulse(now_ns) else []
            case midi.Control(_, controller, value) if controller == self.settings.panic_control:
                return self._handle(now_ns, Panic()) if value >= midi.HALF else []
            case midi.NoteOn() if not self.settings.let_finish:
                effects = self._end_playback(now_ns)
            case _:
                effects = []
        return [*effects, *self._play_on(now_ns, data, meaning)]

    def _play_on(self, now_ns: int, data: bytes, meaning: midi.Meaning) -> list[Effect]:
        """What the player's message means in the mode that is on."""
        effects: list[Effect] = self._thru.take(now_ns, data, meaning, self._channel()) if self.settings.thru else []
        if isinstance(meaning, midi.Stop):
            return effects + self._stop(now_ns)
        match self.settings.mode:
            case "continue":
                return effects + self._listen(now_ns, meaning)
            case "harmonize":
                return effects + self._accompany(now_ns, meaning)
            case _:
                stops = isinstance(meaning, midi.NoteOn) and not self.settings.let_finish
                return effects + (self._respondent.interrupt(now_ns) if stops else [])

    def _channel(self) -> int | None:
        """The channel of the voice that the player sings in mode "harmonize"."""
        settings = self.settings
        return settings.channels[VOICES.index(settings.voice)] - 1 if settings.mode == "harmonize" else None

    def _accompany(self, now_ns: int, meaning: midi.Meaning) -> list[Effect]:
        """Mode "harmonize"."""
        match meaning:
            case midi.NoteOn() if self._respondent.busy and not self.settings.let_finish:
                return [*self._respondent.interrupt(now_ns), *self._harmonizer.take(now_ns, meaning)]
            case midi.Control(_, controller, value) if controller == self.settings.end_control:
                return self._end_phrase(now_ns, "control") if value >= midi.HALF else []
            case midi.Unknown():
                return self._damaged()
            case midi.NoteOn():
                return [*self._harmonizer.take(now_ns, meaning), *self._tell_metre(self._harmonizer.grid)]
            case _:
                return self._harmonizer.take(now_ns, meaning)

    def _steer(self, *, new: bool = False) -> list[Effect]:
        """What is planned may be another thing now; `new`: the model's process is."""
        return self._harmonizer.again(new=new) if self.settings.mode == "harmonize" else []

    def _damaged(self) -> list[Effect]:
        self._bad += 1
        return [Status("midi", f"{self._bad} damaged messages so far")]

    def _listen(self, now_ns: int, meaning: midi.Meaning) -> list[Effect]:
        match meaning:
            case midi.NoteOn(_, pitch, velocity):
                effects = [] if self.settings.let_finish else self._respondent.interrupt(now_ns)
                self._listener.note_on(now_ns, pitch, velocity)
                return effects + self._tell_metre(self._listener.grid)
            case midi.NoteOff(_, pitch):
                self._listener.note_off(now_ns, pitch)
            case midi.Control(_, controller, value):
                return self._control(now_ns, controller, down=value >= midi.HALF)
            case midi.Unknown():
                return self._damaged()
            case _:
                pass
        return []

    def _control(self, now_ns: int, controller: int, *, down: bool) -> list[Effect]:
        if controller == midi.SUSTAIN:
            return self._end_phrase(now_ns, "pedal") if self._listener.pedal(now_ns, down=down) else []
        if controller == self.settings.end_control and down:
            return self._end_phrase(now_ns, "control")
        if controller in (midi.ALL_NOTES_OFF, midi.ALL_SOUND_OFF):
            self._listener.all_off(now_ns)
        return []

    def _set(self, now_ns: int, name: str, value: str | int | float | bool) -> list[Effect]:
        before = self._settings
        try:
            self._settings = with_value(before, name, value)
        except ConfigError as error:
            return [Status("setting", str(error))]
        self._apply(now_ns)
        self._respondent.dream(on=self.settings.answer == "dream" and self.settings.mode != "harmonize")
        stops = self._differs(before, _STOPPING) or (before.thru and not self._settings.thru)
        effects = self._stop(now_ns) if stops else self._steer()
        if self._differs(before, _VOICING):
            effects += self._revoice(now_ns)
        if self._differs(before, _SOUNDING):
            effects += self._programs(now_ns)
        return [*effects, Status("setting", f"{name} = {getattr(self._settings, name)}")]

    def _differs(self, before: Settings, names: tuple[str, ...]) -> bool:
        return any(getattr(self._settings, name) != getattr(before, name) for name in names)

    def _apply(self, now_ns: int) -> None:
        """The settings, and the clock's tempo in them, come into force; a dream changes its tempo with them."""
        before_bpm = self.settings.bpm
        clocked = self._settings.follow_clock and self._clock.bpm > 0
        settings = replace(self._settings, bpm=self._clock.bpm) if clocked else self._settings
        self._listener.set(settings)
        self._harmonizer.set(settings)
        if settings.bpm not in (0, before_bpm):
            self._respondent.retime(now_ns, step_ns_of(settings.bpm))

    def _apply_clock(self, now_ns: int) -> list[Effect]:
        self._apply(now_ns)
        return [ClockHeard(self._clock.bpm)]

    def _programs(self, now_ns: int) -> list[Send]:
        """The instrument that was chosen, on every channel of the answering voices."""
        program = general_midi.program(self.settings.instrument)
        if program is None:
            return []
        return [Send(midi.program(channel - 1, program), now_ns) for channel in sorted({*self.settings.channels})]

    def _revoice(self, now_ns: int) -> list[Effect]:
        answer = self._respondent.revoice(now_ns, self.settings)
        return [*answer, *(self._harmonizer.revoice(now_ns) if self.settings.mode == "harmonize" else [])]

    def _tell_metre(self, grid: Grid) -> list[Effect]:
        clocked = self.settings.bpm != self._settings.bpm
        source = "clock" if clocked else "set" if self.settings.bpm else "playing"
        return list(self._bars.news(grid, self._listener.steps_per_bar, source))

    # ------------------------------------------------------------ music from the window

    def _prompt(self, now_ns: int, prompt: Prompt) -> list[Effect]:
        """A phrase that was not played just now is to be answered, or harmonised while it is heard."""
        phrase = replace(prompt.phrase, notes=_voiced(prompt.phrase))
        effects = self._instead(now_ns)
        begin_ns = now_ns + _READY_NS
        if self.settings.mode == "harmonize" and prompt.aloud:
            effects += self._harmonizer.begin(now_ns)
            self._playback.write(phrase, Grid(begin_ns, prompt.step_ns), self.settings)
            return effects
        if not prompt.aloud:
            begin_ns += phrase.steps * (_UNFED_NS - prompt.step_ns)
        grid = Grid(begin_ns, prompt.step_ns)
        heard = Heard(phrase, grid.origin_ns, grid.step_ns, "prompt")
        seed = prompt.seed if prompt.seed >= 0 else self._listener.seed_at(now_ns)
        effects += [*self._tell_metre(grid), *self._ask(now_ns, heard, grid.time_of(phrase.steps), seed)]
        if prompt.aloud:
            self._playback.play(replace(phrase, notes=_players(phrase)), grid, self.settings)
        return effects

    def _play(self, now_ns: int, play: Play) -> list[Effect]:
        effects = self._instead(now_ns)
        grid = Grid(now_ns + _READY_NS, play.step_ns)
        self._playback.play(play.phrase, grid, self.settings)
        return effects + self._tell_metre(grid)

    def _perform(self, now_ns: int) -> list[Effect]:
        """What is played in the player's stead."""
        sends, meanings = self._playback.perform(now_ns)
        effects: list[Effect] = [*sends]
        for meaning in meanings:
            effects += self._accompany(now_ns, meaning) if self.settings.mode == "harmonize" else []
        return effects

    def _instead(self, now_ns: int) -> list[Effect]:
        """What is under way, the player's phrase too, makes room for what the window wants to be heard."""
        if self._listener.playing:
            self._listener.begin_again()
        return [*self._respondent.interrupt(now_ns), *self._end_playback(now_ns)]

    def _end_playback(self, now_ns: int) -> list[Effect]:
        """What was played in the player's stead ends, and what accompanies it."""
        if not self._playback.under_way:
            return []
        scripted = self._playback.scripted
        effects: list[Effect] = [*self._playback.lift(now_ns)]
        if scripted:
            return effects + self._harmonizer.begin(now_ns)
        return effects if self._respondent.busy else [*effects, *self._agenda.hush(now_ns)]

    # ------------------------------------------------------------ what time alone brings

    def _advance(self, now_ns: int) -> list[Effect]:
        effects: list[Effect] = list(self._agenda.due(now_ns))
        if reached(now_ns, self._clock.gone_ns) and self._clock.stop():
            effects += self._apply_clock(now_ns)
        if reached(now_ns, self._playback.deadline):
            effects += self._perform(now_ns)
        if reached(now_ns, self._listener.end_ns):
            effects += self._end_phrase(now_ns, self.settings.phrase_end)
        elif reached(now_ns, self._listener.early_ns):
            effects += self._respondent.foresee(self.settings, self._listener.foreseen(now_ns), self._listener.seed)
        if reached(now_ns, self._listener.feed_ns):
            feed = self._listener.feed(now_ns, self._agenda.deadline)
            effects += [feed] if feed else []
        if reached(now_ns, self._respondent.end_ns):
            effects += self._respondent.finish(now_ns)
        if reached(now_ns, self._respondent.dream_ns):
            effects += self._respondent.dream_on(now_ns, self.settings)
        if reached(now_ns, self._harmonizer.deadline):
            effects += self._harmonizer.advance(now_ns)
        return effects

    def _end_phrase(self, now_ns: int, ended_by: str) -> list[Effect]:
        """The phrase is over: ask for its answer, due on the next beat."""
        listener, settings = self._listener, self.settings
        harmonizes = settings.mode == "harmonize"
        if not (self._harmonizer.begun if harmonizes else listener.playing):
            return []
        heard = self._harmonizer.heard(ended_by) if harmonizes else listener.heard(now_ns, ended_by)
        grid = Grid(heard.origin_ns, heard.step_ns)
        latency_ns = settings.latency_ms * 1_000_000
        start_ns = grid.time_of(grid.next_beat(now_ns + _READY_NS + latency_ns)) - latency_ns
        effects = self._ask(now_ns, heard, start_ns, listener.seed)
        if harmonizes:
            return effects + self._harmonizer.begin(now_ns)
        listener.begin_again()
        return effects

    def _ask(self, now_ns: int, heard: Heard, start_ns: int, seed: int) -> list[Effect]:
        """Have the phrase answered from `start_ns` on, and nothing else."""
        settings = self.settings
        # In mode "harmonize" the phrase already is in four voices.
        settings = replace(settings, answer="continue") if settings.mode == "harmonize" else settings
        ended = [*self._respondent.interrupt(now_ns), *self._end_playback(now_ns)]
        asked = self._respondent.ask(now_ns, settings, heard, start_ns, seed)
        # A receiver that was connected a moment ago has not heard of the instrument yet.
        return [*ended, *asked, *self._programs(now_ns)]

    def _stop(self, now_ns: int) -> list[Effect]:
        """Silence and forget everything but the settings."""
        effects = [*self._respondent.interrupt(now_ns), *self._agenda.silence(now_ns), *self._thru.lift(now_ns)]
        self._listener.forget()
        self._respondent.forget()
        self._playback.forget()
        if self.settings.mode == "harmonize":
            return effects + self._harmonizer.begin(now_ns)
        self._harmonizer.forget()
        return effects


def _voiced(phrase: Phrase) -> tuple[Note, ...]:
    """The notes by start, the player's in no voice of their own: as a phrase that was just played has them."""
    notes = (replace(note, voice=max(0, note.voice)) for note in phrase.notes)
    return tuple(sorted(notes, key=lambda note: note.start))


def _players(phrase: Phrase) -> tuple[Note, ...]:
    """The notes as the player's."""
    return tuple(replace(note, voice=PLAYER) for note in phrase.notes)
