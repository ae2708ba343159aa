"""The dialogue: a state machine that is given the time and an event, and returns the effects to perform.

    listening ──(silence, bar line, pedal, command)──▶ answering ──(last note ended)──▶ idle
        ▲                                                 │
        └───────────(the player plays: silence)───────────┘

`feed` never reads a clock and never raises for what a player sends. Every answer carries the number of its ask, so that
late answers are dropped by comparison. A recorded log of events therefore replays exactly.

The session is made of parts, each with a `deadline` and `advance(now_ns)`. Before and after each event every part whose
deadline has come advances, in a fixed order. That order is the specification of what happens first at one instant:

1. scheduler: due notes go out;
2. transport: a clock that has ceased no longer sets the tempo and the grid;
3. playback: simulated keys move and are handled as the player's;
4. phrase detector: the phrase ends, or its answer is asked for early;
5. phrase detector: the model is fed the phrase so far (unless a note is due very soon);
6. responder: the answer ends or is given up;
7. responder: a dream is continued (a complete answer of a dream never ends, so that 6 and 7 exclude each other);
8. accompanist: the step begins, plans are requested, voices end, chords are played, the piece restarts.

A part that acts early can thereby set or cancel the deadline of a later one at the same instant.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from bachbridge.engine.accompaniment.accompanist import Accompanist
from bachbridge.engine.active_settings import ActiveSettings
from bachbridge.engine.answering.kept_phrase import KeptPhrase
from bachbridge.engine.answering.phrase_detector import PhraseDetector
from bachbridge.engine.answering.responder import Responder
from bachbridge.engine.answering.start_rule import extend_phrase, start_step
from bachbridge.engine.modes import ContinueMode, HarmonizeMode, Mode, ModeContext, OffMode
from bachbridge.engine.output.playback import Playback, player_notes, prompt_notes
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.output.thru import MidiThru
from bachbridge.engine.tempo.bar_reports import BarReports
from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.transport import Transport, TransportChange
from bachbridge.errors import ConfigError
from bachbridge.midi import messages as midi
from bachbridge.music import general_midi
from bachbridge.music.notes import NS_PER_MS, step_ns_from_bpm
from bachbridge.protocol.effects import (
    ClockNeverStarted,
    ClockTempo,
    DamagedMidi,
    Effect,
    PhraseEnded,
    PhraseKept,
    Send,
    SessionEnded,
    SettingApplied,
    SettingRefused,
)
from bachbridge.protocol.events import (
    Answer,
    AnswerPhrase,
    AskRefused,
    Cadence,
    EndPhrase,
    Event,
    LinkState,
    ListPorts,
    Midi,
    ModelDown,
    ModelUp,
    Panic,
    Plan,
    PlayPhrase,
    PortsChanged,
    Quit,
    Reset,
    Setting,
    Tick,
)
from bachbridge.protocol.field_types import StoredValue
from bachbridge.protocol.validation import rejection_report
from bachbridge.settings import Settings, with_setting

_MIN_LEAD_NS = 8_000_000
"""The answer starts on the first beat that is at least this far ahead."""
_PREFILL_NS_PER_STEP = 3_000_000
"""Time that a model needs for each step of a phrase that it was not fed before (1.7 ms on a slow core)."""
_STOPPING_SETTINGS = ("mode", "voice")
"""Settings whose change ends all that sounds."""
_VOICE_SETTINGS = ("channels", "octaves", "levels", "harmony")
"""Settings that change the notes that sound."""
_PROGRAM_SETTINGS = ("instrument", "channels")
"""Settings after which program changes are sent again."""


TransportMessage = midi.ClockPulse | midi.Start | midi.Continue | midi.Stop | midi.SongPosition


class SessionPart(Protocol):
    """A part of the session that may have to act when a time has come."""

    @property
    def deadline(self) -> int | None:
        """When to call `advance` if nothing else happens before (ns), or None."""
        ...

    def advance(self, now_ns: int) -> Sequence[Effect]:
        """Do what is due by `now_ns`; called only when the deadline has come."""
        ...


class Session:
    """Feed it events in order of time, on one thread, and perform the effects in their order."""

    __slots__ = (
        "_accompanist", "_bar_reports", "_damaged_count", "_kept_phrase", "_modes", "_parts", "_phrase_detector",
        "_playback", "_responder", "_scheduler", "_settings", "_thru", "_transport",
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        self._settings = ActiveSettings(settings)
        self._scheduler = Scheduler()
        self._transport = Transport(self._follow_transport, follows_clock=settings.follow_clock)
        self._playback = Playback(self._scheduler, self._handle_in_mode)
        self._responder = Responder(settings, self._scheduler)
        self._phrase_detector = PhraseDetector(settings, self._scheduler, self._end_phrase, self._ask_early)
        self._accompanist = Accompanist(settings, self._scheduler)
        self._parts: tuple[SessionPart, ...] = (
            self._scheduler,
            self._transport,
            self._playback,
            self._phrase_detector,
            self._responder,
            self._accompanist,
        )
        """In the order in which they act at one instant (see the module's description)."""
        self._thru = MidiThru(self._scheduler)
        self._bar_reports = BarReports()
        self._kept_phrase: KeptPhrase | None = None
        """The phrase that the DAW's Stop left without an answer."""
        self._damaged_count = 0
        """Number of damaged MIDI messages so far."""
        context = ModeContext(
            self._settings,
            self._phrase_detector,
            self._accompanist,
            self._responder,
            self._end_phrase,
            self._report_bars,
            self._report_damaged,
        )
        self._modes: dict[str, Mode] = {
            "continue": ContinueMode(context),
            "harmonize": HarmonizeMode(context),
            "off": OffMode(context),
        }
        self._apply_answer_settings()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings.current

    @property
    def _mode(self) -> Mode:
        return self._modes[self._settings.current.mode]

    # ------------------------------------------------------------ deadline and feed

    @property
    def deadline(self) -> int | None:
        """When to feed a `Tick` if nothing else happens before (ns), or None."""
        deadlines = [part.deadline for part in self._parts]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def feed(self, now_ns: int, event: Event) -> list[Effect]:
        """Handle `event` at `now_ns`, which must not be earlier than at the last call; return the effects in order."""
        effects = self._advance(now_ns)
        refusal = rejection_report(event)
        effects += [refusal] if refusal else self._handle_event(now_ns, event)
        return effects + self._advance(now_ns)

    def _advance(self, now_ns: int) -> list[Effect]:
        effects: list[Effect] = []
        for part in self._parts:
            deadline = part.deadline
            if deadline is not None and deadline <= now_ns:
                effects += part.advance(now_ns)
        return effects

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
                return [*self._stop_and_reset(now_ns), SessionEnded(reason)]
            case Cadence():
                return self._mode.request_cadence()
            case AnswerPhrase():
                return self._answer_phrase(now_ns, event)
            case PlayPhrase():
                return self._play_phrase(now_ns, event)
            case _:
                return self._handle_system_event(now_ns, event)

    def _handle_system_event(
        self, now_ns: int, event: ModelUp | ModelDown | AskRefused | PortsChanged | LinkState | Tick | ListPorts
    ) -> list[Effect]:
        """Handle an event that the engine or the model process reports."""
        match event:
            case AskRefused(0):
                return []
            case AskRefused():
                return self._responder.handle_refusal(now_ns, event)
            case ModelUp(name, _):
                return self._handle_model_ready(name)
            case ModelDown():
                self._responder.discard_early_ask()
                return []
            case PortsChanged(source, sink):
                # A port that is gone will never report that a key went up.
                effects = [] if source and sink else self._stop_and_reset(now_ns)
                programs = self._program_changes(now_ns) if sink else []
                return [*effects, *programs]
            case LinkState():
                return self._transport.set_link(now_ns, event)
            case Tick() | ListPorts():
                return []

    def _handle_model_ready(self, model_name: str) -> list[Effect]:
        """Ask again, unless another model has been chosen since: asking the old one would load it again."""
        if model_name != self.settings.model:
            return []
        return [*self._responder.resend_ask(model_name), *self._mode.resend_history()]

    # ------------------------------------------------------------ the player's MIDI

    def _handle_midi(self, now_ns: int, data: bytes) -> list[Effect]:
        message = midi.decode(data)
        effects: list[Effect] = []
        match message:
            case midi.ClockPulse() | midi.Start() | midi.Continue() | midi.Stop() | midi.SongPosition():
                return self._handle_transport(now_ns, message)
            case midi.ControlChange(_, controller, value) if controller == self.settings.panic_control:
                return self._handle_event(now_ns, Panic()) if value >= midi.SWITCH_THRESHOLD else []
            case midi.NoteOn() if not self.settings.let_finish:
                effects += self._end_playback(now_ns)
            case _:
                pass
        if self.settings.thru:
            effects += self._thru.handle_message(now_ns, data, message, self._mode.thru_channel)
        return effects + self._handle_in_mode(now_ns, message)

    def _handle_transport(self, now_ns: int, message: TransportMessage) -> list[Effect]:
        match message:
            case midi.ClockPulse():
                return self._transport.add_pulse(now_ns)
            case midi.Start():
                return self._transport.start(now_ns)
            case midi.Continue():
                return self._transport.resume(now_ns)
            case midi.SongPosition(position):
                return self._transport.locate(now_ns, position)
            case midi.Stop():
                return self._transport.stop(now_ns)

    def _keep_phrase_and_stop(self, now_ns: int) -> list[Effect]:
        """Fall silent because the DAW has stopped; a phrase that was not answered yet is kept."""
        unanswered = self._mode.finish_phrase(now_ns, "stop") or self._responder.phrase_before_answer(now_ns)
        if unanswered is None:
            return self._stop_and_reset(now_ns)
        unanswered, _ = self._place_answer(now_ns, unanswered)
        effects = self._stop_and_reset(now_ns)
        self._kept_phrase = KeptPhrase(unanswered)
        return [*effects, PhraseKept(unanswered.phrase, unanswered.step_ns, is_awaited=False)]

    def _follow_transport(self, now_ns: int, change: TransportChange) -> list[Effect]:
        """Act on a change of the shared tempo or grid."""
        effects = self._keep_phrase_and_stop(now_ns) if change.stopped else []
        if change.tempo or change.source:
            self._put_settings_in_force(now_ns)
        if change.clock_tempo:
            effects.append(ClockTempo(self._transport.clock_bpm))
        if change.never_started:
            effects.append(ClockNeverStarted())
        if not change.grid:
            return effects
        grid = self._transport.grid
        self._phrase_detector.follow_grid(now_ns, grid, change.shift_steps)
        self._accompanist.follow_grid(grid, change.shift_steps)
        if grid is None:
            return effects
        self._responder.follow_grid(now_ns, grid, change.shift_steps)
        effects += self._report_bars(grid)
        if self._kept_phrase and self._kept_phrase.is_awaited:
            effects += self._answer_kept_phrase(now_ns)
        return effects

    def _handle_in_mode(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        """Handle a message of the player or of a simulated key."""
        return self._mode.handle_message(now_ns, message)

    def _report_damaged(self) -> list[Effect]:
        self._damaged_count += 1
        return [DamagedMidi(self._damaged_count)]

    def _report_bars(self, grid: Grid) -> list[Effect]:
        """Report the bars of a grid with a bar line at step 0, if they have changed."""
        steps_per_bar = self._phrase_detector.steps_per_bar
        return list(self._bar_reports.report_if_changed(grid, steps_per_bar, self._settings.tempo_source))

    # ------------------------------------------------------------ settings

    def _apply_setting(self, now_ns: int, name: str, value: StoredValue) -> list[Effect]:
        before = self._settings.chosen
        try:
            chosen = self._settings.chosen = with_setting(before, name, value)
        except ConfigError as error:
            return [SettingRefused(name, str(error))]
        effects = self._transport.set_follows_clock(now_ns, follows=chosen.follow_clock)
        if chosen.bpm != before.bpm:
            effects += self._transport.change_internal_tempo(now_ns, chosen.bpm)
        self._put_settings_in_force(now_ns)

        def changed(names: tuple[str, ...]) -> bool:
            return any(getattr(chosen, name) != getattr(before, name) for name in names)

        stops = changed(_STOPPING_SETTINGS) or (before.thru and not chosen.thru)
        effects += self._stop_and_reset(now_ns) if stops else self._mode.replan()
        if changed(_VOICE_SETTINGS):
            effects += self._responder.apply_voice_settings(now_ns, self.settings)
            effects += self._mode.apply_voice_settings(now_ns)
        if changed(_PROGRAM_SETTINGS):
            effects += self._program_changes(now_ns)
        return [*effects, SettingApplied(name, getattr(chosen, name))]

    def _put_settings_in_force(self, now_ns: int) -> None:
        """Hand the settings, with the clock's tempo in them, to all parts."""
        before_bpm = self.settings.bpm
        transport = self._transport
        self._settings.update(transport.bpm, transport.bpm_source, has_shared_grid=transport.is_rolling)
        settings = self.settings
        self._phrase_detector.apply_settings(settings)
        self._accompanist.apply_settings(settings)
        self._apply_answer_settings()
        if settings.bpm not in (0, before_bpm):
            self._responder.change_tempo(now_ns, step_ns_from_bpm(settings.bpm))

    def _apply_answer_settings(self) -> None:
        """Give the responder the settings, with the kind of answer that the mode wants."""
        self._responder.apply_settings(replace(self.settings, answer=self._mode.answer))

    def _program_changes(self, now_ns: int) -> list[Send]:
        """Return a program change to the chosen instrument for every channel of the voices."""
        program = general_midi.find_program(self.settings.instrument)
        if program is None:
            return []
        channels = sorted({*self.settings.channels})
        return [Send(midi.program_change(channel - 1, program), now_ns) for channel in channels]

    # ------------------------------------------------------------ music from the window

    def _answer_phrase(self, now_ns: int, event: AnswerPhrase) -> list[Effect]:
        """Answer a phrase that was not played just now, or harmonize it while it is played."""
        phrase = prompt_notes(event.phrase)
        effects = self._interrupt_current(now_ns)
        begin_ns = now_ns + _MIN_LEAD_NS
        if self._mode.accompanies and event.aloud:
            effects += self._accompanist.restart(now_ns)
            self._playback.play_as_player(phrase, Grid(begin_ns, event.step_ns), self.settings)
            return effects
        if not event.aloud:
            begin_ns += phrase.steps * (_PREFILL_NS_PER_STEP - event.step_ns)
        grid = Grid(begin_ns, event.step_ns)
        phrase_ended = PhraseEnded(phrase, grid.origin_ns, grid.step_ns, "prompt")
        seed = event.seed if event.seed >= 0 else self._phrase_detector.seed_for(now_ns)
        effects += self._report_bars(grid)
        effects += self._start_answer(now_ns, phrase_ended, grid.time_of(phrase.steps), seed)
        if event.aloud:
            self._playback.play(player_notes(phrase), grid, self.settings)
        return effects

    def _play_phrase(self, now_ns: int, event: PlayPhrase) -> list[Effect]:
        effects = self._interrupt_current(now_ns)
        grid = Grid(now_ns + _MIN_LEAD_NS, event.step_ns)
        self._playback.play(event.phrase, grid, self.settings)
        return effects + self._report_bars(grid)

    def _interrupt_current(self, now_ns: int) -> list[Effect]:
        """End the player's phrase, the answer and the playback, to make room for music from the window."""
        if self._phrase_detector.phrase_started:
            self._phrase_detector.start_next_phrase()
        return [*self._responder.interrupt(now_ns), *self._end_playback(now_ns)]

    def _end_playback(self, now_ns: int) -> list[Effect]:
        """End the playback and its accompaniment."""
        if not self._playback.is_active:
            return []
        has_simulated_keys = self._playback.has_simulated_keys
        effects: list[Effect] = [*self._playback.stop(now_ns)]
        if has_simulated_keys:
            return effects + self._accompanist.restart(now_ns)
        return effects if self._responder.is_busy else [*effects, *self._scheduler.stop_scheduled(now_ns)]

    # ------------------------------------------------------------ phrases and answers

    def _end_phrase(self, now_ns: int, ended_by: str) -> list[Effect]:
        """End the phrase and ask for its answer; without a phrase, the one that a Stop has kept is answered."""
        phrase_ended = self._mode.finish_phrase(now_ns, ended_by)
        if phrase_ended is None:
            return self._answer_kept_phrase(now_ns)
        self._kept_phrase, self._settings.awaits_start = None, False
        phrase_ended, start_ns = self._place_answer(now_ns, phrase_ended)
        effects = self._start_answer(now_ns, phrase_ended, start_ns, self._phrase_detector.seed)
        return effects + self._mode.start_next_phrase(now_ns)

    def _place_answer(self, end_ns: int, phrase_ended: PhraseEnded) -> tuple[PhraseEnded, int]:
        """Return the phrase, extended to its answer's first step, and that step's time; the phrase ends at `end_ns`."""
        settings = replace(self.settings, answer=self._mode.answer)
        grid = Grid(phrase_ended.origin_ns, phrase_ended.step_ns)
        latency_ns = settings.latency_ms * NS_PER_MS
        step = start_step(settings, phrase_ended.phrase, grid, end_ns + _MIN_LEAD_NS + latency_ns)
        extended = replace(phrase_ended, phrase=extend_phrase(phrase_ended.phrase, step))
        return extended, grid.time_of(step) - latency_ns

    def _ask_early(self, end_ns: int, expected: PhraseEnded) -> list[Effect]:
        """Ask for the answer to the phrase that is expected to have ended at `end_ns`."""
        phrase_ended, _ = self._place_answer(end_ns, expected)
        return self._responder.ask_early(phrase_ended.phrase, self._phrase_detector.seed)

    def _answer_kept_phrase(self, now_ns: int) -> list[Effect]:
        """Answer the phrase that a Stop left without an answer, now or when the DAW starts again."""
        kept = self._kept_phrase
        if kept is None:
            return []
        grid = self._transport.grid
        if grid is None:
            self._kept_phrase, self._settings.awaits_start = replace(kept, is_awaited=True), True
            self._put_settings_in_force(now_ns)
            phrase = kept.phrase_ended.phrase
            return [
                *self._responder.ask_early(phrase, self._phrase_detector.seed_for(kept.phrase_ended.origin_ns)),
                PhraseKept(phrase, kept.phrase_ended.step_ns, is_awaited=True),
            ]
        self._kept_phrase, self._settings.awaits_start = None, False
        return self._start_answer(now_ns, *kept.place_on(grid, self.settings, now_ns))

    def _start_answer(self, now_ns: int, phrase_ended: PhraseEnded, start_ns: int, seed: int) -> list[Effect]:
        """Have the phrase answered from `start_ns` on, and end all else that plays."""
        effects = [*self._responder.interrupt(now_ns), *self._end_playback(now_ns)]
        grid = self._transport.grid
        shared_step = grid.nearest_step(start_ns + self.settings.latency_ms * NS_PER_MS) if grid else None
        effects += self._responder.ask(now_ns, phrase_ended, start_ns, seed, shared_step)
        # A receiver that was connected a moment ago does not know the instrument yet.
        return [*effects, *self._program_changes(now_ns)]

    def _stop_and_reset(self, now_ns: int) -> list[Effect]:
        """End all that sounds and forget everything but the settings."""
        effects = [
            *self._responder.interrupt(now_ns),
            *self._scheduler.stop_all(now_ns),
            *self._thru.release_pedals(now_ns),
        ]
        self._phrase_detector.reset()
        self._responder.discard_early_ask()
        self._playback.clear()
        return effects + self._mode.reset(now_ns)
