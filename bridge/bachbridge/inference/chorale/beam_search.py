"""Harmonies with the future known: several hypotheses walk the causal network abreast, and the melody's course decides.

A hypothesis is one harmony so far with the network's state after it. At every step each one branches into a few
frames (`ranking.choose`, the decoder of live play), and the best `width` branches go on. What ranks them is how well
they make the given notes expected: the network's log probability of the given voice, which a harmony that leads where
the melody goes wins. The likelihood of the harmony itself joins in only as far as `Style.chance` is below 1, for the
likeliest harmony of all hardly moves; and what is forbidden weighs more than anything.

Under the last given note a triad over its root is wished for, as long as any rule holds.

What was chosen `lag` steps back is decided by the best hypothesis, and those of another opinion end there, so that
memory does not grow with the piece. Hypotheses whose last `lag` steps are the same count as one.
(The source of the idea: the beam search of B. Lowerre, "The Harpy speech recognition system", 1976, with the fixed lag
of particle smoothing: G. Kitagawa, Journal of Computational and Graphical Statistics 5, 1996.)
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from bachbridge.codecs import satb
from bachbridge.inference.chorale import candidates
from bachbridge.inference.runtime.style import Style
from bachbridge.music.frames import LOWEST_PITCH, REST, UNKNOWN, Bools, Floats, Frame, Ints
from bachbridge.music.keys import estimate_key
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Key

_BRANCHES = 3
"""Frames that each hypothesis goes on with."""
_BRANCH_PENALTY_NATS = 1.0
"""Nats that a branch other than the first drawn must be better by to push out another hypothesis."""
_FORBIDDEN_NATS = 8.0
"""Nats against each forbidden thing."""
_NON_TRIAD_END_NATS = 2.0
"""Nats, for each step of the last given note, against a chord that is no triad over its root: pieces end on one."""
_TRIADS = ((0, 4, 7), (0, 3, 7))
_KEY_WINDOW_STEPS = 48
"""Steps before and after a moment whose given notes tell its key."""
_MIN_KEY_PITCH_CLASSES = 4
"""Distinct pitch classes that it takes to tell a key."""


class BatchedFrameNet(candidates.VoiceHeads, Protocol):
    """A causal network over frames (see `nets.py`)."""

    def initial_state(self) -> Floats: ...
    def core(self, ids: Ints, state: Floats) -> tuple[Floats, Floats]: ...


@dataclass(frozen=True, slots=True)
class _Hypotheses:
    """n harmonies so far: `state[.., n, unit]` and contexts before the next step, `weight[n]` in nats.

    `classes[n, recent, voice]` and `struck[n, recent, voice]` are what is not yet decided.
    """

    contexts: tuple[satb.FrameContext, ...]
    state: Floats
    weight: Floats
    pitch_indices: Ints
    onsets: Bools

    def select(self, rows: np.ndarray) -> "_Hypotheses":
        contexts = tuple(self.contexts[int(row)] for row in rows)
        return _Hypotheses(
            contexts, self.state[:, rows], self.weight[rows], self.pitch_indices[rows], self.onsets[rows]
        )


def harmonize(
    net: BatchedFrameNet,
    voice_order: Sequence[int],
    given: Ints,
    given_onsets: Bools,
    *,
    position: Ints | int | None,
    steps_per_bar: Ints | int,
    style: Style,
    width: int = 8,
    lag: int = 16,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> tuple[Ints, Bools]:
    """What `harmonizing` comes to, without a rest; `progress` is told each step that is done."""
    walk = harmonize_steps(
        net,
        voice_order,
        given,
        given_onsets,
        position=position,
        steps_per_bar=steps_per_bar,
        style=style,
        width=width,
        lag=lag,
        seed=seed,
    )
    for step, found in enumerate(walk):
        if found is not None:
            return found
        if progress:
            progress(step)
    raise AssertionError("the walk has an end")


def harmonize_steps(
    net: BatchedFrameNet,
    voice_order: Sequence[int],
    given: Ints,
    given_onsets: Bools,
    *,
    position: Ints | int | None,
    steps_per_bar: Ints | int,
    style: Style,
    width: int = 8,
    lag: int = 16,
    seed: int,
) -> Iterator[tuple[Ints, Bools] | None]:
    """All voices, `classes[step, voice]` and `struck[step, voice]`, with `given[step, voice]` (-1: open) kept.

    None after each step, at last the whole. Step `t` lies `position[t]` steps into a bar of `steps_per_bar[t]`; as
    numbers, the first step's place and the length of all bars. A key in `style` holds throughout; without one it
    follows the given notes.
    """
    steps = len(given)
    contexts = _bar_placer(position, steps_per_bar, steps)
    keys = [style.key] * steps if style.key is not None else _local_keys(given)
    classes, struck = np.zeros((steps, len(VOICES)), np.int32), np.zeros((steps, len(VOICES)), bool)
    rng = np.random.default_rng(seed)
    nothing = np.zeros((1, 0, len(VOICES)), np.int32)
    beam = _Hypotheses(
        (satb.FrameContext(),), net.initial_state(), np.zeros(1, np.float32), nothing, nothing.astype(bool)
    )
    decided, last = 0, _last_onset(given, given_onsets)
    for step in range(steps):
        beam = replace(beam, contexts=tuple(contexts(context) for context in beam.contexts))
        now = replace(style, key=keys[step])
        beam = _advance(
            net, voice_order, beam, given[step], given_onsets[step], now, width, rng, is_ending=step >= last
        )
        if beam.pitch_indices.shape[1] > lag:
            classes[decided], struck[decided] = beam.pitch_indices[0, 0], beam.onsets[0, 0]
            decided += 1
            beam = _agreeing_with_best(beam)
        yield None
    classes[decided:], struck[decided:] = beam.pitch_indices[:1].reshape(-1, len(VOICES)), beam.onsets[0]
    yield classes, struck


def _bar_placer(
    position: Ints | int | None, steps_per_bar: Ints | int, steps: int
) -> Callable[[satb.FrameContext], satb.FrameContext]:
    """What gives a context its step's place in its bar."""
    bars = np.broadcast_to(np.asarray(steps_per_bar, np.int32), steps)
    if position is None:
        return lambda context: replace(context, steps_per_bar=int(bars[context.step]))
    places = (position + np.arange(steps)) % bars if isinstance(position, int) else position

    def placed(context: satb.FrameContext) -> satb.FrameContext:
        bar = int(bars[context.step])
        return replace(context, position=int(places[context.step] - context.step) % bar, steps_per_bar=bar)

    return placed


def _local_keys(given: Ints) -> list[Key | None]:
    """The key at each step, of the given notes around it; None where they do not tell one."""
    sung = given > REST
    weights = np.zeros((len(given) + 1, 12))
    for pitch_class in range(12):
        of_it = sung & ((given + LOWEST_PITCH - 1) % 12 == pitch_class)
        weights[1:, pitch_class] = np.cumsum(of_it.sum(axis=1))
    keys: list[Key | None] = []
    for step in range(len(given)):
        if step % STEPS_PER_BEAT == 0 or not keys:
            around = weights[min(step + _KEY_WINDOW_STEPS, len(given))] - weights[max(step - _KEY_WINDOW_STEPS, 0)]
            keys.append(estimate_key(around) if np.count_nonzero(around) >= _MIN_KEY_PITCH_CLASSES else None)
        else:
            keys.append(keys[-1])
    return keys


def _last_onset(given: Ints, onsets: Bools) -> int:
    """The step at which the last given note begins."""
    sung = given > REST
    fresh: Bools = onsets & sung
    fresh[1:] |= (given[1:] != given[:-1]) & sung[1:]
    return int(np.argwhere(fresh)[:, 0].max(initial=0))


# ---------------------------------------------------------------- one step


def _advance(
    net: BatchedFrameNet,
    voice_order: Sequence[int],
    beam: _Hypotheses,
    given: Ints,
    onsets: Bools,
    style: Style,
    width: int,
    rng: np.random.Generator,
    *,
    is_ending: bool,
) -> _Hypotheses:
    """The best `width` hypotheses one step on, the best first."""
    rows = len(beam.contexts)
    hidden, state = net.core(np.concatenate([context.feature_ids() for context in beam.contexts]), beam.state)
    then = [context.previous_frame.pitch_indices for context in beam.contexts if context.previous_frame]
    before = np.array(then, np.int32) if then else None
    told = np.broadcast_to(given, (rows, len(VOICES))).astype(np.int32)
    keep = width if rows == 1 or is_ending else min(_BRANCHES, width)
    chosen = candidates.rank_frames(
        net, voice_order, hidden, before, told, style, rng, keep=keep, onsets=np.broadcast_to(onsets, told.shape)
    )
    weight = beam.weight + _given_log_p(net, voice_order, hidden, given)
    carried, split = _branch_weights(chosen, weight, style)
    if is_ending and style.rules:
        carried -= _NON_TRIAD_END_NATS * ~_is_root_position_triad(chosen.pitch_indices)
    parents, branches = np.unravel_index(np.argsort(split - carried, axis=None, kind="stable"), carried.shape)
    classes = np.concatenate([beam.pitch_indices[parents], chosen.pitch_indices[parents, branches][:, None]], axis=1)
    kept = _distinct_rows(classes, np.isfinite(carried[parents, branches]), width)
    parents, branches, classes = parents[kept], branches[kept], classes[kept]

    struck_now = np.where(given != UNKNOWN, onsets, chosen.onsets[parents, branches])
    contexts = tuple(
        beam.contexts[int(parent)].after(Frame(tuple(frame.tolist()), tuple(strikes.tolist())))
        for parent, frame, strikes in zip(parents, classes[:, -1], struck_now, strict=True)
    )
    ahead = carried[parents, branches]
    return _Hypotheses(
        contexts,
        state[:, parents],
        ahead - ahead.max(),  # only differences matter
        classes,
        np.concatenate([beam.onsets[parents], struck_now[:, None]], axis=1),
    )


def _branch_weights(chosen: candidates.RankedFrames, weight: Floats, style: Style) -> tuple[Floats, Floats]:
    """What each branch's weight will be, and what counts against it in this choice alone, both `[n, branch]`."""
    real = np.isfinite(chosen.score)
    likely = (1 - style.randomness) * np.where(real, chosen.score, 0)
    carried = np.where(real, weight[:, None] + likely - _FORBIDDEN_NATS * chosen.violations, -np.inf)
    split = np.zeros(carried.shape, np.float32)
    split[:, 1:] = style.randomness * _BRANCH_PENALTY_NATS
    return carried.astype(np.float32), split


def _is_root_position_triad(pitch_indices: Ints) -> Bools:
    """Which frames `classes[.., voice]` are a major or minor triad, or a part of one, over its root."""
    above = (pitch_indices - pitch_indices[..., -1:]) % 12
    fits = np.any([np.all(np.isin(above, triad), axis=-1) for triad in _TRIADS], axis=0)
    return np.asarray(fits | np.any(pitch_indices <= REST, axis=-1), bool)


def _given_log_p(net: BatchedFrameNet, voice_order: Sequence[int], hidden: Floats, given: Ints) -> Floats:
    """Nats of the given notes under each view `hidden[n, unit]`, each note after those before it in the chain."""
    nats = np.zeros(len(hidden), np.float32)
    known = np.full((len(hidden), len(VOICES)), UNKNOWN, np.int32)
    for voice in voice_order:
        if given[voice] > REST:
            pitch, _ = net.heads(hidden, known)
            logits = pitch[:, voice] - pitch[:, voice].max(axis=1, keepdims=True)
            nats += logits[:, given[voice]] - np.log(np.exp(logits).sum(axis=1))
            known[:, voice] = given[voice]
    return nats


def _distinct_rows(pitch_indices: Ints, alive: np.ndarray, width: int) -> np.ndarray:
    """The first `width` rows of `classes[row, recent, voice]` that are alive and not like an earlier one."""
    seen: dict[bytes, int] = {}
    for row in np.flatnonzero(alive).tolist():
        seen.setdefault(pitch_indices[row].tobytes(), row)
        if len(seen) == width:
            break
    return np.array(list(seen.values()), np.int64)


def _agreeing_with_best(beam: _Hypotheses) -> _Hypotheses:
    """The hypotheses that agree with the best on the oldest step, which is thereby decided."""
    rows = np.flatnonzero((beam.pitch_indices[:, 0] == beam.pitch_indices[0, 0]).all(axis=1))
    kept = beam.select(rows)
    return replace(kept, pitch_indices=kept.pitch_indices[:, 1:], onsets=kept.onsets[:, 1:])
