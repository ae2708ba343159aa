"""Chorale scores against hand-computed values, and the community's JSON format."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bachbridge.errors import ConfigError
from bachbridge.music.frames import PITCH_INDEX_COUNT, pitch_index
from bachbridge_training.chorale import nll as chorale_nll
from bachbridge_training.datasets import four_part_files
from bachbridge_training.datasets.four_part_windows import VOICE_ORDER

FRAMES = [[60, 60, 60, 60], [60, 60, 60, 60], [62, 60, -1, 60]]


class MiddleCNet:
    """A network that gives middle C half of the probability; it records its inputs."""

    def __init__(self) -> None:
        self.states: list[int] = []
        self.known_voices: list[list[int]] = []

    def initial_state(self) -> int:
        return 0

    def core(self, ids: Any, state: int) -> tuple[Any, int]:
        self.states.append(state)
        return np.zeros((len(ids), 1), np.float32), state + 1

    def heads(self, hidden: Any, known: Any) -> tuple[Any, Any]:
        self.known_voices.append(known[-1].tolist())
        logits = np.zeros((len(hidden), 4, PITCH_INDEX_COUNT), np.float32)
        logits[:, :, pitch_index(60)] = math.log(PITCH_INDEX_COUNT - 1)
        return logits, np.zeros((len(hidden), 4), np.float32)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "frames.json"
    path.write_text(json.dumps({"valid": [FRAMES, FRAMES[:1]], "odd": [[[60, 60]]], "high": [[[99, 60, 60, 60]]]}))
    return path


def test_summary_equals_hand_computed_scores(data: Path) -> None:
    losses = chorale_nll.evaluate(MiddleCNet(), VOICE_ORDER, four_part_files.read_json_pieces(data, "valid"))
    scores = chorale_nll.summary(losses)
    likely, unlikely = math.log(2), math.log(2 * (PITCH_INDEX_COUNT - 1))
    # Two frames of four Cs (and a third, held), and a frame of two Cs, a D and a rest.
    moving = 2 * 4 * likely + 2 * likely + 2 * unlikely
    assert scores["pieces"] == 2
    assert scores["frames"] == 4
    assert scores["nats_per_frame"] == pytest.approx((moving + 4 * likely) / 4, rel=1e-6)
    assert scores["nats_per_frame_moving"] == pytest.approx(moving / 3, rel=1e-6)
    assert scores["accuracy"] == pytest.approx(14 / 16)
    assert scores["accuracy_moving"] == pytest.approx(8 / 10)


def test_evaluate_resets_state_and_gives_earlier_voices(data: Path) -> None:
    net = MiddleCNet()
    chorale_nll.evaluate(net, VOICE_ORDER, four_part_files.read_json_pieces(data, "valid")[:1] * 2)
    assert net.states == [0, 1, 2, 0, 1, 2]
    soprano, alto, bass = (pitch_index(pitch) for pitch in (62, 60, 60))
    heads = [[-1, -1, -1, -1], [soprano, -1, -1, bass], [soprano, alto, -1, bass], [soprano, -1, -1, -1]]
    assert net.known_voices == heads * 2


@pytest.mark.parametrize("part", ["test", "odd", "high"])
def test_json_pieces_that_cannot_be_scored_are_refused(data: Path, part: str) -> None:
    with pytest.raises(ConfigError, match=r"frames\.json"):
        four_part_files.read_json_pieces(data, part)


def test_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.json").write_text("no")
    with pytest.raises(ConfigError, match=r"text\.json cannot be read"):
        four_part_files.read_json_pieces(tmp_path / "text.json", "valid")
