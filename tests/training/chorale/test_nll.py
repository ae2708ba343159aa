"""Scores against values worked out by hand, and the community's JSON."""

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


class Hopeful:
    """A network that gives middle C a half and the other half to all other classes; it notes what it was told."""

    def __init__(self) -> None:
        self.states: list[int] = []
        self.told: list[list[int]] = []

    def initial_state(self) -> int:
        return 0

    def core(self, ids: Any, state: int) -> tuple[Any, int]:
        self.states.append(state)
        return np.zeros((len(ids), 1), np.float32), state + 1

    def heads(self, hidden: Any, known: Any) -> tuple[Any, Any]:
        self.told.append(known[-1].tolist())
        logits = np.zeros((len(hidden), 4, PITCH_INDEX_COUNT), np.float32)
        logits[:, :, pitch_index(60)] = math.log(PITCH_INDEX_COUNT - 1)
        return logits, np.zeros((len(hidden), 4), np.float32)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "frames.json"
    path.write_text(json.dumps({"valid": [FRAMES, FRAMES[:1]], "odd": [[[60, 60]]], "high": [[[99, 60, 60, 60]]]}))
    return path


def test_scores_are_what_the_hand_works_out(data: Path) -> None:
    surprises = chorale_nll.evaluate(Hopeful(), VOICE_ORDER, four_part_files.read_json_pieces(data, "valid"))
    scores = chorale_nll.summary(surprises)
    likely, unlikely = math.log(2), math.log(2 * (PITCH_INDEX_COUNT - 1))
    # Three frames of four Cs, the second of them held, and a frame of two Cs, a D and a rest.
    moving = 2 * 4 * likely + 2 * likely + 2 * unlikely
    assert scores["pieces"] == 2
    assert scores["frames"] == 4
    assert scores["nats_per_frame"] == pytest.approx((moving + 4 * likely) / 4, rel=1e-6)
    assert scores["nats_per_frame_moving"] == pytest.approx(moving / 3, rel=1e-6)
    assert scores["accuracy"] == pytest.approx(14 / 16)
    assert scores["accuracy_moving"] == pytest.approx(8 / 10)


def test_each_piece_begins_with_an_empty_state_and_each_head_sees_the_voices_before_it(data: Path) -> None:
    nets = Hopeful()
    chorale_nll.evaluate(nets, VOICE_ORDER, four_part_files.read_json_pieces(data, "valid")[:1] * 2)
    assert nets.states == [0, 1, 2, 0, 1, 2]
    soprano, alto, bass = (pitch_index(pitch) for pitch in (62, 60, 60))
    heads = [[-1, -1, -1, -1], [soprano, -1, -1, bass], [soprano, alto, -1, bass], [soprano, -1, -1, -1]]
    assert nets.told == heads * 2


@pytest.mark.parametrize("part", ["test", "odd", "high"])
def test_what_cannot_be_scored_is_refused_in_a_sentence(data: Path, part: str) -> None:
    with pytest.raises(ConfigError, match=r"frames\.json"):
        four_part_files.read_json_pieces(data, part)


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.json").write_text("no")
    with pytest.raises(ConfigError, match=r"text\.json cannot be read"):
        four_part_files.read_json_pieces(tmp_path / "text.json", "valid")
