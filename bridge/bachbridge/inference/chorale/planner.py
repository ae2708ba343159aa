"""The model's half of live harmony: it follows what was sung and says what it would sing next under every note.

The network's state is kept for each of the last steps, so that a step that was revised is only taken in again from
there. All chance comes from the seed and the number of the step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from bachbridge.codecs import satb
from bachbridge.inference.chorale import candidates as ranking
from bachbridge.inference.runtime.style import Style
from bachbridge.music import voice_leading
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Floats, Frame, pitch_index
from bachbridge.music.keys import key_from_durations
from bachbridge.music.notes import VOICE_RANGES, VOICES, Key, key_from_number, key_to_number
from bachbridge.protocol.events import Plan, PlanRequest

_MAX_MEMORIES = 64
"""Steps whose state is kept."""
_KEY_WINDOW_STEPS = 96
"""The key is that of about so many steps past."""


class FrameNet(Protocol):
    """A causal network over frames (see `nets.py`): one step in time, and the chain of voices inside a step."""

    def initial_state(self) -> Floats: ...
    def core(self, ids: NDArray[np.int32], state: Floats) -> tuple[Floats, Floats]: ...
    def heads(self, hidden: Floats, known: NDArray[np.int32]) -> tuple[Floats, Floats]: ...


@dataclass(frozen=True, slots=True)
class _PlannerMemory:
    """After a step: what the next step's ids are made from, the network's state and view, and what sounded so far.

    `sounded[class]` counts steps; older ones count less.
    """

    context: satb.FrameContext
    state: Floats
    hidden: Floats
    steps_per_pitch: NDArray[np.float64]


class Planner:
    """Used on one thread of the model's process."""

    __slots__ = ("_first_step", "_memories", "_net", "_piece_number", "_voice_order")

    def __init__(self, net: FrameNet, voice_order: Sequence[int]) -> None:
        self._net, self._voice_order = net, tuple(voice_order)
        self._piece_number = -1
        self._first_step = 0
        """The step before which the oldest memory is."""
        self._memories: list[_PlannerMemory] = []

    def follow(self, request: PlanRequest) -> None:
        """Take in what was sung."""
        if request.piece != self._piece_number or not self._first_step <= request.step < self._first_step + len(
            self._memories
        ):
            self._piece_number, self._first_step = request.piece, request.step
            self._memories = [self._initial_memory(request)]
        del self._memories[request.step - self._first_step + 1 :]
        for frame in request.frames:
            self._memories.append(self._memory_after(self._memories[-1], frame))
        excess = max(0, len(self._memories) - _MAX_MEMORIES)
        self._first_step += excess
        del self._memories[:excess]

    def plan(self, request: PlanRequest) -> Plan:
        """What would be sung in the next step; `follow` has been told of `foresee` last."""
        memory, given = self._memories[-1], request.given
        step = self._first_step + len(self._memories) - 1
        low, high = VOICE_RANGES[given]
        sung = [*range(pitch_index(low), pitch_index(high) + 1), request.held]
        rows = np.full((len(sung), len(VOICES)), UNKNOWN, np.int32)
        rows[:, given] = sung
        key = key_from_number(request.key) or key_from_durations(memory.steps_per_pitch)
        before = memory.context.previous_frame
        rng = np.random.default_rng([request.seed, 4, step])
        classes = before.pitch_indices if before else None
        chosen = ranking.rank_frames(
            self._net, self._voice_order, memory.hidden, classes, rows, _style(request, key), rng
        )
        struck = chosen.onsets[:, 0].copy()
        struck[:, given] = True
        if before:
            # While the melody goes on, a voice that stays is not struck again.
            struck[-1] = chosen.pitch_indices[-1, 0] != np.array(before.pitch_indices)
        struck &= chosen.pitch_indices[:, 0] > REST
        bits = struck @ (1 << np.arange(len(VOICES)))
        table = np.column_stack([sung, chosen.pitch_indices[:, 0], bits]).tolist()
        return Plan(request.piece, step, tuple(tuple(row) for row in table), key_to_number(key))

    def _initial_memory(self, request: PlanRequest) -> _PlannerMemory:
        context = satb.FrameContext(step=request.step, steps_per_bar=request.steps_per_bar)
        hidden, state = self._net.core(context.feature_ids(), self._net.initial_state())
        return _PlannerMemory(context, state, hidden, np.zeros(PITCH_INDEX_COUNT))

    def _memory_after(self, memory: _PlannerMemory, frame: tuple[int, ...]) -> _PlannerMemory:
        classes, bits = frame[: len(VOICES)], frame[len(VOICES)]
        struck = tuple(bool(bits >> voice & 1) for voice in range(len(VOICES)))
        context = memory.context.after(Frame(classes, struck))
        hidden, state = self._net.core(context.feature_ids(), memory.state)
        sounded = memory.steps_per_pitch * (1 - 1 / _KEY_WINDOW_STEPS)
        np.add.at(sounded, list(classes), 1)
        return _PlannerMemory(context, state, hidden, sounded)


def _style(request: PlanRequest, key: Key | None) -> Style:
    """What steers the choice; without any rule it is the model's alone."""
    rules = voice_leading.parse_rules(request.rules)
    return Style(
        temperature=request.temperature,
        top_p=request.top_p,
        candidates=request.candidates if rules else 1,
        randomness=Style().randomness if rules else 1.0,
        rules=rules,
        key=key,
        position=request.position,
        density=request.density,
        cadence=request.cadence,
        repeat=cast('Literal["model", "hold", "strike"]', request.repeat),
    )
