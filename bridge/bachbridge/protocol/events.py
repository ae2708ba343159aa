"""Events: everything that goes into the session, as a closed union of frozen values.

What comes out of the session is in `protocol/effects.py`, the JSON form of both in `protocol/wire.py`.
"""

from dataclasses import dataclass

from bachbridge.music.notes import Phrase
from bachbridge.protocol.field_types import AnswerNote, Count, KeyNumber, PlanRow, Seed, StepNs, StoredValue


@dataclass(frozen=True, slots=True)
class Midi:
    """Bytes of one MIDI message from the player, exactly as they arrived."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Tick:
    """The session's deadline has come. A tick carries no data: the time is passed to `Session.feed` with it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Part of the answer to ask `ask`: its notes up to step `until` of the answer.

    A note that still sounds at `until` may come again in a later answer, then longer; the longer note replaces the
    shorter one (same voice, start and pitch). Nothing follows an answer that is `final`.
    """

    ask: Count
    notes: tuple[AnswerNote, ...]
    until: Count
    final: bool


NO_ASK = 0
"""The number of `AskRefused` that refuses plans rather than an ask."""


@dataclass(frozen=True, slots=True)
class AskRefused:
    """The model cannot do what ask `ask` wants, so no answer will come; `reason` is the sentence for the player.

    Ask 0 stands for live harmony: the model plans no chords.
    """

    ask: Count
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The chords for step `step` of piece `piece`, one for every note that the player may play there.

    The last row applies if the player's note is held. A row whose note is a rest applies if he has let go of it and may
    play anything; only some plans have one. `key` is the key in which the chords were chosen.
    """

    piece: Count
    step: Count
    rows: tuple[PlanRow, ...]
    key: KeyNumber


@dataclass(frozen=True, slots=True)
class Setting:
    """Set a field of `Settings`, given by its name."""

    name: str
    value: StoredValue


@dataclass(frozen=True, slots=True)
class Panic:
    """Silence everything on every channel now."""


@dataclass(frozen=True, slots=True)
class EndPhrase:
    """End the player's phrase and answer it."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Discard the phrase and the answer, and fall silent."""


@dataclass(frozen=True, slots=True)
class ModelUp:
    """The model process is ready with model `name`; one step of its network takes `step_ns` nanoseconds (median).

    For an infill model, it is the time of one sweep over 64 steps, measured once on this machine. The numbers of
    sweeps and candidates for an ask follow from it and from the length (see `inference/infill/budget.py`).
    """

    name: str
    step_ns: int


@dataclass(frozen=True, slots=True)
class ModelDown:
    """The model process died or could not load the model; `reason` is the sentence for the player."""

    reason: str


@dataclass(frozen=True, slots=True)
class PortsChanged:
    """The present names of our two ports, as the MIDI system gives them; empty while closed."""

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class LinkState:
    """The shared beat of the Ableton Link session: step `n` lies at `origin_ns + n * step_ns` (monotonic clock).

    Step 0 is a bar line, and steps keep their numbers when the tempo changes. The grid holds whether or not the
    transport plays: a peer that stops sets `is_playing` to False, unless start and stop are not shared. `peers` counts
    the other programs in the session; without any, nothing is shared: we are alone, or Link is off.
    """

    origin_ns: int
    step_ns: StepNs
    is_playing: bool
    peers: Count


@dataclass(frozen=True, slots=True)
class Cadence:
    """Lead to a full close as soon as the melody allows it (mode "harmonize")."""


@dataclass(frozen=True, slots=True)
class AnswerPhrase:
    """Answer this phrase now, as if it had been played; `aloud`: play it first. `seed` -1: use the setting."""

    phrase: Phrase
    step_ns: int
    seed: Seed
    aloud: bool


@dataclass(frozen=True, slots=True)
class PlayPhrase:
    """Play these notes; the notes of voice -1 are the player's."""

    phrase: Phrase
    step_ns: int


@dataclass(frozen=True, slots=True)
class TapBeat:
    """The player taps a beat of the meter; two taps give a tempo."""


@dataclass(frozen=True, slots=True)
class StartTransport:
    """Roll at the set tempo, after the count-in, where no DAW's clock and no shared session rolls."""


@dataclass(frozen=True, slots=True)
class StopTransport:
    """Stop the transport that `StartTransport` started, and fall silent."""


@dataclass(frozen=True, slots=True)
class ListPorts:
    """Report the available ports (`PortNames`), so that a person can choose one."""


@dataclass(frozen=True, slots=True)
class Quit:
    """End the program, silencing everything first. `reason` is in words: a signal, a closed pipe or a command."""

    reason: str


Command = (
    Midi
    | Setting
    | Panic
    | EndPhrase
    | Cadence
    | Reset
    | AnswerPhrase
    | PlayPhrase
    | TapBeat
    | StartTransport
    | StopTransport
    | ListPorts
    | Quit
)
"""The events that the process which started the engine may send."""
Event = Command | Tick | Answer | AskRefused | Plan | ModelUp | ModelDown | PortsChanged | LinkState
