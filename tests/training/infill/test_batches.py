"""Windows with masked cells: what is masked, what is given, what is to be predicted."""

from dataclasses import replace

import numpy as np
import pytest

from bachbridge.codecs import infill_grid
from bachbridge.music.frames import REST
from bachbridge_training import recipe
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.four_part_windows import pitch_indices_of
from bachbridge_training.infill import batches as infill_batches
from bachbridge_training.recipe import InfillRecipe


@pytest.fixture
def small() -> InfillRecipe:
    shipped = recipe.read_recipe("coconet")
    assert isinstance(shipped, InfillRecipe)
    return replace(shipped, window=24, batch=12)


@pytest.mark.parametrize("draw_mask", [draw_mask for draw_mask, _ in infill_batches.MASK_DRAWS])
@pytest.mark.parametrize("steps", [1, 2, 33])
def test_every_mask_draw_masks_some_cell(draw_mask: infill_batches.MaskDraw, steps: int) -> None:
    for seed in range(50):
        mask = draw_mask(np.random.default_rng(seed), steps)
        assert mask.shape == (steps, 4)
        assert mask.any()


def test_shares_of_mask_draws_add_up_to_one() -> None:
    assert sum(share for _, share in infill_batches.MASK_DRAWS) == pytest.approx(1)


def test_masked_cells_are_hidden_and_weigh_four_per_window(small: InfillRecipe, phrases: list[FourPartPiece]) -> None:
    batch = infill_batches.InfillBatches(phrases, small).batch(3)
    masked = batch.seen == infill_grid.MASKED
    assert batch.seen.shape == (12, 24, 4)
    assert np.array_equal(masked, batch.weight > 0)
    assert batch.weight.sum(axis=(1, 2)) == pytest.approx(4)
    given = ~masked & (batch.seen != infill_grid.OUTSIDE)
    assert np.array_equal(batch.seen[given], batch.pitch_indices[given])
    assert (batch.attacks[~given] == infill_grid.ATTACK_UNKNOWN).all(), "the attack of a masked cell would reveal it"


def test_batches_depend_on_seed_and_number_alone(small: InfillRecipe, phrases: list[FourPartPiece]) -> None:
    first, again = (infill_batches.InfillBatches(phrases, small).batch(5) for _ in range(2))
    other = infill_batches.InfillBatches(phrases, small).batch(6)
    assert all(np.array_equal(a, b) for a, b in zip(first.trainer_inputs, again.trainer_inputs, strict=True))
    assert not np.array_equal(first.pitch_indices, other.pitch_indices)


def test_mistuned_share_of_windows_is_in_a_random_key(small: InfillRecipe, phrases: list[FourPartPiece]) -> None:
    def count_mistuned(share: float) -> int:
        batch = infill_batches.InfillBatches(phrases, replace(small, mistuned=share)).batch(1)
        assert np.array_equal(infill_grid.transpose_cells(batch.seen, batch.tuning_shift), batch.model_inputs[0])
        return int(np.count_nonzero(batch.tuning_shift != infill_grid.key_shifts(batch.seen)))

    assert count_mistuned(0.0) == 0
    assert count_mistuned(1.0) > small.batch // 2


def test_onsets_count_where_pitch_stays_and_attack_is_unknown(phrases: list[FourPartPiece]) -> None:
    piece, part = phrases[0], np.arange(16)
    mask = np.zeros((16, 4), bool)
    mask[8:, 0] = True
    place = infill_grid.place_features(None, piece.bar[part], phase=None)
    item = infill_batches.mask_window(
        piece, part, mask, place=place, onsets_given=np.array([True, False, False, False])
    )
    counted = item.onset_weight > 0
    kept = np.zeros((16, 4), bool)
    kept[1:] = item.pitch_indices[1:] == item.pitch_indices[:-1]
    assert not counted[:8, 0].any(), "these onsets are given"
    assert np.array_equal(counted[8:, 0], kept[8:, 0])
    assert np.array_equal(counted[:, 1:], kept[:, 1:] & (item.pitch_indices[:, 1:] > REST))


def test_mask_window_at_8ths_counts_an_onset_in_between(phrases: list[FourPartPiece]) -> None:
    pitches = np.full((4, 4), 60, np.int16)
    onsets = np.zeros((4, 4), bool)
    onsets[1] = True
    piece = FourPartPiece("x", pitches, onsets, np.arange(4, dtype=np.int16), np.full(4, 16, np.int16))
    part = np.array([0, 2])
    place = infill_grid.place_features(None, piece.bar[part], phase=None, grid=infill_grid.EIGHTHS)
    item = infill_batches.mask_window(piece, part, np.ones((2, 4), bool), place=place, grid=infill_grid.EIGHTHS)
    assert item.onsets.tolist() == [[1.0] * 4, [0.0] * 4]


def test_validation_windows_are_fixed_and_hide_timing(phrases: list[FourPartPiece]) -> None:
    first, again = (list(infill_batches.validation_windows(phrases, 6, timing_given=False)) for _ in range(2))
    assert all(np.array_equal(a.seen, b.seen) for a, b in zip(first, again, strict=True))
    assert not any(item.attacks.any() or item.place.any() for item in first)
    given = list(infill_batches.validation_windows(phrases, 6, timing_given=True))
    assert all(np.array_equal(a.seen, b.seen) and b.attacks.any() for a, b in zip(first, given, strict=True))
    assert np.array_equal(first[0].pitch_indices, pitch_indices_of(phrases[0].pitches[: len(first[0].pitch_indices)]))
    halved = next(infill_batches.validation_windows(phrases, 1, timing_given=True, grid=infill_grid.EIGHTHS))
    assert np.array_equal(halved.pitch_indices, pitch_indices_of(phrases[0].pitches[::2][: len(halved.pitch_indices)]))
    assert (halved.place[:, 3] == infill_grid.EIGHTHS).all()
