"""The window's end of the preview sound: when it is heard, and the process that sounds.

It is heard while nobody else sounds what BachBridge plays: off as soon as a DAW listens to the output, unless a person
switched it on or off by hand. The process is started when there is something to hear for the first time. When it
dies it is started again by the next note, a few times; a system without a sound device is told once.
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from PyQt6.QtCore import QObject, pyqtSignal

from bachbridge.process.ipc import Child, command
from bachbridge.protocol.events import Failed, Message, Midi, Panic, Received, Sent, Setting

_LIVES = 3
_CHANNEL_MESSAGES = 0xF0
"""Status bytes below this one are a channel's: clock and the like make no sound."""

AUTOMATIC = None
BECAUSE: dict[tuple[bool | None, bool], str] = {
    (True, False): "The preview sound is on: you switched it on.",
    (True, True): "The preview sound is on although a DAW listens to BachBridge Out, so you may hear notes twice.",
    (False, False): "The preview sound is off: you switched it off.",
    (False, True): "The preview sound is off: you switched it off.",
    (AUTOMATIC, False): "The preview sound is on because nothing listens to BachBridge Out.",
    (AUTOMATIC, True): "The preview sound is off because a DAW listens to BachBridge Out.",
}
"""By what was switched, and whether a DAW is connected."""


class Process(Protocol):
    """What is needed of `link.Child`."""

    def send(self, message: Message) -> None: ...

    def stop(self, timeout_s: float = ...) -> int: ...


Start = Callable[[Callable[[Message | None], None]], Process]
"""Starts the process, which hands on what it says, on any thread, and None at its end."""


def heard(on: bool | None, connected: bool) -> tuple[bool, str]:
    """Whether the preview sounds, and the sentence that says why."""
    return (not connected if on is None else on), BECAUSE[on, connected]


def starting(arguments: Sequence[str]) -> Start:
    """Starts that command."""
    return lambda receive: Child([*arguments], receive)


class PreviewSound(QObject):
    """Lives in the window's thread."""

    changed = pyqtSignal()
    """Whether it is heard, or the reason, is another now."""
    _said = pyqtSignal(int, object)

    def __init__(self, start: Start | None = None) -> None:
        super().__init__()
        self._start = start or starting(command("preview"))
        self._on: bool | None = AUTOMATIC
        self._connected = False
        self._volume = 0.8
        self._process: Process | None = None
        self._number = 0
        """Of the process, so that a dead one's last words are not taken for its successor's."""
        self._deaths = 0
        self._broken = ""
        self._said.connect(self._hear)

    @property
    def on(self) -> bool | None:
        """What a person switched; None: automatic."""
        return self._on

    @on.setter
    def on(self, on: bool | None) -> None:
        self._on = on
        if on is not False:
            self._deaths, self._broken = 0, ""
        self._settle()

    @property
    def automatic(self) -> bool:
        """Whether it would be heard if nobody had switched it."""
        return heard(AUTOMATIC, self._connected)[0]

    @property
    def sounds(self) -> bool:
        """Whether notes are heard now."""
        return heard(self._on, self._connected)[0] and not self._broken

    @property
    def reason(self) -> str:
        """Why it cannot work, in a sentence; empty if it can as far as is known."""
        return self._broken

    @property
    def sentence(self) -> str:
        """What the state is and why, for people."""
        on, because = heard(self._on, self._connected)
        return self._broken if on and self._broken else because

    @property
    def state(self) -> Literal["seen", "waiting", "warning"]:
        """The state for a sign: it sounds, it is off, or it should sound and cannot."""
        if self.sounds:
            return "seen"
        return "warning" if heard(self._on, self._connected)[0] else "waiting"

    @property
    def volume(self) -> float:
        """From 0 to 1."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = min(max(volume, 0.0), 1.0)
        self._tell(Setting("volume", self._volume))

    def take_ports(self, connected: bool) -> None:
        """Whether a DAW listens to our output."""
        if connected != self._connected:
            self._connected = connected
            self._settle()

    def forward(self, message: Message) -> None:
        """Let be heard what the engine reports; everything that makes no sound is left out."""
        match message:
            case Panic():
                self._tell(message)
            case Sent(data=data) | Received(data=data) | Midi(data=data) if self.sounds and _makes_sound(data):
                self._wake()
                self._tell(message)
            case _:
                pass

    def wake(self) -> None:
        """Start the process now if it is to be heard, so that the first note is not late by its start."""
        if self.sounds:
            self._wake()

    def close(self) -> None:
        """End the process; what sounds fades."""
        process, self._process = self._process, None
        self._number += 1
        if process is not None:
            process.stop(1.0)

    def _settle(self) -> None:
        if not self.sounds:
            self._tell(Panic())
        self.changed.emit()

    def _tell(self, message: Message) -> None:
        if self._process is not None:
            self._process.send(message)

    def _wake(self) -> None:
        if self._process is not None:
            return
        self._number += 1
        number = self._number
        try:
            self._process = self._start(lambda message: self._said.emit(number, message))
        except OSError as error:
            self._break(f"The preview sound cannot be started ({error}): restart BachBridge.")
        self._tell(Setting("volume", self._volume))

    def _hear(self, number: int, message: object) -> None:
        """Something the process said, brought here to the window's thread."""
        if number != self._number:
            return
        if isinstance(message, Failed):
            self._break(message.error)
        elif message is None:
            self._process = None
            self._deaths += 1
            if self._deaths >= _LIVES and not self._broken:
                self._break("The preview sound ended several times: switch it on again to try once more.")

    def _break(self, reason: str) -> None:
        self._broken = reason
        self.changed.emit()


def _makes_sound(data: bytes) -> bool:
    return bool(data) and data[0] < _CHANNEL_MESSAGES
