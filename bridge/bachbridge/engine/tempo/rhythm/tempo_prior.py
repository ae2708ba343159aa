"""Knowledge about the tempo before anything is played."""

from dataclasses import dataclass

import numpy as np

_CENTRE_BPM = 105.0
_FLAT_OCTAVES, _EDGE_OCTAVES = 0.32, 0.25
"""Tempos this far from the centre are as likely as it, and how fast likelihood falls beyond them."""
_PREVIOUS_WIDTH, _PREVIOUS_SHARE = 0.08, 0.97
_HINT_WIDTH, _HINT_SHARE = 0.2, 0.95
"""Width in octaves, and trust in the tempo of the previous phrase and in the player's hint."""


@dataclass(frozen=True, slots=True)
class TempoPrior:
    """A density of tempos; `expected_bpm` is 0 if none is expected."""

    expected_bpm: float = 0.0
    width_octaves: float = _PREVIOUS_WIDTH
    share: float = 0.0
    centre_bpm: float = _CENTRE_BPM

    def log_density(self, bpm: np.ndarray) -> np.ndarray:
        """Return the logarithm of the density at each tempo, by octaves."""
        octaves = np.abs(np.log2(bpm / self.centre_bpm))
        beyond = np.maximum(0.0, octaves - _FLAT_OCTAVES) / _EDGE_OCTAVES
        broad = np.exp(-0.5 * beyond**2) / (2 * _FLAT_OCTAVES + _EDGE_OCTAVES)
        if not self.expected_bpm:
            return np.log(broad + 1e-12)
        distance = np.log2(bpm / self.expected_bpm) / self.width_octaves
        narrow = np.exp(-0.5 * distance**2) / (2.5066 * self.width_octaves)
        return np.log((1 - self.share) * broad + self.share * narrow + 1e-12)


def tempo_prior(hint_bpm: float, previous_bpm: float | None, steps_per_beat: int) -> TempoPrior:
    """Return what is known from the tempo that the player named (0: none), and from the previous phrase."""
    centre = _CENTRE_BPM * (1.25 if steps_per_beat > 4 else 1.0)
    if previous_bpm:
        return TempoPrior(previous_bpm, _PREVIOUS_WIDTH, _PREVIOUS_SHARE, hint_bpm or centre)
    if hint_bpm:
        return TempoPrior(hint_bpm, _HINT_WIDTH, _HINT_SHARE, centre)
    return TempoPrior(centre_bpm=centre)
