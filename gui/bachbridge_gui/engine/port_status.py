"""The window's care for ports: which are wanted, each output's latency, and what a person should know of them."""

from dataclasses import replace

from bachbridge.protocol.events import Connections, ListPorts, Message, Panic, PortsChanged, Status
from bachbridge_gui.engine.supervisor import EngineSupervisor
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.state.window_prefs import WindowPrefs

LOOP_NOTICE = "Our own output comes back to our input: undo that connection in your DAW."


class PortStatus:
    """Used on the window's thread."""

    def __init__(self, supervisor: EngineSupervisor, store: SettingsStore, state: AppState) -> None:
        self._supervisor, self._store, self._state = supervisor, store, state
        self._output_name = ""
        """The output whose latency is set."""
        self._engine_died = False
        """Whether an engine died, so that somebody who listens may have notes of it sounding."""

    def handle_message(self, message: Message, prefs: WindowPrefs) -> None:
        """Ports, or who is connected, have changed."""
        match message:
            case PortsChanged(_, sink):
                self._restore_latency(sink, prefs)
            case Connections(_, outputs) if outputs != 0 and self._engine_died:
                self._engine_died = False
                self._supervisor.send(Panic())
            case Status("engine"):
                self._engine_died = True
            case _:
                pass

    def request_port_names(self) -> None:
        """Have the names of all ports told."""
        self._supervisor.send(ListPorts())

    def remember_latency(self, prefs: WindowPrefs) -> WindowPrefs:
        """The latency was set: it is this output's."""
        if not self._output_name:
            return prefs
        known = {**prefs.latency_ms, self._output_name: self._store.settings.latency_ms}
        return replace(prefs, latency_ms=known)

    def notice(self, prefs: WindowPrefs) -> str:
        """What is amiss, in a sentence: a loop first, then a port that was chosen and is not there."""
        vitals = self._state.health
        if vitals.has_loop:
            return LOOP_NOTICE
        for wanted, there in ((prefs.input, vitals.input_name), (prefs.output, vitals.output_name)):
            if wanted and not there and self._supervisor.is_alive and self._state.ready_model:
                return f'Waiting for the port "{wanted}": it is taken as soon as it is there.'
        return ""

    def _restore_latency(self, output_name: str, prefs: WindowPrefs) -> None:
        """An output's latency is set; what was set at the start counts for the first one."""
        if not output_name:
            return
        known, before, self._output_name = prefs.latency_ms, self._output_name, output_name
        if output_name in known or before not in ("", output_name):
            self._store.set("latency_ms", known.get(output_name, 0))
