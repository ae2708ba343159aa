"""Which of the engine's messages the preview sound plays, and the switch that turns it on and off."""

from dataclasses import replace

from bachbridge.protocol.events import Panic
from bachbridge.protocol.notices import Connections, EngineEnded, EngineStarted, Message, Received, Sent
from bachbridge_gui.preview.client import PreviewSound
from bachbridge_gui.preview.synth import PERCUSSION_CHANNEL
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.state.app_state import AppState

_PREF_TO_CHOICE = {"auto": None, "on": True, "off": False}
_TRIAL_PAUSE_NS = 15_000_000_000
"""Time between two trials of a missing sound device."""


class PreviewRouter:
    """Used on the window's thread."""

    def __init__(self, preview: PreviewSound, store: SettingsStore, state: AppState) -> None:
        self.sound = preview
        self._store, self._state = store, state
        self._next_trial_ns = 0
        preview.user_choice = _PREF_TO_CHOICE[state.prefs.preview]
        preview.volume = state.prefs.volume
        store.changed.connect(self._follow_setting)
        self._follow_setting("sound")

    def _follow_setting(self, name: str) -> None:
        if name in ("sound", "sound_font"):
            self.sound.set_instruments(self._store.settings.sound, self._store.settings.sound_font)

    @property
    def display_state(self) -> tuple[object, ...]:
        """Value that changes whenever the window should show something else about the preview sound."""
        return self.sound.is_audible, self.sound.failure_text, self.sound.status_text

    def route_message(self, message: Message) -> None:
        """Forward what should be heard: the player's part on its own instrument, and only once if it is passed on."""
        settings = self._store.settings
        if isinstance(message, Received | Sent):
            self._try_again(message.at_ns if isinstance(message, Received) else message.sent_ns)
        match message:
            case Received() if settings.thru:
                pass
            case Sent(data) if settings.is_click(data):
                self.sound.forward(replace(message, data=bytes((data[0] & 0xF0 | PERCUSSION_CHANNEL, *data[1:]))))
            case Sent(data, _, sent_ns) if data[0] < 0xF0 and (data[0] & 0x0F) + 1 not in settings.channels:
                self.sound.forward(Received(data, sent_ns))
            case Connections(_, outputs):
                self.sound.set_daw_connected(outputs > 0)
                self.sound.start_early()
            case EngineEnded() | EngineStarted():
                self.silence()  # the dead engine's notes would never end
            case _:
                self.sound.forward(message)

    def _try_again(self, now_ns: int) -> None:
        """Let a note try a sound device that was missing, now and then: it may have been plugged in."""
        if self.sound.failure_text and self.sound.check_state == "warning" and now_ns >= self._next_trial_ns:
            if self._next_trial_ns:
                self._state.notices.soften("sound", now_ns)
                self.sound.user_choice = self.sound.user_choice
            self._next_trial_ns = now_ns + _TRIAL_PAUSE_NS

    def silence(self) -> None:
        self.sound.forward(Panic())

    def switch(self, *, on: bool) -> None:
        """Switch the preview by hand. The automatic choice is kept where it agrees with what was switched."""
        automatic = on == self.sound.automatic_choice
        self.sound.user_choice = None if automatic else on
        self._state.update_prefs(preview="auto" if automatic else "on" if on else "off")
