"""Networks of a few lines in place of the models, for the commands that write files."""

import numpy as np
import pytest

from bachbridge.cli.transform import melody_harmony
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge.music.frames import PITCH_INDEX_COUNT
from tests.support import biased_infill_net


class UniformNet:
    """A chorale net that finds every pitch equally likely, so that the rules alone choose."""

    def initial_state(self) -> np.ndarray:
        return np.zeros((2, 1, 1), np.float32)

    def core(self, ids: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((len(ids), 1), np.float32), state

    def heads(self, hidden: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((len(known), 4, PITCH_INDEX_COUNT), np.float32), np.full((len(known), 4), -5, np.float32)


@pytest.fixture
def fake_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Provide the models "flat", a chorale one, and "leaning", an infilling one."""

    def find(name: str) -> Card:
        return biased_infill_net.make_card(name, "infill_grid" if name == "leaning" else "satb")

    def load(card: Card) -> UniformNet:
        return UniformNet()

    def load_fill(card: Card) -> biased_infill_net.FourthsNet:
        return biased_infill_net.FourthsNet()

    monkeypatch.setattr(library, "find_checked_card", find)
    monkeypatch.setattr(onnx_nets, "load_chorale_net", load)
    monkeypatch.setattr(onnx_nets, "load_infill_net", load_fill, raising=False)
    monkeypatch.setattr(melody_harmony, "phrase_net", lambda: None)
