"""The window's end of the preview sound: when it is heard, and the process that sounds.

It is heard while nobody else sounds what BachBridge plays: off as soon as a DAW listens to the output, unless a person
switched it on or off by hand. The process is started when there is something to hear for the first time. When it
dies it is started again by the next note, a few times; a system without a sound device is told once.
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from PyQt6.QtCore import QObject, pyqtSignal

from bachbridge.process.ipc import ChildProcess, process_command
from bachbridge.protocol.events import Failed, Message, Midi, Panic, Received, Sent, Setting

_MAX_CRASHES = 3
_FIRST_SYSTEM_STATUS = 0xF0
"""Status bytes below this one are a channel's: clock and the like make no sound."""

AUTOMATIC = None
STATUS_TEXTS: dict[tuple[bool | None, bool], str] = {
    (True, False): "The preview sound is on: you switched it on.",
    (True, True): "The preview sound is on although a DAW listens to BachBridge Out, so you may hear notes twice.",
    (False, False): "The preview sound is off: you switched it off.",
    (False, True): "The preview sound is off: you switched it off.",
    (AUTOMATIC, False): "The preview sound is on because nothing listens to BachBridge Out.",
    (AUTOMATIC, True): "The preview sound is off because a DAW listens to BachBridge Out.",
}
"""By what was switched, and whether a DAW is connected."""


class PreviewProcess(Protocol):
    """What is needed of `link.Child`."""

    def send(self, message: Message) -> None: ...

    def stop(self, timeout_s: float = ...) -> int: ...


StartPreview = Callable[[Callable[[Message | None], None]], PreviewProcess]
"""Starts the process, which hands on what it says, on any thread, and None at its end."""


def preview_status(user_choice: bool | None, daw_connected: bool) -> tuple[bool, str]:
    """Whether the preview sounds, and the sentence that says why."""
    return (not daw_connected if user_choice is None else user_choice), STATUS_TEXTS[user_choice, daw_connected]


def process_starter(arguments: Sequence[str]) -> StartPreview:
    """Starts that command."""
    return lambda receive: ChildProcess([*arguments], receive)


class PreviewSound(QObject):
    """Lives in the window's thread."""

    changed = pyqtSignal()
    """Whether it is heard, or the reason, is another now."""
    _message_received = pyqtSignal(int, object)

    def __init__(self, start: StartPreview | None = None) -> None:
        super().__init__()
        self._start_process = start or process_starter(process_command("preview"))
        self._user_choice: bool | None = AUTOMATIC
        self._daw_connected = False
        self._volume = 0.8
        self._process: PreviewProcess | None = None
        self._generation = 0
        """Of the process, so that a dead one's last words are not taken for its successor's."""
        self._crash_count = 0
        self._failure_text = ""
        self._message_received.connect(self._on_process_message)

    @property
    def user_choice(self) -> bool | None:
        """What a person switched; None: automatic."""
        return self._user_choice

    @user_choice.setter
    def user_choice(self, on: bool | None) -> None:
        self._user_choice = on
        if on is not False:
            self._crash_count, self._failure_text = 0, ""
        self._apply_state()

    @property
    def automatic_choice(self) -> bool:
        """Whether it would be heard if nobody had switched it."""
        return preview_status(AUTOMATIC, self._daw_connected)[0]

    @property
    def is_audible(self) -> bool:
        """Whether notes are heard now."""
        return preview_status(self._user_choice, self._daw_connected)[0] and not self._failure_text

    @property
    def failure_text(self) -> str:
        """Why it cannot work, in a sentence; empty if it can as far as is known."""
        return self._failure_text

    @property
    def status_text(self) -> str:
        """What the state is and why, for people."""
        on, because = preview_status(self._user_choice, self._daw_connected)
        return self._failure_text if on and self._failure_text else because

    @property
    def check_state(self) -> Literal["seen", "waiting", "warning"]:
        """The state for a sign: it sounds, it is off, or it should sound and cannot."""
        if self.is_audible:
            return "seen"
        return "warning" if preview_status(self._user_choice, self._daw_connected)[0] else "waiting"

    @property
    def volume(self) -> float:
        """From 0 to 1."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = min(max(volume, 0.0), 1.0)
        self._send(Setting("volume", self._volume))

    def set_daw_connected(self, connected: bool) -> None:
        """Whether a DAW listens to our output."""
        if connected != self._daw_connected:
            self._daw_connected = connected
            self._apply_state()

    def forward(self, message: Message) -> None:
        """Let be heard what the engine reports; everything that makes no sound is left out."""
        match message:
            case Panic():
                self._send(message)
            case Sent(data=data) | Received(data=data) | Midi(data=data) if self.is_audible and _makes_sound(data):
                self._ensure_process()
                self._send(message)
            case _:
                pass

    def start_early(self) -> None:
        """Start the process now if it is to be heard, so that the first note is not late by its start."""
        if self.is_audible:
            self._ensure_process()

    def close(self) -> None:
        """End the process; what sounds fades."""
        process, self._process = self._process, None
        self._generation += 1
        if process is not None:
            process.stop(1.0)

    def _apply_state(self) -> None:
        if not self.is_audible:
            self._send(Panic())
        self.changed.emit()

    def _send(self, message: Message) -> None:
        if self._process is not None:
            self._process.send(message)

    def _ensure_process(self) -> None:
        if self._process is not None:
            return
        self._generation += 1
        number = self._generation
        try:
            self._process = self._start_process(lambda message: self._message_received.emit(number, message))
        except OSError as error:
            self._fail(f"The preview sound cannot be started ({error}): restart BachBridge.")
        self._send(Setting("volume", self._volume))

    def _on_process_message(self, number: int, message: object) -> None:
        """Something the process said, brought here to the window's thread."""
        if number != self._generation:
            return
        if isinstance(message, Failed):
            self._fail(message.error)
        elif message is None:
            self._process = None
            self._crash_count += 1
            if self._crash_count >= _MAX_CRASHES and not self._failure_text:
                self._fail("The preview sound ended several times: switch it on again to try once more.")

    def _fail(self, reason: str) -> None:
        self._failure_text = reason
        self.changed.emit()


def _makes_sound(data: bytes) -> bool:
    return bool(data) and data[0] < _FIRST_SYSTEM_STATUS
