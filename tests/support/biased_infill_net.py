"""An infilling network of a few lines for tests, and the card that the library finds for it."""

from pathlib import Path

import numpy as np

from bachbridge.codecs import infill_grid
from bachbridge.inference.runtime import library
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, pitch_index
from bachbridge.music.notes import VOICE_RANGES

RANGE_MIDDLES = np.array([pitch_index((low + high) // 2) for low, high in VOICE_RANGES])


class FourthsNet:
    """A network that predicts each voice five semitones below a given voice above it, or else in mid-range."""

    def __init__(self) -> None:
        self.steps_per_sweep: list[int] = []
        """Number of steps shown in each sweep."""

    def predict(self, seen: np.ndarray, attacks: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.steps_per_sweep.append(seen.shape[1])
        assert seen.shape == attacks.shape
        assert place.shape == (*seen.shape[:2], infill_grid.PLACE_FIELD_COUNT)
        predicted = np.broadcast_to(RANGE_MIDDLES, seen.shape).copy()
        above = seen[..., :-1]
        predicted[..., 1:] = np.where((above > REST) & (above < infill_grid.MASKED), above - 5, predicted[..., 1:])
        pitch = -np.abs(np.arange(PITCH_INDEX_COUNT) - predicted[..., None]).astype(np.float32)
        return pitch, np.full(seen.shape, -3, np.float32)


CARD_FACTS = {
    "tasks": ["continue", "harmonize", "mend", "vary"],
    "chain": ["soprano", "bass", "alto", "tenor"],
    "layers": 1,
    "units": 1,
    "partner": "chorale-lstm",
    "sampler": {},
    "files": {},
}


def make_card(name: str, codec: str = "infill_grid") -> library.Card:
    """Return the card of a model of that name, as the library would read it."""
    return library.parse_card(Path(name), CARD_FACTS | {"codec": codec})
