"""The plain convolutions: their shapes, their size, and that they learn."""

import keras
import numpy as np
import pytest

from bachbridge.codecs import canvas, satb
from bachbridge_training import baselines, orderless
from bachbridge_training.orderless import Protocols
from bachbridge_training.scores import Piece


@pytest.fixture
def tiny() -> keras.Model:
    keras.utils.set_random_seed(1)
    return baselines.plain(channels=4, layers=4, kernel=3)


def test_a_roll_has_a_row_for_each_pitch_and_a_mask_for_what_is_open() -> None:
    seen = np.array([[[satb.REST, 1, satb.CLASSES - 1, canvas.OPEN], [canvas.OUTSIDE] * 4]], np.int32)
    roll, mask = baselines.planes(seen)
    assert np.argwhere(roll).tolist() == [[0, 0, 0, 1], [0, 0, baselines.PITCHES - 1, 2]]
    assert mask.tolist() == [[[0, 0, 0, 1], [0, 0, 0, 0]]]


@pytest.mark.parametrize("steps", [1, 7, 64])
def test_any_number_of_steps(tiny: keras.Model, steps: int) -> None:
    seen = np.full((2, steps, 4), canvas.OPEN, np.int32)
    pitch, strike = baselines.Fill(tiny).fill(seen, seen, seen)
    assert pitch.shape == (2, steps, 4, satb.CLASSES)
    assert strike.shape == (2, steps, 4)
    assert np.isfinite(pitch).all()


def test_the_published_sizes() -> None:
    assert baselines.plain(**baselines.SMALL).count_params() == pytest.approx(0.17e6, rel=0.05)
    assert baselines.plain(**baselines.WIDE).count_params() == pytest.approx(1.87e6, rel=0.05)
    with pytest.raises(ValueError, match="pairs"):
        baselines.plain(channels=4, layers=5, kernel=3)


def doubled(piece: Piece) -> Piece:
    """Long enough for a window."""
    return Piece(
        piece.name, *(np.concatenate([its, its]) for its in (piece.pitches, piece.struck, piece.position, piece.bar))
    )


def test_training_makes_what_is_masked_likelier(tiny: keras.Model, phrases: list[Piece]) -> None:
    losses = list(baselines.trained(tiny, [doubled(piece) for piece in phrases], steps=12, rate=2e-2, seed=1, batch=4))
    assert losses[0] == pytest.approx(np.log(satb.CLASSES), rel=0.5)
    assert losses[1] < losses[0]
    assert losses[-1] < 0.8 * losses[0]


def test_windows_depend_on_seed_and_number_alone(phrases: list[Piece]) -> None:
    pieces = [doubled(piece) for piece in phrases]
    roll, mask, classes = baselines.Windows(pieces, 3).batch(5, 2)
    assert (roll.shape, mask.shape, classes.shape) == ((2, 64, 46, 4), (2, 64, 4), (2, 64, 4))
    assert np.array_equal(roll, baselines.Windows(pieces, 3).batch(5, 2)[0])
    assert not np.array_equal(classes, baselines.Windows(pieces, 3).batch(6, 2)[2])
    known = np.argwhere(mask == 0)
    assert all(roll[b, t, classes[b, t, v] - 1, v] == 1 for b, t, v in known)
    assert roll.sum() == len(known)


def test_an_untrained_one_is_scored_near_chance(tiny: keras.Model, phrases: list[Piece]) -> None:
    frames = orderless.framewise(baselines.Fill(tiny), phrases[0], Protocols(orders=1))
    assert frames.mean() == pytest.approx(4 * np.log(satb.CLASSES), rel=0.5)
