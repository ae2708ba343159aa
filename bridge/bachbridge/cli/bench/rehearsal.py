"""A phrase played to the live engine, by the clock, and all that comes back: what a DAW would do with a clip.

The rehearsal waits in one place only, for the next message of the engine or the next note of the phrase, whichever is
first. Its clock and its way to the engine are handed in; so tests run it in virtual time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bachbridge.errors import BachBridgeError, ModelError
from bachbridge.music.performance import Played
from bachbridge.protocol.events import Answered, Failed, Heard, Message, Missed, ModelDown, ModelUp, Sent

START_LIMIT_NS = 60_000_000_000
"""How long engine and model may take to be ready; a cold disk is slow."""
_REST_NS = 250_000_000
"""Between being ready and the first note."""
_OVERTIME_NS = 15_000_000_000
"""How long after its due end an answer is waited for."""
_DRAIN_S = 0.1
_PATIENCE_S = 0.2
"""The longest wait at a time, after which progress is told."""


class Wire(Protocol):
    """The way to the engine."""

    @property
    def open(self) -> bool:
        """Whether what is played reaches the engine."""
        ...

    def play(self, data: bytes) -> None:
        """Send the player's MIDI message."""
        ...

    def receive(self, timeout_s: float) -> Message | None:
        """The engine's next message; None if none comes in time; `EOFError` if the engine has ended."""
        ...


@dataclass(slots=True)
class Rehearsal:
    """What was played and what came back; times in ns of the clock that was handed in."""

    played: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    sent: list[Sent] = field(default_factory=list[Sent])
    heard: Heard | None = None
    answered: Answered | None = None
    missed: list[Missed] = field(default_factory=list[Missed])


def await_ready(wire: Wire, now: Callable[[], int]) -> None:
    """Wait until ports and model are there."""
    deadline_ns = now() + START_LIMIT_NS
    model = False
    while not (model and wire.open):
        model = isinstance(_receive(wire, _PATIENCE_S), ModelUp) or model
        if now() > deadline_ns:
            raise BachBridgeError("The engine is not ready after a minute: close other programs and try again.")


def rehearse(
    wire: Wire, notes: Sequence[Played], length_ns: int, now: Callable[[], int], tell: Callable[[float], None]
) -> Rehearsal:
    """Play the notes (from 0 on) and wait for the whole answer, which is taken to last `length_ns` like the phrase.

    `tell` gets the share of both that is over.
    """
    rehearsal = Rehearsal()
    due = _messages(notes)
    start_ns = now() + _REST_NS
    while rehearsal.answered is None:
        while due and start_ns + due[0][0] <= now():
            data = due.pop(0)[1]
            wire.play(data)
            rehearsal.played.append((now(), data))
        wait_s = min(_PATIENCE_S, (start_ns + due[0][0] - now()) / 1e9) if due else _PATIENCE_S
        _collect(rehearsal, _receive(wire, max(0.0, wait_s)))
        tell(min(1.0, max(0.0, (now() - start_ns) / (2 * length_ns))))
        if now() > start_ns + 2 * length_ns + _OVERTIME_NS:
            raise ModelError("No answer came: try another model, or `bachbridge models` to see whether it is there.")
    _drain(rehearsal, wire)
    if rehearsal.answered.interrupted or not rehearsal.answered.notes:
        reason = "; ".join(missed.what for missed in rehearsal.missed) or "it is empty"
        raise ModelError(f"The answer is not whole ({reason}): close other programs and try again.")
    return rehearsal


def _messages(notes: Sequence[Played]) -> list[tuple[int, bytes]]:
    """Note-ons and note-offs on channel 1 in order of time, note-offs first."""
    offs = [(note.end_ns, bytes((0x80, note.pitch, 64))) for note in notes]
    ons = [(note.start_ns, bytes((0x90, note.pitch, note.velocity))) for note in notes]
    return sorted(offs + ons, key=lambda item: item[0])


def _receive(wire: Wire, timeout_s: float) -> Message | None:
    """The next message, unless it says that there is no going on."""
    try:
        message = wire.receive(timeout_s)
    except EOFError as error:
        raise BachBridgeError("The engine has ended unexpectedly: start it again, with --log to see why.") from error
    match message:
        case Failed(reason):
            raise BachBridgeError(reason)
        case ModelDown(reason):
            raise ModelError(reason)
        case _:
            return message


def _collect(rehearsal: Rehearsal, message: Message | None) -> None:
    match message:
        case Sent():
            rehearsal.sent.append(message)
        case Heard():
            rehearsal.heard = message
        case Answered():
            rehearsal.answered = message
        case Missed():
            rehearsal.missed.append(message)
        case _:
            pass


def _drain(rehearsal: Rehearsal, wire: Wire) -> None:
    """Take what the engine has already said."""
    while (message := _receive(wire, _DRAIN_S)) is not None:
        _collect(rehearsal, message)
