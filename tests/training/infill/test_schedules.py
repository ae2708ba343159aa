"""The tables of an infilling model, with a network of a few lines, and work shared by processes."""

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

FAVOURITES = [pitch_index(pitch) for pitch in (72, 67, 60, 48)]


class FavouriteNoteNet:
    """A network that gives each voice's favourite note half of the probability."""

    def predict(self, seen: Any, attacks: Any, place: Any, wanted: Any = None) -> tuple[Any, Any]:
        logits = np.zeros((*seen.shape, PITCH_INDEX_COUNT), np.float32)
        logits[..., np.arange(4), FAVOURITES] = np.log(PITCH_INDEX_COUNT - 1)
        return logits, np.full(seen.shape, -30, np.float32)


def card(folder: Path) -> Card:
    facts: dict[str, Any] = {"codec": "infill_grid", "tasks": (), "sampler": {}, "files": {}, "facts": {}}
    own: dict[str, Any] = {"chain": (), "layers": 0, "units": 0, "partner": ""}
    wanted = {name: value for name, value in own.items() if name in Card.__slots__}
    return Card(name="toy", folder=folder, **facts, **wanted)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, phrases: list[FourPartPiece], tmp_path: Path) -> list[FourPartPiece]:
    """The two phrases as every part of the corpus, the network in place of a model's, and few sweeps."""
    monkeypatch.setattr(chorales, "load_chorales", lambda part: phrases)
    monkeypatch.setattr(chorales, "new_tune_test_names", lambda: frozenset({"two"}))
    monkeypatch.setattr("bachbridge.inference.runtime.library.find_checked_card", lambda name: card(tmp_path))
    monkeypatch.setattr("bachbridge.inference.runtime.onnx_nets.load_infill_net", lambda card: FavouriteNoteNet())
    quick_methods = {
        name: replace(method, schedule=replace(method.schedule, sweeps=2)) for name, method in schedules.METHODS.items()
    }
    monkeypatch.setattr(schedules, "METHODS", quick_methods)
    return phrases


def evaluate(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    evaluate_model("toy", data=None, part="valid", json=True, **options)
    return json.loads(capsys.readouterr().out)


def test_evaluate_reports_scores_harmonies_and_schedules(
    quick: list[FourPartPiece], capsys: pytest.CaptureFixture[str]
) -> None:
    report = evaluate(capsys, outputs=3)
    nats = np.where(
        four_part_windows.pitch_indices_of(np.concatenate([p.pitches for p in quick])) == FAVOURITES,
        np.log(2),
        np.log(92),
    )
    assert report["framewise_nll"] == pytest.approx(nats.sum(axis=1).mean())
    eighths = np.concatenate([nats[:32:2], nats[32::2]])
    assert report["framewise_nll_8th"] == pytest.approx(eighths.sum(axis=1).mean())
    assert report["framewise_nll_se"] > 0
    assert (report["pieces"], report["frames"]) == (2, 64)
    assert report["counted"]["framewise_nll"] == pytest.approx(report["framewise_nll"])
    assert report["told"]["framewise_nll"] == pytest.approx(report["framewise_nll"])
    assert report["clean"]["framewise_nll"] == pytest.approx(nats[32:].sum(axis=1).mean())
    assert {"masked_nll", "masked_nll_8th", "accuracy", "accuracy_moving"} <= report.keys()
    assert [row["pieces"] for row in report["music"].values()] == [2, 3, 3, 3]
    assert list(report["music"]) == ["bach", "raw", "fast", "slow"]
    assert report["schedules"]["fast against slow"]["melodies"] == 2


def test_evaluate_scores_only_the_first_pieces_if_asked(
    quick: list[FourPartPiece], capsys: pytest.CaptureFixture[str]
) -> None:
    report = evaluate(capsys, outputs=0, pieces=1, with_timing=False)
    assert (report["pieces"], report["framewise_nll_se"]) == (1, None)
    assert not report.keys() & {"music", "told", "counted"}
    evaluate_model("toy", data=None, part="valid", json=False, outputs=1, pieces=1)
    table = capsys.readouterr().out
    assert "framewise nll 8th" in table
    assert "fast likelier" in table


def test_soprano_canvas_gives_melody_attacks_and_places(phrases: list[FourPartPiece]) -> None:
    canvas = schedules.soprano_canvas(phrases[0])
    assert canvas.masked.sum(axis=0).tolist() == [0, 32, 32, 32]
    assert np.array_equal(canvas.onsets[:, 0], phrases[0].onsets[:, 0])
    assert not canvas.onsets[:, 1:].any()
    assert canvas.place[:, 1].tolist() == [*range(1, 17)] * 2
    harmony = schedules.harmonize_soprano(FavouriteNoteNet(), HarmonizationJob(0, phrases[0]), "fast")
    assert np.array_equal(harmony.pitch_indices[:, 0], four_part_windows.pitch_indices_of(phrases[0].pitches)[:, 0])


def test_compare_nll_prefers_the_likelier_output(phrases: list[FourPartPiece]) -> None:
    favourite = np.tile(np.array(FAVOURITES, np.int32), (32, 1))
    other = favourite + 1
    comparison = schedules.compare_nll(FavouriteNoteNet(), ScheduleOutputs(phrases[0], favourite, other))
    assert comparison.fast == pytest.approx(np.log(2))
    assert comparison.slow == pytest.approx(np.log(92))
    assert comparison.fast < comparison.original < comparison.slow


def test_summary_averages_differences_by_melody() -> None:
    found = schedules.summary([ScheduleNll("a", 1, 2, 1), ScheduleNll("a", 1, 4, 3), ScheduleNll("b", 2, 1, 4)])
    assert found == pytest.approx({
        "melodies": 2, "nats_own": 1.5, "nats_fast": 2, "nats_slow": 3, "difference": -1, "difference_se": 2,
        "fast_likelier": 1 / 3,
    })  # fmt: skip


def load_name(card: Card) -> str:
    return card.name


def square(net: str, item: int) -> tuple[str, int]:
    return net, item**2


@pytest.mark.parametrize("jobs", [1, 2])
def test_map_items_returns_results_in_item_order(jobs: int, tmp_path: Path) -> None:
    load = partial(load_name, card(tmp_path))
    found = process_pool.map_items([3, 1, 2], square, load, label="squares", cost=float, jobs=jobs)
    assert found == [("toy", 9), ("toy", 1), ("toy", 4)]
