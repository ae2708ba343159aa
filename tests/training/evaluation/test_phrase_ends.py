"""Rows about phrase ends: harmonies measured at the fermatas of their sopranos."""

from dataclasses import replace

import numpy as np
import pytest

from bachbridge_training.datasets import chorales as chorale_data
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation import phrase_ends
from bachbridge_training.evaluation.harmonize import STYLES, Harmonization, RuleBasedNet, harmonize_offline


def with_fermatas(pieces: list[FourPartPiece]) -> list[FourPartPiece]:
    return [replace(piece, fermatas=np.array([[12, 4], [28, 4]], np.int32)) for piece in pieces]


def test_measure_rows_put_the_pieces_own_voices_first(phrases: list[FourPartPiece]) -> None:
    pieces = with_fermatas(phrases)
    own = [Harmonization(each.name, four_part_windows.pitch_indices_of(each.pitches), each.onsets) for each in pieces]
    rows = phrase_ends.measure_rows(pieces, {"copy": own})
    assert list(rows) == ["bach", "copy"]
    assert rows["copy"] == rows["bach"]
    assert rows["bach"].phrase_ends == 4


def test_measure_rows_leave_out_pieces_without_fermatas(phrases: list[FourPartPiece]) -> None:
    assert phrase_ends.measure_rows(phrases, {"any": []}) == {}
    mixed = [phrases[0], *with_fermatas(phrases[1:])]
    own = [Harmonization(each.name, four_part_windows.pitch_indices_of(each.pitches), each.onsets) for each in mixed]
    assert phrase_ends.measure_rows(mixed, {"copy": own})["copy"].phrase_ends == 2


def test_given_phrase_ends_get_triads_in_root_position(phrases: list[FourPartPiece]) -> None:
    pieces = with_fermatas(phrases)
    made = harmonize_offline(
        RuleBasedNet(), four_part_windows.VOICE_ORDER, pieces, STYLES["offline"], 1, width=4, ends_given=True
    )
    assert phrase_ends.harmony_measures(pieces, made).triad_ends == 1


@pytest.mark.soak
class EndsOfBars:
    """A network of phrase ends that expects them where the melody has notes on the last beats of bars."""

    def logits(self, features: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(features))[:, None] % 4 == 3, 8.0, -8.0) * np.ones((1, 64), np.float32)


def test_predicted_ends_are_whole_notes_of_the_soprano(phrases: list[FourPartPiece]) -> None:
    piece = phrases[0]
    found = phrase_ends.with_predicted_ends(piece, EndsOfBars())
    assert len(found.fermatas)
    begins, lengths = found.fermatas.T
    assert piece.onsets[begins, 0].all()
    assert (lengths >= 1).all()
    assert found.pitches is piece.pitches


def test_bachs_own_ends_have_the_figures_of_the_docs() -> None:
    measures = phrase_ends.own_measures(chorale_data.load_chorales("valid"))
    assert measures.phrase_ends == 432
    figures = {
        "triad_ends": 0.965, "unstable_ends": 0.032, "authentic_ends": 0.655, "moving_ends": 0.032, "home_finals": 1,
        "picardy_thirds": 0.909, "sevenths_down": 0.863, "leading_notes_up": 0.765, "leapt_dissonances": 0.050,
        "third_moves": 0.164,
    }  # fmt: skip
    assert {name: getattr(measures, name) for name in figures} == pytest.approx(figures, abs=5e-4)
