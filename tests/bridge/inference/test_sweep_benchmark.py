"""The time of a sweep is measured once for each network, and then read from the record."""

from pathlib import Path

import numpy as np
import pytest

from bachbridge.inference.infill.budget import REFERENCE_STEPS
from bachbridge.inference.sweep_benchmark import recorded_sweep_ns
from bachbridge.music.frames import PITCH_INDEX_COUNT


class CountingNet:
    """A network whose predictions are all equal; it counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def predict(self, seen: np.ndarray, attacks: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert attacks.shape == seen.shape
        assert place.shape[1] == seen.shape[1] == REFERENCE_STEPS
        self.calls += 1
        return np.zeros((*seen.shape, PITCH_INDEX_COUNT), np.float32), np.zeros(seen.shape, np.float32)


def test_recorded_sweep_ns_measures_once_for_each_network(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "pace.json"
    first = recorded_sweep_ns(CountingNet(), "abc", path)
    assert first > 0
    again = CountingNet()
    assert recorded_sweep_ns(again, "abc", path) == first
    assert again.calls == 0
    other = CountingNet()
    recorded_sweep_ns(other, "def", path)
    assert other.calls > 0
    assert recorded_sweep_ns(again, "abc", path) == first, "the first one is still on record"


@pytest.mark.parametrize("text", ["", "[]", "3", "{", '{"abc": -5}', '{"abc": "quick"}', '{"abc": true}', "\x00"])
def test_recorded_sweep_ns_replaces_a_damaged_record(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pace.json"
    path.write_text(text)
    net = CountingNet()
    measured = recorded_sweep_ns(net, "abc", path)
    assert net.calls > 0
    assert recorded_sweep_ns(CountingNet(), "abc", path) == measured


def test_recorded_sweep_ns_measures_if_no_record_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert recorded_sweep_ns(CountingNet(), "abc", tmp_path / "file" / "pace.json") > 0
