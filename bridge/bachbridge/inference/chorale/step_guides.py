"""Guides for each step of a harmony whose future is known: its key, and what is wished for.

A key that is set holds throughout, with a cost for notes beside it as in live harmony; without one the key follows the
given notes. Without any rules nothing is wished for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.music.frames import LOWEST_PITCH, REST, Bools, Floats, Ints
from bachbridge.music.keys import estimate_key
from bachbridge.music.notes import STEPS_PER_BEAT, Key, key_on_final
from bachbridge.music.phrasing.closing.phrase_plan import PlannedStep, plan_steps
from bachbridge.music.phrasing.closing.wishes import StepWish
from bachbridge.music.tonality.bias import key_bias
from bachbridge.music.tonality.key_belief import certain_belief
from bachbridge.protocol.style import Style

_CLOSING_CANDIDATES = 24
"""Candidates where a close is due or near."""
_KEY_WINDOW_STEPS = 48
"""Steps before and after a moment whose given notes determine its key."""
_MIN_KEY_PITCH_CLASSES = 4
"""Distinct pitch classes that are needed to estimate a key."""


@dataclass(frozen=True, slots=True)
class StepGuide:
    """The style for a step, nats `[voice, pitch index]` that are added to its bias, and the wish."""

    style: Style
    bias: Floats | None
    wish: StepWish | None

    @property
    def is_closing(self) -> bool:
        """True where a close is due or near."""
        return self.wish is not None and self.wish.close is not None


def guide_steps(
    given: Ints,
    onsets: Bools,
    *,
    position: Ints | int | None,
    steps_per_bar: Ints | int,
    style: Style,
    phrase_ends: Sequence[int],
    seed: int,
) -> list[StepGuide]:
    """Return a guide for each step of `given[step, voice]`; see `beam_search.harmonize_steps` for the arguments."""
    key_nats = None if style.key is None else _key_nats(style.key, given)
    if style.key is not None and style.final >= 0:
        style = replace(style, key=key_on_final(style.key, style.final))
    keys = [style.key] * len(given) if style.key is not None else _local_keys(given)
    plan = _plan(given, onsets, position, steps_per_bar, style, phrase_ends, seed)
    guides: list[StepGuide] = []
    for step, (key, planned) in enumerate(zip(keys, plan, strict=True)):
        now = replace(style, key=key)
        bias = None if key_nats is None else key_nats[step]
        if planned is None:
            guides.append(StepGuide(now, bias, None))
            continue
        if planned.wish.close is not None:
            now = replace(now, candidates=max(style.candidates, _CLOSING_CANDIDATES))
        if planned.bias is not None:
            bias = planned.bias if bias is None else bias + planned.bias
        guides.append(StepGuide(now, bias, planned.wish))
    return guides


def _plan(
    given: Ints,
    onsets: Bools,
    position: Ints | int | None,
    steps_per_bar: Ints | int,
    style: Style,
    phrase_ends: Sequence[int],
    seed: int,
) -> list[PlannedStep] | list[None]:
    """Return what is wished for at each step; nothing without any rules."""
    if not style.rules:
        return [None] * len(given)
    bars = np.broadcast_to(np.asarray(steps_per_bar, np.int32), len(given))
    positions = position if isinstance(position, np.ndarray) else ((position or 0) + np.arange(len(given))) % bars
    return plan_steps(
        given,
        onsets,
        position=positions,
        steps_per_bar=bars,
        phrase_ends=phrase_ends,
        key=style.key,
        seed=seed,
    )


def _local_keys(given: Ints) -> list[Key | None]:
    """The key at each step, estimated from the given notes around it; None where they are too few."""
    sounding = given > REST
    weights = np.zeros((len(given) + 1, 12))
    for pitch_class in range(12):
        has_class = sounding & ((given + LOWEST_PITCH - 1) % 12 == pitch_class)
        weights[1:, pitch_class] = np.cumsum(has_class.sum(axis=1))
    keys: list[Key | None] = []
    for step in range(len(given)):
        if step % STEPS_PER_BEAT == 0 or not keys:
            around = weights[min(step + _KEY_WINDOW_STEPS, len(given))] - weights[max(step - _KEY_WINDOW_STEPS, 0)]
            keys.append(estimate_key(around) if np.count_nonzero(around) >= _MIN_KEY_PITCH_CLASSES else None)
        else:
            keys.append(keys[-1])
    return keys


def _key_nats(key: Key, given: Ints) -> Floats:
    """Nats for each note under `given[step, voice]` in a key that is set: `[step, voice, pitch index]`."""
    probabilities = np.repeat(certain_belief(key).probabilities[None], len(given), axis=0)
    return key_bias(probabilities, np.maximum(given.max(axis=1), REST))
