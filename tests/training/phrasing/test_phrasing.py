"""Melodies with their phrase ends, batches that depend on seed and number alone, and the scores."""

from dataclasses import replace

import numpy as np
import pytest

from bachbridge.codecs.phrase_features import DISTANCE_CLASSES
from bachbridge.errors import ConfigError, ModelError
from bachbridge.music.frames import Floats
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.splits import DataOrigin, SplitDataset
from bachbridge_training.datasets.suitability import converter_for
from bachbridge_training.phrasing import family, scores, tables
from bachbridge_training.phrasing.batches import NoteBatches
from bachbridge_training.phrasing.melodies import phrased_melodies
from bachbridge_training.recipe import PhrasingRecipe, read_recipe


class NoEnds:
    def logits(self, features: Floats, /) -> Floats:
        return np.full((len(features), DISTANCE_CLASSES), -5.0)


def piece(fermatas: list[tuple[int, int]]) -> FourPartPiece:
    """Return sixteen quarters in four bars, the fifth note a rest."""
    soprano = np.repeat([60, 62, 64, 60, -1, *range(60, 71)], 4)
    onsets = np.zeros((64, 4), bool)
    onsets[::4] = True
    pitches = np.stack([soprano] * 4, axis=1).astype(np.int16)
    place = np.arange(64) % 16
    return FourPartPiece("a", pitches, onsets, place, np.full(64, 16), np.array(fermatas, np.int32).reshape(-1, 2))


ENDS = [(12, 4), (36, 4), (60, 4)]


def test_phrased_melodies_have_the_fermatas_as_ends() -> None:
    (melody,) = phrased_melodies([piece(ENDS), piece([(60, 4)]), piece([])])
    assert melody.notes.start[melody.is_end].tolist() == [12, 36, 60]
    assert melody.notes.rest.tolist()[:5] == [0, 0, 0, 4, 0]
    assert melody.distances.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5]


def test_note_batches_depend_on_seed_and_number() -> None:
    recipe = read_recipe("phrase-ends")
    assert isinstance(recipe, PhrasingRecipe)
    melodies = phrased_melodies([piece(ENDS)])
    first, again = (NoteBatches(melodies, recipe).batch(3) for _ in range(2))
    for one, other in zip(first.trainer_inputs, again.trainer_inputs, strict=True):
        np.testing.assert_array_equal(one, other)
    other = NoteBatches(melodies, replace(recipe, seed=9)).batch(3)
    assert not np.array_equal(first.features, other.features)


def test_scores_count_ends_that_are_right_and_found() -> None:
    melodies = phrased_melodies([piece(ENDS)])
    found = scores.score_divisions(NoEnds(), melodies)
    assert (found.precision, found.recall, found.f1) == (1.0, pytest.approx(1 / 3), pytest.approx(0.5))
    assert scores.score_divisions(NoEnds(), melodies, has_last=False).f1 == 0
    assert scores.score_live(NoEnds(), melodies, is_held=True).recall == 0


def test_tables_have_a_column_for_each_way() -> None:
    columns = tables.build_tables(NoEnds(), phrased_melodies([piece(ENDS)])).scores
    assert columns["future seen"]["ends"] == 3
    with pytest.raises(ModelError, match="fermatas"):
        tables.build_tables(NoEnds(), [])


def test_phrasing_recipe_refuses_a_folder_of_music() -> None:
    with pytest.raises(ConfigError, match="leave --data out"):
        converter_for(read_recipe("phrase-ends"))


def test_training_pieces_need_fermatas_in_both_parts() -> None:
    recipe = read_recipe("phrase-ends")
    assert isinstance(recipe, PhrasingRecipe)
    with_ends, without = [piece(ENDS)], [piece([])]
    for train, valid, message in ((without, with_ends, "to train on"), (with_ends, without, "to validate with")):
        dataset = SplitDataset(DataOrigin("", 1, "", {}, {}), {"train": train, "valid": valid}, 1.0)
        with pytest.raises(ConfigError, match=f"no melody with fermatas throughout {message}: leave --limit out"):
            family.training_pieces(recipe, dataset, None)
    dataset = SplitDataset(DataOrigin("", 1, "", {}, {}), {"train": with_ends, "valid": with_ends}, 1.0)
    assert [len(part) for part in family.training_pieces(recipe, dataset, None)] == [1, 1]
