"""The built-in instruments, each a sum of partials, under the names that the setting `sound` accepts.

A harpsichord's string is plucked: its partials start together and decay, the high ones faster, and stop when the key is
released. An organ's pipes (8', 4', 2 2/3', 2') speak within 30 ms and sound evenly. Strings and choir are many players:
each partial is a narrow band instead of a line. A softer stroke has weaker high partials, as on most instruments.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 44_100
_MAX_PARTIAL_HZ = 16_000
VELOCITY_LAYERS = 4
"""The number of timbres between the softest and the hardest stroke."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """A sum of partials, each a pair of number and weight, with an attack, a decay (or none) and a release."""

    partials: tuple[tuple[int, float], ...]
    attack_s: float
    release_s: float
    min_level: float
    """The level at velocity 0; at 127 it is `velocity_range` higher."""
    velocity_range: float
    decay_s: float
    """The time in which the fundamental of C4 falls to 1/e while its key is held; infinite if it does not decay."""
    softness: float = 0.3
    """The exponent of a partial's number by which the softest stroke is darker than the hardest."""
    width_cents: float = 0.0
    """The half width of each partial: how far many players of one part differ in pitch."""
    formants_hz: tuple[float, ...] = ()
    """The resonances of a vowel; empty: none."""

    def level(self, velocity: int) -> float:
        return self.min_level + self.velocity_range * velocity / 127

    def partial_decay_s(self, pitch: int, n: int) -> float:
        """Return the time in which partial `n` of a pitch falls to 1/e: high strings and high partials decay faster."""
        return self.decay_s * (261.6 / pitch_hz(pitch)) ** 0.5 / n**0.5

    def audible_partials(self, pitch: int, layer: int = VELOCITY_LAYERS - 1) -> list[tuple[int, float]]:
        """Return the partials of a pitch below 16 kHz, as a stroke of this velocity layer makes them sound."""
        tilt = self.softness * (1 - layer / (VELOCITY_LAYERS - 1))
        hz = pitch_hz(pitch)
        return [
            (n, weight * n**-tilt * self._resonance(n * hz)) for n, weight in self.partials if n * hz < _MAX_PARTIAL_HZ
        ]

    def _resonance(self, hz: float) -> float:
        """Return the gain of the vowel at a frequency."""
        if not self.formants_hz:
            return 1.0
        peaks = (np.exp(-(((hz - formant) / (90 + 0.09 * formant)) ** 2)) for formant in self.formants_hz)
        return 0.18 + float(sum(peak / (1 + place) for place, peak in enumerate(peaks)))


def velocity_layer(velocity: int) -> int:
    """Return the layer of a velocity, from 0 (soft)."""
    return min(max(velocity, 0) * VELOCITY_LAYERS // 128, VELOCITY_LAYERS - 1)


def pitch_hz(pitch: int) -> float:
    """Return the frequency in equal temperament, A4 = 440 Hz."""
    return 440.0 * 2 ** ((pitch - 69) / 12)


def stereo_gains(pan: float) -> NDArray[np.float64]:
    """Return the gains of left and right for the position `pan`, at equal power."""
    return np.array([np.cos(pan * np.pi / 2), np.sin(pan * np.pi / 2)])


ORGAN = Instrument(
    ((1, 1.0), (2, 0.55), (3, 0.22), (4, 0.3), (5, 0.05), (6, 0.08), (8, 0.06)), 0.03, 0.14, 0.25, 0.3, np.inf
)
"""A principal chorus: its pipes are the partials 1, 2, 3 and 4, with a little of the partials above."""
HARPSICHORD = Instrument(
    tuple((n, abs(float(np.sin(np.pi * n / 7))) / n**0.8) for n in range(1, 25)), 0.002, 0.1, 0.3, 0.7, 1.6, 0.5
)
"""A string plucked at a seventh of its length, so that every seventh partial is missing."""
STRINGS = Instrument(
    tuple((n, 0.9 / n**1.25) for n in range(1, 21)), 0.09, 0.22, 0.2, 0.4, np.inf, 0.7, width_cents=11.0
)
"""An ensemble of bowed strings: all partials, the high ones weaker."""
CHOIR = Instrument(
    tuple((n, 1.1 / n**0.6) for n in range(1, 17)),
    0.11,
    0.25,
    0.25,
    0.35,
    np.inf,
    0.4,
    width_cents=14.0,
    formants_hz=(560.0, 1040.0, 2700.0),
)
"""Many voices on an open vowel, whose resonances stay where they are while the pitch changes."""
PIANO = Instrument(
    tuple((n, abs(float(np.sin(np.pi * n / 8))) * 2.2 / n**1.35) for n in range(1, 19)),
    0.003,
    0.18,
    0.15,
    0.95,
    1.1,
    0.9,
)
"""A string struck by a felt hammer at an eighth of its length."""
WOOD_BLOCK = Instrument(((1, 1.0), (3, 0.5), (5, 0.25)), 0.001, 0.03, 0.5, 1.0, 0.06, 0.0)
"""A hollow block of wood that is struck: odd partials that die away at once."""

INSTRUMENTS = {"organ": ORGAN, "harpsichord": HARPSICHORD, "strings": STRINGS, "choir": CHOIR, "piano": PIANO}
"""The built-in instrument of each word of the setting `sound`."""
GENERAL_MIDI_PROGRAMS = {"organ": 19, "harpsichord": 6, "strings": 48, "choir": 52, "piano": 0}
"""The program, counted from 0, that plays the same in a sound font."""
VOICE_PANS = (0.38, 0.62, 0.3, 0.7)
"""Positions of soprano, alto, tenor and bass between left (0) and right (1)."""


def player_sound(answer_sound: str) -> str:
    """Return the name of the player's instrument, which can be told apart from the one that answers."""
    return "piano" if answer_sound == "harpsichord" else "harpsichord"
