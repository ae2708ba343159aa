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
3. clock out: due pulses and starts go out;
4. playback: simulated keys move and are handled as the player's;
5. phrase detector: the phrase ends, or its answer is asked for early;
6. phrase detector: the model is fed the phrase so far (unless a note is due very soon);
7. held phrase: a phrase that the pedal keeps from ending is reported;
8. responder: the answer ends or is given up;
9. responder: a dream is continued (a complete answer of a dream never ends, so that 8 and 9 exclude each other);
10. answer pedal: it goes up or down;
11. trade: the model's turn ends; the player's is asked for early, closed, or fed to the model;
12. left hand: its chord is forgotten, or a key that stays down counts;
13. accompanist: the step begins, plans are requested, voices end, chords are played, the piece restarts;
14. duet: the voice is decided on its line, or falls silent;
15. metronome: clicks begin and end;
16. harmony listener: what sounds is named;
17. damage count: how many damaged messages came is told.

A part that acts early can thereby set or cancel the deadline of a later one at the same instant.
"""

from collections.abc import Sequence
from typing import Protocol

from bachbridge.engine.active_settings import ActiveSettings
from bachbridge.engine.dialogue import Dialogue
from bachbridge.engine.input.feedback import FeedbackGuard
from bachbridge.engine.input.switches import Command, Switches
from bachbridge.engine.output.clock_out import ClockOut
from bachbridge.engine.tempo.transport import Transport, TransportChange
from bachbridge.engine.tempo.transport_commands import TransportCommands
from bachbridge.errors import ConfigError
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import (
    Effect,
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
    StartTransport,
    StopTransport,
    TapBeat,
    Tick,
)
from bachbridge.protocol.field_types import StoredValue
from bachbridge.protocol.validation import rejection_report
from bachbridge.settings import Settings, with_setting

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

    def advance(self, now_ns: int, /) -> Sequence[Effect]:
        """Do what is due by `now_ns`; called only when the deadline has come."""
        ...


class Session:
    """Feed it events in order of time, on one thread, and perform the effects in their order."""

    __slots__ = (
        "_clock_out", "_dialogue", "_feedback", "_parts", "_settings", "_switches", "_transport",
        "_transport_commands",
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        self._settings = ActiveSettings(settings)
        self._transport = Transport(self._follow_transport, follows_clock=settings.follow_clock)
        self._clock_out = ClockOut(self._transport, settings)
        self._transport_commands, self._switches = TransportCommands(self._transport), Switches()
        self._feedback = FeedbackGuard()
        self._dialogue = dialogue = Dialogue(self._settings, self._transport)
        self._parts: tuple[SessionPart, ...] = (
            dialogue.scheduler,
            self._transport,
            self._clock_out,
            dialogue.playback,
            dialogue.phrase_detector,
            dialogue.held_phrase,
            dialogue.responder,
            dialogue.answer_pedal,
            dialogue.trade,
            dialogue.left_hand,
            dialogue.accompanist,
            dialogue.duet,
            dialogue.metronome,
            dialogue.harmony_listener,
            dialogue.damage_count,
        )
        """In the order in which they act at one instant (see the module's description)."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings.current

    def _follow_transport(self, now_ns: int, change: TransportChange) -> list[Effect]:
        return [*self._clock_out.follow_transport(now_ns), *self._dialogue.follow_transport(now_ns, change)]

    # ------------------------------------------------------------ deadline and feed

    @property
    def deadline(self) -> int | None:
        """When to feed a `Tick` if nothing else happens before (ns), or None."""
        deadlines = [part.deadline for part in self._parts]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def feed(self, now_ns: int, event: Event) -> list[Effect]:
        """Handle `event` at `now_ns`, which must not be earlier than at the last call; return the effects in order."""
        effects = [*self._dialogue.end_what_was_slept_through(now_ns), *self._advance(now_ns)]
        refusal = rejection_report(event)
        effects += [refusal] if refusal else self._handle_event(now_ns, event)
        effects += self._advance(now_ns)
        self._dialogue.harmony_listener.follow_effects(now_ns, effects)
        arrived = event.data if isinstance(event, Midi) else b""
        return [self._watch_output(now_ns, effect, arrived) for effect in effects]

    def _watch_output(self, now_ns: int, effect: Effect, arrived: bytes) -> Effect:
        """Show what is sent to the feedback guard; `arrived` is the player's message."""
        if not isinstance(effect, Send):
            return effect
        is_passed_on = effect.data == arrived
        if is_passed_on:
            effect = Send(self._feedback.mark(now_ns, effect.data), effect.due_ns)
        self._feedback.add_sent(now_ns, effect.data, is_passed_on=is_passed_on)
        return effect

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
                return self._dialogue.handle_answer(now_ns, event)
            case Plan():
                return self._dialogue.handle_plan(now_ns, event)
            case Setting(name, value):
                return self._apply_setting(now_ns, name, value)
            case EndPhrase():
                return self._dialogue.end_phrase(now_ns, "command")
            case TapBeat() | StartTransport() | StopTransport() | Panic() | Reset() | Quit():
                return self._handle_transport_command(now_ns, event)
            case Cadence():
                return live_voices.request_cadence() if (live_voices := self._dialogue.mode.live_voices) else []
            case AnswerPhrase():
                return self._dialogue.answer_prompt(now_ns, event)
            case PlayPhrase():
                return self._dialogue.play_phrase(now_ns, event)
            case _:
                return self._handle_system_event(now_ns, event)

    def _handle_transport_command(
        self, now_ns: int, event: TapBeat | StartTransport | StopTransport | Panic | Reset | Quit
    ) -> list[Effect]:
        """Handle a command that sets the beat going or ends what sounds."""
        match event:
            case TapBeat():
                return self._tap_beat(now_ns)
            case StartTransport():
                return self._transport_commands.start(now_ns, self.settings)
            case StopTransport() if self._transport.source == "set":
                return self._transport.stop(now_ns)
            case StopTransport() | Reset():
                return [*self._dialogue.stop_and_reset(now_ns), *self._dialogue.program_changes(now_ns)]
            case Panic():
                self._dialogue.metronome.mute()
                effects = [*self._transport.stop_internal(now_ns), *self._clock_out.halt(now_ns)]
                effects += self._dialogue.stop_and_reset(now_ns)
                return [*effects, *(Send(data, now_ns) for data in midi.panic_messages())]
            case Quit(reason):
                self._dialogue.metronome.mute()
                silence = [*self._clock_out.halt(now_ns), *self._dialogue.stop_and_reset(now_ns)]
                return [*silence, SessionEnded(reason)]

    def _tap_beat(self, now_ns: int) -> list[Effect]:
        """Set the tempo of the taps, and move the beat of our own transport to the last one."""
        bpm = self._transport_commands.add_tap(now_ns, self.settings)
        if bpm is None:
            return []
        effects = self._apply_setting(now_ns, "bpm", bpm)
        return effects + self._transport_commands.align_to_tap(now_ns, self.settings)

    def _handle_system_event(
        self, now_ns: int, event: ModelUp | ModelDown | AskRefused | PortsChanged | LinkState | Tick | ListPorts
    ) -> list[Effect]:
        """Handle an event that the engine or the model process reports."""
        match event:
            case AskRefused(0):
                return []
            case AskRefused():
                return self._dialogue.responder.handle_refusal(now_ns, event)
            case ModelUp(name, _):
                return self._handle_model_ready(name)
            case ModelDown():
                self._dialogue.responder.discard_early_ask()
                return []
            case PortsChanged(source, sink):
                # A port that is gone will never report that a key went up.
                effects = [] if source and sink else self._dialogue.stop_and_reset(now_ns)
                programs = self._dialogue.program_changes(now_ns) if sink else []
                return [*effects, *programs, *self._clock_out.begin_again(now_ns)]
            case LinkState():
                return self._transport.set_link(now_ns, event)
            case Tick() | ListPorts():
                return []

    def _handle_model_ready(self, model_name: str) -> list[Effect]:
        """Ask again, unless another model has been chosen since: asking the old one would load it again."""
        if model_name != self.settings.model:
            return []
        effects = list(self._dialogue.responder.resend_ask(model_name))
        live_voices = self._dialogue.mode.live_voices
        return effects + live_voices.resend_history() if live_voices else effects

    # ------------------------------------------------------------ the player's MIDI

    def _handle_midi(self, now_ns: int, data: bytes) -> list[Effect]:
        message = midi.decode(data)
        match message:
            case midi.ClockPulse() | midi.Start() | midi.Continue() | midi.Stop() | midi.SongPosition():
                return self._handle_transport(now_ns, message)
            case midi.ControlChange():
                command = self._switches.command_of(message, self.settings)
                if command:
                    return self._handle_switch(now_ns, message, command)
            case midi.InvalidMessage():
                return [*self._dialogue.damage_count.add(now_ns)]
            case _:
                pass
        if self._feedback.ignores(now_ns, message):
            return [*self._feedback.report(now_ns)]
        return [*self._feedback.report(now_ns), *self._dialogue.handle_player_message(now_ns, data, message)]

    def _handle_switch(self, now_ns: int, message: midi.ControlChange, command: Command) -> list[Effect]:
        """Do what the switch controller is for, once per press."""
        if not self._switches.is_press(now_ns, message):
            return []
        match command:
            case "panic":
                return self._handle_event(now_ns, Panic())
            case "tap":
                return self._handle_event(now_ns, TapBeat())
            case "start":
                return self._handle_event(now_ns, self._transport_commands.start_or_stop())
            case "end":
                return self._dialogue.end_phrase(now_ns, "control")
            case "cadence":
                return self._handle_event(now_ns, Cadence())
            case "reset":
                return self._dialogue.mode.reset(now_ns)

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
        self._dialogue.put_settings_in_force(now_ns)
        effects += self._clock_out.apply_settings(now_ns, chosen)
        if before.latch and not chosen.latch:
            effects += self._dialogue.release_latch(now_ns)

        def changed(names: tuple[str, ...]) -> bool:
            return any(getattr(chosen, name) != getattr(before, name) for name in names)

        stops = changed(_STOPPING_SETTINGS) or (before.thru and not chosen.thru)
        live_voices = self._dialogue.mode.live_voices
        if stops:
            effects += self._dialogue.stop_and_reset(now_ns)
        elif live_voices:
            effects += live_voices.replan()
        if changed(_VOICE_SETTINGS):
            effects += self._dialogue.responder.apply_voice_settings(now_ns, self.settings)
            effects += live_voices.apply_voice_settings(now_ns) if live_voices else []
        if changed(_PROGRAM_SETTINGS):
            effects += self._dialogue.program_changes(now_ns)
        return [*effects, SettingApplied(name, getattr(chosen, name))]
