"""The settings as they are, and the one way to change them and inform the engine.

Every control, learnt controller, preset and shortcut changes settings through the store; all of them learn of a change
by its signal `changed`. The engine changes a setting by itself only when the tempo is tapped; the store follows that.
"""

from collections import Counter
from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal

from bachbridge.errors import ConfigError
from bachbridge.protocol.effects import SettingApplied, SettingRefused
from bachbridge.protocol.events import Setting
from bachbridge.protocol.field_types import SettingValue
from bachbridge.protocol.notices import EngineStarted, Message
from bachbridge.settings import SETTING_NAMES, Settings, with_setting


class SettingsStore(QObject):
    """The current settings. Lives in the window's thread."""

    changed = pyqtSignal(str)
    """Emitted with the name of a setting that has a new value."""
    refused = pyqtSignal(str)
    """Emitted with the sentence that says why a value was refused."""
    command_given = pyqtSignal(str)
    """Emitted with one of `COMMANDS`."""

    def __init__(self, settings: Settings, send: Callable[[Message], None]) -> None:
        super().__init__()
        self._settings = settings
        self._send = send
        self._unanswered: Counter[str] = Counter()
        """Number of changes of each setting that the engine has not reported yet."""

    @property
    def settings(self) -> Settings:
        return self._settings

    def set(self, name: str, value: SettingValue | tuple[int, ...]) -> bool:
        """Change one setting, here and in the engine; return False and emit `refused` if the value is out of range."""
        try:
            settings = with_setting(self._settings, name, value)
        except ConfigError as error:
            self.refused.emit(str(error))
            return False
        if settings != self._settings:
            self._settings = settings
            plain = getattr(settings, name)
            self._unanswered[name] += 1
            self._send(Setting(name, ",".join(map(str, plain)) if isinstance(plain, tuple) else plain))
            self.changed.emit(name)
        return True

    def resend(self, name: str) -> None:
        """Send the engine a setting that it has: what kept it from working may have changed."""
        self._unanswered[name] += 1
        self._send(Setting(name, getattr(self._settings, name)))

    def apply_all(self, settings: Settings) -> None:
        """Set all settings (a preset); the engine is sent those that differ.

        Some values are checked against each other if the hands have channels, so that comes last.
        """
        if self._settings.hands == "channels":
            self.set("hands", "melody")
        for name in (*(name for name in SETTING_NAMES if name != "hands"), "hands"):
            self.set(name, getattr(settings, name))

    def handle_message(self, message: Message) -> None:
        """Follow a change that the engine made by itself; its reports of our own changes are only counted."""
        match message:
            case EngineStarted():
                self._unanswered.clear()
            case SettingApplied(name) | SettingRefused(name) if self._unanswered[name]:
                self._unanswered[name] -= 1
            case SettingApplied(name, value) if getattr(self._settings, name, value) != value:
                self._settings = with_setting(self._settings, name, value)
                self.changed.emit(name)
            case _:
                pass

    def give_command(self, name: str) -> None:
        """Emit one of `COMMANDS`; the window performs it."""
        self.command_given.emit(name)


COMMANDS = (
    *("panic", "end_phrase", "cadence", "reset", "tap", "start_playing", "stop_playing"),
    *("example", "play_again", "another"),
)
"""Commands that one press of a button, key or controller gives."""
