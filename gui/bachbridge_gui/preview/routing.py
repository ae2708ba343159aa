"""What of the engine's messages is heard in the preview sound, and the switch that turns it on and off."""

from bachbridge.protocol.events import Connections, Message, Panic, Received, Sent, Status
from bachbridge_gui.preview.client import PreviewSound
from bachbridge_gui.settings.store import Desk
from bachbridge_gui.state.window_prefs import Remembered

_SWITCH = {"auto": None, "on": True, "off": False}


class Audition:
    """Used on the window's thread."""

    def __init__(self, preview: PreviewSound, desk: Desk, remembered: Remembered) -> None:
        self.preview = preview
        self._desk = desk
        preview.on = _SWITCH[remembered.preview]
        preview.volume = remembered.volume

    @property
    def state(self) -> tuple[object, ...]:
        """Changes when what is shown of it should change."""
        return self.preview.sounds, self.preview.reason, self.preview.sentence

    def take(self, message: Message) -> None:
        """Let it be heard: the player's part by its own instrument, and once only where it is passed on."""
        settings = self._desk.settings
        match message:
            case Received() if settings.thru:
                pass
            case Sent(data, _, sent_ns) if data[0] < 0xF0 and (data[0] & 0x0F) + 1 not in settings.channels:
                self.preview.forward(Received(data, sent_ns))
            case Connections(_, outputs):
                self.preview.take_ports(outputs > 0)
            case Status("engine"):
                self.silence()  # its notes will never be ended
            case _:
                self.preview.forward(message)

    def silence(self) -> None:
        self.preview.forward(Panic())

    def switch(self, *, on: bool) -> str:
        """By hand; what it would do by itself it goes on doing by itself. Returns what is to be remembered."""
        automatic = on == self.preview.automatic
        self.preview.on = None if automatic else on
        return "auto" if automatic else "on" if on else "off"
