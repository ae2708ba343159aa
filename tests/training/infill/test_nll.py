"""The orderless scores against values worked out by hand, and what the network is shown while it is scored."""

import math
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


class Knowing:
    """Knows the piece at hand; `sure` in nats. It notes all that it was shown."""

    def __init__(self, piece: FourPartPiece, sure: float) -> None:
        self.classes, self.sure = four_part_windows.pitch_indices_of(piece.pitches), sure
        self.shown: list[np.ndarray] = []

    def predict(self, seen: Any, attacks: Any, place: Any, wanted: Any = None) -> tuple[Any, Any]:
        assert (attacks == infill_grid.ATTACK_UNKNOWN).all()
        assert attacks.shape == seen.shape
        assert place.shape == (*seen.shape[:2], infill_grid.PLACE_FIELD_COUNT)
        self.shown += list(seen.copy())
        eye = np.eye(PITCH_INDEX_COUNT, dtype=np.float32) * self.sure
        return np.broadcast_to(eye[self.classes], (*seen.shape, PITCH_INDEX_COUNT)), np.zeros(seen.shape, np.float32)


class Uniform:
    """Any class is as likely; it notes what it is told of places."""

    def __init__(self) -> None:
        self.places: list[np.ndarray] = []

    def predict(self, seen: Any, attacks: Any, place: Any, wanted: Any = None) -> tuple[Any, Any]:
        self.places += list(place)
        return np.zeros((*seen.shape, PITCH_INDEX_COUNT), np.float32), np.zeros(seen.shape, np.float32)


def test_who_knows_the_truth_scores_nothing(phrases: list[FourPartPiece]) -> None:
    scored = infill_nll.piece_nll(Knowing(phrases[0], 40), phrases[0])
    found = infill_nll.summary([scored])
    assert scored.frames == pytest.approx(np.zeros(32), abs=1e-9)
    assert found["framewise_nll"] == pytest.approx(0, abs=1e-9)
    assert found["framewise_nll_se"] is None


def test_who_knows_nothing_scores_the_logarithm_of_all_classes(phrases: list[FourPartPiece]) -> None:
    for how, mark in ((NllSettings(), ""), (EIGHTHS, "_8th")):
        found = infill_nll.summary([infill_nll.piece_nll(Uniform(), piece, how) for piece in phrases], how.grid)
        assert found[f"framewise_nll{mark}"] == pytest.approx(4 * math.log(47), abs=1e-12)
        assert found[f"framewise_nll{mark}_se"] == pytest.approx(0, abs=1e-12)
        assert found[f"masked_nll{mark}"] == pytest.approx(math.log(47), abs=1e-12)
        assert found[f"masked_nll{mark}_by_window"] == pytest.approx(math.log(47), abs=1e-12)


class Looking:
    """Says the highest note in sight."""

    def predict(self, seen: Any, attacks: Any, place: Any, wanted: Any = None) -> tuple[Any, Any]:
        assert seen.shape[1] == infill_nll.CONTEXT_STEPS
        assert (wanted.sum(axis=1) == 1).all()
        assert (seen[wanted] == infill_grid.MASKED).any(axis=1).all()
        told = np.where(seen < infill_grid.MASKED, seen, 0).max(axis=(1, 2))
        logits = 40 * np.eye(PITCH_INDEX_COUNT, dtype=np.float32)[told]
        return np.broadcast_to(logits[:, None, None], (*seen.shape, PITCH_INDEX_COUNT)), np.zeros(
            seen.shape, np.float32
        )


def test_of_long_music_only_what_is_around_a_frame_is_shown() -> None:
    change = 140
    music = piece_of([[40] * 4] * change + [[50] * 4] * (300 - change))
    found = infill_nll.framewise_nll(Looking(), music)
    assert (found[: change - infill_nll.CONTEXT_STEPS // 2] < 2).all()  # an order of five may begin with the frame
    assert (found[change - infill_nll.CONTEXT_STEPS // 4 : change] > 30).mean() > 0.5
    assert (found[change:] < 2).all()


def test_nothing_that_is_masked_can_be_seen(phrases: list[FourPartPiece]) -> None:
    piece = phrases[0]
    net = Knowing(piece, 1)
    infill_nll.framewise_nll(net, piece, NllSettings(orders=1))
    assert len(net.shown) == 32 * 4
    whole, visited = 0, []
    for seen in net.shown:
        known = seen != infill_grid.MASKED
        assert (seen[known] == net.classes[known]).all()  # its own likeliest classes are the true ones
        begun = np.flatnonzero(known.any(axis=1) & ~known.all(axis=1))
        assert len(begun) <= 1, "only the frame that is being scored is partly known"
        if not len(begun):
            whole += 1
            visited.append(frozenset(np.flatnonzero(known.all(axis=1)).tolist()))
    assert whole == 32
    falling = sorted(visited, key=len)
    assert [len(frames) for frames in falling] == list(range(32))
    assert all(few < more for few, more in pairwise(falling)), "one order: each frame joins those before it"


class Stubborn(Knowing):
    """Always says middle C, whatever the truth."""

    def __init__(self, piece: FourPartPiece, sure: float) -> None:
        super().__init__(piece, sure)
        self.classes = np.full_like(self.classes, pitch_index(60))


def test_inside_a_frame_its_own_likeliest_classes_are_filled_in_and_between_frames_the_true_ones() -> None:
    piece = piece_of([[72, 67, 64, 48]] * 3)
    net = Stubborn(piece, 1)
    infill_nll.framewise_nll(net, piece, NllSettings(orders=2))
    truth = four_part_windows.pitch_indices_of(piece.pitches)
    counts: list[int] = []
    for seen in net.shown:
        filled = seen == pitch_index(60)
        counts.append(int(filled.sum()))
        assert filled.any(axis=1).sum() <= 1
        rest = ~filled & (seen != infill_grid.MASKED)
        assert (seen[rest] == truth[rest]).all()
        assert rest.all(axis=1).sum() * 4 == rest.sum(), "frames that were visited are known as a whole"
    assert sorted(counts) == sorted([0, 1, 2, 3] * 6)


class Counting:
    """Sure of the true class by 1 nat for every frame that is wholly known, so that a frame's score tells its rank."""

    def __init__(self, piece: FourPartPiece) -> None:
        self.classes = four_part_windows.pitch_indices_of(piece.pitches)

    def predict(self, seen: Any, attacks: Any, place: Any, wanted: Any = None) -> tuple[Any, Any]:
        frames = (seen != infill_grid.MASKED).all(axis=2).sum(axis=1)
        eye = np.eye(PITCH_INDEX_COUNT, dtype=np.float32)[self.classes]
        return eye * frames[:, None, None, None], np.zeros(seen.shape, np.float32)


def test_the_orders_are_combined_as_probabilities() -> None:
    piece = piece_of([[72, 67, 64, 48], [74, 67, 62, 55]])

    def log_probability(known: int) -> float:
        return 4 * (known - math.log(math.exp(known) + 46))

    found = infill_nll.framewise_nll(Counting(piece), piece, NllSettings(seed=3, orders=4))
    early, late = (math.exp(log_probability(known)) for known in (0, 1))
    by_hand = {
        (-math.log((early * (4 - second) + late * second) / 4), -math.log((late * (4 - second) + early * second) / 4))
        for second in range(5)
    }
    assert min(max(abs(found[0] - one), abs(found[1] - two)) for one, two in by_hand) < 1e-6
    single = infill_nll.framewise_nll(Counting(piece), piece, NllSettings(orders=1))
    assert sorted(single) == pytest.approx([-log_probability(1), -log_probability(0)])


def test_8ths_are_every_second_frame_and_bar_lines_are_told_only_if_asked(phrases: list[FourPartPiece]) -> None:
    net = Uniform()
    assert len(infill_nll.framewise_nll(net, phrases[0], EIGHTHS)) == 16
    assert all((place == [0, 0, 0, infill_grid.EIGHTHS]).all() for place in net.places)
    net = Uniform()
    infill_nll.framewise_nll(net, phrases[0], NllSettings(grid=infill_grid.EIGHTHS, place_info="bars"))
    assert net.places[0][:, 1].tolist() == list(range(1, 17, 2)) * 2


def test_frames_may_be_counted_without_bar_lines(phrases: list[FourPartPiece]) -> None:
    net, late = Uniform(), replace(phrases[0], position=phrases[0].position + 2)
    infill_nll.framewise_nll(net, late, NllSettings(place_info="count"))
    assert net.places[0][:5].tolist() == [[beat, 0, 0, infill_grid.SIXTEENTHS] for beat in (1, 2, 3, 4, 1)]


def test_a_score_depends_on_the_seed_and_the_piece_alone(phrases: list[FourPartPiece]) -> None:
    one, again, other = (
        infill_nll.framewise_nll(Counting(phrases[0]), phrases[0], NllSettings(seed=seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_masked_cells_are_scored_alone() -> None:
    piece = piece_of([[72, 67, 64, 48]] * 8 + [[74, 67, 64, 48]] * 8)
    net = Stubborn(piece, 2)
    net.classes[:, 1] = pitch_index(67)
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


def test_any_number_of_cells_is_masked_as_often() -> None:
    among = np.ones((4, 4), bool)
    among[:, 0] = False
    drawn = infill_nll.draw_masks(np.random.default_rng(1), 6000, among)
    assert not drawn[:, :, 0].any()
    counts = np.bincount(drawn.sum(axis=(1, 2)), minlength=13)
    assert counts[0] == 0
    assert counts[1:].min() > 400


def test_surprise_at_an_output_is_of_its_open_cells(phrases: list[FourPartPiece]) -> None:
    classes = four_part_windows.pitch_indices_of(phrases[0].pitches)
    among = np.ones(classes.shape, bool)
    among[:, 0] = False
    place = infill_grid.place_features(None, np.full(32, 16, np.int32))
    net = Knowing(phrases[0], 40)
    net.classes[:, 0] = REST  # wrong of what is given, which does not count
    assert infill_nll.expected_nll(net, classes, place, among, np.random.default_rng(1)) == pytest.approx(0, abs=1e-9)
    assert all((seen[:, 0] == classes[:, 0]).all() for seen in net.shown)
