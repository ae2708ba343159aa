"""A small room around the instruments: a feedback delay network of eight lines.

Method: J.-M. Jot and A. Chaigne, "Digital delay networks for designing artificial reverberators" (90th AES Convention,
1991). A Hadamard matrix mixes the lines, each of which loses 60 dB in the room's decay time, and high frequencies
sooner. All delays are longer than a device's block, so a block is a few operations on arrays.
"""

import numpy as np
from numpy.typing import NDArray

from bachbridge.files.sound.instruments import RATE_HZ

StereoSamples = NDArray[np.float32]

_DELAYS_FRAMES = np.array([1123, 1277, 1361, 1493, 1613, 1733, 1867, 1993])
_LINES = len(_DELAYS_FRAMES)
_SIZE_FRAMES = 4096
_MAX_BLOCK_FRAMES = int(_DELAYS_FRAMES.min()) - 1
_DAMPING = 0.3
"""The share of the sample before in each sample that comes out of a line: a low-pass filter."""
_SILENCE = 1e-5
"""Level, -100 dB, below which sound does not keep the room alive."""
_CUT_FRAMES = round(0.006 * RATE_HZ)


def _hadamard(order: int) -> NDArray[np.float32]:
    """Return the orthogonal Hadamard matrix of 2**order rows."""
    matrix = np.ones((1, 1))
    for _ in range(order):
        matrix = np.block([[matrix, matrix], [matrix, -matrix]]) / np.sqrt(2)
    return matrix.astype(np.float32)


_MIXING = _hadamard(3)


class Room:
    """Use one for each stream of sound, on one thread; only `cut` may be called on another."""

    def __init__(self, decay_s: float = 0.8, wet: float = 0.11) -> None:
        """Make a room in which sound falls by 60 dB in `decay_s`; `wet` is the level of what is added."""
        self._gains = (10 ** (-3 * _DELAYS_FRAMES / (decay_s * RATE_HZ))).astype(np.float32)[:, None]
        self._wet = wet
        self._lines = np.zeros((_LINES, _SIZE_FRAMES), np.float32)
        self._rows = np.arange(_LINES)[:, None]
        self._at = 0
        self._tail_frames = round(1.2 * decay_s * RATE_HZ)
        self._left_frames = 0
        """Frames until the room is silent if nothing more sounds in it."""
        self._cut_wanted = False

    def cut(self) -> None:
        """Let what still rings fade out at once, without a click."""
        self._cut_wanted = True

    def add_to(self, samples: StereoSamples) -> None:
        """Add the room's answer to samples[frame, side] in place."""
        if self._cut_wanted:
            self._fade_out(samples)
            return
        for start in range(0, len(samples), _MAX_BLOCK_FRAMES):
            block = samples[start : start + _MAX_BLOCK_FRAMES]
            if np.abs(block).max() > _SILENCE:
                self._left_frames = self._tail_frames
            if self._left_frames <= 0:
                continue
            self._left_frames -= len(block)
            block += self._next_block(block)
            if self._left_frames <= 0:
                self._lines[:] = 0

    def _next_block(self, dry: StereoSamples) -> StereoSamples:
        """Return the room's answer and feed the block into the lines."""
        now = self._at + np.arange(len(dry))
        past = now - _DELAYS_FRAMES[:, None]
        delayed = (1 - _DAMPING) * self._lines[self._rows, past % _SIZE_FRAMES]
        delayed += _DAMPING * self._lines[self._rows, (past - 1) % _SIZE_FRAMES]
        fed = _MIXING @ (self._gains * delayed)
        fed[0::2] += dry[:, 0]
        fed[1::2] += dry[:, 1]
        self._lines[:, now % _SIZE_FRAMES] = fed
        self._at += len(dry)
        left = delayed[0] - delayed[2] + delayed[4] - delayed[6]
        right = delayed[1] - delayed[3] + delayed[5] - delayed[7]
        return (self._wet * np.stack([left, right], axis=1)).astype(np.float32)

    def _fade_out(self, samples: StereoSamples) -> None:
        frames = min(len(samples), _CUT_FRAMES)
        if self._left_frames > 0:
            fade = np.linspace(1, 0, frames, dtype=np.float32)[:, None]
            samples[:frames] += fade * self._next_block(samples[:frames])
        self._lines[:] = 0
        self._left_frames, self._cut_wanted = 0, False
