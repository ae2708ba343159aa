"""The settings as they are, and the one way to change them and inform the engine.

Every control, learnt controller, preset and shortcut changes settings through the store; all of them learn of a change
by its signal `changed`.
"""

from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal

from bachbridge.errors import ConfigError
from bachbridge.protocol.effects import Message
from bachbridge.protocol.events import Setting
from bachbridge.protocol.field_types import SettingValue
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
            self._send(Setting(name, ",".join(map(str, plain)) if isinstance(plain, tuple) else plain))
            self.changed.emit(name)
        return True

    def apply_all(self, settings: Settings) -> None:
        """Set all settings (a preset); the engine is sent those that differ."""
        for name in SETTING_NAMES:
            self.set(name, getattr(settings, name))

    def give_command(self, name: str) -> None:
        """Emit one of `COMMANDS`; the window performs it."""
        self.command_given.emit(name)


COMMANDS = ("panic", "end_phrase", "cadence", "reset", "tap", "example", "play_again", "another")
"""Commands that one press of a button, key or controller gives."""
