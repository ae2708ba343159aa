"""Drawn cells follow their predictions, agree where these are alike, and avoid parallels."""

import numpy as np
import pytest

from bachbridge.inference.infill.joint_sampling import DrawOptions, average_eighths, draw_cells
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST
from bachbridge.music.voice_leading import check_rules
from bachbridge.protocol.style import Style

FREE = Style(temperature=1, top_p=1, rules=frozenset())
PARALLELS = Style(temperature=1, top_p=1, rules=frozenset({"parallels"}))


def draw(
    logits: np.ndarray, style: Style, options: DrawOptions, pitch_indices: np.ndarray | None = None, seed: int = 1
) -> np.ndarray:
    """Draw all cells of `logits[chain, step, voice, index]`, or those that are -1 in `pitch_indices`."""
    pitch_indices = np.full(logits.shape[:3], -1, np.int32) if pitch_indices is None else pitch_indices
    return draw_cells(
        logits.astype(np.float32), pitch_indices, pitch_indices < 0, style, options, np.random.default_rng(seed)
    )


def equal_logits(chains: int, steps: int, **nats: float) -> np.ndarray:
    """Return equal logits for every cell: `c10=-1` gives pitch index 10 the logit -1; all others are forbidden."""
    logits = np.full((chains, steps, 4, PITCH_INDEX_COUNT), -np.inf)
    for name, value in nats.items():
        logits[..., int(name[1:])] = value
    return logits


@pytest.mark.parametrize("options", [DrawOptions(1, 1, 0), DrawOptions(8, 1, 0), DrawOptions(8, 50, 6)])
def test_draw_cells_follows_the_predictions(options: DrawOptions) -> None:
    found = draw(equal_logits(3000, 2, c10=np.log(0.5), c20=np.log(0.3), c30=np.log(0.2)), FREE, options)
    for step in range(2):
        shares = [(found[:, step] == pitch).mean() for pitch in (10, 20, 30)]
        assert shares == pytest.approx([0.5, 0.3, 0.2], abs=0.02)


def test_draw_cells_applies_temperature_and_top_p() -> None:
    logits = equal_logits(2000, 1, c10=np.log(0.5), c20=np.log(0.3), c30=np.log(0.2))
    cool = draw(logits, Style(temperature=0.5, top_p=1, rules=frozenset()), DrawOptions(1, 1, 0))
    assert (cool == 10).mean() == pytest.approx(0.25 / 0.38, abs=0.02)
    likely = draw(logits, Style(temperature=1, top_p=0.75, rules=frozenset()), DrawOptions(1, 1, 0))
    assert (likely == 10).mean() == pytest.approx(5 / 8, abs=0.02)
    assert not (likely == 30).any()
    assert (draw(logits, Style(temperature=0, top_p=1, rules=frozenset()), DrawOptions(1, 1, 0)) == 10).all()


def test_draw_cells_agrees_where_predictions_are_alike() -> None:
    logits = equal_logits(20, 32, c10=0, c20=0, c30=0)
    changes = [
        (np.diff(draw(logits, FREE, DrawOptions(8, held_steps, 6)), axis=1) != 0).mean() for held_steps in (1, 8, 1000)
    ]
    assert changes[0] > 0.5
    assert changes[1] < 0.2
    assert changes[2] < 0.02


def test_average_eighths_equals_both_halves_of_an_eighth() -> None:
    """Halves stay unequal if one is known, the network is sure of two different notes, or no note suits both."""
    sure, unsure = {"c10": 0.0, "c20": -9.0}, {"c10": -0.5, "c20": 0.0}
    steps = [unsure, sure, sure, unsure, sure, {"c20": 0.0, "c10": -9.0}, {"c10": 0.0}, {"c20": 0.0}, unsure]
    logits = np.concatenate([equal_logits(1, 1, **nats) for nats in steps], axis=1).astype(np.float32)
    masked = np.ones((1, 9, 4), bool)
    masked[0, 2, 3] = False
    found = average_eighths(logits, masked, np.arange(9) % 2 == 1)
    assert found[0, :, 0, 10].tolist() == [-0.25, -0.25, -0.25, -0.25, 0, -9, 0, -np.inf, -0.5]
    assert found[0, :, 0, 20].tolist() == [-4.5, -4.5, -4.5, -4.5, -9, 0, -np.inf, 0, 0]
    assert np.array_equal(found[0, 2:4, 3], logits[0, 2:4, 3]), "one half was known"
    assert np.array_equal(average_eighths(logits, masked, np.zeros(9, bool)), logits)


def test_draw_cells_avoids_parallels_where_it_can() -> None:
    # The likeliest bass moves in octaves with the soprano; its other choice is a third higher.
    pitch_indices = np.full((50, 9, 4), -1, np.int32)
    pitch_indices[:, :, 0] = 36 + np.arange(9) % 2
    pitch_indices[:, :, 1:3] = REST
    logits = np.full((50, 9, 4, PITCH_INDEX_COUNT), -np.inf)
    for step in range(9):
        logits[:, step, 3, [12 + step % 2, 15 + step % 2]] = (1, 0)

    def count_parallels(style: Style, options: DrawOptions) -> int:
        found = draw(logits, style, options, pitch_indices)
        assert np.array_equal(found[:, :, :3], pitch_indices[:, :, :3])
        return sum(int(check_rules(chain[:-1], chain[1:], {"parallels"}, None).violations.sum()) for chain in found)

    assert count_parallels(FREE, DrawOptions(1, 1, 0)) > 100
    assert count_parallels(PARALLELS, DrawOptions(8, 1, 0)) == 0


def test_draw_cells_leaves_known_cells_unchanged() -> None:
    pitch_indices = np.array([[[40, 30, -1, 10]]], np.int32)
    found = draw(equal_logits(1, 1, c20=0), PARALLELS, DrawOptions(), pitch_indices)
    assert found.tolist() == [[[40, 30, 20, 10]]]
    assert draw(equal_logits(2, 3, c20=0), PARALLELS, DrawOptions(), np.zeros((2, 3, 4), np.int32)).sum() == 0
