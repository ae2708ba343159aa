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
from bachbridge.music.notes import RANGES, VOICES, Key, key_number, key_numbered
from bachbridge.protocol.events import Foresee, Plan

_KEPT = 64
"""Steps whose state is kept."""
_KEY_STEPS = 96
"""The key is that of about so many steps past."""

Floats = NDArray[np.float32]


class Nets(Protocol):
    """A causal network over frames (see `nets.py`): one step in time, and the chain of voices inside a step."""

    def initial_state(self) -> Floats: ...
    def core(self, ids: NDArray[np.int32], state: Floats) -> tuple[Floats, Floats]: ...
    def heads(self, hidden: Floats, known: NDArray[np.int32]) -> tuple[Floats, Floats]: ...


@dataclass(frozen=True, slots=True)
class _Memory:
    """After a step: what the next step's ids are made from, the network's state and view, and what sounded so far.

    `sounded[class]` counts steps; older ones count less.
    """

    context: satb.Context
    state: Floats
    hidden: Floats
    sounded: NDArray[np.float64]


class Planner:
    """Used on one thread of the model's process."""

    __slots__ = ("_first", "_memories", "_nets", "_order", "_piece")

    def __init__(self, nets: Nets, order: Sequence[int]) -> None:
        self._nets, self._order = nets, tuple(order)
        self._piece = -1
        self._first = 0
        """The step before which the oldest memory is."""
        self._memories: list[_Memory] = []

    def follow(self, foresee: Foresee) -> None:
        """Take in what was sung."""
        if foresee.piece != self._piece or not self._first <= foresee.step < self._first + len(self._memories):
            self._piece, self._first = foresee.piece, foresee.step
            self._memories = [self._beginning(foresee)]
        del self._memories[foresee.step - self._first + 1 :]
        for frame in foresee.frames:
            self._memories.append(self._after(self._memories[-1], frame))
        excess = max(0, len(self._memories) - _KEPT)
        self._first += excess
        del self._memories[:excess]

    def plan(self, foresee: Foresee) -> Plan:
        """What would be sung in the next step; `follow` has been told of `foresee` last."""
        memory, given = self._memories[-1], foresee.given
        step = self._first + len(self._memories) - 1
        low, high = RANGES[given]
        sung = [*range(satb.class_of(low), satb.class_of(high) + 1), foresee.held]
        rows = np.full((len(sung), len(VOICES)), satb.UNKNOWN, np.int32)
        rows[:, given] = sung
        key = key_numbered(foresee.key) or voice_leading.key_heard(memory.sounded)
        before = memory.context.before
        rng = np.random.default_rng([foresee.seed, 4, step])
        classes = before.classes if before else None
        chosen = ranking.choose(self._nets, self._order, memory.hidden, classes, rows, _style(foresee, key), rng)
        struck = chosen.struck[:, 0].copy()
        struck[:, given] = True
        if before:
            # While the melody goes on, a voice that stays is not struck again.
            struck[-1] = chosen.classes[-1, 0] != np.array(before.classes)
        struck &= chosen.classes[:, 0] > satb.REST
        bits = struck @ (1 << np.arange(len(VOICES)))
        table = np.column_stack([sung, chosen.classes[:, 0], bits]).tolist()
        return Plan(foresee.piece, step, tuple(tuple(row) for row in table), key_number(key))

    def _beginning(self, foresee: Foresee) -> _Memory:
        context = satb.Context(step=foresee.step, steps_per_bar=foresee.steps_per_bar)
        hidden, state = self._nets.core(context.ids(), self._nets.initial_state())
        return _Memory(context, state, hidden, np.zeros(satb.CLASSES))

    def _after(self, memory: _Memory, frame: tuple[int, ...]) -> _Memory:
        classes, bits = frame[: len(VOICES)], frame[len(VOICES)]
        struck = tuple(bool(bits >> voice & 1) for voice in range(len(VOICES)))
        context = memory.context.after(satb.Frame(classes, struck))
        hidden, state = self._nets.core(context.ids(), memory.state)
        sounded = memory.sounded * (1 - 1 / _KEY_STEPS)
        np.add.at(sounded, list(classes), 1)
        return _Memory(context, state, hidden, sounded)


def _style(foresee: Foresee, key: Key | None) -> Style:
    """What steers the choice; without any rule it is the model's alone."""
    rules = voice_leading.rules_of(foresee.rules)
    return Style(
        temperature=foresee.temperature,
        top_p=foresee.top_p,
        candidates=foresee.candidates if rules else 1,
        chance=Style().chance if rules else 1.0,
        rules=rules,
        key=key,
        position=foresee.position,
        density=foresee.density,
        cadence=foresee.cadence,
        repeat=cast('Literal["model", "hold", "strike"]', foresee.repeat),
    )
