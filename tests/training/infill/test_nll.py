"""The orderless scores against hand-computed values, and what the network sees while it is scored."""

import math
import os
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bachbridge.codecs import infill_grid
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, pitch_index
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.infill import nll as infill_nll
from bachbridge_training.infill.nll import NllSettings

EIGHTHS = NllSettings(grid=infill_grid.EIGHTHS)


def piece_of(frames: list[list[int]]) -> FourPartPiece:
    steps = np.arange(len(frames), dtype=np.int16)
    pitches = np.array(frames, np.int16)
    return FourPartPiece("small", pitches, pitches >= 0, steps % 16, np.full(len(frames), 16, np.int16))


class InformedNet:
    """A network that knows the piece, certain by `certainty` nats; it records what it sees."""

    def __init__(self, piece: FourPartPiece, certainty: float) -> None:
        self.pitch_indices, self.certainty = four_part_windows.pitch_indices_of(piece.pitches), certainty
        self.shown: list[np.ndarray] = []

    def predict(self, seen: Any, attacks: Any, place: Any, wanted: Any = None) -> tuple[Any, Any]:
        assert (attacks == infill_grid.ATTACK_UNKNOWN).all()
        assert attacks.shape == seen.shape
        assert place.shape == (*seen.shape[:2], infill_grid.PLACE_FIELD_COUNT)
        self.shown += list(seen.copy())
        eye = np.eye(PITCH_INDEX_COUNT, dtype=np.float32) * self.certainty
        return np.broadcast_to(eye[self.pitch_indices], (*seen.shape, PITCH_INDEX_COUNT)), np.zeros(
            seen.shape, np.float32
        )


class UniformNet:
    """A network to which all pitches are equally likely; it records the places that it is given."""

    def __init__(self) -> None:
        self.places: list[np.ndarray] = []

    def predict(self, seen: Any, attacks: Any, place: Any, wanted: Any = None) -> tuple[Any, Any]:
        self.places += list(place)
        return np.zeros((*seen.shape, PITCH_INDEX_COUNT), np.float32), np.zeros(seen.shape, np.float32)


def test_nll_of_a_certain_net_is_zero(phrases: list[FourPartPiece]) -> None:
    score = infill_nll.piece_nll(InformedNet(phrases[0], 40), phrases[0])
    found = infill_nll.summary([score])
    assert score.frames == pytest.approx(np.zeros(32), abs=1e-9)
    assert found["framewise_nll"] == pytest.approx(0, abs=1e-9)
    assert found["framewise_nll_se"] is None


def test_nll_of_a_uniform_net_is_log_of_pitch_count(phrases: list[FourPartPiece]) -> None:
    for settings, mark in ((NllSettings(), ""), (EIGHTHS, "_8th")):
        found = infill_nll.summary(
            [infill_nll.piece_nll(UniformNet(), piece, settings) for piece in phrases], settings.grid
        )
        assert found[f"framewise_nll{mark}"] == pytest.approx(4 * math.log(47), abs=1e-12)
        assert found[f"framewise_nll{mark}_se"] == pytest.approx(0, abs=1e-12)
        assert found[f"masked_nll{mark}"] == pytest.approx(math.log(47), abs=1e-12)
        assert found[f"masked_nll{mark}_by_window"] == pytest.approx(math.log(47), abs=1e-12)


class HighestNoteNet:
    """A network that predicts the highest note that it sees."""

    def predict(self, seen: Any, attacks: Any, place: Any, wanted: Any = None) -> tuple[Any, Any]:
        assert seen.shape[1] == infill_nll.CONTEXT_STEPS
        assert (wanted.sum(axis=1) == 1).all()
        assert (seen[wanted] == infill_grid.MASKED).any(axis=1).all()
        highest = np.where(seen < infill_grid.MASKED, seen, 0).max(axis=(1, 2))
        logits = 40 * np.eye(PITCH_INDEX_COUNT, dtype=np.float32)[highest]
        return np.broadcast_to(logits[:, None, None], (*seen.shape, PITCH_INDEX_COUNT)), np.zeros(
            seen.shape, np.float32
        )


def test_framewise_nll_shows_only_the_context_of_a_frame() -> None:
    change = 140
    music = piece_of([[40] * 4] * change + [[50] * 4] * (300 - change))
    found = infill_nll.framewise_nll(HighestNoteNet(), music)
    assert (found[: change - infill_nll.CONTEXT_STEPS // 2] < 2).all()  # an order of five may begin with the frame
    assert (found[change - infill_nll.CONTEXT_STEPS // 4 : change] > 30).mean() > 0.5
    assert (found[change:] < 2).all()


def test_framewise_nll_hides_masked_frames(phrases: list[FourPartPiece]) -> None:
    piece = phrases[0]
    net = InformedNet(piece, 1)
    infill_nll.framewise_nll(net, piece, NllSettings(orders=1))
    assert len(net.shown) == 32 * 4
    whole, visited = 0, []
    for seen in net.shown:
        known = seen != infill_grid.MASKED
        assert (seen[known] == net.pitch_indices[known]).all()  # the likeliest pitches are the true ones
        partly_known = np.flatnonzero(known.any(axis=1) & ~known.all(axis=1))
        assert len(partly_known) <= 1, "only the frame that is being scored is partly known"
        if not len(partly_known):
            whole += 1
            visited.append(frozenset(np.flatnonzero(known.all(axis=1)).tolist()))
    assert whole == 32
    by_size = sorted(visited, key=len)
    assert [len(frames) for frames in by_size] == list(range(32))
    assert all(few < more for few, more in pairwise(by_size)), "one order: each frame joins those before it"


class MiddleCNet(InformedNet):
    """A network that always predicts middle C."""

    def __init__(self, piece: FourPartPiece, certainty: float) -> None:
        super().__init__(piece, certainty)
        self.pitch_indices = np.full_like(self.pitch_indices, pitch_index(60))


def test_framewise_nll_fills_guesses_inside_frames_only() -> None:
    piece = piece_of([[72, 67, 64, 48]] * 3)
    net = MiddleCNet(piece, 1)
    infill_nll.framewise_nll(net, piece, NllSettings(orders=2))
    truth = four_part_windows.pitch_indices_of(piece.pitches)
    counts: list[int] = []
    for seen in net.shown:
        filled = seen == pitch_index(60)
        counts.append(int(filled.sum()))
        assert filled.any(axis=1).sum() <= 1
        rest = ~filled & (seen != infill_grid.MASKED)
        assert (seen[rest] == truth[rest]).all()
        assert rest.all(axis=1).sum() * 4 == rest.sum(), "visited frames are known as a whole"
    assert sorted(counts) == sorted([0, 1, 2, 3] * 6)


class RankNet:
    """A network that is certain by 1 nat per known frame, so that a frame's score shows its rank in the order."""

    def __init__(self, piece: FourPartPiece) -> None:
        self.pitch_indices = four_part_windows.pitch_indices_of(piece.pitches)

    def predict(self, seen: Any, attacks: Any, place: Any, wanted: Any = None) -> tuple[Any, Any]:
        frames = (seen != infill_grid.MASKED).all(axis=2).sum(axis=1)
        eye = np.eye(PITCH_INDEX_COUNT, dtype=np.float32)[self.pitch_indices]
        return eye * frames[:, None, None, None], np.zeros(seen.shape, np.float32)


def test_framewise_nll_averages_orders_as_probabilities() -> None:
    piece = piece_of([[72, 67, 64, 48], [74, 67, 62, 55]])

    def log_probability(known: int) -> float:
        return 4 * (known - math.log(math.exp(known) + 46))

    found = infill_nll.framewise_nll(RankNet(piece), piece, NllSettings(seed=3, orders=4))
    early, late = (math.exp(log_probability(known)) for known in (0, 1))
    by_hand = {
        (-math.log((early * (4 - second) + late * second) / 4), -math.log((late * (4 - second) + early * second) / 4))
        for second in range(5)
    }
    assert min(max(abs(found[0] - one), abs(found[1] - two)) for one, two in by_hand) < 1e-6
    single = infill_nll.framewise_nll(RankNet(piece), piece, NllSettings(orders=1))
    assert sorted(single) == pytest.approx([-log_probability(1), -log_probability(0)])


def test_framewise_nll_at_8ths_halves_frames_and_hides_bars(phrases: list[FourPartPiece]) -> None:
    net = UniformNet()
    assert len(infill_nll.framewise_nll(net, phrases[0], EIGHTHS)) == 16
    assert all((place[:, 1:] == [0, 0, infill_grid.EIGHTHS]).all() for place in net.places)
    assert all(place[:, 0].tolist() == [1, 3] * 8 for place in net.places), "a piece begins on a beat"
    net = UniformNet()
    infill_nll.framewise_nll(net, phrases[0], NllSettings(grid=infill_grid.EIGHTHS, place_info="bars"))
    assert net.places[0][:, 1].tolist() == list(range(1, 17, 2)) * 2


def test_place_info_count_gives_frame_numbers_alone(phrases: list[FourPartPiece]) -> None:
    net, late = UniformNet(), replace(phrases[0], position=phrases[0].position + 2)
    infill_nll.framewise_nll(net, late, NllSettings(place_info="count"))
    assert net.places[0][:5].tolist() == [[beat, 0, 0, infill_grid.SIXTEENTHS] for beat in (1, 2, 3, 4, 1)]


def test_framewise_nll_depends_on_seed_and_piece_alone(phrases: list[FourPartPiece]) -> None:
    one, again, other = (
        infill_nll.framewise_nll(RankNet(phrases[0]), phrases[0], NllSettings(seed=seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_piece_nll_scores_masked_cells_alone() -> None:
    piece = piece_of([[72, 67, 64, 48]] * 8 + [[74, 67, 64, 48]] * 8)
    net = MiddleCNet(piece, 2)
    net.pitch_indices[:, 1] = pitch_index(67)
    found = infill_nll.piece_nll(net, piece, NllSettings(orders=1))
    windows = net.shown[-32:]
    assert len(found.nats) == sum((seen == infill_grid.MASKED).sum() for seen in windows)
    total = math.log(math.exp(2) + 46)
    assert set(np.round(found.nats, 6)) == {round(total, 6), round(total - 2, 6)}
    assert (found.correct == (found.nats < total - 1)).all()
    scores = infill_nll.summary([found])
    assert scores["accuracy"] == pytest.approx(found.correct.mean())
    assert scores["accuracy_moving"] == pytest.approx(found.correct[found.moves].mean())
    assert not found.moves.all()


def test_draw_masks_draws_every_number_equally_often() -> None:
    maskable = np.ones((4, 4), bool)
    maskable[:, 0] = False
    masks = infill_nll.draw_masks(np.random.default_rng(1), 6000, maskable)
    assert not masks[:, :, 0].any()
    counts = np.bincount(masks.sum(axis=(1, 2)), minlength=13)
    assert counts[0] == 0
    assert counts[1:].min() > 400


def test_expected_nll_is_of_maskable_cells_alone(phrases: list[FourPartPiece]) -> None:
    pitch_indices = four_part_windows.pitch_indices_of(phrases[0].pitches)
    maskable = np.ones(pitch_indices.shape, bool)
    maskable[:, 0] = False
    place = infill_grid.place_features(None, np.full(32, 16, np.int32))
    net = InformedNet(phrases[0], 40)
    net.pitch_indices[:, 0] = REST  # wrong for given cells, which do not count
    assert infill_nll.expected_nll(net, pitch_indices, place, maskable, np.random.default_rng(1)) == pytest.approx(
        0, abs=1e-9
    )
    assert all((seen[:, 0] == pitch_indices[:, 0]).all() for seen in net.shown)


def test_piece_nll_takes_file_names_that_are_not_utf8(phrases: list[FourPartPiece]) -> None:
    odd = replace(phrases[0], name=os.fsdecode(b"t\xe9nor.mid"))
    assert infill_nll.piece_nll(UniformNet(), odd).name == odd.name
