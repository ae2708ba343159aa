"""The plain convolutional baseline of docs/experiments: its shapes, its size, and that it learns."""

import keras
import numpy as np
import pytest

from bachbridge.codecs import infill_grid, satb
from bachbridge.music import frames
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.infill.nll import NllSettings, framewise_nll
from docs.experiments import infill_baseline


@pytest.fixture
def tiny() -> keras.Model:
    keras.utils.set_random_seed(1)
    return infill_baseline.build_net(channels=4, layers=4, kernel=3)


def test_input_planes_have_a_row_per_pitch_and_a_mask() -> None:
    seen = np.array(
        [[[frames.REST, 1, satb.PITCH_INDEX_COUNT - 1, infill_grid.MASKED], [infill_grid.OUTSIDE] * 4]], np.int32
    )
    roll, mask = infill_baseline.input_planes(seen)
    assert np.argwhere(roll).tolist() == [[0, 0, 0, 1], [0, 0, infill_baseline.PITCHES - 1, 2]]
    assert mask.tolist() == [[[0, 0, 0, 1], [0, 0, 0, 0]]]


@pytest.mark.parametrize("steps", [1, 7, 64])
def test_predict_accepts_any_number_of_steps(tiny: keras.Model, steps: int) -> None:
    seen = np.full((2, steps, 4), infill_grid.MASKED, np.int32)
    pitch, onset = infill_baseline.BaselineInfillNet(tiny).predict(seen, seen, seen)
    assert pitch.shape == (2, steps, 4, satb.PITCH_INDEX_COUNT)
    assert onset.shape == (2, steps, 4)
    assert np.isfinite(pitch).all()


def test_build_net_has_the_published_sizes() -> None:
    assert infill_baseline.build_net(**infill_baseline.SMALL).count_params() == pytest.approx(0.17e6, rel=0.05)
    assert infill_baseline.build_net(**infill_baseline.WIDE).count_params() == pytest.approx(1.87e6, rel=0.05)
    with pytest.raises(ValueError, match="pairs"):
        infill_baseline.build_net(channels=4, layers=5, kernel=3)


def _doubled(piece: FourPartPiece) -> FourPartPiece:
    """Return the piece twice in a row, long enough for a window."""
    return FourPartPiece(
        piece.name, *(np.concatenate([its, its]) for its in (piece.pitches, piece.onsets, piece.position, piece.bar))
    )


def test_train_lowers_the_loss(tiny: keras.Model, phrases: list[FourPartPiece]) -> None:
    pieces = [_doubled(piece) for piece in phrases]
    losses = list(infill_baseline.train(tiny, pieces, steps=12, rate=2e-2, seed=1, batch=4))
    assert losses[0] == pytest.approx(np.log(satb.PITCH_INDEX_COUNT), rel=0.5)
    assert losses[1] < losses[0]
    assert losses[-1] < 0.8 * losses[0]


def test_batch_depends_on_seed_and_number_alone(phrases: list[FourPartPiece]) -> None:
    pieces = [_doubled(piece) for piece in phrases]
    roll, mask, pitch_indices = infill_baseline.BaselineBatches(pieces, 3).batch(5, 2)
    assert (roll.shape, mask.shape, pitch_indices.shape) == ((2, 64, 46, 4), (2, 64, 4), (2, 64, 4))
    assert np.array_equal(roll, infill_baseline.BaselineBatches(pieces, 3).batch(5, 2)[0])
    assert not np.array_equal(pitch_indices, infill_baseline.BaselineBatches(pieces, 3).batch(6, 2)[2])
    known = np.argwhere(mask == 0)
    assert all(roll[b, t, pitch_indices[b, t, v] - 1, v] == 1 for b, t, v in known)
    assert roll.sum() == len(known)


def test_untrained_net_scores_near_chance(tiny: keras.Model, phrases: list[FourPartPiece]) -> None:
    frames = framewise_nll(infill_baseline.BaselineInfillNet(tiny), phrases[0], NllSettings(orders=1))
    assert frames.mean() == pytest.approx(4 * np.log(satb.PITCH_INDEX_COUNT), rel=0.5)
