"""The plain convolutions: their shapes, their size, and that they learn."""

from typing import Any

import keras
import numpy as np
import pytest

from bachbridge.codecs import canvas, satb
from bachbridge_training import baselines, batches, orderless
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
    pitch, strike = baselines.KerasFill(tiny).fill(seen, seen, seen)
    assert pitch.shape == (2, steps, 4, satb.CLASSES)
    assert strike.shape == (2, steps, 4)
    assert np.isfinite(pitch).all()


def test_the_published_sizes() -> None:
    assert baselines.plain(**baselines.SMALL).count_params() == pytest.approx(0.17e6, rel=0.05)
    assert baselines.plain(**baselines.WIDE).count_params() == pytest.approx(1.87e6, rel=0.05)
    with pytest.raises(ValueError, match="pairs"):
        baselines.plain(channels=4, layers=5, kernel=3)


def test_a_step_of_training_makes_the_batch_likelier(tiny: keras.Model, phrases: list[Piece]) -> None:
    classes = np.stack([batches.classes_of(piece.pitches) for piece in phrases])
    open_ = orderless.masks(np.random.default_rng(1), 2, np.ones(classes.shape[1:], bool))
    roll, mask = baselines.planes(canvas.seen(classes, open_))
    truth: Any = keras.Input((None, 4), dtype="int32")
    trainer = keras.Model([*tiny.inputs, truth], baselines.loss(tiny.outputs[0], truth, tiny.inputs[1]))
    trainer.compile(optimizer=keras.optimizers.Adam(1e-2), loss=lambda _, found: found)
    inputs = [roll, mask, classes]
    losses = [float(np.mean(trainer.train_on_batch(inputs, np.zeros(1)))) for _ in range(4)]
    assert losses[0] == pytest.approx(np.log(satb.CLASSES), rel=0.5)
    assert losses[1] < losses[0]
    assert losses[-1] < 0.95 * losses[0]


def test_an_untrained_one_is_scored_near_chance(tiny: keras.Model, phrases: list[Piece]) -> None:
    frames = orderless.framewise(baselines.KerasFill(tiny), phrases[0], Protocols(orders=1))
    assert frames.mean() == pytest.approx(4 * np.log(satb.CLASSES), rel=0.5)
