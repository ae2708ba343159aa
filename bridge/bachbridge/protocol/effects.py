"""Effects and reports: everything that comes out of the session, as closed unions of frozen values.

An *effect* is something that the session wants done: MIDI to send, or a request to the model. A *report* is an effect
for people: it goes to the process that started the engine, and to the log. Reports carry facts; the code that shows
them chooses the words. What a process says about itself is in `protocol/notices.py`.
"""

from dataclasses import dataclass
from typing import Literal

from bachbridge.music.counterpoint.species import Species
from bachbridge.music.notes import Phrase
from bachbridge.music.phrasing.cadence_kinds import CadenceKind
from bachbridge.protocol.field_types import (
    AnswerNote,
    Count,
    FrameRow,
    KeyNumber,
    PitchClass,
    PitchIndex,
    Seed,
    StoredValue,
    VoiceIndex,
    VoiceIndexOrNone,
)
from bachbridge.protocol.style import Style

# ---------------------------------------------------------------- effects: MIDI output and requests to the model


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes of one MIDI message for the output port, due at `due_ns`. The engine records its lateness."""

    data: bytes
    due_ns: int


@dataclass(frozen=True, slots=True)
class Feed:
    """The phrase as it would be if it ended now, which the model reads ahead of an ask. No answer is expected."""

    model: str
    prompt: Phrase
    seed: int
    key: KeyNumber = -1
    """The key of the answer; see `Ask`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer `prompt` with `steps` steps. Answers carry the number `ask`; a newer ask cancels the older ones.

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
    """The key of the answer; -1: the key of the phrase."""
    phrase_ends: tuple[int, ...] = ()
    """The steps of the prompt at which a phrase's last note begins, sorted; only for the task "harmonize"."""
    close: str = "music"
    """How a continuation ends: with a "cadence" on the tonic, "open" on the dominant, or as the "music" goes."""


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Plan the step after `frames`, which are the harmony of piece `piece` from step `step` on.

    The frames replace those sent before for `step` and later steps. `given` is the player's voice, `held` the pitch
    index that it holds (0: none). `style` steers the choice of the chords. `only_voice` is the voice that alone is
    heard beside the player's (-1: all are heard).
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
    only_voice: VoiceIndexOrNone = -1
    left_hand: tuple[PitchClass, ...] = ()
    """The pitch classes that the harmony obeys, the bass's first."""
    lane: Species | None = None
    """The species of counterpoint in which `only_voice` goes; None: it moves freely."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Drop all asks: no answer is wanted any more."""


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
    """The answer was played to its end or was cut short (`interrupted`); `notes` are those known so far."""

    ask: Count
    notes: tuple[AnswerNote, ...]
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Harmonized:
    """At step `step` of piece `piece`, these voices changed; `voices` holds voice, MIDI pitch and velocity of each."""

    piece: Count
    step: int
    voices: tuple[tuple[int, ...], ...]
    key: KeyNumber


@dataclass(frozen=True, slots=True)
class ChordsLate:
    """Since the last such report, `late` of `chords` chords of live harmony came more than 30 ms after their notes.

    The model process did not plan them in time. A report with `late` 0 says that they are on time again.
    """

    late: Count
    chords: Count


@dataclass(frozen=True, slots=True)
class ChordNamed:
    """The chord at step `step` of piece `piece`, the player's note included: `chord` is its name, such as "D7/F#".

    `numeral` is its Roman numeral in `key`; empty if no key is known. The report comes a few ms after the notes.
    """

    piece: Count
    step: int
    chord: str
    numeral: str
    key: KeyNumber


@dataclass(frozen=True, slots=True)
class SoundingHarmony:
    """The chord that sounds since `since_ns`, the player's notes and ours together, in every mode; empty: none does.

    `numeral` is its Roman numeral in `key`, `confidence` the probability of the key. The report comes about a 16th
    after the notes, so that passing notes rename nothing, and again when the key or its certainty changes.
    """

    since_ns: int
    chord: str
    numeral: str
    key: KeyNumber
    confidence: float


@dataclass(frozen=True, slots=True)
class ChordPlanned:
    """The next chord of the answer or playback that is scheduled begins at `at_ns`; an empty name: none is known.

    `numeral` is its Roman numeral in `key`. Whoever plays on ends the answer, and a report without a chord follows.
    """

    at_ns: int
    chord: str
    numeral: str
    key: KeyNumber


@dataclass(frozen=True, slots=True)
class CadenceReached:
    """The music rests on the last chord of a cadence in `key`; that chord began at `at_ns`."""

    at_ns: int
    kind: CadenceKind
    key: KeyNumber


@dataclass(frozen=True, slots=True)
class AnswerLate:
    """All or part of the answer to ask `ask` came too late or never; `what` says it in words."""

    ask: Count
    what: str


@dataclass(frozen=True, slots=True)
class BarStarted:
    """A bar of `steps_per_bar` steps of `step_ns` begins at `origin_ns`.

    `source` is "playing", "set", "clock" or "link".
    """

    origin_ns: int
    step_ns: int
    steps_per_bar: int
    source: str
    confidence: float = 1.0
    """Probability that bar lines inferred from the playing are right, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class ClockTempo:
    """The DAW's MIDI clock runs at `bpm`; 0: it has stopped."""

    bpm: float


@dataclass(frozen=True, slots=True)
class ClockNeverStarted:
    """The DAW's MIDI clock has run for a while without a Start, so that nobody knows where its bars begin."""


@dataclass(frozen=True, slots=True)
class BeatMissing:
    """The player plays in a mode that needs a beat with bar lines, and no clock rolls and no tempo is set."""

    mode: str


@dataclass(frozen=True, slots=True)
class PhraseHeld:
    """The phrase does not end by silence: the keys are up, and the pedal is down or the latch holds notes.

    Or a key has been down for so long that its release may be lost.
    """

    held_by: Literal["key", "pedal", "latch"]


@dataclass(frozen=True, slots=True)
class PhraseKept:
    """The DAW stopped before this phrase was answered; `EndPhrase` has it answered at the next Start.

    `is_awaited` says that this was asked for.
    """

    phrase: Phrase
    step_ns: int
    is_awaited: bool


@dataclass(frozen=True, slots=True)
class SettingApplied:
    """The setting `name` now has this value."""

    name: str
    value: StoredValue


@dataclass(frozen=True, slots=True)
class SettingRefused:
    """The setting `name` was not changed; `reason` is the sentence that says what it accepts."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class PhraseRefused:
    """A phrase from the window cannot be answered or played: it has no notes, or more than can be played."""

    purpose: Literal["answer", "play"]
    problem: Literal["empty", "unplayable"]


@dataclass(frozen=True, slots=True)
class StartRefused:
    """Our own transport does not start: no tempo is set, or another one rolls, a DAW's clock or a Link session."""

    obstacle: Literal["no tempo", "clock", "link"]


@dataclass(frozen=True, slots=True)
class DamagedMidi:
    """A MIDI message made no sense; it is the `count`-th since the start."""

    count: int


@dataclass(frozen=True, slots=True)
class FeedbackLoop:
    """Our output comes back to our input, and is ignored there; or it does not come back any more."""

    is_there: bool


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The session has ended and is silent; `reason` as in `Quit`."""

    reason: str


Report = (
    PhraseEnded
    | AnswerStarted
    | AnswerEnded
    | Harmonized
    | ChordNamed
    | SoundingHarmony
    | ChordPlanned
    | CadenceReached
    | ChordsLate
    | AnswerLate
    | BarStarted
    | ClockTempo
    | ClockNeverStarted
    | BeatMissing
    | PhraseHeld
    | PhraseKept
    | SettingApplied
    | SettingRefused
    | PhraseRefused
    | StartRefused
    | DamagedMidi
    | FeedbackLoop
    | SessionEnded
)
Effect = Send | Feed | Ask | PlanRequest | Cancel | Report
