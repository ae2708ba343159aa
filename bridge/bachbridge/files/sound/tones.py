"""The sound of one pitch on one instrument, computed once and cached: mixing then only copies and scales it.

A steady instrument is cached as a loop: a whole number of periods in a whole number of samples, which changes the pitch
by a tenth of a cent at most. If its partials have a width, the loop is longer, and each partial is spread over
neighbouring frequencies with random phases: the PADsynth algorithm of Nasca Octavian Paul. A decaying instrument is
cached as a whole, up to `_MAX_DECAY_S`. A decaying partial is a geometric series z^k. In rows of N = `_ROW_FRAMES`
samples, its samples are (z^N)^row · z^column, so all partials together are one product of two small matrices. That
takes milliseconds, where sines and exponentials of every sample would take tenths of a second.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bachbridge.files.sound.instruments import RATE_HZ, VELOCITY_LAYERS, Instrument, pitch_hz

MonoSamples = NDArray[np.float32]
ComplexSamples = NDArray[np.complex128]
_Partials = list[tuple[int, float]]

_LOOP_FRAMES, _WIDE_LOOP_FRAMES = 8192, 1 << 17
"""Approximate number of samples in a loop, and the number in one with wide partials."""
_MAX_DECAY_S, _FADE_OUT_S = 4.0, 1.0
"""A decaying string ends after the first time, when it is hardly heard; it fades out during the second one."""
_ROW_FRAMES = 512
_CACHE_SIZE = 96


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
def cached_tone(instrument: Instrument, pitch: int, layer: int = VELOCITY_LAYERS - 1) -> Tone:
    """Return the tone of a velocity layer; computing one that is not cached takes 2 to 10 ms."""
    partials = instrument.audible_partials(pitch, layer)
    if not np.isinf(instrument.decay_s):
        return Tone(_render_decay(instrument, pitch, partials).astype(np.float32), loops=False)
    render = _render_wide_loop if instrument.width_cents else _render_loop
    return Tone(render(instrument, pitch, partials).astype(np.float32), loops=True)


def _render_loop(_: Instrument, pitch: int, partials: _Partials) -> NDArray[np.float64]:
    periods = round(_LOOP_FRAMES * pitch_hz(pitch) / RATE_HZ)
    frames = np.arange(round(periods * RATE_HZ / pitch_hz(pitch)))
    phases = frames * (2 * np.pi * periods / len(frames))
    return np.sum([weight * np.sin(n * phases) for n, weight in partials], axis=0)


def _render_wide_loop(instrument: Instrument, pitch: int, partials: _Partials) -> NDArray[np.float64]:
    """Give each partial a bell-shaped band around its frequency, and each frequency a random phase."""
    random = np.random.default_rng(pitch)
    spectrum = np.zeros(_WIDE_LOOP_FRAMES // 2 + 1, np.complex128)
    bin_hz = RATE_HZ / _WIDE_LOOP_FRAMES
    for n, weight in partials:
        hz = n * pitch_hz(pitch)
        half_width = max(hz * (2 ** (instrument.width_cents / 1200) - 1) / bin_hz, 0.5)
        first = max(1, round(hz / bin_hz - 4 * half_width))
        bins = np.arange(first, min(round(hz / bin_hz + 4 * half_width) + 2, len(spectrum)))
        heights = np.exp(-(((bins - hz / bin_hz) / half_width) ** 2))
        heights *= weight / np.sqrt(2 * np.sum(heights**2))
        spectrum[bins] += heights * np.exp(2j * np.pi * random.random(len(bins)))
    return np.fft.irfft(spectrum) * (_WIDE_LOOP_FRAMES / np.sqrt(2))


def _render_decay(instrument: Instrument, pitch: int, partials: _Partials) -> NDArray[np.float64]:
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
