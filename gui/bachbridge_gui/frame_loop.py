"""The window's pulse: once a frame, what the engine has said is taken in and shown, and what was pressed is done.

While something sounds, a frame takes 30 ms; when all is at rest the pulse goes slower, so that the program takes next
to nothing of the machine. Text follows twice a second, so that it can be read.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QObject, Qt, QTimer, pyqtSignal

from bachbridge.protocol.events import Message, PortsChanged, Received
from bachbridge.settings import Settings
from bachbridge_gui.engine.port_status import LOOP_NOTICE, PortStatus
from bachbridge_gui.engine.supervisor import EngineSupervisor, StartEngine
from bachbridge_gui.engine_commands import EngineCommands
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.preview.client import PreviewSound
from bachbridge_gui.preview.routing import PreviewRouter
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.setup.connect_page import ConnectionChecks
from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.state.exchanges import Exchange
from bachbridge_gui.state.window_prefs import WindowPrefs
from bachbridge_gui.window_parts import WindowParts

FRAME_MS, IDLE_FRAME_MS = 30, 100
_STAY_ACTIVE_NS = 3_500_000_000
_TEXT_INTERVAL_NS = 500_000_000
_NO_PORTS_NAME = "pipe"
"""What an engine without ports calls them."""
_SCROLL_LEAD_NS = 500_000_000
"""What is shown before a phrase that is looked up."""


class FrameLoop(QObject):
    """Lives in the window's thread. `finish` is called at the end, with what is to be remembered."""

    notice_changed = pyqtSignal(str)
    """A sentence that a person should read; empty: nothing is the matter any more."""
    roll_painted = pyqtSignal(object)
    """The roll has moved; when (ns)."""

    def __init__(
        self,
        supervisor: EngineSupervisor,
        store: SettingsStore,
        midi_learn: MidiLearn,
        state: AppState,
        parts: WindowParts,
        preview: PreviewSound,
        prefs: WindowPrefs,
        on_close: Callable[[WindowPrefs, Settings], None],
        engine_starter: Callable[[str | None, str | None], StartEngine],
    ) -> None:
        super().__init__()
        self.store, self.midi_learn, self.prefs, self.view = store, midi_learn, prefs, "roll"
        self._supervisor, self._state, self._parts = supervisor, state, parts
        self._preview_router, self._port_status = (
            PreviewRouter(preview, store, prefs),
            PortStatus(supervisor, store, state),
        )
        self._engine_commands = EngineCommands(supervisor, parts, self._preview_router)
        self._on_close, self._engine_starter = on_close, engine_starter
        self._notice = ""
        """What is to be read now."""
        self._last_shown: object = None
        """What changes seldom, as it was last shown."""
        self._last_text_ns = self._last_activity_ns = 0
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_timer)
        self._connect_signals()

    @property
    def state(self) -> AppState:
        """What is shown."""
        return self._state

    @property
    def ready(self) -> bool:
        """Whether a note that is played now would be answered."""
        return bool(self._state.ready_model and (self._state.health.output_name or not self._supervisor.with_ports))

    # ------------------------------------------------------------ the frame

    def start(self) -> None:
        """Begin."""
        self._timer.start(FRAME_MS)

    def _on_timer(self) -> None:
        self.run_frame(time.monotonic_ns())

    def run_frame(self, now_ns: int) -> None:
        """One frame."""
        messages = self._supervisor.receive_pending(now_ns)
        self._handle_messages(messages, now_ns)
        if self.view == "roll" and self._parts.roll.refresh(now_ns):
            self.roll_painted.emit(now_ns)
        self._update_notice(now_ns)
        self._update_live_widgets(now_ns)
        if now_ns - self._last_text_ns >= _TEXT_INTERVAL_NS:
            self._last_text_ns = now_ns
            self._update_texts(now_ns)
        if messages or not self._state.timeline.is_idle:
            self._last_activity_ns = now_ns
        self._adjust_interval(now_ns)

    def _adjust_interval(self, now_ns: int) -> None:
        interval_ms = FRAME_MS if now_ns - self._last_activity_ns < _STAY_ACTIVE_NS else IDLE_FRAME_MS
        if self._timer.isActive() and self._timer.interval() != interval_ms:
            self._timer.setInterval(interval_ms)

    def _handle_messages(self, messages: Sequence[Message], now_ns: int) -> None:
        for entry in self._state.handle_messages(messages, now_ns):
            self._add_exchange(entry)
        for message in messages:
            self._dispatch(message, now_ns)

    def _dispatch(self, message: Message, now_ns: int) -> None:
        """Who else wants to hear of it."""
        self._preview_router.route_message(message)
        self._port_status.handle_message(message, self.prefs)
        self._parts.monitor.add_message(message, now_ns)
        match message:
            case Received(data, _):
                self.midi_learn.handle_midi(data)
            case PortsChanged() if self._parts.port_picker.isVisible():
                self._port_status.request_port_names()
            case _:
                pass

    def _update_live_widgets(self, now_ns: int) -> None:
        """What moves at the frame's pace besides the roll."""
        self._parts.status_bar.refresh(self._state.health, self._state.tempo_text(), now_ns)
        if self.prefs.computer_keys:
            sounding = {note.pitch: note.voice for note in self._state.timeline.sounding_notes()}
            self._parts.keyboard.lit = sounding

    def _update_texts(self, now_ns: int) -> None:
        """What people read."""
        furniture, vitals = self._parts, self._state.health
        furniture.compact_bar.show_status(f"{self._state.tempo_text()} · {vitals.model_text}")
        if self.view == "monitor":
            furniture.monitor.refresh(now_ns)
        checks = ConnectionChecks(
            input_seen=vitals.input_seen,
            notes_seen=vitals.notes_seen,
            clock_seen=vitals.clock_seen,
            has_loop=vitals.has_loop,
            input_name="" if vitals.input_name == _NO_PORTS_NAME else vitals.input_name,
            output_name="" if vitals.output_name == _NO_PORTS_NAME else vitals.output_name,
            has_midi=vitals.output_name != _NO_PORTS_NAME,
        )
        clocked = self.store.settings.follow_clock and vitals.clock_bpm > 0
        told = (checks, vitals.model_up, vitals.model_text, clocked, self._state.port_names, self.prefs)
        if self._last_shown != (told, self._preview_router.display_state):
            self._last_shown = (told, self._preview_router.display_state)
            self._update_panels(checks, clocked=clocked)

    def _update_panels(self, checks: ConnectionChecks, *, clocked: bool) -> None:
        """What changes seldom, when it has changed."""
        furniture, vitals, preview = self._parts, self._state.health, self._preview_router.preview
        furniture.connect_page.refresh(checks)
        furniture.controls.set_model_state(ready=vitals.model_up is True, problem=vitals.model_text)
        furniture.controls.set_clock(running=clocked)
        furniture.phrases.set_ask_obstacle("" if vitals.model_up else vitals.model_text)
        furniture.port_picker.show_ports(self._state.port_names, self.prefs.input, self.prefs.output)
        furniture.welcome_page.refresh(
            vitals.input_name, vitals.output_name, preview.failure_text or preview.status_text, preview.check_state
        )
        # Where the sound is broken the switch stays usable: pressed, it is tried once more.
        furniture.top_bar.show_switch("sound", on=preview.is_audible)

    def show_notice(self, sentence: str) -> None:
        """Have it read."""
        self._state.set_notice(sentence, time.monotonic_ns())

    def _update_notice(self, now_ns: int) -> None:
        amiss = self._port_status.notice(self.prefs)
        sentence = LOOP_NOTICE if amiss == LOOP_NOTICE else self._state.notice(now_ns) or amiss
        if sentence != self._notice:
            self._notice = sentence
            self.notice_changed.emit(sentence)

    # ------------------------------------------------------------ exchanges

    def _add_exchange(self, exchange: Exchange) -> None:
        """It is listed, and chosen and shown as a score, unless an older one was chosen."""
        self._parts.phrases.add(exchange)

    def _show_selected(self, number: int) -> None:
        roll = self._parts.roll
        roll.selected = number
        span = next((span for span in self._state.timeline.spans if span.number == number), None)
        if span and not roll.follow:
            roll.scroll_to(span.start_ns - _SCROLL_LEAD_NS)
        chosen = self._parts.phrases.selected_entries()
        if chosen:
            entry = chosen[-1]
            self._parts.score.show_phrase(entry.prompt, entry.answer, entry.answer_step)

    # ------------------------------------------------------------ what is pressed

    def _perform(self, command: str) -> None:
        self._engine_commands.perform(command)
        self._last_activity_ns = time.monotonic_ns()
        self._adjust_interval(self._last_activity_ns)

    def switch_preview(self, *, on: bool) -> None:
        """The preview sound by hand."""
        self.update_prefs(preview=self._preview_router.switch(on=on))

    def choose_ports(self, input_name: str | None, output_name: str | None) -> None:
        """Use other ports: the engine is started anew with them. The same are no others."""
        if (input_name, output_name) == (self.prefs.input, self.prefs.output) and self._supervisor.with_ports:
            return
        self.update_prefs(input=input_name, output=output_name)
        now_ns = time.monotonic_ns()
        self._handle_messages(self._supervisor.restart(self._engine_starter(input_name, output_name), now_ns), now_ns)

    def update_prefs(self, **changes: Any) -> None:
        """What is to be the same next time."""
        self.prefs = replace(self.prefs, **changes)

    def close(self) -> None:
        """Stop, end the engine with nothing left sounding, and keep what is to be remembered."""
        if self._closed:
            return
        self._closed = True
        self._timer.stop()
        self._parts.keyboard.release_all()
        self._supervisor.close()
        self._preview_router.preview.close()
        self.update_prefs(zoom=self._parts.roll.zoom)
        self._on_close(self.prefs, self.store.settings)

    # ------------------------------------------------------------ wiring

    def _connect_signals(self) -> None:
        furniture = self._parts
        self.store.command_given.connect(self._perform)
        self.store.refused.connect(self.show_notice)
        self.store.changed.connect(self._on_setting_changed)
        phrases = furniture.phrases
        phrases.playRequested.connect(self._engine_commands.play_again)
        phrases.anotherAnswerRequested.connect(self._engine_commands.request_another_answer)
        phrases.promptDropped.connect(self._engine_commands.answer_phrase)
        phrases.refused.connect(self.show_notice)
        phrases.selected.connect(self._show_selected)
        furniture.roll.phraseClicked.connect(phrases.select_phrase)
        furniture.roll.followChanged.connect(lambda on: furniture.top_bar.show_switch("follow", on=on))
        furniture.roll.zoom = self.prefs.zoom
        furniture.roll.follow = self.prefs.follow
        furniture.top_bar.show_switch("follow", on=self.prefs.follow)
        furniture.port_picker.names_wanted.connect(self._port_status.request_port_names)
        furniture.port_picker.chosen.connect(self.choose_ports)
        preview = self._preview_router.preview
        preview.changed.connect(lambda: self.show_notice(preview.failure_text) if preview.failure_text else None)
        furniture.preset_bar.refused.connect(self.show_notice)
        furniture.preset_bar.recall(self.prefs.preset)
        furniture.preset_bar.applied.connect(lambda name: self.update_prefs(preset=name))
        furniture.welcome_page.show_at_start_changed.connect(lambda on: self.update_prefs(welcome=on))
        box = furniture.controls.learn_bar.profile_box
        if box:
            box.show_if_present(self.prefs.profile)
            box.chosen.connect(lambda name: self.update_prefs(profile=name))
            box.saved.connect(lambda name: self.update_prefs(profile=name))

    def _on_setting_changed(self, name: str) -> None:
        """A setting is another one now."""
        self._state.settings = self.store.settings
        if name == "latency_ms":
            self.prefs = self._port_status.remember_latency(self.prefs)
