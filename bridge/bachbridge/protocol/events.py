"""What goes into the session and what comes out of it: two closed unions and their JSON form.

The same JSON is the wire format between the processes, the session log and the fixture of the tests. A message is
an object whose `type` names the class and whose other keys are its fields; MIDI bytes are a hex string, a `Note` is
the list of its fields.

    {"type":"Midi","data":"903c40"}
    {"type":"Answer","ask":7,"notes":[[0,4,60,80,0,0]],"until":4,"final":false}
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any, cast

from bachbridge.music.notes import Note, Phrase

SettingValue = str | int | float | bool

# ---------------------------------------------------------------- events: into the session


@dataclass(frozen=True, slots=True)
class Midi:
    """Bytes of one MIDI message from the player, as they came."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Tick:
    """The session's deadline has come; carries nothing but the time it is fed with."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Some notes of the answer to ask `ask`, decided up to step `until` of the answer.

    A note that still sounds at `until` may come again in a later answer, longer: the longer one replaces the shorter
    (same voice, start and pitch). After `final` nothing comes.
    """

    ask: int
    notes: tuple[Note, ...]
    until: int
    final: bool


@dataclass(frozen=True, slots=True)
class AskRefused:
    """The model cannot do what ask `ask` wants, `reason` in words: no answer will come. Ask 0: it plans no chords."""

    ask: int
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be sung at step `step` of piece `piece` under each note that the player may play there.

    `rows`: the given voice's class, the classes of the four voices, and the bits of the voices struck (1 soprano, 2
    alto, 4 tenor, 8 bass). The last row is for the case that the given voice goes on. `key` is the tonic's pitch class,
    12 more for minor, or -1.
    """

    piece: int
    step: int
    rows: tuple[tuple[int, ...], ...]
    key: int


@dataclass(frozen=True, slots=True)
class Setting:
    """A person changed a setting: a field of `config.Settings` by name."""

    name: str
    value: SettingValue


@dataclass(frozen=True, slots=True)
class Panic:
    """Silence everything on every channel now."""


@dataclass(frozen=True, slots=True)
class EndPhrase:
    """The player says that the phrase is over: answer it."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Forget the phrase and the answer, and fall silent."""


@dataclass(frozen=True, slots=True)
class ModelUp:
    """The model process is ready with model `name`; one step of its network takes `step_ns` nanoseconds (median).

    Of an infilling model it is a pass over 64 steps, as it was measured once on this machine: the number of passes and
    of candidates for an ask follows from it and from the length (see `pace.py`).
    """

    name: str
    step_ns: int


@dataclass(frozen=True, slots=True)
class ModelDown:
    """The model process died or refused; `reason` in words."""

    reason: str


@dataclass(frozen=True, slots=True)
class PortsChanged:
    """Which of our ports are open now; names in the system's own words, empty if closed."""

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Cadence:
    """Lead to a full close as soon as the melody allows it (mode "harmonize")."""


@dataclass(frozen=True, slots=True)
class AnswerPhrase:
    """Answer this phrase now, as if it had been played; `aloud`: let it be heard first. `seed` -1: as set."""

    phrase: Phrase
    step_ns: int
    seed: int
    aloud: bool


@dataclass(frozen=True, slots=True)
class PlayPhrase:
    """Let these notes be heard; those of voice -1 are the player's."""

    phrase: Phrase
    step_ns: int


@dataclass(frozen=True, slots=True)
class ListPorts:
    """Somebody wants to choose among the ports: say which there are (`PortNames`)."""


@dataclass(frozen=True, slots=True)
class Quit:
    """The program ends: hush first. `reason` in words (signal, closed pipe, command)."""

    reason: str


Command = Midi | Setting | Panic | EndPhrase | Cadence | Reset | AnswerPhrase | PlayPhrase | ListPorts | Quit
"""What the starter may say while the engine runs."""
Event = Command | Tick | Answer | AskRefused | Plan | ModelUp | ModelDown | PortsChanged

# ---------------------------------------------------------------- effects: out of the session


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes of one MIDI message for the output port, due at `due_ns` (the engine notes how late it is)."""

    data: bytes
    due_ns: int


@dataclass(frozen=True, slots=True)
class Feed:
    """The phrase so far: the model may bring its state up to it. No answer is expected."""

    model: str
    prompt: Phrase
    seed: int
    key: int = -1
    """As in `Ask`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer `prompt` with `steps` steps; answers carry the number `ask`, and a newer ask makes older ones void.

    `task` is one of `config.ANSWERS`: "continue" it, "harmonize" it (the prompt itself in four voices, over as many
    steps) or "vary" it.
    """

    ask: int
    task: str
    model: str
    prompt: Phrase
    steps: int
    temperature: float
    top_p: float
    seed: int
    key: int = -1
    """As in `Plan`; -1: that of the phrase."""


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Plan the step after `frames`, which are the harmony of piece `piece` from step `step` on.

    What was said of `step` and later before is void. A frame is the classes of the four voices and the bits of those
    struck. `given` is the player's voice, `held` the class that it goes on with (0: none). The rest steers the choice:
    see `config.Settings`; `key` as in `Plan`, -1 to be found.
    """

    model: str
    piece: int
    step: int
    frames: tuple[tuple[int, ...], ...]
    given: int
    held: int
    steps_per_bar: int
    temperature: float
    top_p: float
    seed: int
    candidates: int
    rules: str
    key: int
    position: float
    density: float
    cadence: bool
    repeat: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Whatever was asked is no longer wanted."""


@dataclass(frozen=True, slots=True)
class PhraseEnded:
    """Report: a phrase has ended. The step lasts `step_ns`; the phrase's step 0 was at `origin_ns`."""

    phrase: Phrase
    origin_ns: int
    step_ns: int
    ended_by: str


@dataclass(frozen=True, slots=True)
class AnswerStarted:
    """Report: ask `ask` is to be answered from `due_ns` on, chance starting from `seed`."""

    ask: int
    due_ns: int
    seed: int = -1


@dataclass(frozen=True, slots=True)
class AnswerEnded:
    """Report: the answer was played whole, or cut short (`interrupted`); its notes as far as they are known."""

    ask: int
    notes: tuple[Note, ...]
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Harmonized:
    """Report: at step `step` of piece `piece` these `voices` changed: voice, MIDI pitch and velocity of each."""

    piece: int
    step: int
    voices: tuple[tuple[int, ...], ...]
    key: int


@dataclass(frozen=True, slots=True)
class AnswerLate:
    """Report: the answer to ask `ask` (part of it or all) came too late or never; `what` in words."""

    ask: int
    what: str


@dataclass(frozen=True, slots=True)
class BarStarted:
    """Report: a bar of `steps_per_bar` steps of `step_ns` begins at `origin_ns`; `source`: playing, set or clock."""

    origin_ns: int
    step_ns: int
    steps_per_bar: int
    source: str


@dataclass(frozen=True, slots=True)
class ClockTempo:
    """Report: the DAW's MIDI clock runs at `bpm`; 0: it stopped."""

    bpm: float


@dataclass(frozen=True, slots=True)
class Status:
    """Report: a change of the session's condition in words, `topic` being one of port, model, mode, midi, tempo."""

    topic: str
    text: str


Report = PhraseEnded | AnswerStarted | AnswerEnded | Harmonized | AnswerLate | BarStarted | ClockTempo | Status
Effect = Send | Feed | Ask | PlanRequest | Cancel | Report

# ---------------------------------------------------------------- what the engine itself tells its starter


@dataclass(frozen=True, slots=True)
class Received:
    """A message from the player came in at `at_ns` (monotonic clock)."""

    data: bytes
    at_ns: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A message due at `due_ns` went out at `sent_ns` (monotonic clock)."""

    data: bytes
    due_ns: int
    sent_ns: int


@dataclass(frozen=True, slots=True)
class Health:
    """Once a second while something is sent: the lateness of the messages sent since the start.

    The model's times are from an ask to the first part of what it says, of the last minute; 0 where nothing was asked.
    """

    sent: int
    late_p50_ns: int
    late_p99_ns: int
    late_max_ns: int
    model_p50_ns: int = 0
    model_p99_ns: int = 0


@dataclass(frozen=True, slots=True)
class PortNames:
    """The ports of others that can be listened to and played to."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The engine cannot start or go on; `error` is the sentence for the person. The process exits 1 after it."""

    error: str


@dataclass(frozen=True, slots=True)
class Connections:
    """How many other programs' ports are connected to our input and output; -1: the system cannot tell."""

    to_input: int
    to_output: int


Notice = Received | Sent | Health | PortNames | Connections | Failed
Message = Event | Effect | Notice

# ---------------------------------------------------------------- JSON

_MESSAGE_TYPES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        *(
            Midi,
            Tick,
            Answer,
            AskRefused,
            Plan,
            Setting,
            Panic,
            EndPhrase,
            Reset,
            ModelUp,
            ModelDown,
            PortsChanged,
            Quit,
        ),
        *(Cadence, AnswerPhrase, PlayPhrase, ListPorts, BarStarted, ClockTempo, PortNames),
        *(
            Send,
            Feed,
            Ask,
            PlanRequest,
            Cancel,
            PhraseEnded,
            AnswerStarted,
            AnswerEnded,
            Harmonized,
            AnswerLate,
            Status,
        ),
        *(Received, Sent, Health, Failed, Connections),
    )
}


_FORMER_TYPES = {
    "Foresee": "PlanRequest", "Heard": "PhraseEnded", "Answering": "AnswerStarted", "Answered": "AnswerEnded",
    "Metre": "BarStarted", "Missed": "AnswerLate", "Refused": "AskRefused", "Prompt": "AnswerPhrase",
    "Play": "PlayPhrase", "LookForPorts": "ListPorts", "ClockHeard": "ClockTempo",
}  # fmt: skip
"""Names of messages in session logs up to version 0.1, and their present names."""
_NOTE_FIELDS = attrgetter(*(field.name for field in fields(Note)))
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


@cache
def _field_names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))


def _to_json_value(value: Any) -> Any:
    match value:
        case bytes():
            return value.hex()
        case Note():
            return _NOTE_FIELDS(value)
        case tuple():
            items = cast("tuple[Any, ...]", value)
            return [_to_json_value(item) for item in items]
        case Phrase():
            return {name: _to_json_value(getattr(value, name)) for name in _field_names(Phrase)}
        case _:
            return value


def _decode_notes(rows: list[list[int]]) -> tuple[Note, ...]:
    return tuple(Note(*row) for row in rows)


def _decode_phrase(plain: dict[str, Any]) -> Phrase:
    rest = {name: value for name, value in plain.items() if name != "notes"}
    return Phrase(_decode_notes(plain["notes"]), **rest)


def _decode_rows(rows: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in rows)


def _unchanged(plain: Any) -> Any:
    return plain


_FIELD_DECODERS: dict[str, Callable[[Any], Any]] = {
    "data": bytes.fromhex,
    "notes": _decode_notes,
    "prompt": _decode_phrase,
    "phrase": _decode_phrase,
    "frames": _decode_rows,
    "rows": _decode_rows,
    "voices": _decode_rows,
    "inputs": tuple,
    "outputs": tuple,
}


def to_dict(message: Message) -> dict[str, Any]:
    """The message as JSON values."""
    cls = type(message)
    return {"type": cls.__name__, **{name: _to_json_value(getattr(message, name)) for name in _field_names(cls)}}


def from_dict(plain: dict[str, Any]) -> Message:
    """The inverse of `to_plain`; raises `ValueError` in one sentence for anything that is not a message."""
    try:
        name = str(plain["type"])
        cls = _MESSAGE_TYPES[_FORMER_TYPES.get(name, name)]
        return cls(**{k: _FIELD_DECODERS.get(k, _unchanged)(v) for k, v in plain.items() if k != "type"})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a message of BachBridge: {str(plain)[:200]}") from error


def dumps(message: Message) -> str:
    """One line of JSON, without the line feed."""
    return _ENCODE(to_dict(message))


def loads(line: str) -> Message:
    """The inverse of `dumps`."""
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {line[:200]}") from error
    if not isinstance(plain, dict):
        raise ValueError(f"not a message of BachBridge: {line[:200]}")
    return from_dict(plain)  # pyright: ignore[reportUnknownArgumentType]
