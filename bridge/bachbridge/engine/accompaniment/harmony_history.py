"""The harmony so far, step by step, and what is planned to come: what the engine and the model's process both know.

A frame is the classes of the four voices and the bits of those struck (1 soprano, 2 alto, 4 tenor, 8 bass). The last
frame is the step at hand; it may still be replaced. The model's process is only told what it does not know yet.
"""

import numpy as np

from bachbridge.codecs import satb
from bachbridge.inference.runtime.style import closes
from bachbridge.music.notes import RANGES, STEPS_PER_BEAT, VOICES, Note, Phrase, key_named, key_number, key_numbered
from bachbridge.protocol.events import Foresee, Plan
from bachbridge.settings import Settings

_KEPT, _SPARE = 256, 64
"""Steps of the past that are kept, and how many more there may be before the oldest are dropped."""
_RECENT = 32
"""Steps in which a close is looked for."""
_SEEDS = 1 << 31

Frame = tuple[int, ...]


class Piece:
    """Used on the engine's thread only."""

    __slots__ = ("_first", "_frames", "_plans", "_told", "cadence", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.cadence = False
        """Whether a full close is to come."""
        self._frames: list[Frame] = []
        self._first = self._told = 0
        """The step of the first frame that is kept, and the first step that the model's process does not know."""
        self._plans: dict[int, Plan] = {}

    @property
    def first(self) -> int:
        """The first step that is kept."""
        return self._first

    @property
    def step(self) -> int:
        """The step at hand; -1 before the first."""
        return self._first + len(self._frames) - 1

    @property
    def frame(self) -> Frame:
        """The harmony of the step at hand."""
        return self._frames[-1]

    def reach(self, step: int) -> bool:
        """Let what is sung go on up to `step`; before the first frame there are rests. Whether that is news."""
        missing = step - self.step
        going_on = (*self._frames[-1][: len(VOICES)], 0) if self._frames else (satb.REST,) * (len(VOICES) + 1)
        self._frames += [going_on] * missing
        if len(self._frames) > _KEPT + _SPARE:
            dropped = (len(self._frames) - _KEPT) // STEPS_PER_BEAT * STEPS_PER_BEAT
            del self._frames[:dropped]
            self._first += dropped
        for old in [known for known in self._plans if known < step]:
            del self._plans[old]
        return missing > 0

    def put(self, frame: Frame) -> None:
        """Replace the step at hand."""
        self._frames[-1] = frame
        self._told = min(self._told, self.step)

    def take_back(self, steps: int) -> None:
        """The last `steps` steps count for nothing."""
        del self._frames[-steps:]
        self._told = min(self._told, self.step + 1)

    def learn(self, plan: Plan) -> bool:
        """Keep a plan; whether it is for the step at hand."""
        if plan.piece == self.number and plan.step >= self.step:
            self._plans[plan.step] = plan
        return (plan.piece, plan.step) == (self.number, self.step)

    def planned(self, sung: int | None) -> tuple[Frame, int] | None:
        """The frame planned for the step at hand under the class `sung` (None: it goes on), and the plan's key."""
        plan = self._plans.get(self.step)
        if plan is None:
            return None
        rows = plan.rows[-1:] if sung is None else [row for row in plan.rows[:-1] if row[0] == sung]
        return (rows[0][1:], plan.key) if rows else None

    def forget_plans(self) -> None:
        """The model's process is a new one: it is to be told everything again."""
        self._plans.clear()
        self._told = self._first

    def foresee(self, settings: Settings, held: int) -> Foresee:
        """Ask for the next step's plan; `held` is the class that the given voice goes on with."""
        begin = max(self._told, self._first)
        self._told = self.step + 1
        return Foresee(
            model=settings.model,
            piece=self.number,
            step=begin,
            frames=tuple(self._frames[begin - self._first :]),
            given=VOICES.index(settings.voice),
            held=held,
            steps_per_bar=settings.beats_per_bar * STEPS_PER_BEAT,
            temperature=settings.temperature,
            top_p=settings.top_p,
            seed=(settings.seed if settings.seed >= 0 else self.number) % _SEEDS,
            candidates=settings.candidates,
            rules=settings.rules,
            key=key_number(key_named(settings.key)),
            position=settings.position,
            density=settings.density,
            cadence=self.cadence,
            repeat=settings.common_tones,
        )

    def closes(self, key: int) -> bool:
        """Whether the harmony has just come to a full close in `key` (see `events.Plan`)."""
        *before, now = (np.array(frame[: len(VOICES)], np.int32) for frame in self._frames[-_RECENT:])
        other = next((frame for frame in reversed(before) if frame[-1] not in (now[-1], satb.REST)), None)
        known = key_numbered(key)
        return known is not None and other is not None and closes(other, now, known)

    def phrase(self, steps_per_bar: int, velocity: int) -> Phrase:
        """What is kept of the harmony as a phrase in four voices, up to a beat; there must be something."""
        frames = self._frames
        # A step comes into force half a step early, and one in which nothing is struck need not be the next beat.
        if len(frames) % STEPS_PER_BEAT == 1 and not frames[-1][-1] and len(frames) > 1:
            frames = frames[:-1]
        missing = [(*frames[-1][: len(VOICES)], 0)] * (-len(frames) % STEPS_PER_BEAT)
        rows = np.array(frames + missing, np.int32)
        struck = (rows[:, -1:] >> np.arange(len(VOICES)) & 1).astype(bool)
        notes = satb.notes_of(rows[:, :-1], struck)
        sung = tuple(Note(note.start, note.length, note.pitch, velocity, note.voice) for note in notes)
        return Phrase(sung, len(rows), steps_per_bar)


def folded(pitch: int, voice: int, shift: int) -> int:
    """By how many semitones, in octaves, `pitch` must move into the range of `voice`; `shift` stays if it does."""
    low, high = RANGES[voice]
    if low <= pitch + shift <= high:
        return shift
    if low <= pitch <= high:
        return 0
    return 12 * -(-(low - pitch) // 12) if pitch < low else -12 * -(-(pitch - high) // 12)
