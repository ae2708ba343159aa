"""The frames of an answer, one after another: ranked candidates, led by the player's habits and a planned close.

Every frame is drawn as live harmony is (`candidates.rank_frames`): several candidates along the chain of voices, and
the best of those that break no rule. The nats that steer the draw come from the player's rhythm and register
(`music.phrasing.habits`), from loops that have to be left (`music.phrasing.loops`), and from the close
(`music.phrasing.close_bias`). The last chord is chosen once and held to the end.

The voices that a melody lacks are imagined likewise, with the key as it is believed at that moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.inference.chorale.candidates import StepView, rank_frames
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Floats, Frame
from bachbridge.music.notes import STEPS_PER_BEAT, VOICE_LEADING_RULES, VOICES, Key
from bachbridge.music.phrasing.close_bias import close_bias
from bachbridge.music.phrasing.close_plan import ClosePlan
from bachbridge.music.phrasing.habits import Habits
from bachbridge.music.phrasing.loops import loop_nats
from bachbridge.music.phrasing.recall import Recall
from bachbridge.music.tonality.bias import clash_bias, key_bias
from bachbridge.music.tonality.key_belief import KeyBelief
from bachbridge.protocol.style import Style

_CANDIDATES = 8
_MOTION_NATS = (0.0, 0.3, 0.8, 0.4)
"""Nats for a voice that moves, by the step in the beat: the nucleus leaves out much of the motion between beats."""
_IMAGINED_STYLE = Style(rules=frozenset(VOICE_LEADING_RULES) - {"key"})
"""The style of the voices imagined under a melody: the belief in the key speaks for it."""
_ANYTHING = np.full((1, len(VOICES)), UNKNOWN, np.int32)
_NO_ONSETS = (False,) * len(VOICES)


@dataclass(frozen=True, slots=True)
class AnswerGuide:
    """The things to which the whole of an answer keeps; `first_position` is the place of its first step in the bar."""

    key: Key | None
    habits: Habits
    plan: ClosePlan | None
    first_position: int
    temperature: float
    top_p: float
    recall: Recall | None = None

    def holds(self, step: int) -> bool:
        """Return True if the last chord sounds on at this step of the answer."""
        return self.plan is not None and self.plan.holds(step)

    @property
    def style(self) -> Style:
        return Style(self.temperature, self.top_p, candidates=_CANDIDATES, key=self.key, randomness=1.0)

    def nats_at(self, step: int, frames: Sequence[Frame]) -> Floats:
        """Nats for the notes of a step of the answer after `frames`, the prompt's and the answer's so far."""
        nats = np.zeros((len(VOICES), PITCH_INDEX_COUNT), np.float32)
        nats[:, REST] = -np.inf
        if self.plan and step >= self.plan.approach:
            nats += close_bias(self.plan).nats_at(step)
            if step >= self.plan.penultimate:
                return nats
        position = self.first_position + step
        nats += self.habits.nats_at(position, frames[-1].pitch_indices if frames else None)
        if frames:
            _favour_motion(nats, _MOTION_NATS[position % STEPS_PER_BEAT], frames[-1])
            nats += loop_nats(frames)
        recalled = self.recall.nats_at(step, frames) if self.recall else None
        return nats if recalled is None else nats + recalled


def _favour_motion(nats: Floats, extra: float, previous: Frame) -> None:
    for voice, index in enumerate(previous.pitch_indices):
        if index > REST:
            nats[voice, index] -= extra


def draw_answer_frame(view: StepView, guide: AnswerGuide, step: int, frames: Sequence[Frame], seed: int) -> Frame:
    """Return the frame of a step of the answer after `frames`; the random numbers come from the seed and the step."""
    if guide.holds(step) and frames:
        return Frame(frames[-1].pitch_indices, _NO_ONSETS)
    rng = np.random.default_rng([seed, 3, step])
    chosen = rank_frames(view, _ANYTHING, guide.style, rng, bias=guide.nats_at(step, frames)[None])
    pitch_indices, onsets = chosen.pitch_indices[0, 0], chosen.onsets[0, 0]
    if step == 0 or (guide.plan and step == guide.plan.final):
        onsets = pitch_indices > REST
    frame = Frame(tuple(pitch_indices.tolist()), tuple(onsets.tolist()))
    return _with_habitual_strikes(frame, guide, step, frames[-1]) if frames and step else frame


def _with_habitual_strikes(frame: Frame, guide: AnswerGuide, step: int, previous: Frame) -> Frame:
    """Return the frame with notes that stay struck again as the player does."""
    if guide.plan and step >= guide.plan.penultimate:
        return frame
    position, onsets = guide.first_position + step, list(frame.onsets)
    for voice, (index, before) in enumerate(zip(frame.pitch_indices, previous.pitch_indices, strict=True)):
        if index == before > REST:
            onsets[voice] = guide.habits.strikes_again(voice, position, otherwise=onsets[voice])
    return Frame(frame.pitch_indices, tuple(onsets))


def complete_prompt_frame(
    view: StepView,
    given: Sequence[int],
    onsets: Sequence[bool],
    belief: KeyBelief,
    rng: np.random.Generator,
    *,
    may_hold: bool,
) -> Frame:
    """Return the prompt's frame with the voices that were not given.

    If it `may_hold` and the given voices go on as they were, so do the others.
    """
    if UNKNOWN not in given:
        return Frame(tuple(given), tuple(onsets))
    if may_hold and view.previous is not None and not any(onsets):
        pairs = zip(given, view.previous, strict=True)
        held = tuple(int(before) for index, before in pairs if index in (UNKNOWN, before))
        if len(held) == len(VOICES):
            return Frame(held, _NO_ONSETS)
    known, begins = np.array([given], np.int32), np.array([onsets], bool)
    lead = np.array([index for index in given if index > REST][:1] or [REST], np.int32)
    bias = key_bias(belief.probabilities[None], lead) + clash_bias(lead)
    chosen = rank_frames(view, known, _IMAGINED_STYLE, rng, onsets=begins, bias=bias)
    begins = np.where(known == UNKNOWN, chosen.onsets[0, :1], begins)
    return Frame(tuple(chosen.pitch_indices[0, 0].tolist()), tuple(begins[0].tolist()))
