"""The model's half of live harmony: it follows the frames that sounded and plans the next step under every note.

The network's state is kept for each of the last steps, so a revised step is taken in again from there only. All random
numbers come from the seed and the number of the step.

The key is a belief that each of the player's notes changes (see `music.tonality.key_belief`). For each note that may
come, the belief after it makes foreign notes unlikely; under the first note it chooses the chord to open with. A key
that is set stands in for the belief. A part of the belief stays for the next piece. For one voice alone only the
likeliest key counts: two parts have their own rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs import satb
from bachbridge.inference.chorale import lanes, two_voices
from bachbridge.inference.chorale.candidates import StepView, next_note_shares, rank_frames
from bachbridge.inference.chorale.left_hand import left_hand_bias
from bachbridge.inference.chorale.live_bias import live_bias, live_wish, style_in_key
from bachbridge.inference.chorale.live_closes import CloseMemory
from bachbridge.inference.phrasing.predictor import PhraseEndNet
from bachbridge.inference.runtime.protocols import FrameNet
from bachbridge.music.frames import (
    PITCH_INDEX_COUNT,
    REST,
    UNKNOWN,
    Bools,
    Floats,
    Frame,
    Ints,
    pitch_index,
)
from bachbridge.music.notes import (
    STEPS_PER_BEAT,
    VOICE_RANGES,
    VOICES,
    key_to_number,
)
from bachbridge.music.phrasing.closing.live_wishes import LiveWish
from bachbridge.music.tonality.key_belief import NO_BELIEF, KeyBelief
from bachbridge.protocol.effects import PlanRequest
from bachbridge.protocol.events import Plan
from bachbridge.protocol.style import Style

_LIKELY_SEMITONES = 4
"""Melodies move by small steps: 9 of 10 of their intervals are no wider (D. Huron, "Sweet Anticipation", 2006)."""
_MAX_MEMORIES = 64
"""Steps whose state is kept."""
_STILL_DENSITY = 0.75
"""The density grows by this much for a voice that is heard alone and has kept its pitch for long."""


@dataclass(frozen=True, slots=True)
class _PlannerMemory:
    """The situation after a step: the next step's context, the network's state and view, the tune's key and close."""

    context: satb.FrameContext
    state: Floats
    hidden: Floats
    belief: KeyBelief
    close: CloseMemory


class Planner:
    """Plans for one piece at a time. Used on the main thread of the model process."""

    __slots__ = ("_first_step", "_memories", "_net", "_phrase_net", "_piece_number", "_voice_order")

    def __init__(self, net: FrameNet, voice_order: Sequence[int], phrase_net: PhraseEndNet | None = None) -> None:
        self._net, self._voice_order, self._phrase_net = net, tuple(voice_order), phrase_net
        self._piece_number = -1
        self._first_step = 0
        """The step that comes after the oldest memory."""
        self._memories: list[_PlannerMemory] = []

    def follow(self, request: PlanRequest) -> None:
        """Take in the frames that sounded."""
        if request.piece != self._piece_number or not self._first_step <= request.step < self._first_step + len(
            self._memories
        ):
            is_next = bool(self._memories) and request.piece == self._piece_number + 1
            belief = self._memories[-1].belief.after_pause() if is_next else NO_BELIEF
            self._piece_number, self._first_step = request.piece, request.step
            self._memories = [self._initial_memory(request, belief)]
        del self._memories[request.step - self._first_step + 1 :]
        for frame in request.frames:
            self._memories.append(self._memory_after(self._memories[-1], frame, request.given))
        excess = max(0, len(self._memories) - _MAX_MEMORIES)
        self._first_step += excess
        del self._memories[:excess]

    def plan(self, request: PlanRequest) -> Plan:
        """Plan the next step; `follow` has been called with the same request before."""
        *_, whole = self.plans(request)
        return whole

    def plans(self, request: PlanRequest) -> Iterator[Plan]:
        """Yield a plan for the notes that are likely to come, in half the time, and then the whole one."""
        memory, given_voice = self._memories[-1], request.given
        step = self._first_step + len(self._memories) - 1
        low, high = VOICE_RANGES[given_voice]
        given_pitches = [*range(pitch_index(low), pitch_index(high) + 1), request.held]
        given = np.full((len(given_pitches), len(VOICES)), UNKNOWN, np.int32)
        given[:, given_voice] = given_pitches
        previous = memory.context.previous_frame
        view = self._view(memory)
        rng = np.random.default_rng([request.seed, 4, step])
        style, key = style_in_key(request.style, memory.belief)
        bias, wish = live_bias(request, memory.belief, previous, style, given[:, given_voice]), None
        if bias is not None:
            style = replace(style, rules=style.rules - {"key"})
        situation = None if request.only_voice < 0 else self._situation(request, step)
        if request.left_hand:
            bias = _sum_of(bias, left_hand_bias(request.left_hand, len(given)))
        if request.lane and situation:
            planned = self._plan_lane(view, request, given, style, rng, bias)
            yield Plan(request.piece, step, tuple(planned), key_to_number(key))
            return
        if previous and (wish := live_wish(request, memory.belief, memory.close, style, given[:, given_voice])):
            bias = _sum_of(bias, wish.bias(np.repeat(np.array([previous.pitch_indices], np.int32), len(given), axis=0)))
        rows: dict[int, tuple[int, ...]] = {}
        for part in _parts_by_likelihood(given_pitches, previous.pitch_indices[given_voice] if previous else REST):
            part_bias, part_wish = None if bias is None else bias[part], wish and wish.of_rows(part)
            pitch_indices, onsets = _choose_frames(view, given[part], style, rng, situation, part_bias, part_wish)
            onsets[:, given_voice] = True
            if previous and part[-1] == len(given) - 1:
                # While the melody's note goes on (the last row), a voice that stays has no onset.
                onsets[-1] = pitch_indices[-1] != np.array(previous.pitch_indices)
            planned = _plan_rows(given[part, given_voice], pitch_indices, onsets)
            rows |= dict(zip(part.tolist(), planned, strict=True))
            if len(rows) < len(given):
                yield Plan(request.piece, step, tuple(rows[row] for row in sorted(rows)), key_to_number(key))
        if situation and previous and request.held:
            unknown = _frame_for_unknown(view, style, rng, situation, request.held)
            rows[-1] = _plan_rows([REST], unknown, unknown != np.array(previous.pitch_indices))[0]
        yield Plan(request.piece, step, tuple(rows[row] for row in sorted(rows)), key_to_number(key))

    def _view(self, memory: _PlannerMemory) -> StepView:
        """Return the network's view of the step after a memory."""
        previous = memory.context.previous_frame
        pitch_indices = previous.pitch_indices if previous else None
        return StepView(self._net, self._voice_order, memory.hidden, pitch_indices, memory.close.sevenths)

    def _plan_lane(
        self,
        view: StepView,
        request: PlanRequest,
        given: Ints,
        style: Style,
        rng: np.random.Generator,
        bias: Floats | None,
    ) -> list[tuple[int, ...]]:
        """Return the rows of a plan for a lane (see `lanes`)."""
        assert request.lane
        frames = [memory.context.previous_frame for memory in self._memories]
        past = [frame for frame in frames if frame]
        bar_step = (self._first_step + len(self._memories) - 1) % request.steps_per_bar
        lane = lanes.lane_step(request.lane, bar_step, (request.given, request.only_voice), past, style.key)
        if bias is None:
            bias = np.zeros((len(given), len(VOICES), PITCH_INDEX_COUNT), np.float32)
        shares = next_note_shares(view, request.given, request.held) if past and request.held else None
        if past and request.held and lane.species.strikes_at(lane.place):
            lane = replace(lane, forecast=self._forecast(request.given, lane.steps_to_beat))
        pitch_indices, onsets = lanes.choose_lane_frames(view, lane, given, style, rng, bias, shares)
        given_pitches = given[:, request.given].tolist()
        return _plan_rows([*([] if shares is None else [REST]), *given_pitches], pitch_indices, onsets)

    def _forecast(self, given_voice: int, steps: int) -> Floats | None:
        """Return the probabilities of the player's note in so many steps, if everything is held until then."""
        memory = self._memories[-1]
        frame = memory.context.previous_frame
        if frame is None or not steps:
            return None
        for _ in range(steps):
            memory = self._memory_after(memory, (*frame.pitch_indices, 0), given_voice)
        view = StepView(self._net, self._voice_order, memory.hidden, frame.pitch_indices)
        return next_note_shares(view, given_voice, REST)

    def _situation(self, request: PlanRequest, step: int) -> two_voices.Situation:
        """Return what goes before the step for the two voices that are heard."""
        frames = [memory.context.previous_frame for memory in self._memories[-STEPS_PER_BEAT:]]
        previous, beat_before = (
            None if frame is None else np.array(frame.pitch_indices, np.int32) for frame in (frames[-1], frames[0])
        )
        return two_voices.Situation(
            previous,
            beat_before if len(frames) == STEPS_PER_BEAT else None,
            request.given,
            request.only_voice,
            step % request.steps_per_bar,
            self._still_steps(request.only_voice),
        )

    def _still_steps(self, voice: int) -> int:
        """Return for how many steps a voice has kept its pitch, as far as is remembered."""
        frames = [memory.context.previous_frame for memory in reversed(self._memories)]
        pitches = [frame.pitch_indices[voice] for frame in frames if frame]
        return next((count for count, pitch in enumerate(pitches) if pitch != pitches[0]), len(pitches))

    def _initial_memory(self, request: PlanRequest, belief: KeyBelief) -> _PlannerMemory:
        context = satb.FrameContext(step=request.step, steps_per_bar=request.steps_per_bar)
        hidden, state = self._net.core(context.feature_ids(), self._net.initial_state())
        return _PlannerMemory(context, state, hidden, belief, self._close_memory(request))

    def _close_memory(self, request: PlanRequest) -> CloseMemory:
        bars = request.steps_per_bar
        return CloseMemory(bars, request.step, request.step % bars, self._phrase_net)

    def _memory_after(self, memory: _PlannerMemory, frame: tuple[int, ...], given_voice: int) -> _PlannerMemory:
        pitch_indices, onset_bits = frame[: len(VOICES)], frame[len(VOICES)]
        onsets = tuple(bool(onset_bits >> voice & 1) for voice in range(len(VOICES)))
        heard = Frame(pitch_indices, onsets)
        context = memory.context.after(heard)
        hidden, state = self._net.core(context.feature_ids(), memory.state)
        belief = memory.belief.after_step(pitch_indices[given_voice], onset=onsets[given_voice])
        close = memory.close.after(memory.context.previous_frame, heard, given_voice)
        return _PlannerMemory(context, state, hidden, belief, close)


def _sum_of(bias: Floats | None, more: Floats) -> Floats:
    return more if bias is None else bias + more


def _parts_by_likelihood(given_pitches: Sequence[int], previous: int) -> list[Ints]:
    """Return the rows of `given_pitches` in two parts: the held note (the last) with pitches near the one before."""
    rows = np.arange(len(given_pitches), dtype=np.int32)
    if previous == REST:
        return [rows]
    is_likely = np.abs(np.array(given_pitches) - previous) <= _LIKELY_SEMITONES
    is_likely[-1] = True
    return [rows[is_likely], rows[~is_likely]] if not is_likely.all() else [rows]


def _plan_rows(given_pitches: Sequence[int] | Ints, pitch_indices: Ints, onsets: Bools) -> list[tuple[int, ...]]:
    """Return the rows of a `Plan`: the player's pitch index, the frame `[row, voice]`, its onset bits."""
    onset_bits = (onsets & (pitch_indices > REST)) @ (1 << np.arange(len(VOICES)))
    return [tuple(row) for row in np.column_stack([given_pitches, pitch_indices, onset_bits]).tolist()]


def _choose_frames(
    view: StepView,
    given: Ints,
    style: Style,
    rng: np.random.Generator,
    situation: two_voices.Situation | None,
    bias: Floats | None,
    wish: LiveWish | None,
) -> tuple[Ints, Bools]:
    """Return the frame of each row of `given[row, voice]` and its onsets; in a `situation` only two voices count."""
    if situation is None:
        chosen = rank_frames(view, given, style, rng, bias=bias, wish=wish)
        return chosen.pitch_indices[:, 0], chosen.onsets[:, 0].copy()
    if situation.still_steps >= two_voices.MAX_STILL_STEPS:
        style = replace(style, density=min(1.0, style.density + _STILL_DENSITY))
    chosen = rank_frames(view, given, style, rng, keep=max(1, style.candidates), bias=bias)
    rows, best = np.arange(len(given)), two_voices.best_for_given(situation, chosen.pitch_indices)
    return chosen.pitch_indices[rows, best], chosen.onsets[rows, best].copy()


def _frame_for_unknown(
    view: StepView,
    style: Style,
    rng: np.random.Generator,
    situation: two_voices.Situation,
    held: int,
) -> Ints:
    """Return the frame `[1, voice]` for a player who has let go of the note `held` and may play anything."""
    anything = np.full((1, len(VOICES)), UNKNOWN, np.int32)
    chosen = rank_frames(view, anything, style, rng, keep=max(1, style.candidates)).pitch_indices[0]
    if situation.previous is not None:
        # A voice that stays risks no parallel, and may not be among those that were drawn.
        staying = chosen[:1].copy()
        staying[0, situation.own] = situation.previous[situation.own]
        chosen = np.concatenate([chosen, staying])
    shares = next_note_shares(view, situation.given, held)
    best = chosen[[two_voices.best_for_unknown(situation, chosen, shares)]].copy()
    best[0, situation.given] = held
    return best
