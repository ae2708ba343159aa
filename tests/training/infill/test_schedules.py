"""What an infilling model's tables hold, by a network of a few lines; and work spread over processes."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bachbridge.inference.runtime.library import Card
from bachbridge.music.frames import PITCH_INDEX_COUNT, pitch_index
from bachbridge_training import process_pool
from bachbridge_training.cli.evaluate import evaluate_model
from bachbridge_training.datasets import chorales, four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.infill import schedules
from bachbridge_training.infill.schedules import HarmonizationJob, ScheduleNll, ScheduleOutputs

LIKED = [pitch_index(pitch) for pitch in (72, 67, 60, 48)]


class Fond:
    """Gives each voice's favourite note a half, and the other half to all other classes."""

    def predict(self, seen: Any, attacks: Any, place: Any, wanted: Any = None) -> tuple[Any, Any]:
        logits = np.zeros((*seen.shape, PITCH_INDEX_COUNT), np.float32)
        logits[..., np.arange(4), LIKED] = np.log(PITCH_INDEX_COUNT - 1)
        return logits, np.full(seen.shape, -30, np.float32)


def card(folder: Path) -> Card:
    facts: dict[str, Any] = {"codec": "infill_grid", "tasks": (), "sampler": {}, "files": {}, "facts": {}}
    own: dict[str, Any] = {"chain": (), "layers": 0, "units": 0, "partner": ""}
    wanted = {name: value for name, value in own.items() if name in Card.__slots__}
    return Card(name="fond", folder=folder, **facts, **wanted)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, phrases: list[FourPartPiece], tmp_path: Path) -> list[FourPartPiece]:
    """The two phrases as every part of the corpus, the network in place of a model's, and few passes."""
    monkeypatch.setattr(chorales, "load_chorales", lambda part: phrases)
    monkeypatch.setattr(chorales, "new_tune_test_names", lambda: frozenset({"two"}))
    monkeypatch.setattr("bachbridge.inference.runtime.library.find_checked_card", lambda name: card(tmp_path))
    monkeypatch.setattr("bachbridge.inference.runtime.onnx_nets.load_infill_net", lambda card: Fond())
    hasty = {name: replace(way, schedule=replace(way.schedule, sweeps=2)) for name, way in schedules.METHODS.items()}
    monkeypatch.setattr(schedules, "METHODS", hasty)
    return phrases


def asked(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    evaluate_model("fond", data=None, part="valid", json=True, **options)
    return json.loads(capsys.readouterr().out)


def test_scores_harmonies_and_schedules_in_one_answer(
    quick: list[FourPartPiece], capsys: pytest.CaptureFixture[str]
) -> None:
    facts = asked(capsys, outputs=3)
    nats = np.where(
        four_part_windows.pitch_indices_of(np.concatenate([p.pitches for p in quick])) == LIKED, np.log(2), np.log(92)
    )
    assert facts["framewise_nll"] == pytest.approx(nats.sum(axis=1).mean())
    eighths = np.concatenate([nats[:32:2], nats[32::2]])
    assert facts["framewise_nll_8th"] == pytest.approx(eighths.sum(axis=1).mean())
    assert facts["framewise_nll_se"] > 0
    assert (facts["pieces"], facts["frames"]) == (2, 64)
    assert facts["counted"]["framewise_nll"] == pytest.approx(facts["framewise_nll"])
    assert facts["told"]["framewise_nll"] == pytest.approx(facts["framewise_nll"])
    assert facts["clean"]["framewise_nll"] == pytest.approx(nats[32:].sum(axis=1).mean())
    assert {"masked_nll", "masked_nll_8th", "accuracy", "accuracy_moving"} <= facts.keys()
    assert [row["pieces"] for row in facts["music"].values()] == [2, 3, 3, 3]
    assert list(facts["music"]) == ["bach", "raw", "fast", "slow"]
    assert facts["schedules"]["fast against slow"]["melodies"] == 2


def test_a_quick_look_is_at_the_first_pieces(quick: list[FourPartPiece], capsys: pytest.CaptureFixture[str]) -> None:
    facts = asked(capsys, outputs=0, pieces=1, with_timing=False)
    assert (facts["pieces"], facts["framewise_nll_se"]) == (1, None)
    assert not facts.keys() & {"music", "told", "counted"}
    evaluate_model("fond", data=None, part="valid", json=False, outputs=1, pieces=1)
    table = capsys.readouterr().out
    assert "framewise nll 8th" in table
    assert "fast likelier" in table


def test_a_melody_is_given_with_its_attacks_and_its_place(phrases: list[FourPartPiece]) -> None:
    task = schedules.soprano_canvas(phrases[0])
    assert task.masked.sum(axis=0).tolist() == [0, 32, 32, 32]
    assert np.array_equal(task.onsets[:, 0], phrases[0].onsets[:, 0])
    assert not task.onsets[:, 1:].any()
    assert task.place[:, 1].tolist() == [*range(1, 17)] * 2
    made = schedules.harmonize_soprano(Fond(), HarmonizationJob(0, phrases[0]), "fast")
    assert np.array_equal(made.pitch_indices[:, 0], four_part_windows.pitch_indices_of(phrases[0].pitches)[:, 0])


def test_what_is_likelier_wins(phrases: list[FourPartPiece]) -> None:
    liked = np.tile(np.array(LIKED, np.int32), (32, 1))
    disliked = liked + 1
    verdict = schedules.compare_nll(Fond(), ScheduleOutputs(phrases[0], liked, disliked))
    assert verdict.fast == pytest.approx(np.log(2))
    assert verdict.slow == pytest.approx(np.log(92))
    assert verdict.fast < verdict.original < verdict.slow


def test_differences_are_averaged_melody_by_melody() -> None:
    found = schedules.summary([ScheduleNll("a", 1, 2, 1), ScheduleNll("a", 1, 4, 3), ScheduleNll("b", 2, 1, 4)])
    assert found == pytest.approx({
        "melodies": 2, "nats_own": 1.5, "nats_fast": 2, "nats_slow": 3, "difference": -1, "difference_se": 2,
        "fast_likelier": 1 / 3,
    })  # fmt: skip


def named(card: Card) -> str:
    return card.name


def squared(net: str, item: int) -> tuple[str, int]:
    return net, item**2


@pytest.mark.parametrize("jobs", [1, 2])
def test_work_is_done_in_the_items_order(jobs: int, tmp_path: Path) -> None:
    load = partial(named, card(tmp_path))
    found = process_pool.map_items([3, 1, 2], squared, load, label="squares", cost=float, jobs=jobs)
    assert found == [("fond", 9), ("fond", 1), ("fond", 4)]
