"""The mixing desk without its knobs: the settings as they are, and the one way to change them and to tell the engine.

Every control, learnt controller, preset and shortcut goes through here; all of them hear of a change by `changed`.
"""

from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal

from bachbridge.errors import ConfigError
from bachbridge.protocol.events import Message, Setting, SettingValue
from bachbridge.settings import Settings, with_setting


class SettingsStore(QObject):
    """Lives in the window's thread."""

    changed = pyqtSignal(str)
    """A setting has another value now; its name."""
    refused = pyqtSignal(str)
    """A value cannot be taken; the sentence that says why."""
    command_given = pyqtSignal(str)
    """A command was given: one of `COMMANDS`."""

    def __init__(self, settings: Settings, send: Callable[[Message], None]) -> None:
        super().__init__()
        self._settings = settings
        self._send = send

    @property
    def settings(self) -> Settings:
        return self._settings

    def set(self, name: str, value: SettingValue | tuple[int, ...]) -> bool:
        """Change one setting, here and in the engine; False, and `refused`, where it cannot take the value."""
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
        """All settings at once (a preset): those that differ are told."""
        for name in Settings.__dataclass_fields__:
            self.set(name, getattr(settings, name))

    def give_command(self, name: str) -> None:
        """Give one of `COMMANDS`."""
        self.command_given.emit(name)


COMMANDS = ("panic", "end_phrase", "cadence", "reset", "tap", "example", "play_again", "another")
"""What can be done with one press, by name; the window performs them."""
