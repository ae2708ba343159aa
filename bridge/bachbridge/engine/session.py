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

from bachbridge.engine.accompaniment.accompanist import Accompanist
from bachbridge.engine.answering.phrase_detector import PhraseDetector
from bachbridge.engine.answering.responder import Responder
from bachbridge.engine.output.playback import Playback
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.output.thru import MidiThru
from bachbridge.engine.tempo.bar_reports import BarReports
from bachbridge.engine.tempo.midi_clock import MidiClock
from bachbridge.engine.tempo.tracker import Grid, is_due
from bachbridge.errors import ConfigError
from bachbridge.midi import messages as midi
from bachbridge.music import general_midi
from bachbridge.music.notes import VOICES, Note, Phrase, step_ns_from_bpm
from bachbridge.music.performance import PLAYER
from bachbridge.protocol.events import (
    Answer,
    AnswerPhrase,
    AskRefused,
    Cadence,
    ClockTempo,
    Effect,
    EndPhrase,
    Event,
    ListPorts,
    Midi,
    ModelDown,
    ModelUp,
    Panic,
    PhraseEnded,
    Plan,
    PlayPhrase,
    PortsChanged,
    Quit,
    Reset,
    Send,
    Setting,
    Status,
    Tick,
)
from bachbridge.protocol.validation import rejection_reason
from bachbridge.settings import Settings, with_setting

_MIN_LEAD_NS = 8_000_000
"""The answer starts on the first beat that is at least this far ahead."""
_PREFILL_NS_PER_STEP = 3_000_000
"""What a model needs for each step of a phrase that it was not fed beforehand (1.7 ms on a slow core)."""
_STOPPING_SETTINGS = ("mode", "voice")
"""Settings whose change ends what sounds."""
_VOICE_SETTINGS = ("channels", "octaves", "levels", "harmony")
"""Settings under which what sounds is another note from now on."""
_PROGRAM_SETTINGS = ("instrument", "channels")
"""Settings under which the receiver is to sound otherwise."""


class Session:
    """Feed it events in order of time, on one thread; perform the effects in their order."""

    __slots__ = (
        *(
            "_scheduler",
            "_damaged_count",
            "_bar_reports",
            "_midi_clock",
            "_accompanist",
            "_phrase_detector",
            "_playback",
            "_responder",
        ),
        *("_user_settings", "_thru"),
    )

    def __init__(self, settings: Settings) -> None:
        self._user_settings = settings
        """As they were set; the clock may know the tempo better."""
        self._midi_clock = MidiClock()
        self._phrase_detector = PhraseDetector(settings)
        self._scheduler = Scheduler()
        self._thru = MidiThru(self._scheduler)
        self._accompanist = Accompanist(settings, self._scheduler)
        self._responder = Responder(self._scheduler)
        self._playback = Playback(self._scheduler)
        self._bar_reports = BarReports()
        self._damaged_count = 0
        """How many messages made no sense."""

    @property
    def settings(self) -> Settings:
        """As they are in force."""
        return self._phrase_detector.settings

    # ------------------------------------------------------------ the two public questions

    @property
    def deadline(self) -> int | None:
        """When to feed a `Tick` if nothing else happens (ns), or None."""
        times = (
            *(
                self._scheduler.deadline,
                self._phrase_detector.end_ns,
                self._phrase_detector.early_ask_ns,
                self._phrase_detector.feed_ns,
            ),
            *(self._responder.finish_ns, self._responder.continue_dream_ns, self._accompanist.deadline),
            *(self._playback.deadline, self._midi_clock.timeout_ns),
        )
        return min((time for time in times if time is not None), default=None)

    def feed(self, now_ns: int, event: Event) -> list[Effect]:
        """What is to be done about `event` at `now_ns`, in order."""
        effects = self._advance(now_ns)
        senseless = rejection_reason(event)
        effects += [Status(*senseless)] if senseless else self._handle_event(now_ns, event)
        return effects + self._advance(now_ns)

    # ------------------------------------------------------------ events

    def _handle_event(self, now_ns: int, event: Event) -> list[Effect]:
        match event:
            case Midi(data):
                return self._handle_midi(now_ns, data)
            case Answer():
                return self._responder.handle_answer(now_ns, event)
            case Plan():
                return self._accompanist.handle_plan(now_ns, event)
            case Setting(name, value):
                return self._apply_setting(now_ns, name, value)
            case EndPhrase():
                return self._end_phrase(now_ns, "command")
            case Panic():
                return [*self._stop_and_reset(now_ns), *(Send(data, now_ns) for data in midi.panic_messages())]
            case Reset():
                return [*self._stop_and_reset(now_ns), *self._program_changes(now_ns)]
            case Quit(reason):
                return [*self._stop_and_reset(now_ns), Status("quit", reason)]
            case Cadence():
                return self._accompanist.request_cadence() if self.settings.mode == "harmonize" else []
            case AnswerPhrase():
                return self._answer_phrase(now_ns, event)
            case PlayPhrase():
                return self._play_phrase(now_ns, event)
            case _:
                return self._handle_system_event(now_ns, event)

    def _handle_system_event(
        self, now_ns: int, event: ModelUp | ModelDown | AskRefused | PortsChanged | Tick | ListPorts
    ) -> list[Effect]:
        """What the engine says of its surroundings."""
        match event:
            case AskRefused(0, reason):
                return [Status("model", reason)]
            case AskRefused():
                return self._responder.handle_refusal(now_ns, event)
            case ModelUp(name, _):
                return [*self._handle_model_ready(name), Status("model", f"{name} is ready")]
            case ModelDown(reason):
                self._responder.discard_early_ask()
                return [Status("model", reason)]
            case PortsChanged(source, sink):
                # A port that is gone will never say that a key went up.
                gone = [] if source and sink else self._stop_and_reset(now_ns)
                programs = self._program_changes(now_ns) if sink else []
                return [*gone, *programs, Status("port", f"in: {source or 'closed'}, out: {sink or 'closed'}")]
            case Tick() | ListPorts():
                return []

    def _handle_model_ready(self, model_name: str) -> list[Effect]:
        """A model is ready; one that is not wanted any more is asked nothing, or it would be loaded again for that."""
        if model_name != self.settings.model:
            return []
        return [*self._responder.resend_ask(model_name), *self._replan(model_restarted=True)]

    def _handle_midi(self, now_ns: int, data: bytes) -> list[Effect]:
        meaning = midi.decode(data)
        match meaning:
            case midi.ClockPulse():
                return self._apply_clock_tempo(now_ns) if self._midi_clock.add_pulse(now_ns) else []
            case midi.ControlChange(_, controller, value) if controller == self.settings.panic_control:
                return self._handle_event(now_ns, Panic()) if value >= midi.SWITCH_THRESHOLD else []
            case midi.NoteOn() if not self.settings.let_finish:
                effects = self._end_playback(now_ns)
            case _:
                effects = []
        return [*effects, *self._handle_in_mode(now_ns, data, meaning)]

    def _handle_in_mode(self, now_ns: int, data: bytes, message: midi.MidiMessage) -> list[Effect]:
        """What the player's message means in the mode that is on."""
        effects: list[Effect] = (
            self._thru.handle_message(now_ns, data, message, self._thru_channel()) if self.settings.thru else []
        )
        if isinstance(message, midi.Stop):
            return effects + self._stop_and_reset(now_ns)
        match self.settings.mode:
            case "continue":
                return effects + self._handle_in_continue_mode(now_ns, message)
            case "harmonize":
                return effects + self._handle_in_harmonize_mode(now_ns, message)
            case _:
                stops = isinstance(message, midi.NoteOn) and not self.settings.let_finish
                return effects + (self._responder.interrupt(now_ns) if stops else [])

    def _thru_channel(self) -> int | None:
        """The channel of the voice that the player sings in mode "harmonize"."""
        settings = self.settings
        return settings.channels[VOICES.index(settings.voice)] - 1 if settings.mode == "harmonize" else None

    def _handle_in_harmonize_mode(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        """Mode "harmonize"."""
        match message:
            case midi.NoteOn() if self._responder.is_busy and not self.settings.let_finish:
                return [*self._responder.interrupt(now_ns), *self._accompanist.handle_message(now_ns, message)]
            case midi.ControlChange(_, controller, value) if controller == self.settings.end_control:
                return self._end_phrase(now_ns, "control") if value >= midi.SWITCH_THRESHOLD else []
            case midi.InvalidMessage():
                return self._report_damaged()
            case midi.NoteOn():
                return [*self._accompanist.handle_message(now_ns, message), *self._report_bars(self._accompanist.grid)]
            case _:
                return self._accompanist.handle_message(now_ns, message)

    def _replan(self, *, model_restarted: bool = False) -> list[Effect]:
        """What is planned may be another thing now; `new`: the model's process is."""
        return self._accompanist.replan(model_restarted=model_restarted) if self.settings.mode == "harmonize" else []

    def _report_damaged(self) -> list[Effect]:
        self._damaged_count += 1
        return [Status("midi", f"{self._damaged_count} damaged messages so far")]

    def _handle_in_continue_mode(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        match message:
            case midi.NoteOn(_, pitch, velocity):
                effects = [] if self.settings.let_finish else self._responder.interrupt(now_ns)
                self._phrase_detector.note_on(now_ns, pitch, velocity)
                return effects + self._report_bars(self._phrase_detector.grid)
            case midi.NoteOff(_, pitch):
                self._phrase_detector.note_off(now_ns, pitch)
            case midi.ControlChange(_, controller, value):
                return self._handle_control(now_ns, controller, is_down=value >= midi.SWITCH_THRESHOLD)
            case midi.InvalidMessage():
                return self._report_damaged()
            case _:
                pass
        return []

    def _handle_control(self, now_ns: int, controller: int, *, is_down: bool) -> list[Effect]:
        if controller == midi.SUSTAIN:
            return (
                self._end_phrase(now_ns, "pedal") if self._phrase_detector.handle_pedal(now_ns, is_down=is_down) else []
            )
        if controller == self.settings.end_control and is_down:
            return self._end_phrase(now_ns, "control")
        if controller in (midi.ALL_NOTES_OFF, midi.ALL_SOUND_OFF):
            self._phrase_detector.all_notes_off(now_ns)
        return []

    def _apply_setting(self, now_ns: int, name: str, value: str | int | float | bool) -> list[Effect]:
        before = self._user_settings
        try:
            self._user_settings = with_setting(before, name, value)
        except ConfigError as error:
            return [Status("setting", str(error))]
        self._update_settings_in_force(now_ns)
        self._responder.set_dreaming(enabled=self.settings.answer == "dream" and self.settings.mode != "harmonize")
        stops = self._any_changed(before, _STOPPING_SETTINGS) or (before.thru and not self._user_settings.thru)
        effects = self._stop_and_reset(now_ns) if stops else self._replan()
        if self._any_changed(before, _VOICE_SETTINGS):
            effects += self._apply_voice_settings(now_ns)
        if self._any_changed(before, _PROGRAM_SETTINGS):
            effects += self._program_changes(now_ns)
        return [*effects, Status("setting", f"{name} = {getattr(self._user_settings, name)}")]

    def _any_changed(self, before: Settings, names: tuple[str, ...]) -> bool:
        return any(getattr(self._user_settings, name) != getattr(before, name) for name in names)

    def _update_settings_in_force(self, now_ns: int) -> None:
        """The settings, and the clock's tempo in them, come into force; a dream changes its tempo with them."""
        before_bpm = self.settings.bpm
        clocked = self._user_settings.follow_clock and self._midi_clock.bpm > 0
        settings = replace(self._user_settings, bpm=self._midi_clock.bpm) if clocked else self._user_settings
        self._phrase_detector.apply_settings(settings)
        self._accompanist.apply_settings(settings)
        if settings.bpm not in (0, before_bpm):
            self._responder.change_tempo(now_ns, step_ns_from_bpm(settings.bpm))

    def _apply_clock_tempo(self, now_ns: int) -> list[Effect]:
        self._update_settings_in_force(now_ns)
        return [ClockTempo(self._midi_clock.bpm)]

    def _program_changes(self, now_ns: int) -> list[Send]:
        """The instrument that was chosen, on every channel of the answering voices."""
        program = general_midi.find_program(self.settings.instrument)
        if program is None:
            return []
        return [
            Send(midi.program_change(channel - 1, program), now_ns) for channel in sorted({*self.settings.channels})
        ]

    def _apply_voice_settings(self, now_ns: int) -> list[Effect]:
        answer = self._responder.apply_voice_settings(now_ns, self.settings)
        return [*answer, *(self._accompanist.apply_voice_settings(now_ns) if self.settings.mode == "harmonize" else [])]

    def _report_bars(self, grid: Grid) -> list[Effect]:
        clocked = self.settings.bpm != self._user_settings.bpm
        source = "clock" if clocked else "set" if self.settings.bpm else "playing"
        return list(self._bar_reports.report_if_changed(grid, self._phrase_detector.steps_per_bar, source))

    # ------------------------------------------------------------ music from the window

    def _answer_phrase(self, now_ns: int, prompt: AnswerPhrase) -> list[Effect]:
        """A phrase that was not played just now is to be answered, or harmonised while it is heard."""
        phrase = replace(prompt.phrase, notes=_without_player_voice(prompt.phrase))
        effects = self._interrupt_current(now_ns)
        begin_ns = now_ns + _MIN_LEAD_NS
        if self.settings.mode == "harmonize" and prompt.aloud:
            effects += self._accompanist.restart(now_ns)
            self._playback.play_as_player(phrase, Grid(begin_ns, prompt.step_ns), self.settings)
            return effects
        if not prompt.aloud:
            begin_ns += phrase.steps * (_PREFILL_NS_PER_STEP - prompt.step_ns)
        grid = Grid(begin_ns, prompt.step_ns)
        heard = PhraseEnded(phrase, grid.origin_ns, grid.step_ns, "prompt")
        seed = prompt.seed if prompt.seed >= 0 else self._phrase_detector.seed_for(now_ns)
        effects += [*self._report_bars(grid), *self._start_answer(now_ns, heard, grid.time_of(phrase.steps), seed)]
        if prompt.aloud:
            self._playback.play(replace(phrase, notes=_as_player_notes(phrase)), grid, self.settings)
        return effects

    def _play_phrase(self, now_ns: int, play: PlayPhrase) -> list[Effect]:
        effects = self._interrupt_current(now_ns)
        grid = Grid(now_ns + _MIN_LEAD_NS, play.step_ns)
        self._playback.play(play.phrase, grid, self.settings)
        return effects + self._report_bars(grid)

    def _advance_playback(self, now_ns: int) -> list[Effect]:
        """What is played in the player's stead."""
        sends, meanings = self._playback.advance(now_ns)
        effects: list[Effect] = [*sends]
        for meaning in meanings:
            effects += self._handle_in_harmonize_mode(now_ns, meaning) if self.settings.mode == "harmonize" else []
        return effects

    def _interrupt_current(self, now_ns: int) -> list[Effect]:
        """What is under way, the player's phrase too, makes room for what the window wants to be heard."""
        if self._phrase_detector.phrase_started:
            self._phrase_detector.start_next_phrase()
        return [*self._responder.interrupt(now_ns), *self._end_playback(now_ns)]

    def _end_playback(self, now_ns: int) -> list[Effect]:
        """What was played in the player's stead ends, and what accompanies it."""
        if not self._playback.is_active:
            return []
        scripted = self._playback.has_simulated_keys
        effects: list[Effect] = [*self._playback.stop(now_ns)]
        if scripted:
            return effects + self._accompanist.restart(now_ns)
        return effects if self._responder.is_busy else [*effects, *self._scheduler.stop_scheduled(now_ns)]

    # ------------------------------------------------------------ what time alone brings

    def _advance(self, now_ns: int) -> list[Effect]:
        effects: list[Effect] = list(self._scheduler.pop_due(now_ns))
        if is_due(now_ns, self._midi_clock.timeout_ns) and self._midi_clock.stop():
            effects += self._apply_clock_tempo(now_ns)
        if is_due(now_ns, self._playback.deadline):
            effects += self._advance_playback(now_ns)
        if is_due(now_ns, self._phrase_detector.end_ns):
            effects += self._end_phrase(now_ns, self.settings.phrase_end)
        elif is_due(now_ns, self._phrase_detector.early_ask_ns):
            effects += self._responder.ask_early(
                self.settings, self._phrase_detector.take_expected_phrase(now_ns), self._phrase_detector.seed
            )
        if is_due(now_ns, self._phrase_detector.feed_ns):
            feed = self._phrase_detector.make_feed(now_ns, self._scheduler.deadline)
            effects += [feed] if feed else []
        if is_due(now_ns, self._responder.finish_ns):
            effects += self._responder.finish(now_ns)
        if is_due(now_ns, self._responder.continue_dream_ns):
            effects += self._responder.continue_dream(now_ns, self.settings)
        if is_due(now_ns, self._accompanist.deadline):
            effects += self._accompanist.advance(now_ns)
        return effects

    def _end_phrase(self, now_ns: int, ended_by: str) -> list[Effect]:
        """The phrase is over: ask for its answer, due on the next beat."""
        listener, settings = self._phrase_detector, self.settings
        harmonizes = settings.mode == "harmonize"
        if not (self._accompanist.has_begun if harmonizes else listener.phrase_started):
            return []
        heard = (
            self._accompanist.report_phrase_ended(ended_by)
            if harmonizes
            else listener.report_phrase_ended(now_ns, ended_by)
        )
        grid = Grid(heard.origin_ns, heard.step_ns)
        latency_ns = settings.latency_ms * 1_000_000
        start_ns = grid.time_of(grid.next_beat_step(now_ns + _MIN_LEAD_NS + latency_ns)) - latency_ns
        effects = self._start_answer(now_ns, heard, start_ns, listener.seed)
        if harmonizes:
            return effects + self._accompanist.restart(now_ns)
        listener.start_next_phrase()
        return effects

    def _start_answer(self, now_ns: int, phrase_ended: PhraseEnded, start_ns: int, seed: int) -> list[Effect]:
        """Have the phrase answered from `start_ns` on, and nothing else."""
        settings = self.settings
        # In mode "harmonize" the phrase already is in four voices.
        settings = replace(settings, answer="continue") if settings.mode == "harmonize" else settings
        ended = [*self._responder.interrupt(now_ns), *self._end_playback(now_ns)]
        asked = self._responder.ask(now_ns, settings, phrase_ended, start_ns, seed)
        # A receiver that was connected a moment ago has not heard of the instrument yet.
        return [*ended, *asked, *self._program_changes(now_ns)]

    def _stop_and_reset(self, now_ns: int) -> list[Effect]:
        """Silence and forget everything but the settings."""
        effects = [
            *self._responder.interrupt(now_ns),
            *self._scheduler.stop_all(now_ns),
            *self._thru.release_pedals(now_ns),
        ]
        self._phrase_detector.reset()
        self._responder.discard_early_ask()
        self._playback.clear()
        if self.settings.mode == "harmonize":
            return effects + self._accompanist.restart(now_ns)
        self._accompanist.reset()
        return effects


def _without_player_voice(phrase: Phrase) -> tuple[Note, ...]:
    """The notes by start, the player's in no voice of their own: as a phrase that was just played has them."""
    notes = (replace(note, voice=max(0, note.voice)) for note in phrase.notes)
    return tuple(sorted(notes, key=lambda note: note.start))


def _as_player_notes(phrase: Phrase) -> tuple[Note, ...]:
    """The notes as the player's."""
    return tuple(replace(note, voice=PLAYER) for note in phrase.notes)
