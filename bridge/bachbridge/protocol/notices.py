"""Notices: messages of a process about itself, which do not come from the session, as a closed union of frozen values.

The engine reports its ports and its timing, the window's helper processes report their state. `Message` is all that
goes through a pipe or into a log.
"""

from dataclasses import dataclass
from typing import Literal

from bachbridge.protocol.effects import Effect
from bachbridge.protocol.events import Event


@dataclass(frozen=True, slots=True)
class Received:
    """A message from the player arrived at `at_ns` (monotonic clock)."""

    data: bytes
    at_ns: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was due at `due_ns` was sent at `sent_ns` (monotonic clock)."""

    data: bytes
    due_ns: int
    sent_ns: int


@dataclass(frozen=True, slots=True)
class Health:
    """Lateness of the messages sent since the start; reported once a second while messages are sent.

    The model's times are those from an ask to the first part of its answer, over the last minute; 0 without any ask.
    """

    sent: int
    late_p50_ns: int
    late_p99_ns: int
    late_max_ns: int
    model_p50_ns: int = 0
    model_p99_ns: int = 0


@dataclass(frozen=True, slots=True)
class PortNames:
    """The other programs' ports: `inputs` to receive from, `outputs` to send to."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connections:
    """The number of other programs' ports connected to our input and output; -1: the system cannot tell."""

    to_input: int
    to_output: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The process cannot start or go on, and exits with status 1; `error` is the sentence for the user."""

    error: str


@dataclass(frozen=True, slots=True)
class Ping:
    """A sign of life: the engine sends it to the model process, whose main thread sends it back."""


@dataclass(frozen=True, slots=True)
class NotesShed:
    """Notes were left out since more came than can be played; `count` of them since the start."""

    count: int


@dataclass(frozen=True, slots=True)
class LogStopped:
    """The session log cannot be written any more, for the system's `reason`; the music goes on without it."""

    reason: str


@dataclass(frozen=True, slots=True)
class EngineStarted:
    """The window has started an engine, or has started one `again` after the last one ended."""

    again: bool


@dataclass(frozen=True, slots=True)
class EngineEnded:
    """The engine has ended by itself and is started again; `reason` is its last sentence, empty if it left none."""

    reason: str


@dataclass(frozen=True, slots=True)
class PreviewState:
    """The preview process is ready, has begun to sound, has fallen silent, or has loaded its instruments."""

    state: Literal["ready", "sounding", "silent", "loaded"]
    sound_font: str = ""
    """File name of the sound font in use once "loaded"; empty: the built-in instruments."""
    problem: str = ""
    """Sentence that says why a sound font is not in use; empty: none was wanted, or it is."""


@dataclass(frozen=True, slots=True)
class FrameIntervals:
    """Median and 99th percentile of the time between two painted frames (ms)."""

    p50_ms: float
    p99_ms: float


Notice = (
    Received
    | Sent
    | Health
    | PortNames
    | Connections
    | Failed
    | LogStopped
    | NotesShed
    | Ping
    | EngineStarted
    | EngineEnded
    | PreviewState
    | FrameIntervals
)
Message = Event | Effect | Notice
