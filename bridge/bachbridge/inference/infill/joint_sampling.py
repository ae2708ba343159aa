"""Masked cells of four voices drawn jointly from a network that predicts each one separately.

The method is a pool of candidates followed by forward filtering and backward sampling in a hidden Markov model whose
states are the candidates: an embedded HMM (R. Neal, M. Beal, S. Roweis, "Inferring state sequences for non-linear
systems with embedded hidden Markov models", NIPS 2003).

Predictions of cells are marginals. Drawn independently, two voices slide into parallel fifths that neither would make
alone, and a held note flickers because its cells disagree. So:

1. Pool: every masked cell is drawn `pool_size` times. Candidate number k of all cells forms a complete sequence of
   frames. The uniform random number behind a candidate stays the same for a while in a voice, and picks pitches by
   their cumulative probability from low to high: each cell follows its prediction, and cells predicted alike get the
   same pitch.
2. Path: one candidate is chosen for every step, jointly. A path k_0, k_1, … has the weight

       first[k_0] * product over t of transition[t, k_t, k_t+1]

   with weights exp(-nats), where nats are the costs by the rules of voice-leading of a frame
   (`voice_leading.check_rules`) and of two successive frames (`voice_leading_pairs.transition_cost`), plus
   `switch_nats` where k changes.

The path is drawn exactly, by halves rather than step by step: the transition matrices are multiplied together over 2,
4, 8 … steps (filtering), the two ends are drawn, then ever finer midpoints between them (sampling), so that a few array
operations serve all steps and all chains.

Before that, where the beat is known, both 16ths of a masked 8th get the same prediction (`average_eighths`): flickering
within an 8th is not in Bach's style.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bachbridge.inference.runtime.sampling import nucleus_cdf
from bachbridge.music.frames import Bools, Floats, Ints
from bachbridge.music.notes import VOICES
from bachbridge.music.voice_leading import TRANSITION_RULES, check_rules
from bachbridge.music.voice_leading_pairs import transition_cost
from bachbridge.protocol.style import Style

_FORBIDDEN_NATS = 16.0
"""Nats on a rule violation; not infinity, because every frame that can be drawn may violate a rule."""
_SURE_PROBABILITY = 0.8
"""The probability from which on a network counts as sure of a pitch."""
_MAX_NATS = 40.0
"""Larger differences in nats are clamped to this one."""
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """Options for drawing cells: the pool's size, the persistence of its random numbers, and the cost of switching.

    `correlation_steps` is the mean number of steps for which a voice keeps its random number, `switch_nats` the cost of
    going on with another candidate. `average_eighths`: the two 16ths of an 8th are predicted alike, unless the network
    is sure of two different pitches.
    """

    pool_size: int = 8
    correlation_steps: float = 64.0
    switch_nats: float = 6.0
    average_eighths: bool = True


def draw_cells(
    logits: Floats, pitch_indices: Ints, masked: Bools, style: Style, options: DrawOptions, rng: np.random.Generator
) -> Ints:
    """Return `pitch_indices[chain, step, voice]` with the `masked` cells drawn from their `logits[.., pitch_index]`.

    The draw is made at the style's temperature and top_p, by its rules and in its key.
    """
    cdf = nucleus_cdf(logits[masked], style.temperature, style.top_p)
    uniforms = _correlated_uniforms(masked, options, rng)
    pool = np.repeat(pitch_indices[..., None], options.pool_size, axis=-1)
    pool[masked] = _invert_cdf(cdf, uniforms)
    frames = pool.swapaxes(2, 3)
    if options.pool_size == 1:
        return frames[:, :, 0]
    path = _sample_path(*_path_weights(frames, np.any(masked, axis=2), style, options), rng)
    return np.take_along_axis(frames, path[:, :, None, None], axis=2)[:, :, 0]


def average_eighths(logits: Floats, masked: Bools, is_second_sixteenth: Bools) -> Floats:
    """Return `logits[chain, step, voice, pitch_index]` with the same logits for both masked 16ths of an 8th.

    Each gets the mean of their nats. A pair stays as it is if the network is sure of a different pitch in each, or if
    no pitch is allowed in both. `is_second_sixteenth[step]` tells where the second 16th of an 8th is.
    """
    second_steps = np.flatnonzero(is_second_sixteenth[1:]) + 1
    chain, pair, voice = np.nonzero(masked[:, second_steps] & masked[:, second_steps - 1])
    first, second = logits[chain, second_steps[pair] - 1, voice], logits[chain, second_steps[pair], voice]
    mean = (first + second) / 2
    averaged = mean.max(axis=1, initial=-np.inf) > -np.inf
    differ = np.flatnonzero(first.argmax(axis=1) != second.argmax(axis=1))
    least_sure = np.minimum(_max_probability(first[differ]), _max_probability(second[differ]))
    averaged[differ[least_sure > _SURE_PROBABILITY]] = False
    chain, step, voice, mean = chain[averaged], second_steps[pair[averaged]], voice[averaged], mean[averaged]
    result = logits.copy()
    result[chain, step - 1, voice] = result[chain, step, voice] = mean
    return result


def _max_probability(nats: Floats) -> Floats:
    """The probability of the likeliest pitch, `[cell]`."""
    return 1 / np.exp(nats - nats.max(axis=1, keepdims=True)).sum(axis=1)


# ---------------------------------------------------------------- the pool of candidates


def _correlated_uniforms(masked: Bools, options: DrawOptions, rng: np.random.Generator) -> Floats:
    """`uniforms[cell, candidate]` from 0 to 1 for the cells of `masked[chain, step, voice]`.

    They stay constant in a voice for `correlation_steps` steps on average.

    The candidates of a cell are spread evenly over the range, `1 / pool_size` apart, so that together they know its
    alternatives; which candidate gets which part is drawn for each voice separately (Latin hypercube sampling:
    M. McKay, R. Beckman, W. Conover, 1979).
    """
    shape: tuple[int, ...] = masked.shape
    chains, steps, voices = shape
    uniforms = rng.random(shape, np.float32)
    if options.correlation_steps > 1:
        is_fresh = rng.random(shape, np.float32) * np.float32(options.correlation_steps) < 1
        last_fresh = np.maximum.accumulate(np.where(is_fresh, np.arange(steps)[:, None], 0), axis=1)
        uniforms = np.take_along_axis(uniforms, last_fresh, axis=1)
    parts = rng.random((chains, 1, voices, options.pool_size), np.float32).argsort(axis=3)
    chain, _, voice = np.nonzero(masked)
    spread: Weights = uniforms[masked][:, None] + (parts / options.pool_size)[chain, 0, voice]
    return np.where(spread < 1, spread, spread - 1).astype(np.float32)


def _invert_cdf(cdf: Floats, uniforms: Floats) -> Ints:
    """The pitch indices `[cell, candidate]` at which `cdf[cell, pitch_index]` exceeds `uniforms[cell, candidate]`."""
    # The long axis comes last and bytes are added, which numpy does quickest; there are fewer than 128 pitches.
    by_pitch = np.ascontiguousarray(cdf.T)
    target = uniforms.T * by_pitch[-1]
    # Rounding must not lead beyond the last pitch that has any weight.
    last = _count(by_pitch < by_pitch[-1])
    return np.minimum(_count(by_pitch[:, None] <= target), last).T.astype(np.int32)


def _count(found: Bools) -> NDArray[np.int8]:
    """Count along the first axis, which is shorter than 128."""
    return np.add.reduce(found.view(np.int8), axis=0, dtype=np.int8)


# ---------------------------------------------------------------- the path through the pool


def _path_weights(frames: Ints, has_masked: Bools, style: Style, options: DrawOptions) -> tuple[Weights, Weights]:
    """Weights `first[chain, candidate]` of first frames and `transition[chain, step, from, to]` of the steps after."""
    chains, steps, pool_size, _ = frames.shape
    frame_weights = np.ones((chains, steps, pool_size))
    drawn = frames[has_masked]
    verdict = check_rules(None, drawn.reshape(-1, len(VOICES)), style.rules - TRANSITION_RULES, style.key)
    nats = _FORBIDDEN_NATS * verdict.violations + verdict.penalty
    frame_weights[has_masked] = _bounded_weights(nats.reshape(-1, pool_size), axis=1)

    transition = np.ones((chains, steps - 1, pool_size, pool_size))
    has_masked_pair = has_masked[:, 1:] | has_masked[:, :-1]
    nats = transition_cost(
        frames[:, :-1][has_masked_pair],
        frames[:, 1:][has_masked_pair],
        style.rules & TRANSITION_RULES,
        _FORBIDDEN_NATS,
    )
    nats += np.float32(options.switch_nats) * (1 - np.eye(pool_size, dtype=np.float32))[:, :, None]
    transition[has_masked_pair] = np.moveaxis(_bounded_weights(nats, axis=(0, 1)), 2, 0)
    return frame_weights[:, 0], transition * frame_weights[:, 1:, None]


def _bounded_weights(nats: NDArray[np.floating], axis: int | tuple[int, ...]) -> Weights:
    """Return exp(-nats), scaled so that the highest along the axes is 1; none is so low that products would vanish."""
    return np.exp(np.maximum(nats.min(axis=axis, keepdims=True) - nats, -_MAX_NATS))


def _sample_path(first: Weights, transition: Weights, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw a candidate for every frame, `path[chain, step]`, by the weights of `_path_weights`."""
    chains, count, pool_size, _ = transition.shape
    if count == 0:
        return _sample_index(first, rng)[:, None]
    padded = 1 << (count - 1).bit_length()
    rest = np.broadcast_to(np.eye(pool_size), (chains, padded - count, pool_size, pool_size))
    levels = [np.concatenate([transition, rest], axis=1)]
    while levels[-1].shape[1] > 1:
        joined = levels[-1][:, 0::2] @ levels[-1][:, 1::2]
        levels.append(joined / joined.max(axis=(2, 3), keepdims=True))
    ends = _sample_index((first[:, :, None] * levels.pop()[:, 0]).reshape(chains, -1), rng)
    path = np.stack(np.divmod(ends, pool_size), axis=1)
    for level in reversed(levels):
        path = _with_midpoints(path, level, rng)
    return path[:, : count + 1]


def _with_midpoints(path: NDArray[np.int64], transition: Weights, rng: np.random.Generator) -> NDArray[np.int64]:
    """Refine `path[chain, 1 + n]` by drawing the midpoints from `transition[chain, 2 * n, from, to]`."""
    before_rows, after_cells = _halves(*transition.shape[:3])
    before = transition.reshape(-1, transition.shape[3]).take(before_rows + path[:, :-1], axis=0)
    after = transition.reshape(-1).take(after_cells + path[:, 1:, None])
    finer = np.empty((len(path), 2 * path.shape[1] - 1), np.int64)
    finer[:, 0::2] = path
    finer[:, 1::2] = _sample_index(before * after, rng)
    return finer


@lru_cache(maxsize=64)
def _halves(chains: int, count: int, pool_size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where rows of the even matrices and cells of the odd ones begin, of `count` matrices of each chain.

    The rows are counted through all matrices, `[chain, n]`; the cells are those of a column, `[chain, n, from]`.
    """
    matrix: NDArray[np.int64] = np.arange(chains * count).reshape(chains, count)
    cells = matrix[:, 1::2, None] * pool_size**2 + pool_size * np.arange(pool_size)
    return matrix[:, 0::2] * pool_size, cells


def _sample_index(weights: Weights, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw an index along the last axis by the weights."""
    cumulative = np.cumsum(weights, axis=-1)
    is_above = cumulative > rng.random(cumulative.shape[:-1])[..., None] * cumulative[..., -1:]
    is_above[..., -1] = True  # rounding must not lead beyond the last one
    return is_above.argmax(axis=-1)
