"""The harmony so far, step by step, and what is planned to come: what the engine and the model's process both know.

A frame is the classes of the four voices and the bits of those struck (1 soprano, 2 alto, 4 tenor, 8 bass). The last
frame is the step at hand; it may still be replaced. The model's process is only told what it does not know yet.
"""

import numpy as np

from bachbridge.music.cadences import is_full_close
from bachbridge.music.frames import REST, notes_from_frames
from bachbridge.music.notes import (
    STEPS_PER_BEAT,
    VOICE_RANGES,
    VOICES,
    Note,
    Phrase,
    fold_into_range,
    key_from_number,
    key_to_number,
    parse_key,
)
from bachbridge.protocol.events import Plan, PlanRequest
from bachbridge.settings import Settings

_KEPT_STEPS, _SPARE_STEPS = 256, 64
"""Steps of the past that are kept, and how many more there may be before the oldest are dropped."""
_CADENCE_SEARCH_STEPS = 32
"""Steps in which a close is looked for."""
_SEED_COUNT = 1 << 31

FrameRow = tuple[int, ...]


class HarmonyHistory:
    """Used on the engine's thread only."""

    __slots__ = ("_first_step", "_first_unsent_step", "_frames", "_plans", "cadence_requested", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.cadence_requested = False
        """Whether a full close is to come."""
        self._frames: list[FrameRow] = []
        self._first_step = self._first_unsent_step = 0
        """The step of the first frame that is kept, and the first step that the model's process does not know."""
        self._plans: dict[int, Plan] = {}

    @property
    def first_step(self) -> int:
        """The first step that is kept."""
        return self._first_step

    @property
    def current_step(self) -> int:
        """The step at hand; -1 before the first."""
        return self._first_step + len(self._frames) - 1

    @property
    def current_frame(self) -> FrameRow:
        """The harmony of the step at hand."""
        return self._frames[-1]

    def extend_to(self, step: int) -> bool:
        """Let what is sung go on up to `step`; before the first frame there are rests. Whether that is news."""
        missing = step - self.current_step
        going_on = (*self._frames[-1][: len(VOICES)], 0) if self._frames else (REST,) * (len(VOICES) + 1)
        self._frames += [going_on] * missing
        if len(self._frames) > _KEPT_STEPS + _SPARE_STEPS:
            dropped = (len(self._frames) - _KEPT_STEPS) // STEPS_PER_BEAT * STEPS_PER_BEAT
            del self._frames[:dropped]
            self._first_step += dropped
        for old in [known for known in self._plans if known < step]:
            del self._plans[old]
        return missing > 0

    def replace_current(self, frame: FrameRow) -> None:
        """Replace the step at hand."""
        self._frames[-1] = frame
        self._first_unsent_step = min(self._first_unsent_step, self.current_step)

    def drop_last(self, steps: int) -> None:
        """The last `steps` steps count for nothing."""
        del self._frames[-steps:]
        self._first_unsent_step = min(self._first_unsent_step, self.current_step + 1)

    def add_plan(self, plan: Plan) -> bool:
        """Keep a plan; whether it is for the step at hand."""
        if plan.piece == self.number and plan.step >= self.current_step:
            self._plans[plan.step] = plan
        return (plan.piece, plan.step) == (self.number, self.current_step)

    def planned_frame(self, pitch_index: int | None) -> tuple[FrameRow, int] | None:
        """The frame planned for the step at hand under the class `sung` (None: it goes on), and the plan's key."""
        plan = self._plans.get(self.current_step)
        if plan is None:
            return None
        rows = plan.rows[-1:] if pitch_index is None else [row for row in plan.rows[:-1] if row[0] == pitch_index]
        return (rows[0][1:], plan.key) if rows else None

    def discard_plans(self) -> None:
        """The model's process is a new one: it is to be told everything again."""
        self._plans.clear()
        self._first_unsent_step = self._first_step

    def make_plan_request(self, settings: Settings, held_pitch_index: int) -> PlanRequest:
        """Ask for the next step's plan; `held` is the class that the given voice goes on with."""
        begin = max(self._first_unsent_step, self._first_step)
        self._first_unsent_step = self.current_step + 1
        return PlanRequest(
            model=settings.model,
            piece=self.number,
            step=begin,
            frames=tuple(self._frames[begin - self._first_step :]),
            given=VOICES.index(settings.voice),
            held=held_pitch_index,
            steps_per_bar=settings.beats_per_bar * STEPS_PER_BEAT,
            temperature=settings.temperature,
            top_p=settings.top_p,
            seed=(settings.seed if settings.seed >= 0 else self.number) % _SEED_COUNT,
            candidates=settings.candidates,
            rules=settings.rules,
            key=key_to_number(parse_key(settings.key)),
            position=settings.position,
            density=settings.density,
            cadence=self.cadence_requested,
            repeat=settings.common_tones,
        )

    def has_cadence_in(self, key: int) -> bool:
        """Whether the harmony has just come to a full close in `key` (see `events.Plan`)."""
        *before, now = (np.array(frame[: len(VOICES)], np.int32) for frame in self._frames[-_CADENCE_SEARCH_STEPS:])
        other = next((frame for frame in reversed(before) if frame[-1] not in (now[-1], REST)), None)
        known = key_from_number(key)
        return known is not None and other is not None and is_full_close(other, now, known)

    def phrase(self, steps_per_bar: int, velocity: int) -> Phrase:
        """What is kept of the harmony as a phrase in four voices, up to a beat; there must be something."""
        frames = self._frames
        # A step comes into force half a step early, and one in which nothing is struck need not be the next beat.
        if len(frames) % STEPS_PER_BEAT == 1 and not frames[-1][-1] and len(frames) > 1:
            frames = frames[:-1]
        missing = [(*frames[-1][: len(VOICES)], 0)] * (-len(frames) % STEPS_PER_BEAT)
        rows = np.array(frames + missing, np.int32)
        struck = (rows[:, -1:] >> np.arange(len(VOICES)) & 1).astype(bool)
        notes = notes_from_frames(rows[:, :-1], struck)
        sung = tuple(Note(note.start, note.length, note.pitch, velocity, note.voice) for note in notes)
        return Phrase(sung, len(rows), steps_per_bar)


def octave_shift_for(pitch: int, voice: int, current_shift: int) -> int:
    """By how many semitones, in octaves, `pitch` must move into the range of `voice`; `shift` stays if it does."""
    low, high = VOICE_RANGES[voice]
    if low <= pitch + current_shift <= high:
        return current_shift
    return fold_into_range(pitch, low, high) - pitch
