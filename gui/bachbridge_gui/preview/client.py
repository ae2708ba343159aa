"""The window's end of the preview sound: when it is on, and the process that plays it.

The preview is on while no DAW listens to BachBridge's output, unless the user switched it by hand. The process
is started by the first note to be heard. If it dies, the next note restarts it, a few times; a missing sound device is
reported once.
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from PyQt6.QtCore import QObject, pyqtSignal

from bachbridge.files.sound.sound_fonts import AUTOMATIC_FONT, NO_FONT
from bachbridge.process.ipc import ChildProcess, process_command
from bachbridge.process.restart import RestartBackoff
from bachbridge.protocol.events import Midi, Panic, Setting
from bachbridge.protocol.notices import Failed, Message, PreviewState, Received, Sent
from bachbridge_gui.translation import tr, tr_report, translatable

_MAX_CRASHES = 3
_FIRST_SYSTEM_STATUS = 0xF0
"""Status bytes below this are channel messages; system messages such as the clock make no sound."""

AUTOMATIC = None
STATUS_TEXTS: dict[tuple[bool | None, bool], str] = {
    (True, False): translatable("The preview sound is on: you switched it on."),
    (True, True): translatable(
        "The preview sound is on although a DAW listens to BachBridge Out, so you may hear notes twice."
    ),
    (False, False): translatable("The preview sound is off: you switched it off."),
    (False, True): translatable("The preview sound is off: you switched it off."),
    (AUTOMATIC, False): translatable("The preview sound is on because nothing listens to BachBridge Out."),
    (AUTOMATIC, True): translatable("The preview sound is off because a DAW listens to BachBridge Out."),
}
"""Sentences by (the user's choice, True if a DAW is connected)."""


class PreviewProcess(Protocol):
    """The part of `ipc.ChildProcess` that is used here."""

    def send(self, message: Message) -> None: ...

    def stop(self, timeout_s: float = ...) -> int: ...


StartPreview = Callable[[Callable[[Message | None], None]], PreviewProcess]
"""Starts the process; the callback gets its messages on any thread, and None at its end."""


def preview_status(user_choice: bool | None, daw_connected: bool) -> tuple[bool, str]:
    """Return True if the preview sounds, and the sentence that says why."""
    return (not daw_connected if user_choice is None else user_choice), tr(STATUS_TEXTS[user_choice, daw_connected])


def process_starter(arguments: Sequence[str]) -> StartPreview:
    """Return a function that starts the command."""
    return lambda receive: ChildProcess([*arguments], receive)


class PreviewSound(QObject):
    """Lives in the window's thread."""

    changed = pyqtSignal()
    """The preview was switched, or the reason for its state has changed."""
    _message_received = pyqtSignal(int, object)

    def __init__(self, start: StartPreview | None = None) -> None:
        super().__init__()
        self._start_process = start or process_starter(process_command("preview"))
        self._user_choice: bool | None = AUTOMATIC
        self._daw_connected = False
        self._volume = 0.8
        self._sound, self._sound_font = "organ", AUTOMATIC_FONT
        self._font_distrusted = False
        """True if the process died: a damaged sound font can do that, so the next process gets none."""
        self._instruments_text = ""
        self._end_explained = False
        """True if the process said why it ends."""
        self._note_wanted = False
        """True once a note was to be heard. Before that a missing device is no news."""
        self._process: PreviewProcess | None = None
        self._generation = 0
        """Process generation; messages from an earlier process are ignored."""
        self._backoff = RestartBackoff((0.0,), max_deaths=_MAX_CRASHES)
        self._failure_text = ""
        self._message_received.connect(self._on_process_message)

    @property
    def user_choice(self) -> bool | None:
        """The user's choice; None: automatic."""
        return self._user_choice

    @user_choice.setter
    def user_choice(self, on: bool | None) -> None:
        self._user_choice = on
        if on is not False:
            self._backoff.reset()
            self._failure_text, self._font_distrusted = "", False
        self._apply_state()

    @property
    def automatic_choice(self) -> bool:
        """True if the automatic choice would be on."""
        return preview_status(AUTOMATIC, self._daw_connected)[0]

    @property
    def is_audible(self) -> bool:
        """True if notes are heard now."""
        return preview_status(self._user_choice, self._daw_connected)[0] and not self._failure_text

    @property
    def failure_text(self) -> str:
        """Sentence that says why the preview cannot work; empty if it works as far as is known."""
        return self._failure_text

    @property
    def status_text(self) -> str:
        """Sentence that says what the state is and why."""
        on, sentence = preview_status(self._user_choice, self._daw_connected)
        if on and self._failure_text:
            return self._failure_text
        return f"{sentence} {self._instruments_text}".strip() if on else sentence

    @property
    def check_state(self) -> Literal["seen", "waiting", "warning"]:
        """State for an icon: the preview is on ("seen"), off ("waiting"), or broken ("warning")."""
        if self.is_audible:
            return "seen"
        return "warning" if preview_status(self._user_choice, self._daw_connected)[0] else "waiting"

    @property
    def volume(self) -> float:
        """Volume from 0 to 1."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = min(max(volume, 0.0), 1.0)
        self._send(Setting("volume", self._volume))

    def set_instruments(self, sound: str, sound_font: str) -> None:
        """Follow the settings of these names. Another sound font takes a new process, started by the next note."""
        if sound != self._sound:
            self._sound = sound
            self._send(Setting("sound", sound))
        if sound_font != self._sound_font:
            self._sound_font, self._font_distrusted = sound_font, False
            if self._process is not None:
                self.close()
                self.start_early()

    def set_daw_connected(self, connected: bool) -> None:
        """Follow whether a DAW listens to BachBridge's output."""
        if connected != self._daw_connected:
            self._daw_connected = connected
            self._apply_state()

    def forward(self, message: Message) -> None:
        """Play a message of the engine; messages that make no sound are ignored."""
        match message:
            case Panic():
                self._send(message)
            case Sent(data=data) | Received(data=data) | Midi(data=data) if self.is_audible and _makes_sound(data):
                self._note_wanted = True
                self._ensure_process()
                self._send(message)
            case _:
                pass

    def start_early(self) -> None:
        """Start the process now if the preview is on, so that the first note does not wait for it.

        If it fails before there is a note to be heard, the first note tries again.
        """
        if self.is_audible and not self._backoff.has_given_up:
            self._ensure_process()

    def close(self) -> None:
        """End the process; sounding notes fade out."""
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
        self._end_explained = False
        generation = self._generation
        try:
            self._process = self._start_process(lambda message: self._message_received.emit(generation, message))
        except OSError as error:
            self._fail(tr("The preview sound cannot be started ({error}): restart BachBridge.", error=error))
        self._send(Setting("volume", self._volume))
        self._send(Setting("sound", self._sound))
        self._send(Setting("sound_font", NO_FONT if self._font_distrusted else self._sound_font))

    def _on_process_message(self, generation: int, message: object) -> None:
        """Handle a message of the process on the window's thread."""
        if generation != self._generation:
            return
        if isinstance(message, Failed):
            self._end_explained = True
            if self._note_wanted:
                self._fail(tr_report(message.error))
        elif isinstance(message, PreviewState) and message.state == "loaded":
            self._show_instruments(message)
        elif message is None:
            self._process = None
            self._font_distrusted = self._font_distrusted or not self._end_explained
            self._backoff.record_death()
            if self._backoff.has_given_up and not self._failure_text:
                self._fail(tr("The preview sound ended several times: switch it on again to try once more."))

    def _show_instruments(self, loaded: PreviewState) -> None:
        if self._font_distrusted and self._sound_font != NO_FONT:
            problem = tr("The preview sound ended, so it plays its built-in instruments: try another sound font.")
        else:
            problem = tr_report(loaded.problem)
        self._instruments_text = problem or (
            tr("It plays {font}.", font=loaded.sound_font) if loaded.sound_font else ""
        )
        self.changed.emit()

    def _fail(self, reason: str) -> None:
        self._failure_text = reason
        self.changed.emit()


def _makes_sound(data: bytes) -> bool:
    return bool(data) and data[0] < _FIRST_SYSTEM_STATUS
