"""What of the engine's messages is heard in the preview sound, and the switch that turns it on and off."""

from bachbridge.protocol.events import Connections, Message, Panic, Received, Sent, Status
from bachbridge_gui.preview.client import PreviewSound
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.state.window_prefs import WindowPrefs

_PREF_TO_CHOICE = {"auto": None, "on": True, "off": False}


class PreviewRouter:
    """Used on the window's thread."""

    def __init__(self, preview: PreviewSound, store: SettingsStore, prefs: WindowPrefs) -> None:
        self.preview = preview
        self._store = store
        preview.user_choice = _PREF_TO_CHOICE[prefs.preview]
        preview.volume = prefs.volume

    @property
    def display_state(self) -> tuple[object, ...]:
        """Changes when what is shown of it should change."""
        return self.preview.is_audible, self.preview.failure_text, self.preview.status_text

    def route_message(self, message: Message) -> None:
        """Let it be heard: the player's part by its own instrument, and once only where it is passed on."""
        settings = self._store.settings
        match message:
            case Received() if settings.thru:
                pass
            case Sent(data, _, sent_ns) if data[0] < 0xF0 and (data[0] & 0x0F) + 1 not in settings.channels:
                self.preview.forward(Received(data, sent_ns))
            case Connections(_, outputs):
                self.preview.set_daw_connected(outputs > 0)
            case Status("engine"):
                self.silence()  # its notes will never be ended
            case _:
                self.preview.forward(message)

    def silence(self) -> None:
        self.preview.forward(Panic())

    def switch(self, *, on: bool) -> str:
        """By hand; what it would do by itself it goes on doing by itself. Returns what is to be remembered."""
        automatic = on == self.preview.automatic_choice
        self.preview.user_choice = None if automatic else on
        return "auto" if automatic else "on" if on else "off"
