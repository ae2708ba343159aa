"""Effects, reports and notices: everything that comes out, as closed unions of frozen values.

An *effect* is what the session wants done: MIDI to be sent, the model to be asked. A *report* is an effect for people:
it goes to whoever started the engine, and to the log. Reports carry facts; the words are made where they are shown.
A *notice* is what a process says about itself, without the session: the engine about its ports and its timing, the
window's helpers about their state.
"""

from dataclasses import dataclass
from typing import Literal

from bachbridge.music.notes import Phrase
from bachbridge.protocol.events import Event
from bachbridge.protocol.field_types import (
    AnswerNote,
    Count,
    FrameRow,
    KeyNumber,
    PitchIndex,
    Seed,
    StoredValue,
    VoiceIndex,
)
from bachbridge.protocol.style import Style

# ---------------------------------------------------------------- what the session wants done


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes of one MIDI message for the output port, due at `due_ns` (the engine records how late it is)."""

    data: bytes
    due_ns: int


@dataclass(frozen=True, slots=True)
class Feed:
    """The phrase so far, so that the model can bring its state up to it. No answer is expected."""

    model: str
    prompt: Phrase
    seed: int
    key: KeyNumber = -1
    """As in `Ask`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer `prompt` with `steps` steps. Answers carry the number `ask`; a newer ask makes older ones void.

    `task` is "continue", "harmonize" (the prompt itself in four voices, over as many steps) or "vary".
    """

    ask: Count
    task: str
    model: str
    prompt: Phrase
    steps: int
    temperature: float
    top_p: float
    seed: int
    key: KeyNumber = -1
    """The key of the answer; -1: that of the phrase."""


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Plan the step after `frames`, which are the harmony of piece `piece` from step `step` on.

    Whatever was said before about `step` and later steps is void. `given` is the player's voice, `held` the pitch index
    that it goes on with (0: none). `style` steers the choice.
    """

    model: str
    piece: Count
    step: Count
    frames: tuple[FrameRow, ...]
    given: VoiceIndex
    held: PitchIndex
    steps_per_bar: int
    seed: Count
    style: Style


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nothing that was asked is wanted any more."""


# ---------------------------------------------------------------- reports


@dataclass(frozen=True, slots=True)
class PhraseEnded:
    """A phrase has ended. A step lasts `step_ns`; the phrase's step 0 was at `origin_ns`."""

    phrase: Phrase
    origin_ns: int
    step_ns: int
    ended_by: str


@dataclass(frozen=True, slots=True)
class AnswerStarted:
    """Ask `ask` will be answered from `due_ns` on; its random numbers start from `seed`."""

    ask: Count
    due_ns: int
    seed: Seed = -1


@dataclass(frozen=True, slots=True)
class AnswerEnded:
    """The answer was played whole or cut short (`interrupted`), with its notes as far as they are known."""

    ask: Count
    notes: tuple[AnswerNote, ...]
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Harmonized:
    """At step `step` of piece `piece` these `voices` changed: voice, MIDI pitch and velocity of each."""

    piece: Count
    step: int
    voices: tuple[tuple[int, ...], ...]
    key: KeyNumber


@dataclass(frozen=True, slots=True)
class AnswerLate:
    """The answer to ask `ask` (part of it or all) came too late or never; `what` in words."""

    ask: Count
    what: str


@dataclass(frozen=True, slots=True)
class BarStarted:
    """A bar of `steps_per_bar` steps of `step_ns` begins at `origin_ns`; `source`: playing, set or clock."""

    origin_ns: int
    step_ns: int
    steps_per_bar: int
    source: str


@dataclass(frozen=True, slots=True)
class ClockTempo:
    """The DAW's MIDI clock runs at `bpm`; 0: it stopped."""

    bpm: float


@dataclass(frozen=True, slots=True)
class SettingApplied:
    """The setting `name` now has this value."""

    name: str
    value: StoredValue


@dataclass(frozen=True, slots=True)
class SettingRefused:
    """The setting `name` was left as it is; `reason` is the sentence that says what it accepts."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class PhraseRefused:
    """A phrase from the window cannot be answered or played: it has no notes, or more than can be played."""

    purpose: Literal["answer", "play"]
    problem: Literal["empty", "unplayable"]


@dataclass(frozen=True, slots=True)
class DamagedMidi:
    """A MIDI message made no sense; it is the `count`-th since the start."""

    count: int


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The session has fallen silent for good; `reason` as in `Quit`."""

    reason: str


Report = (
    PhraseEnded
    | AnswerStarted
    | AnswerEnded
    | Harmonized
    | AnswerLate
    | BarStarted
    | ClockTempo
    | SettingApplied
    | SettingRefused
    | PhraseRefused
    | DamagedMidi
    | SessionEnded
)
Effect = Send | Feed | Ask | PlanRequest | Cancel | Report

# ---------------------------------------------------------------- notices: what a process says about itself


@dataclass(frozen=True, slots=True)
class Received:
    """A message from the player came in at `at_ns` (monotonic clock)."""

    data: bytes
    at_ns: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was due at `due_ns` went out at `sent_ns` (monotonic clock)."""

    data: bytes
    due_ns: int
    sent_ns: int


@dataclass(frozen=True, slots=True)
class Health:
    """Lateness of the messages sent since the start; reported once a second while something is sent.

    The model's times run from an ask to the first part of its answer, over the last minute; 0 if nothing was asked.
    """

    sent: int
    late_p50_ns: int
    late_p99_ns: int
    late_max_ns: int
    model_p50_ns: int = 0
    model_p99_ns: int = 0


@dataclass(frozen=True, slots=True)
class PortNames:
    """The other programs' ports that can be listened to and played to."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connections:
    """How many other programs' ports are connected to our input and output; -1: the system cannot tell."""

    to_input: int
    to_output: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The process cannot start or go on; `error` is the sentence for the person. It exits with status 1 after it."""

    error: str


@dataclass(frozen=True, slots=True)
class EngineStarted:
    """The window has started an engine, or has started one `again` after the last one ended."""

    again: bool


@dataclass(frozen=True, slots=True)
class EngineEnded:
    """The engine has ended by itself; `reason` is its last sentence, empty if it left none. Another one is started."""

    reason: str


@dataclass(frozen=True, slots=True)
class PreviewState:
    """The preview sound's process is ready, has begun to sound, or has fallen silent."""

    state: Literal["ready", "sounding", "silent"]


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
    | EngineStarted
    | EngineEnded
    | PreviewState
    | FrameIntervals
)
Message = Event | Effect | Notice
