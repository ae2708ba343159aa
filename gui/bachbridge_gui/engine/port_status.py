"""The window's care for ports: which are wanted, each output's latency, and what a person should know of them."""

from dataclasses import replace

from bachbridge.protocol.events import Connections, LookForPorts, Message, Panic, PortsChanged, Status
from bachbridge_gui.engine.supervisor import Supervisor
from bachbridge_gui.settings.store import Desk
from bachbridge_gui.state.app_state import State
from bachbridge_gui.state.window_prefs import Remembered

LOOP = "Our own output comes back to our input: undo that connection in your DAW."


class Harbour:
    """Used on the window's thread."""

    def __init__(self, supervisor: Supervisor, desk: Desk, state: State) -> None:
        self._supervisor, self._desk, self._state = supervisor, desk, state
        self._sink = ""
        """The output whose latency is set."""
        self._orphaned = False
        """Whether an engine died, so that somebody who listens may have notes of it sounding."""

    def take(self, message: Message, remembered: Remembered) -> None:
        """Ports, or who is connected, have changed."""
        match message:
            case PortsChanged(_, sink):
                self._meet(sink, remembered)
            case Connections(_, outputs) if outputs != 0 and self._orphaned:
                self._orphaned = False
                self._supervisor.send(Panic())
            case Status("engine"):
                self._orphaned = True
            case _:
                pass

    def ask(self) -> None:
        """Have the names of all ports told."""
        self._supervisor.send(LookForPorts())

    def set_latency(self, remembered: Remembered) -> Remembered:
        """The latency was set: it is this output's."""
        if not self._sink:
            return remembered
        known = {**remembered.latency_ms, self._sink: self._desk.settings.latency_ms}
        return replace(remembered, latency_ms=known)

    def notice(self, remembered: Remembered) -> str:
        """What is amiss, in a sentence: a loop first, then a port that was chosen and is not there."""
        vitals = self._state.vitals
        if vitals.loop:
            return LOOP
        for wanted, there in ((remembered.input, vitals.input), (remembered.output, vitals.output)):
            if wanted and not there and self._supervisor.alive and self._state.model:
                return f'Waiting for the port "{wanted}": it is taken as soon as it is there.'
        return ""

    def _meet(self, sink: str, remembered: Remembered) -> None:
        """An output's latency is set; what was set at the start counts for the first one."""
        if not sink:
            return
        known, before, self._sink = remembered.latency_ms, self._sink, sink
        if sink in known or before not in ("", sink):
            self._desk.set("latency_ms", known.get(sink, 0))
