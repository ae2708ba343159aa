"""The sound of one pitch on one instrument, made once and kept: what is mixed afterwards is only copied and scaled.

The instruments are those of `bachbridge.files.wav`. One that sounds on evenly is kept as a loop: a whole number of
periods in a whole number of samples, for which the pitch gives way by a tenth of a cent. One that
dies away is kept whole, up to `_LONGEST_S`. A dying partial is a geometric series z^k; its samples, row by row of
`_ROW`, are (z^_ROW)^row · z^column, so that all partials together are one product of two small matrices, which
takes milliseconds where sines and exponentials of every sample would take tenths of a second.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bachbridge.files.wav import RATE_HZ, Instrument, pitch_hz

MonoSamples = NDArray[np.float32]
ComplexSamples = NDArray[np.complex128]

_LOOP_FRAMES = 8192
"""About so many samples are in a loop."""
_MAX_DECAY_S, _FADE_OUT_S = 4.0, 1.0
"""After so long a string is silent that would tremble on unheard; the last part of it fades."""
_ROW_FRAMES = 512
_CACHE_SIZE = 64


@dataclass(frozen=True, slots=True)
class Tone:
    """samples[frame] at level 1, without swell; it repeats from its beginning where `loops`, or else ends."""

    samples: MonoSamples
    loops: bool

    def samples_from(self, frame: int, frames: int) -> MonoSamples:
        """The `frames` samples from `frame` on; fewer where the tone ends."""
        if not self.loops:
            return self.samples[frame : frame + frames]
        return self.samples[np.arange(frame, frame + frames) % len(self.samples)]


@lru_cache(_CACHE_SIZE)
def cached_tone(instrument: Instrument, pitch: int) -> Tone:
    """The tone, made where it is not kept yet (2 to 10 ms)."""
    loops = bool(np.isinf(instrument.decay_s))
    return Tone((_render_loop if loops else _render_decay)(instrument, pitch).astype(np.float32), loops)


def _render_loop(instrument: Instrument, pitch: int) -> NDArray[np.float64]:
    periods = round(_LOOP_FRAMES * pitch_hz(pitch) / RATE_HZ)
    turns = np.arange(round(periods * RATE_HZ / pitch_hz(pitch)))
    turns = turns * (2 * np.pi * periods / len(turns))
    return np.sum([weight * np.sin(n * turns) for n, weight in instrument.audible_partials(pitch)], axis=0)


def _render_decay(instrument: Instrument, pitch: int) -> NDArray[np.float64]:
    heard = instrument.audible_partials(pitch)
    weights = np.array([weight for _, weight in heard])
    rates = (
        np.array([2j * np.pi * n * pitch_hz(pitch) - 1 / instrument.partial_decay_s(pitch, n) for n, _ in heard])
        / RATE_HZ
    )
    rows = round(_MAX_DECAY_S * RATE_HZ / _ROW_FRAMES)
    far: ComplexSamples = weights * np.exp(np.outer(np.arange(rows) * _ROW_FRAMES, rates))
    near: ComplexSamples = np.exp(np.outer(rates, np.arange(_ROW_FRAMES)))
    samples: NDArray[np.float64] = (far.real @ near.imag + far.imag @ near.real).ravel()
    ending = round(_FADE_OUT_S * RATE_HZ)
    samples[-ending:] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, ending))
    return samples
