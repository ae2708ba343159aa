"""The state of the MIDI ports as the window sees it: each output's latency, and what is wrong with the ports."""

import sys

from bachbridge.midi.loopback import loopback_text
from bachbridge.protocol.events import ListPorts, Panic, PortsChanged
from bachbridge.protocol.notices import Connections, EngineEnded, EngineStarted, Message
from bachbridge_gui.engine.supervisor import EngineSupervisor
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.state.notice_text import FEEDBACK_TEXT
from bachbridge_gui.state.notices import StatusNotice
from bachbridge_gui.translation import tr, tr_report, translatable

CLOSED_NOTICE = translatable(
    "The MIDI ports are closed: start the MIDI system again (JACK), and they come back by themselves."
)


class PortStatus:
    """Used on the window's thread. The latency of each output is kept in the window's preferences."""

    def __init__(
        self, supervisor: EngineSupervisor, store: SettingsStore, state: AppState, platform: str = sys.platform
    ) -> None:
        self._platform = platform
        self._supervisor, self._store, self._state = supervisor, store, state
        self._output_name = ""
        """The output that the setting `latency_ms` belongs to."""
        self._engine_died = False
        """True after an engine died: a receiver may still be sounding its notes."""
        store.changed.connect(self._on_setting_changed)

    def handle_message(self, message: Message) -> None:
        """Follow changes of the ports and of their connections."""
        match message:
            case PortsChanged(_, output_name):
                self._restore_latency(output_name)
            case Connections(_, outputs) if outputs != 0 and self._engine_died:
                self._engine_died = False
                self._supervisor.send(Panic())
            case EngineEnded() | EngineStarted():
                self._engine_died = True
            case _:
                pass

    def request_port_names(self) -> None:
        """Ask the engine for the names of all ports; it answers with `PortNames`."""
        self._supervisor.send(ListPorts())

    def standing_notices(self) -> list[StatusNotice]:
        """Return what is wrong with the ports now: a loop, a chosen port that is missing, or no ports at all."""
        health, prefs = self._state.health, self._state.prefs
        notices = [StatusNotice(tr(FEEDBACK_TEXT), "error", "ports")] if health.has_loop else []
        if not self._supervisor.is_alive or not self._state.ready_model:
            return notices
        for wanted, open_name in ((prefs.input, health.input_name), (prefs.output, health.output_name)):
            if wanted and not open_name:
                text = tr('Waiting for the port "{wanted}": it will be used as soon as it is there.', wanted=wanted)
                notices.append(StatusNotice(text, "warning", "ports"))
        if not health.output_name and not prefs.output:
            notices.append(StatusNotice(self._closed_text(), "error", "ports"))
        return notices

    def _closed_text(self) -> str:
        names = self._state.port_names
        return tr_report(loopback_text(names.inputs, names.outputs)) if self._platform == "win32" else tr(CLOSED_NOTICE)

    def _restore_latency(self, output_name: str) -> None:
        """Set the latency that is remembered for this output; the first output takes the one set at the start."""
        if not output_name:
            return
        known, before, self._output_name = self._state.prefs.latency_ms, self._output_name, output_name
        if output_name in known or before not in ("", output_name):
            self._store.set("latency_ms", known.get(output_name, 0))

    def _on_setting_changed(self, name: str) -> None:
        if name == "latency_ms" and self._output_name:
            known = {**self._state.prefs.latency_ms, self._output_name: self._store.settings.latency_ms}
            self._state.update_prefs(latency_ms=known)
