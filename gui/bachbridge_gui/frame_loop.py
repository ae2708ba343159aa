"""The window's clock: once a frame it takes the engine's messages, hands them out and refreshes what has changed.

A frame takes 30 ms while something sounds. When everything is at rest the loop slows down to 100 ms, so that the
program uses almost none of the machine. Texts follow twice a second, so that they can be read.
"""

import sys
import time
from collections.abc import Sequence

from PyQt6.QtCore import QObject, Qt, QTimer, pyqtSignal

from bachbridge.protocol.effects import SettingRefused
from bachbridge.protocol.events import PortsChanged
from bachbridge.protocol.notices import Message, Received
from bachbridge_gui.app_core import AppCore
from bachbridge_gui.hearing.hearing import Hearing
from bachbridge_gui.hearing.strip import StripFacts
from bachbridge_gui.presets.factory_presets import factory_preset
from bachbridge_gui.settings.availability import model_obstacle, suitable_model
from bachbridge_gui.settings.model_names import model_name
from bachbridge_gui.setup.checklist import ConnectionChecks
from bachbridge_gui.state.health import NO_PORTS_NAME
from bachbridge_gui.state.notices import Level, Remedy, StatusNotice
from bachbridge_gui.translation import tr, tr_report
from bachbridge_gui.views.status_bar import StatusTexts
from bachbridge_gui.window_parts import WindowParts

FRAME_MS, IDLE_FRAME_MS = 30, 100
_STAY_ACTIVE_NS = 3_500_000_000
_TEXT_INTERVAL_NS = 500_000_000
_REPEAT_NS = 300_000_000_000
"""The sound device is tried again while somebody plays; its failure is shown again after this time."""


class FrameLoop(QObject):
    """Lives in the window's thread. `start` begins, `stop` ends; `run_frame` is one frame."""

    notice_changed = pyqtSignal(object)
    """The `StatusNotice` for the notice line; None: nothing is wrong any more."""
    roll_painted = pyqtSignal(object)
    """The piano roll has been refreshed; the time in ns."""

    def __init__(self, core: AppCore, parts: WindowParts) -> None:
        super().__init__()
        self._core, self._parts = core, parts
        self._notice: StatusNotice | None = None
        """The notice that is shown."""
        self._sound_failure, self._sound_failure_ns = "", 0
        """The failure of the preview sound that was shown last, and when."""
        self._hearing = Hearing()
        self._shown_panels: object = None
        """The values that the slowly changing panels show now."""
        self._last_text_ns = self._last_activity_ns = self._now_ns = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_timer)
        self._connect_signals()

    def start(self) -> None:
        self._timer.start(FRAME_MS)

    def stop(self) -> None:
        self._timer.stop()

    def wake(self) -> None:
        """Return to the fast pace at once."""
        self._last_activity_ns = time.monotonic_ns()
        self._adjust_interval(self._last_activity_ns)

    def show_notice(self, sentence: str, level: Level = "warning", topic: str = "") -> None:
        """Show a sentence in the notice line."""
        sentence = tr_report(sentence)
        self._core.state.notices.post(StatusNotice(sentence, level, topic), self._now_ns or time.monotonic_ns())
        self._parts.monitor.add_notice(sentence, self._now_ns or time.monotonic_ns())

    def run_frame(self, now_ns: int) -> None:
        """Run one frame at the time `now_ns`."""
        self._now_ns = now_ns
        messages = self._core.supervisor.receive_pending(now_ns)
        self._handle_messages(messages, now_ns)
        if self._core.state.view == "roll" and self._parts.roll.refresh(now_ns):
            self.roll_painted.emit(now_ns)
        self._parts.score.run_frame(now_ns, self._core.state.timeline)
        self._update_notice(now_ns)
        self._update_live_widgets(now_ns)
        if now_ns - self._last_text_ns >= _TEXT_INTERVAL_NS:
            self._last_text_ns = now_ns
            self._update_texts(now_ns)
        if messages or not self._core.state.timeline.is_idle:
            self._last_activity_ns = now_ns
        self._adjust_interval(now_ns)

    def _on_timer(self) -> None:
        self.run_frame(time.monotonic_ns())

    def _adjust_interval(self, now_ns: int) -> None:
        interval_ms = FRAME_MS if now_ns - self._last_activity_ns < _STAY_ACTIVE_NS else IDLE_FRAME_MS
        if self._timer.isActive() and self._timer.interval() != interval_ms:
            self._timer.setInterval(interval_ms)

    # ------------------------------------------------------------ messages

    def _handle_messages(self, messages: Sequence[Message], now_ns: int) -> None:
        for exchange in self._core.state.handle_messages(messages, now_ns):
            self._parts.phrases.add(exchange)
            self._hearing = self._hearing.after_exchange(exchange.close)
        closes = self._core.state.exchange_builder.late_closes
        self._parts.phrases.show_closes(closes)
        closes.clear()
        for message in messages:
            self._dispatch(message, now_ns)

    def _dispatch(self, message: Message, now_ns: int) -> None:
        """Pass a message on to everything besides the state that follows messages."""
        self._hearing = self._hearing.after(message)
        self._core.preview.route_message(message)
        self._core.ports.handle_message(message)
        self._core.store.handle_message(message)
        self._parts.monitor.add_message(message, now_ns)
        self._parts.score.play_cursor.handle_message(message)
        match message:
            case Received(data, _):
                self._core.midi_learn.handle_midi(data)
            case SettingRefused("link"):
                # Its package is missing. It must not be asked for again at the next start.
                self._core.store.set("link", value=False)
            case PortsChanged() if self._parts.port_picker.isVisible():
                self._core.ports.request_port_names()
            case _:
                pass

    # ------------------------------------------------------------ widgets

    def _update_live_widgets(self, now_ns: int) -> None:
        """Refresh the widgets that move in every frame, the roll apart."""
        state = self._core.state
        hearing = self._hearing.texts(now_ns, self._core.store.settings)
        has_strip = self._parts.hearing_strip.isVisible()
        if has_strip:
            self._parts.hearing_strip.show_texts(hearing, self._strip_facts())
        harmony = "" if has_strip else hearing.line
        texts = StatusTexts(state.activity_text(now_ns), "" if has_strip else state.tempo_text(), harmony)
        self._parts.status_bar.refresh(state.health, texts, now_ns)
        self._parts.top_bar.activity.show_state(state.activity.state(now_ns))
        if state.prefs.computer_keys:
            self._parts.keyboard.lit = {note.pitch: note.voice for note in state.timeline.sounding_notes()}

    def _strip_facts(self) -> StripFacts:
        """Return what the strip says besides what sounds; more of it while the controls are out of sight."""
        state, settings = self._core.state, self._core.store.settings
        if not state.prefs.compact:
            return StripFacts(*state.tempo_and_source_texts())
        health, slider = state.health, self._parts.compact_bar.temperature
        tempo, source = state.tempo_and_source_texts()
        return StripFacts(
            tempo,
            source,
            temperature="" if slider.isVisible() else tr("temperature {value:.2f}", value=settings.temperature),
            model=model_name(settings.model).title if health.model_up else health.model_text,
            preset=tr(state.prefs.preset) if factory_preset(state.prefs.preset) else state.prefs.preset,
        )

    def _update_texts(self, now_ns: int) -> None:
        """Refresh what people read."""
        state, health, settings = self._core.state, self._core.state.health, self._core.store.settings
        if state.view == "monitor":
            self._parts.monitor.refresh(now_ns)
        checks = self._connection_checks()
        clock_runs = settings.follow_clock and health.clock_bpm > 0
        model = (health.model_up, health.model_text)
        shared_tempo = (clock_runs, health.link_bpm > 0)
        panels = (checks, shared_tempo, model, state.port_names, state.prefs, self._core.preview.display_state)
        if panels != self._shown_panels:
            self._shown_panels = panels
            self._update_panels(checks, clock_runs=clock_runs)

    def _connection_checks(self) -> ConnectionChecks:
        health = self._core.state.health
        return ConnectionChecks(
            input_seen=health.input_seen,
            notes_seen=health.notes_seen,
            clock_seen=health.clock_seen,
            has_loop=health.has_loop,
            input_name="" if health.input_name == NO_PORTS_NAME else health.input_name,
            output_name="" if health.output_name == NO_PORTS_NAME else health.output_name,
            has_midi=health.output_name != NO_PORTS_NAME,
            needs_loopback=sys.platform == "win32" and not health.input_name and not self._core.state.prefs.input,
        )

    def _update_panels(self, checks: ConnectionChecks, *, clock_runs: bool) -> None:
        """Refresh the panels that change seldom."""
        parts, state, preview = self._parts, self._core.state, self._core.preview.sound
        health = state.health
        parts.connect_page.refresh(checks)
        parts.controls.set_model_state(ready=health.model_up is True, problem=health.model_text)
        parts.controls.set_clock(running=clock_runs)
        parts.controls.set_link(running=health.link_bpm > 0)
        parts.phrases.set_ask_obstacle("" if health.model_up else health.model_text)
        parts.port_picker.show_ports(state.port_names, state.prefs.input, state.prefs.output)
        parts.welcome_page.refresh(
            health.input_name, health.output_name, preview.failure_text or preview.status_text, preview.check_state
        )
        # The switch stays usable while the sound device is broken: pressing it tries the device once more.
        parts.top_bar.show_switch("sound", on=preview.is_audible)

    # ------------------------------------------------------------ notices and settings

    def _update_notice(self, now_ns: int) -> None:
        notices = self._core.state.notices
        notices.set_standing([*self._core.ports.standing_notices(), *self._model_notices()])
        notice = notices.current(now_ns)
        if notice != self._notice:
            self._notice = notice
            self.notice_changed.emit(notice)

    def _model_notices(self) -> list[StatusNotice]:
        """Return the notice about a model that does not play in this mode, with another one as its remedy."""
        settings, picker = self._core.store.settings, self._parts.controls.model
        obstacle = model_obstacle(settings, picker.tasks)
        if not obstacle:
            return []
        other = suitable_model(settings, picker.tasks_by_model)
        remedy = Remedy(tr("Use {model}", model=model_name(other).title), "model", other) if other else None
        return [StatusNotice(obstacle, "warning", "mode", remedy)]

    def dismiss_notice(self) -> None:
        """Hide the notice that is shown."""
        if self._notice:
            self._core.state.notices.dismiss(self._notice)

    def apply_remedy(self) -> None:
        """Make the change of a setting that the notice proposes."""
        if self._notice and (remedy := self._notice.remedy):
            self._core.store.set(remedy.setting, remedy.value)

    def _connect_signals(self) -> None:
        store = self._core.store
        store.changed.connect(self._on_setting_changed)
        store.command_given.connect(lambda _: self.wake())
        for refused in (
            store.refused,
            self._parts.phrases.refused,
            self._parts.preset_bar.refused,
            self._parts.score.refused,
        ):
            refused.connect(self.show_notice)
        self._core.preview.sound.changed.connect(self._show_preview_failure)

    def _on_setting_changed(self, _: str) -> None:
        self._core.state.settings = self._core.store.settings

    def _show_preview_failure(self) -> None:
        failure = self._core.preview.sound.failure_text
        is_old = failure == self._sound_failure and self._now_ns - self._sound_failure_ns < _REPEAT_NS
        if failure and not is_old:
            self._sound_failure, self._sound_failure_ns = failure, self._now_ns
            self.show_notice(failure, "error", "sound")
