"""Nucleus sampling: draw from the smallest set of likeliest choices that holds `top_p` of the probability.

Source: A. Holtzman, J. Buys, L. Du, M. Forbes, Y. Choi, "The Curious Case of Neural Text Degeneration", ICLR 2020.

There is one function for each need: one draw from one distribution, many draws with the log probability of each, and
cumulative probabilities for draws from numbers that are correlated. They treat ties and rounding differently, and
answers depend on that, so none of them is written in terms of another. Logits are in nats; minus infinity forbids a
choice.
"""

import numpy as np

from bachbridge.music.frames import Floats, Ints

MIN_TEMPERATURE = 0.02
"""Lower temperatures are clamped to this one where many rows are drawn."""


def sample_nucleus(logits: Floats, temperature: float, top_p: float, rng: np.random.Generator) -> int:
    """Draw an index from the nucleus of `logits[index]`."""
    scaled: Floats = (logits - logits.max()) / temperature
    weights = np.exp(scaled)
    order = np.argsort(-weights)
    cumulative: Floats = np.cumsum(weights[order])
    wanted: float = top_p * cumulative[-1]
    kept = int(np.searchsorted(cumulative, wanted)) + 1
    return int(order[np.searchsorted(cumulative[:kept], rng.random() * cumulative[kept - 1])])


def sample_nucleus_rows(
    logits: Floats, temperature: float, top_p: float, row_index: np.ndarray, uniforms: np.ndarray
) -> tuple[Ints, Floats]:
    """Draw `index[draw]` from the nucleus of `logits[row_index[draw]]`, and return the nats of drawing just that.

    `logits[row, index]`; `uniforms[draw]` are numbers from 0 to 1 that decide each draw.
    """
    weights = np.exp((logits - logits.max(axis=1, keepdims=True)) / max(temperature, MIN_TEMPERATURE))
    order = np.argsort(-weights, axis=1, kind="stable")
    weights = np.take_along_axis(weights, order, axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    in_nucleus = (np.cumsum(weights, axis=1) - weights) < top_p
    in_nucleus[:, 0] = True
    weights = np.where(in_nucleus, weights, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    cumulative = np.cumsum(weights, axis=1)[row_index]
    rank = np.minimum((cumulative <= uniforms[:, None]).sum(axis=1), in_nucleus.sum(axis=1)[row_index] - 1)
    return order[row_index, rank].astype(np.int32), np.log(weights[row_index, rank]).astype(np.float32)


def nucleus_cdf(logits: Floats, temperature: float, top_p: float) -> Floats:
    """Return the cumulative weights `cdf[row, index]` of the nucleus of `logits[row, index]`, lowest index first.

    The weights are not normalized: `cdf[row, -1]` is their sum.
    """
    scale = np.float32(max(temperature, MIN_TEMPERATURE))
    by_index = np.ascontiguousarray(logits.T)  # the long axis comes last, which numpy does quickest
    weights = np.exp((by_index - by_index.max(axis=0)) / scale)
    if top_p < 1:
        rising = np.sort(weights, axis=0)
        cumulative = np.cumsum(rising, axis=0)
        # Leave out the least likely ones that together stay below 1 - top_p; the likeliest always remains.
        left_out = (cumulative <= (1 - top_p) * cumulative[-1]).sum(axis=0)
        least = np.take_along_axis(rising, np.minimum(left_out, len(rising) - 1)[None], axis=0)
        weights = np.where(weights < least, np.float32(0), weights)
    return np.cumsum(weights, axis=0).T
