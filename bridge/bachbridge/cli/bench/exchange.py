"""One exchange with the live engine: a phrase played to it by the clock, and everything that comes back.

`record_exchange` waits in one place only: for the engine's next message or the phrase's next note, whichever comes
first. The clock and the connection to the engine are passed in, so that tests run it in virtual time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import mido

from bachbridge.errors import BachBridgeError, ModelError, PortError
from bachbridge.midi import messages as midi
from bachbridge.music.performance import TimedNote
from bachbridge.protocol.effects import AnswerEnded, AnswerLate, PhraseEnded
from bachbridge.protocol.events import ModelDown, ModelUp
from bachbridge.protocol.notices import Failed, Message, Sent

START_TIMEOUT_NS = 60_000_000_000
"""The time that engine and model may take to be ready; a cold disk is slow."""
_LEAD_IN_NS = 250_000_000
"""The pause between being ready and the first note."""
_ANSWER_TIMEOUT_NS = 15_000_000_000
"""An answer may still arrive this long after it should have ended."""
_DRAIN_TIMEOUT_S = 0.1
_MAX_WAIT_S = 0.2
"""The longest wait at a time, after which progress is reported."""


class EngineConnection(Protocol):
    """A player's connection to an engine."""

    @property
    def is_open(self) -> bool:
        """True if notes reach the engine."""
        ...

    def send_midi(self, message: mido.Message) -> None:
        """Send a MIDI message of the player."""
        ...

    def receive(self, timeout_s: float) -> Message | None:
        """Return the engine's next message, or None if none comes in time; raises `EOFError` if the engine ended."""
        ...


@dataclass(slots=True)
class ExchangeRecording:
    """The notes played and the messages that came back; times in ns of the clock that was passed in."""

    played_midi: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    sent_reports: list[Sent] = field(default_factory=list[Sent])
    phrase_ended: PhraseEnded | None = None
    answer_ended: AnswerEnded | None = None
    late_answers: list[AnswerLate] = field(default_factory=list[AnswerLate])


def is_note_on(sent: Sent) -> bool:
    """Return True if the message began a note."""
    return isinstance(midi.decode(sent.data), midi.NoteOn)


def lateness_ns(sent: Sent) -> int:
    """Return how long after its due time the message went out."""
    return sent.sent_ns - sent.due_ns


def receive_or_raise(receive: Callable[[float], Message | None], timeout_s: float) -> Message | None:
    """Return the engine's next message, or None if none comes in time; raises `BachBridgeError` if it cannot go on."""
    try:
        message = receive(timeout_s)
    except EOFError as error:
        raise BachBridgeError(
            "The engine has ended unexpectedly: try again, with bachbridge --log FILE to see why."
        ) from error
    match message:
        case Failed(reason):
            raise PortError(reason)
        case ModelDown(reason):
            raise ModelError(reason)
        case _:
            return message


def wait_until_ready(connection: EngineConnection, clock_ns: Callable[[], int]) -> None:
    """Wait until the connection is open and the model is loaded; raises `BachBridgeError` after a minute."""
    deadline_ns = clock_ns() + START_TIMEOUT_NS
    model_ready = False
    while not (model_ready and connection.is_open):
        model_ready = isinstance(receive_or_raise(connection.receive, _MAX_WAIT_S), ModelUp) or model_ready
        if clock_ns() > deadline_ns:
            raise BachBridgeError("The engine is not ready after a minute: close other programs and try again.")


def record_exchange(
    connection: EngineConnection,
    notes: Sequence[TimedNote],
    phrase_length_ns: int,
    clock_ns: Callable[[], int],
    report_progress: Callable[[float], None],
) -> ExchangeRecording:
    """Play the notes, the first of them at time 0, and record everything until the whole answer has been played.

    The answer is expected to be as long as the phrase. `report_progress` receives the share of both that has passed.
    Raises `ModelError` if no answer comes or if it breaks off.
    """
    recording = ExchangeRecording()
    due = _note_messages(notes)
    start_ns = clock_ns() + _LEAD_IN_NS
    while recording.answer_ended is None:
        while due and start_ns + due[0][0] <= clock_ns():
            message = due.pop(0)[1]
            connection.send_midi(message)
            recording.played_midi.append((clock_ns(), bytes(message.bytes())))
        wait_s = min(_MAX_WAIT_S, (start_ns + due[0][0] - clock_ns()) / 1e9) if due else _MAX_WAIT_S
        _record_message(recording, receive_or_raise(connection.receive, max(0.0, wait_s)))
        report_progress(min(1.0, max(0.0, (clock_ns() - start_ns) / (2 * phrase_length_ns))))
        if clock_ns() > start_ns + 2 * phrase_length_ns + _ANSWER_TIMEOUT_NS:
            raise ModelError("No answer came: choose another model (`bachbridge models` lists them).")
    while (message := receive_or_raise(connection.receive, _DRAIN_TIMEOUT_S)) is not None:
        _record_message(recording, message)
    if recording.answer_ended.interrupted or not recording.answer_ended.notes:
        reason = "; ".join(late.what for late in recording.late_answers) or "it is empty"
        raise ModelError(f"The answer is not complete ({reason}): close other programs and try again.")
    return recording


def _note_messages(notes: Sequence[TimedNote]) -> list[tuple[int, mido.Message]]:
    """Return note-ons and note-offs on channel 1 in order of time; at one time, note-offs come first."""
    offs = [(note.end_ns, mido.Message("note_off", note=note.pitch)) for note in notes]
    ons = [(note.start_ns, mido.Message("note_on", note=note.pitch, velocity=note.velocity)) for note in notes]
    return sorted(offs + ons, key=lambda item: item[0])


def _record_message(recording: ExchangeRecording, message: Message | None) -> None:
    match message:
        case Sent():
            recording.sent_reports.append(message)
        case PhraseEnded():
            recording.phrase_ended = message
        case AnswerEnded():
            recording.answer_ended = message
        case AnswerLate():
            recording.late_answers.append(message)
        case _:
            pass
