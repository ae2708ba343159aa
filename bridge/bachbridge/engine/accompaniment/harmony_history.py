"""The harmony so far, step by step, and the plans for the next steps.

A frame holds the pitch indices of the four voices and the onset bits (1 soprano, 2 alto, 4 tenor, 8 bass). The last
frame is the current step and may still be replaced. The model process keeps a copy of the history; it is sent only the
frames that are new to it.
"""

import numpy as np

from bachbridge.music.cadences import is_full_close
from bachbridge.music.counterpoint.species import Species
from bachbridge.music.frames import REST, notes_from_frames
from bachbridge.music.notes import (
    SEED_COUNT,
    STEPS_PER_BEAT,
    VOICE_RANGES,
    VOICES,
    Note,
    Phrase,
    fold_into_range,
    key_from_number,
)
from bachbridge.protocol.effects import PlanRequest
from bachbridge.protocol.events import Plan
from bachbridge.protocol.style import style_from_settings
from bachbridge.settings import Settings

_KEPT_STEPS, _SPARE_STEPS = 256, 64
"""Number of past steps that are kept, and number of steps in excess of it before the oldest are dropped."""
_CADENCE_SEARCH_STEPS = 32
"""Number of steps, counted back from the last, that are searched for a cadence."""

FrameRow = tuple[int, ...]
"""Pitch indices of the four voices, then the onset bits."""


class HarmonyHistory:
    """The harmony of piece `number`. Used on the engine's thread only."""

    __slots__ = (
        "_changed_step", "_first_step", "_first_unsent_step", "_frames", "_given", "_plans", "cadence_requested",
        "number",
    )  # fmt: skip

    def __init__(self, number: int) -> None:
        self.number = number
        self.cadence_requested = False
        """True while a full close is wanted."""
        self._frames: list[FrameRow] = []
        self._first_step = self._first_unsent_step = 0
        """The step of the first kept frame, and the first step that was not sent to the model process."""
        self._plans: dict[int, Plan] = {}
        """Plans by step: those of coming steps, and late ones of steps since which the harmony has not changed."""
        self._changed_step = -1
        """The last step in which the harmony changed."""
        self._given = 0
        """The player's voice in the last request."""

    @property
    def first_step(self) -> int:
        """The step of the first kept frame."""
        return self._first_step

    @property
    def current_step(self) -> int:
        """The current step; -1 before the first."""
        return self._first_step + len(self._frames) - 1

    @property
    def current_frame(self) -> FrameRow:
        return self._frames[-1]

    def begin_at(self, step: int) -> None:
        """Begin the piece at `step` of its bars; a plan that was made for the beginning holds there."""
        self._first_step = self._first_unsent_step = step
        plan = self._plans.get(0)
        self._plans = {step: plan} if plan else {}

    def extend_to(self, step: int) -> bool:
        """Hold the current harmony up to `step` (rests before the first frame); return True if steps were added."""
        missing = step - self.current_step
        held = (*self._frames[-1][: len(VOICES)], 0) if self._frames else (REST,) * (len(VOICES) + 1)
        if missing > _KEPT_STEPS + _SPARE_STEPS:  # after a long sleep nothing of what was is kept
            skipped = (step + 1 - _KEPT_STEPS - self._first_step) // STEPS_PER_BEAT * STEPS_PER_BEAT
            self._first_step += skipped
            self._frames, missing = [], step + 1 - self._first_step
        self._frames += [held] * missing
        if len(self._frames) > _KEPT_STEPS + _SPARE_STEPS:
            dropped = (len(self._frames) - _KEPT_STEPS) // STEPS_PER_BEAT * STEPS_PER_BEAT
            del self._frames[:dropped]
            self._first_step += dropped
        self._drop_outdated_plans()
        return missing > 0

    def replace_current(self, frame: FrameRow, *, changes_harmony: bool = True) -> None:
        """Replace the frame of the current step; `changes_harmony` is False if only the melody's note is another."""
        self._frames[-1] = frame
        self._first_unsent_step = min(self._first_unsent_step, self.current_step)
        if changes_harmony:
            self._changed_step = self.current_step
            self._drop_outdated_plans()

    def begin_tune_note(self, voice: int, pitch_index: int, *, changes_harmony: bool = True) -> None:
        """Let the tune's note begin in the current step, in its `voice`; `changes_harmony` as in `replace_current`."""
        frame = list(self.current_frame)
        frame[voice] = pitch_index
        frame[-1] |= 1 << voice
        self.replace_current(tuple(frame), changes_harmony=changes_harmony)

    def retract_change(self) -> bool:
        """Let the last change of harmony count as never made; return False if it lies in the current step.

        A chord that is revised at once is heard as a grace, so the voices lead from the chord before it.
        """
        index = self._changed_step - self._first_step
        if index < 1 or self._changed_step == self.current_step:
            return False
        lower = self._frames[index - 1]
        for at in range(index, len(self._frames)):
            frame, own = self._frames[at], 1 << self._given
            held = [frame[voice] if voice == self._given else lower[voice] for voice in range(len(VOICES))]
            self._frames[at] = (*held, frame[-1] & own)
        self._first_unsent_step = min(self._first_unsent_step, self._changed_step)
        self._changed_step -= 1
        self._plans.clear()
        return True

    def _drop_outdated_plans(self) -> None:
        """Forget all plans for past steps but the newest, and that one too if the harmony has changed since."""
        past = [step for step in self._plans if step < self.current_step]
        for step in past:
            if step <= self._changed_step or step < max(past):
                del self._plans[step]

    def drop_last(self, steps: int) -> None:
        """Forget the last `steps` steps, in which nothing changed: the plans move with them."""
        del self._frames[-steps:]
        self._plans = {step - steps: plan for step, plan in self._plans.items()}
        self._changed_step = min(self._changed_step, self.current_step)
        self._first_unsent_step = min(self._first_unsent_step, self.current_step + 1)

    def add_plan(self, plan: Plan) -> bool:
        """Store a plan, unless it is outdated; return True if it can be used in the current step.

        A plan that comes late is good for a new note as long as the harmony is still the one that it was made for, and
        the player is still taken for the same voice.
        """
        is_late = plan.step < self.current_step
        if plan.piece != self.number or (is_late and plan.step <= self._changed_step):
            return False
        if any(row[0] not in (REST, row[1 + self._given]) for row in plan.rows):
            return False
        self._plans[plan.step] = plan
        self._drop_outdated_plans()
        return plan.step <= self.current_step

    def planned_frame(self, pitch_index: int | None) -> tuple[FrameRow, int] | None:
        """Return the frame planned for the current step under a melody note, and the plan's key; None without a plan.

        `pitch_index` is that of a new melody note, for which a late plan will do; None means that the note before is
        held.
        """
        plan = self._plans.get(self.current_step)
        if plan is None and pitch_index is not None:
            plan = self._plans.get(max((step for step in self._plans if step < self.current_step), default=-1))
        if plan is None:
            return None
        rows = plan.rows[-1:] if pitch_index is None else [row for row in plan.rows[:-1] if row[0] == pitch_index]
        return (rows[0][1:], plan.key) if rows else None

    def discard_plans(self) -> None:
        """Forget all plans, and mark the whole history as unsent, because the model process is new."""
        self._plans.clear()
        self._first_unsent_step = self._first_step

    def discard_coming_plans(self) -> None:
        """Forget the plans of the current step and of later ones, which are planned again."""
        self._plans.clear()

    def make_plan_request(
        self,
        settings: Settings,
        held_pitch_index: int,
        only_voice: int = -1,
        left_hand: tuple[int, ...] = (),
        lane: Species | None = None,
        *,
        again: bool = False,
    ) -> PlanRequest:
        """Return a request for the next step's plan; `held_pitch_index` is the note that the player holds (0: none).

        `only_voice` is the voice that alone is heard (-1: all); `left_hand` and `lane` as in `PlanRequest`. `again`
        requests the plan of the current step instead.
        """
        end = self.current_step if again else self.current_step + 1
        begin = min(max(self._first_unsent_step, self._first_step), end)
        self._first_unsent_step, self._given = end, settings.voice_index
        return PlanRequest(
            model=settings.model,
            piece=self.number,
            step=begin,
            frames=tuple(self._frames[begin - self._first_step : end - self._first_step]),
            given=self._given,
            held=held_pitch_index,
            steps_per_bar=settings.steps_per_bar,
            seed=(settings.seed if settings.seed >= 0 else self.number) % SEED_COUNT,
            style=style_from_settings(settings, cadence=self.cadence_requested),
            only_voice=only_voice,
            left_hand=left_hand,
            lane=lane,
        )

    def finish_cadence(self, key: int) -> None:
        """Want no further full close, if the harmony has just come to one in `key` (numbered as in `Plan`)."""
        if self.cadence_requested and self._has_cadence_in(key):
            self.cadence_requested = False

    def _has_cadence_in(self, key: int) -> bool:
        """Return True if the harmony has just come to a full close in `key` (numbered as in `Plan`)."""
        *before, now = (np.array(frame[: len(VOICES)], np.int32) for frame in self._frames[-_CADENCE_SEARCH_STEPS:])
        previous = next((frame for frame in reversed(before) if frame[-1] not in (now[-1], REST)), None)
        known = key_from_number(key)
        return known is not None and previous is not None and is_full_close(previous, now, known)

    def phrase(self, steps_per_bar: int, velocity: int, *, bar_lines_known: bool = False) -> Phrase:
        """Return the kept harmony as a phrase in four voices, filled up to a beat; there must be at least one frame.

        `bar_lines_known` says that step 0 is a bar line.
        """
        frames = self._frames
        # A step becomes current half a step early, so a last one without an onset need not begin another beat.
        if len(frames) % STEPS_PER_BEAT == 1 and not frames[-1][-1] and len(frames) > 1:
            frames = frames[:-1]
        missing = [(*frames[-1][: len(VOICES)], 0)] * (-len(frames) % STEPS_PER_BEAT)
        rows = np.array(frames + missing, np.int32)
        onsets = (rows[:, -1:] >> np.arange(len(VOICES)) & 1).astype(bool)
        notes = notes_from_frames(rows[:, :-1], onsets)
        notes = tuple(Note(note.start, note.length, note.pitch, velocity, note.voice) for note in notes)
        position = self._first_step % steps_per_bar if bar_lines_known else None
        return Phrase(notes, len(rows), steps_per_bar, position)


def octave_shift_for(pitch: int, voice: int, current_shift: int) -> int:
    """Return the octave shift (semitones) that moves `pitch` into the range of `voice`: the current one if it does."""
    low, high = VOICE_RANGES[voice]
    if low <= pitch + current_shift <= high:
        return current_shift
    return fold_into_range(pitch, low, high) - pitch
