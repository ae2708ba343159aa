"""Wishes for one step of a harmony, as nats for candidate frames.

A phrase closes on a triad in root position. Which triad, and whether its dominant goes before, is a matter of shares
(`closing_chords`): their logarithms are the nats, with noise of the Gumbel distribution, so that the best choice is a
draw (E. Gumbel, 1954). On the way to the close each chord is judged by the best close that it allows. Only the
difference between a chord's value and that of the one before counts, which adds up to the value of the close itself
(potential-based shaping: A. Ng, D. Harada, S. Russell, ICML 1999). Then the voices come to rest.
"""

from dataclasses import dataclass

import numpy as np

from bachbridge.music.frames import Bools, Floats, Ints, pitch_classes
from bachbridge.music.keys import Weights
from bachbridge.music.phrasing.closing.chord_tables import (
    HAS_MINOR_THIRD,
    IS_DOMINANT,
    IS_LEADING_CHORD,
    is_close,
    leads_to,
    pitch_class_sets,
)
from bachbridge.music.phrasing.closing.resolution import resolution_nats

NO_TRIAD_NATS = 10.0
"""Nats against a close on anything but a triad in root position."""
_BASS = 3
_DOMINANT_BASS = (np.arange(12) + 7) % 12


@dataclass(frozen=True, slots=True)
class Close:
    """A close that is due: `nats[root, minor, dominant before]` of each way to make it, 0 for the best."""

    nats: Floats

    @property
    def target(self) -> tuple[int, bool, bool]:
        """The best way: the triad's root, whether it is minor, and whether its dominant goes before."""
        root, minor, authentic = np.unravel_index(int(self.nats.argmax()), self.nats.shape)
        return int(root), bool(minor), bool(authentic)

    def value_before(self, frames: Ints) -> Floats:
        """Nats of the best close that can follow each of `frames[k, voice]`."""
        sets, bass = pitch_class_sets(frames), pitch_classes(frames[:, _BASS])
        leads = IS_DOMINANT[sets] & (bass[:, None] == _DOMINANT_BASS) | IS_LEADING_CHORD[sets]
        best: Floats = self.nats.max(axis=1)
        values: Floats = np.where(leads, best[:, 1], best[:, 0])
        return values.max(axis=1)

    def value(self, previous: Ints, frames: Ints) -> Floats:
        """Nats of closing with `frames[k, voice]` after `previous[k, voice]`."""
        sets, bass = pitch_class_sets(frames), pitch_classes(frames[:, _BASS])
        leads = leads_to(pitch_class_sets(previous), pitch_classes(previous[:, _BASS]), bass)
        found = self.nats[bass, HAS_MINOR_THIRD[sets].astype(np.int64), leads.astype(np.int64)]
        return np.where(is_close(sets, bass), found, -NO_TRIAD_NATS).astype(np.float32)


def draw_close(shares: Weights, rng: np.random.Generator | None) -> Close:
    """Return a close of which each way is the best as often as `shares[root, minor, dominant before]` say.

    Without `rng` the likeliest way is the best.
    """
    nats = np.log(shares + 1e-6)
    if rng is not None:
        nats = nats + rng.gumbel(size=nats.shape)
    return Close((nats - nats.max()).astype(np.float32))


@dataclass(frozen=True, slots=True)
class StepWish:
    """A wish for one step.

    The step approaches `close`, or makes it (`is_closing`); `was_near` says that the step before approached it too.
    Every voice that moves costs `moving_nats`.
    """

    is_on_beat: bool = False
    close: Close | None = None
    is_closing: bool = False
    was_near: bool = False
    moving_nats: float = 0.0

    def nats(
        self, previous: Ints | None, frames: Ints, _rows: np.ndarray | None = None, sevenths: Bools | None = None, /
    ) -> Floats:
        """Nats for each of `frames[k, voice]` after `previous[k, voice]` (None: at the beginning).

        `sevenths[k, voice]` are the voices that hold a seventh that has still to fall.
        """
        if previous is None:
            nothing = np.zeros_like(frames)
            return self.close.value(nothing, frames) if self.close and self.is_closing else _zeros(frames)
        nats = resolution_nats(previous, frames, sevenths, is_on_beat=self.is_on_beat)
        if self.moving_nats:
            nats -= np.float32(self.moving_nats) * (frames != previous).sum(axis=1)
        if self.close is not None:
            nats += self.close.value(previous, frames) if self.is_closing else self.close.value_before(frames)
            if self.was_near:
                nats -= self.close.value_before(previous)
        return nats.astype(np.float32)


def _zeros(frames: Ints) -> Floats:
    return np.zeros(len(frames), np.float32)
