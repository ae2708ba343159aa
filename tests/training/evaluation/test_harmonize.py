"""Harmonies under given sopranos, made in one batch."""

import numpy as np

from bachbridge.codecs import satb
from bachbridge.music.frames import REST
from bachbridge.music.metrics import compute_metrics
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation import harmonize
from bachbridge_training.evaluation.harmonize import STYLES, RuleBasedNet, harmonize_live, harmonize_offline


def test_harmonize_live_keeps_sopranos_and_rules(phrases: list[FourPartPiece]) -> None:
    short = FourPartPiece(
        "short", *(getattr(phrases[0], field)[:9] for field in ("pitches", "onsets", "position", "bar"))
    )
    pieces = [short, *phrases]
    made = harmonize_live(RuleBasedNet(), four_part_windows.VOICE_ORDER, pieces, STYLES["rules"], 1)
    assert [harmony.name for harmony in made] == ["short", "one", "two"]
    for harmony, piece in zip(made, pieces, strict=True):
        assert np.array_equal(harmony.pitch_indices[:, 0], four_part_windows.pitch_indices_of(piece.pitches)[:, 0])
        assert np.array_equal(harmony.onsets[:, 0], piece.onsets[:, 0])
        assert (harmony.pitch_indices > REST).all()
    metrics = compute_metrics([harmony.pitch_indices for harmony in made])
    assert (metrics.triad_frames, metrics.out_of_range, metrics.crossed_frames) == (1, 0, 0)
    assert metrics.parallel_fifths == metrics.parallel_octaves == 0


def test_harmonize_live_depends_on_the_seed_alone(phrases: list[FourPartPiece]) -> None:
    first, again, other = (
        harmonize_live(RuleBasedNet(), four_part_windows.VOICE_ORDER, phrases, STYLES["live"], seed)
        for seed in (1, 1, 2)
    )
    assert all(np.array_equal(one.pitch_indices, two.pitch_indices) for one, two in zip(first, again, strict=True))
    assert not all(np.array_equal(one.pitch_indices, two.pitch_indices) for one, two in zip(first, other, strict=True))


class RecordingNet(RuleBasedNet):
    """A network that records its inputs."""

    def __init__(self) -> None:
        self.ids: list[np.ndarray] = []

    def core(self, ids: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert state.shape[1] == len(ids)
        self.ids.append(ids)
        return super().core(ids, state)


def test_harmonize_live_feeds_back_choices_and_bar_position(phrases: list[FourPartPiece]) -> None:
    net = RecordingNet()
    harmony = harmonize_live(net, four_part_windows.VOICE_ORDER, phrases[:1], STYLES["live"], 1)[0]
    piece = phrases[0]
    expected = satb.feature_ids(harmony.pitch_indices, harmony.onsets, piece.position, piece.bar)
    assert np.array_equal(np.concatenate(net.ids), expected)


def test_harmonize_offline_keeps_the_sopranos(phrases: list[FourPartPiece]) -> None:
    made = harmonize_offline(RuleBasedNet(), four_part_windows.VOICE_ORDER, phrases, STYLES["offline"], 1, width=2)
    assert [harmony.name for harmony in made] == ["one", "two"]
    for harmony, piece in zip(made, phrases, strict=True):
        assert np.array_equal(harmony.pitch_indices[:, 0], four_part_windows.pitch_indices_of(piece.pitches)[:, 0])
    assert compute_metrics([harmony.pitch_indices for harmony in made]).parallel_fifths == 0


def test_repeat_pieces_repeats_in_turn(phrases: list[FourPartPiece]) -> None:
    assert [piece.name for piece in harmonize.repeat_pieces(phrases, 3)] == ["one", "two", "one"]
