"""The sound of one pitch on one instrument, computed once and cached: mixing then only copies and scales it.

The instruments are those of `bachbridge.files.wav`. A steady instrument is cached as a loop: a whole number of periods
in a whole number of samples, which changes the pitch by a tenth of a cent at most. A decaying instrument is cached as a
whole, up to `_MAX_DECAY_S`. A decaying partial is a geometric series z^k. In rows of N = `_ROW_FRAMES` samples, its
samples are (z^N)^row · z^column, so all partials together are one product of two small matrices. That takes
milliseconds, where sines and exponentials of every sample would take tenths of a second.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bachbridge.files.wav import RATE_HZ, Instrument, pitch_hz

MonoSamples = NDArray[np.float32]
ComplexSamples = NDArray[np.complex128]

_LOOP_FRAMES = 8192
"""Approximate number of samples in a loop."""
_MAX_DECAY_S, _FADE_OUT_S = 4.0, 1.0
"""A decaying string ends after the first time, when it is hardly heard; it fades out during the second one."""
_ROW_FRAMES = 512
_CACHE_SIZE = 64


@dataclass(frozen=True, slots=True)
class Tone:
    """samples[frame] at level 1, without attack and release. They repeat if `loops` is true, or else end."""

    samples: MonoSamples
    loops: bool

    def samples_from(self, frame: int, frames: int) -> MonoSamples:
        """Return `frames` samples from `frame` on, or fewer if the tone ends before."""
        if not self.loops:
            return self.samples[frame : frame + frames]
        return self.samples[np.arange(frame, frame + frames) % len(self.samples)]


@lru_cache(_CACHE_SIZE)
def cached_tone(instrument: Instrument, pitch: int) -> Tone:
    """Return the tone; computing one that is not cached takes 2 to 10 ms."""
    loops = bool(np.isinf(instrument.decay_s))
    return Tone((_render_loop if loops else _render_decay)(instrument, pitch).astype(np.float32), loops)


def _render_loop(instrument: Instrument, pitch: int) -> NDArray[np.float64]:
    periods = round(_LOOP_FRAMES * pitch_hz(pitch) / RATE_HZ)
    frames = np.arange(round(periods * RATE_HZ / pitch_hz(pitch)))
    phases = frames * (2 * np.pi * periods / len(frames))
    return np.sum([weight * np.sin(n * phases) for n, weight in instrument.audible_partials(pitch)], axis=0)


def _render_decay(instrument: Instrument, pitch: int) -> NDArray[np.float64]:
    partials = instrument.audible_partials(pitch)
    weights = np.array([weight for _, weight in partials])
    rates = (
        np.array([2j * np.pi * n * pitch_hz(pitch) - 1 / instrument.partial_decay_s(pitch, n) for n, _ in partials])
        / RATE_HZ
    )
    rows = round(_MAX_DECAY_S * RATE_HZ / _ROW_FRAMES)
    row_starts: ComplexSamples = weights * np.exp(np.outer(np.arange(rows) * _ROW_FRAMES, rates))
    columns: ComplexSamples = np.exp(np.outer(rates, np.arange(_ROW_FRAMES)))
    samples: NDArray[np.float64] = (row_starts.real @ columns.imag + row_starts.imag @ columns.real).ravel()
    ending = round(_FADE_OUT_S * RATE_HZ)
    samples[-ending:] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, ending))
    return samples
