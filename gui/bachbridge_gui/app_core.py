"""The objects behind the window that have no widgets; `app` makes them once, and the window's objects share them."""

from dataclasses import dataclass

from bachbridge_gui.engine.port_status import PortStatus
from bachbridge_gui.engine.supervisor import EngineSupervisor
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.preview.routing import PreviewRouter
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.state.app_state import AppState


@dataclass(frozen=True, slots=True)
class AppCore:
    """Used on the window's thread."""

    supervisor: EngineSupervisor
    """The engine process, restarted when it dies."""
    store: SettingsStore
    midi_learn: MidiLearn
    state: AppState
    ports: PortStatus
    preview: PreviewRouter

    @property
    def is_ready(self) -> bool:
        """True if a note that is played now would be answered."""
        has_output = bool(self.state.health.output_name) or not self.supervisor.with_ports
        return bool(self.state.ready_model) and has_output
