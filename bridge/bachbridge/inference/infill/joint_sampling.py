"""Open cells of four voices drawn jointly from a network that predicts each one for itself.

Predictions of cells are marginals. Drawn independently, two voices slide into parallel fifths that neither would make
alone, and a held note flickers because its cells disagree. So every open cell is drawn several times, in `lines`. A
line's luck in a voice lasts for a while and picks classes by their cumulated probability from low to high: each cell
follows its prediction, and cells predicted alike get the same class. Then one way is drawn through all the frames of
all the lines, weighted by what the rules of voice-leading say of frames (`voiceleading.judge`) and of the steps from
one to the next (`transitions.cost`), and by what it costs to change lines: an embedded hidden Markov model (R. Neal,
M. Beal, S. Roweis, "Inferring state sequences for non-linear systems with embedded hidden Markov models", NIPS 2003).

Before that, where the beat is known, both 16ths of an open 8th are made to wish for the same (`evened`): what flickers
within an 8th is no music of Bach's.

The way is drawn exactly and by halves: the steps' weights are multiplied together over 2, 4, 8 .. steps, the two ends
drawn, then ever finer middles between them, so that a few array operations serve all steps and all chains.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbridge.inference.runtime.style import Style
from bachbridge.music.frames import Bools, Floats, Ints
from bachbridge.music.notes import VOICES
from bachbridge.music.voice_leading import TRANSITION_RULES, check_rules
from bachbridge.music.voice_leading_pairs import transition_cost

_MIN_TEMPERATURE = 0.02
"""The lowest temperature that is told from this one."""
_FORBIDDEN_NATS = 16.0
"""Nats on a forbidden thing; not infinity, for all that can be drawn may be forbidden."""
_SURE_PROBABILITY = 0.8
"""The probability from which on a network is sure of a class."""
_MAX_NATS = 40.0
"""Nats beyond which nothing is told apart."""
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """In how many `lines` cells are drawn, how many steps luck is `lasting`, what nats a `change` of line costs.

    `eighths`: the two 16ths of an 8th are predicted alike, unless the network is sure of two different ones.
    """

    pool_size: int = 8
    correlation_steps: float = 64.0
    switch_nats: float = 6.0
    average_eighths: bool = True


def draw_cells(
    logits: Floats, pitch_indices: Ints, masked: Bools, style: Style, options: DrawOptions, rng: np.random.Generator
) -> Ints:
    """`classes[chain, step, voice]` with the `open_` cells drawn from `wishes[chain, step, voice, class]` (nats).

    At the style's temperature, from its nucleus, by its rules and in its key.
    """
    heaped = _nucleus_cdf(logits[masked], max(style.temperature, _MIN_TEMPERATURE), style.top_p)
    luck = _correlated_uniforms(masked.shape, options, rng)[masked]
    pool = np.repeat(pitch_indices[..., None], options.pool_size, axis=-1)
    pool[masked] = _invert_cdf(heaped, luck)
    frames = pool.swapaxes(2, 3)
    if options.pool_size == 1:
        return frames[:, :, 0]
    way = _sample_path(*_path_weights(frames, np.any(masked, axis=2), style, options), rng)
    return np.take_along_axis(frames, way[:, :, None, None], axis=2)[:, :, 0]


def average_eighths(logits: Floats, masked: Bools, is_second_sixteenth: Bools) -> Floats:
    """`wishes[chain, step, voice, class]` with both `masked[chain, step, voice]` 16ths of an 8th wishing for the same.

    They wish for what both would, the mean of their nats; a pair of which each is sure of something else is left, and
    so is one that nothing would be allowed to both. `second[step]`: whether a step is the second 16th of an 8th.
    """
    at = np.flatnonzero(is_second_sixteenth[1:]) + 1
    chain, pair, voice = np.nonzero(masked[:, at] & masked[:, at - 1])
    one, other = logits[chain, at[pair] - 1, voice], logits[chain, at[pair], voice]
    mean = (one + other) / 2
    apart = (one.argmax(axis=1) != other.argmax(axis=1)) & (
        np.minimum(_max_probability(one), _max_probability(other)) > _SURE_PROBABILITY
    )
    same = ~apart & (mean.max(axis=1, initial=-np.inf) > -np.inf)
    chain, step, voice, mean = chain[same], at[pair[same]], voice[same], mean[same]
    found = logits.copy()
    found[chain, step - 1, voice] = found[chain, step, voice] = mean
    return found


def _max_probability(nats: Floats) -> Floats:
    """The probability of the likeliest class, `[cell]`."""
    return 1 / np.exp(nats - nats.max(axis=1, keepdims=True)).sum(axis=1)


# ---------------------------------------------------------------- lines


def _nucleus_cdf(nats: Floats, temperature: float, top_p: float) -> Floats:
    """Probabilities cumulated from the lowest class up, `[cell, class]`, of what lies in the nucleus.

    Nucleus sampling: A. Holtzman et al., "The curious case of neural text degeneration", ICLR 2020.
    """
    weights = np.exp((nats - nats.max(axis=1, keepdims=True)) / np.float32(temperature))
    if top_p < 1:
        rising = np.sort(weights, axis=1)
        reached = np.cumsum(rising, axis=1)
        # The least likely ones that together stay below what may be left out; the likeliest always remains.
        left_out = (reached <= (1 - top_p) * reached[:, -1:]).sum(axis=1, keepdims=True)
        least = np.take_along_axis(rising, np.minimum(left_out, rising.shape[1] - 1), axis=1)
        weights[weights < least] = 0
    return np.cumsum(weights, axis=1)


def _correlated_uniforms(shape: tuple[int, ...], options: DrawOptions, rng: np.random.Generator) -> Floats:
    """`luck[chain, step, voice, line]` from 0 to 1, the same for `manner.lasting` steps on the mean.

    Of a cell's lines each has another `1 / manner.lines` of the chances, so that together they know its alternatives;
    which one is drawn for every voice by itself (Latin hypercubes: M. McKay, R. Beckman, W. Conover, 1979).
    """
    chains, steps, voices = shape
    luck = rng.random(shape, np.float32)
    if options.correlation_steps > 1:
        fresh = rng.random(shape, np.float32) * np.float32(options.correlation_steps) < 1
        since = np.maximum.accumulate(np.where(fresh, np.arange(steps)[:, None], 0), axis=1)
        luck = np.take_along_axis(luck, since, axis=1)
    shares = rng.random((chains, 1, voices, options.pool_size), np.float32).argsort(axis=3)
    spread = luck[..., None] + shares / options.pool_size
    return np.asarray(spread % 1, np.float32)


def _invert_cdf(cdf: Floats, uniforms: Floats) -> Ints:
    """The classes `[cell, line]` that `luck[cell, line]` points at."""
    at = uniforms * cdf[:, -1:]
    # Not beyond the last class that has any weight, whatever is rounded.
    last = (cdf < cdf[:, -1:]).sum(axis=1, dtype=np.int32)
    below = (cdf[:, None, :] <= at[:, :, None]).sum(axis=2, dtype=np.int32)
    return np.minimum(below, last[:, None])


# ---------------------------------------------------------------- the way through them


def _path_weights(frames: Ints, has_masked: Bools, style: Style, options: DrawOptions) -> tuple[Weights, Weights]:
    """The weights `first[chain, line]` of first frames and `steps[chain, step, line, line]` of going on from each."""
    chains, steps, lines, _ = frames.shape
    alone = np.ones((chains, steps, lines))
    drawn = frames[has_masked]
    verdict = check_rules(None, drawn.reshape(-1, len(VOICES)), style.rules - TRANSITION_RULES, style.key)
    nats = _FORBIDDEN_NATS * verdict.violations + verdict.penalty
    alone[has_masked] = _bounded_weights(nats.reshape(-1, lines), axis=1)

    weights = np.ones((chains, steps - 1, lines, lines))
    either = has_masked[:, 1:] | has_masked[:, :-1]
    nats = transition_cost(
        frames[:, :-1][either], frames[:, 1:][either], style.rules & TRANSITION_RULES, _FORBIDDEN_NATS
    )
    nats += np.float32(options.switch_nats) * (1 - np.eye(lines, dtype=np.float32))[:, :, None]
    weights[either] = np.moveaxis(_bounded_weights(nats, axis=(0, 1)), 2, 0)
    return alone[:, 0], weights * alone[:, 1:, None]


def _bounded_weights(nats: NDArray[np.floating], axis: int | tuple[int, ...]) -> Weights:
    """Weights, the highest along the axes being 1, none of them so low that products of them would vanish."""
    return np.exp(np.maximum(nats.min(axis=axis, keepdims=True) - nats, -_MAX_NATS))


def _sample_path(first: Weights, steps: Weights, rng: np.random.Generator) -> NDArray[np.int64]:
    """A line for every frame, `way[chain, step]`, drawn by the weights of `_weights`."""
    chains, count, lines, _ = steps.shape
    if count == 0:
        return _sample_index(first, rng)[:, None]
    padded = 1 << (count - 1).bit_length()
    rest = np.broadcast_to(np.eye(lines), (chains, padded - count, lines, lines))
    levels = [np.concatenate([steps, rest], axis=1)]
    while levels[-1].shape[1] > 1:
        joined = levels[-1][:, 0::2] @ levels[-1][:, 1::2]
        levels.append(joined / joined.max(axis=(2, 3), keepdims=True))
    ends = _sample_index((first[:, :, None] * levels.pop()[:, 0]).reshape(chains, -1), rng)
    way = np.stack(np.divmod(ends, lines), axis=1)
    for level in reversed(levels):
        way = _with_midpoints(way, level, rng)
    return way[:, : count + 1]


def _with_midpoints(path: NDArray[np.int64], steps: Weights, rng: np.random.Generator) -> NDArray[np.int64]:
    """`way[chain, 1 + n]` with what lies between each two, drawn by `steps[chain, 2 * n, line, line]`."""
    chain, place = np.indices((len(path), path.shape[1] - 1))
    here = steps[chain, 2 * place, path[:, :-1]]
    there = steps[chain, 2 * place + 1, :, path[:, 1:]]
    finer = np.empty((len(path), 2 * path.shape[1] - 1), np.int64)
    finer[:, 0::2] = path
    finer[:, 1::2] = _sample_index(here * there, rng)
    return finer


def _sample_index(weights: Weights, rng: np.random.Generator) -> NDArray[np.int64]:
    """An index along the last axis, drawn by the weights."""
    heaped = np.cumsum(weights, axis=-1)
    at = rng.random(heaped.shape[:-1])[..., None] * heaped[..., -1:]
    return np.minimum((heaped <= at).sum(axis=-1), weights.shape[-1] - 1)
