"""A phrase played to the live engine, by the clock, and all that comes back: what a DAW would do with a clip.

The rehearsal waits in one place only, for the next message of the engine or the next note of the phrase, whichever is
first. Its clock and its way to the engine are handed in; so tests run it in virtual time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bachbridge.errors import BachBridgeError, ModelError
from bachbridge.music.performance import TimedNote
from bachbridge.protocol.events import AnswerEnded, AnswerLate, Failed, Message, ModelDown, ModelUp, PhraseEnded, Sent

START_TIMEOUT_NS = 60_000_000_000
"""How long engine and model may take to be ready; a cold disk is slow."""
_LEAD_IN_NS = 250_000_000
"""Between being ready and the first note."""
_ANSWER_TIMEOUT_NS = 15_000_000_000
"""How long after its due end an answer is waited for."""
_DRAIN_TIMEOUT_S = 0.1
_MAX_WAIT_S = 0.2
"""The longest wait at a time, after which progress is told."""


class EngineConnection(Protocol):
    """The way to the engine."""

    @property
    def is_open(self) -> bool:
        """Whether what is played reaches the engine."""
        ...

    def send_midi(self, data: bytes) -> None:
        """Send the player's MIDI message."""
        ...

    def receive(self, timeout_s: float) -> Message | None:
        """The engine's next message; None if none comes in time; `EOFError` if the engine has ended."""
        ...


@dataclass(slots=True)
class ExchangeRecording:
    """What was played and what came back; times in ns of the clock that was handed in."""

    played_midi: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    sent_reports: list[Sent] = field(default_factory=list[Sent])
    phrase_ended: PhraseEnded | None = None
    answer_ended: AnswerEnded | None = None
    late_answers: list[AnswerLate] = field(default_factory=list[AnswerLate])


def wait_until_ready(connection: EngineConnection, clock_ns: Callable[[], int]) -> None:
    """Wait until ports and model are there."""
    deadline_ns = clock_ns() + START_TIMEOUT_NS
    model = False
    while not (model and connection.is_open):
        model = isinstance(_receive_or_raise(connection, _MAX_WAIT_S), ModelUp) or model
        if clock_ns() > deadline_ns:
            raise BachBridgeError("The engine is not ready after a minute: close other programs and try again.")


def record_exchange(
    connection: EngineConnection,
    notes: Sequence[TimedNote],
    phrase_length_ns: int,
    clock_ns: Callable[[], int],
    report_progress: Callable[[float], None],
) -> ExchangeRecording:
    """Play the notes (from 0 on) and wait for the whole answer, which is taken to last `length_ns` like the phrase.

    `tell` gets the share of both that is over.
    """
    rehearsal = ExchangeRecording()
    due = _note_messages(notes)
    start_ns = clock_ns() + _LEAD_IN_NS
    while rehearsal.answer_ended is None:
        while due and start_ns + due[0][0] <= clock_ns():
            data = due.pop(0)[1]
            connection.send_midi(data)
            rehearsal.played_midi.append((clock_ns(), data))
        wait_s = min(_MAX_WAIT_S, (start_ns + due[0][0] - clock_ns()) / 1e9) if due else _MAX_WAIT_S
        _record_message(rehearsal, _receive_or_raise(connection, max(0.0, wait_s)))
        report_progress(min(1.0, max(0.0, (clock_ns() - start_ns) / (2 * phrase_length_ns))))
        if clock_ns() > start_ns + 2 * phrase_length_ns + _ANSWER_TIMEOUT_NS:
            raise ModelError("No answer came: try another model, or `bachbridge models` to see whether it is there.")
    _record_remaining(rehearsal, connection)
    if rehearsal.answer_ended.interrupted or not rehearsal.answer_ended.notes:
        reason = "; ".join(missed.what for missed in rehearsal.late_answers) or "it is empty"
        raise ModelError(f"The answer is not whole ({reason}): close other programs and try again.")
    return rehearsal


def _note_messages(notes: Sequence[TimedNote]) -> list[tuple[int, bytes]]:
    """Note-ons and note-offs on channel 1 in order of time, note-offs first."""
    offs = [(note.end_ns, bytes((0x80, note.pitch, 64))) for note in notes]
    ons = [(note.start_ns, bytes((0x90, note.pitch, note.velocity))) for note in notes]
    return sorted(offs + ons, key=lambda item: item[0])


def _receive_or_raise(connection: EngineConnection, timeout_s: float) -> Message | None:
    """The next message, unless it says that there is no going on."""
    try:
        message = connection.receive(timeout_s)
    except EOFError as error:
        raise BachBridgeError("The engine has ended unexpectedly: start it again, with --log to see why.") from error
    match message:
        case Failed(reason):
            raise BachBridgeError(reason)
        case ModelDown(reason):
            raise ModelError(reason)
        case _:
            return message


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


def _record_remaining(recording: ExchangeRecording, connection: EngineConnection) -> None:
    """Take what the engine has already said."""
    while (message := _receive_or_raise(connection, _DRAIN_TIMEOUT_S)) is not None:
        _record_message(recording, message)
