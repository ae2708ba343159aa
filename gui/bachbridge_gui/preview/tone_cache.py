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

from bachbridge.files.wav import RATE_HZ, Instrument, hertz

Mono = NDArray[np.float32]
Turning = NDArray[np.complex128]

_LOOP = 8192
"""About so many samples are in a loop."""
_LONGEST_S, _ENDING_S = 4.0, 1.0
"""After so long a string is silent that would tremble on unheard; the last part of it fades."""
_ROW = 512
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Tone:
    """samples[frame] at level 1, without swell; it repeats from its beginning where `loops`, or else ends."""

    samples: Mono
    loops: bool

    def at(self, frame: int, frames: int) -> Mono:
        """The `frames` samples from `frame` on; fewer where the tone ends."""
        if not self.loops:
            return self.samples[frame : frame + frames]
        return self.samples[np.arange(frame, frame + frames) % len(self.samples)]


@lru_cache(_KEPT)
def tone(instrument: Instrument, pitch: int) -> Tone:
    """The tone, made where it is not kept yet (2 to 10 ms)."""
    loops = bool(np.isinf(instrument.dying_s))
    return Tone((_loop if loops else _dying)(instrument, pitch).astype(np.float32), loops)


def _loop(instrument: Instrument, pitch: int) -> NDArray[np.float64]:
    periods = round(_LOOP * hertz(pitch) / RATE_HZ)
    turns = np.arange(round(periods * RATE_HZ / hertz(pitch)))
    turns = turns * (2 * np.pi * periods / len(turns))
    return np.sum([weight * np.sin(n * turns) for n, weight in instrument.heard(pitch)], axis=0)


def _dying(instrument: Instrument, pitch: int) -> NDArray[np.float64]:
    heard = instrument.heard(pitch)
    weights = np.array([weight for _, weight in heard])
    rates = np.array([2j * np.pi * n * hertz(pitch) - 1 / instrument.fading_s(pitch, n) for n, _ in heard]) / RATE_HZ
    rows = round(_LONGEST_S * RATE_HZ / _ROW)
    far: Turning = weights * np.exp(np.outer(np.arange(rows) * _ROW, rates))
    near: Turning = np.exp(np.outer(rates, np.arange(_ROW)))
    samples: NDArray[np.float64] = (far.real @ near.imag + far.imag @ near.real).ravel()
    ending = round(_ENDING_S * RATE_HZ)
    samples[-ending:] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, ending))
    return samples
