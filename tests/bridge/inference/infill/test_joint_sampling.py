"""Cells follow their predictions, cells predicted alike agree, and the way through the lines avoids parallels."""

import numpy as np
import pytest

from bachbridge.inference.infill.joint_sampling import DrawOptions, average_eighths, draw_cells
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST
from bachbridge.music.voice_leading import check_rules
from bachbridge.protocol.style import Style

FREE = Style(temperature=1, top_p=1, rules=frozenset())
PARALLELS = Style(temperature=1, top_p=1, rules=frozenset({"parallels"}))


def draw(
    wishes: np.ndarray, style: Style, manner: DrawOptions, classes: np.ndarray | None = None, seed: int = 1
) -> np.ndarray:
    """All cells of `wishes[chain, step, voice, class]` drawn, or those that are -1 in `classes`."""
    classes = np.full(wishes.shape[:3], -1, np.int32) if classes is None else classes
    return draw_cells(wishes.astype(np.float32), classes, classes < 0, style, manner, np.random.default_rng(seed))


def wishes_of(chains: int, steps: int, **nats: float) -> np.ndarray:
    """The same for every cell: some classes with nats, all others out of the question."""
    wishes = np.full((chains, steps, 4, PITCH_INDEX_COUNT), -np.inf)
    for name, value in nats.items():
        wishes[..., int(name[1:])] = value
    return wishes


@pytest.mark.parametrize("manner", [DrawOptions(1, 1, 0), DrawOptions(8, 1, 0), DrawOptions(8, 50, 6)])
def test_cells_follow_their_predictions(manner: DrawOptions) -> None:
    found = draw(wishes_of(3000, 2, c10=np.log(0.5), c20=np.log(0.3), c30=np.log(0.2)), FREE, manner)
    for step in range(2):
        shares = [(found[:, step] == pitch).mean() for pitch in (10, 20, 30)]
        assert shares == pytest.approx([0.5, 0.3, 0.2], abs=0.02)


def test_temperature_and_nucleus() -> None:
    wishes = wishes_of(2000, 1, c10=np.log(0.5), c20=np.log(0.3), c30=np.log(0.2))
    cool = draw(wishes, Style(temperature=0.5, top_p=1, rules=frozenset()), DrawOptions(1, 1, 0))
    assert (cool == 10).mean() == pytest.approx(0.25 / 0.38, abs=0.02)
    likely = draw(wishes, Style(temperature=1, top_p=0.75, rules=frozenset()), DrawOptions(1, 1, 0))
    assert (likely == 10).mean() == pytest.approx(5 / 8, abs=0.02)
    assert not (likely == 30).any()
    assert (draw(wishes, Style(temperature=0, top_p=1, rules=frozenset()), DrawOptions(1, 1, 0)) == 10).all()


def test_luck_lasts_so_that_cells_predicted_alike_agree() -> None:
    wishes = wishes_of(20, 32, c10=0, c20=0, c30=0)
    changes = [
        (np.diff(draw(wishes, FREE, DrawOptions(8, lasting, 6)), axis=1) != 0).mean() for lasting in (1, 8, 1000)
    ]
    assert changes[0] > 0.5
    assert changes[1] < 0.2
    assert changes[2] < 0.02


def test_both_halves_of_an_eighth_wish_for_the_same() -> None:
    """Unless one of them is known, the network is sure of two different classes, or nothing is allowed to both."""
    sure, torn = {"c10": 0.0, "c20": -9.0}, {"c10": -0.5, "c20": 0.0}
    steps = [torn, sure, sure, torn, sure, {"c20": 0.0, "c10": -9.0}, {"c10": 0.0}, {"c20": 0.0}, torn]
    wishes = np.concatenate([wishes_of(1, 1, **nats) for nats in steps], axis=1).astype(np.float32)
    masked = np.ones((1, 9, 4), bool)
    masked[0, 2, 3] = False
    found = average_eighths(wishes, masked, np.arange(9) % 2 == 1)
    assert found[0, :, 0, 10].tolist() == [-0.25, -0.25, -0.25, -0.25, 0, -9, 0, -np.inf, -0.5]
    assert found[0, :, 0, 20].tolist() == [-4.5, -4.5, -4.5, -4.5, -9, 0, -np.inf, 0, 0]
    assert np.array_equal(found[0, 2:4, 3], wishes[0, 2:4, 3]), "there one half was known"
    assert np.array_equal(average_eighths(wishes, masked, np.zeros(9, bool)), wishes)


def test_the_way_goes_round_parallels_wherever_it_can() -> None:
    # Soprano and bass move in octaves from step to step; the bass may as well take its third.
    classes = np.full((50, 9, 4), -1, np.int32)
    classes[:, :, 0] = 36 + np.arange(9) % 2
    classes[:, :, 1:3] = REST
    wishes = np.full((50, 9, 4, PITCH_INDEX_COUNT), -np.inf)
    for step in range(9):
        wishes[:, step, 3, [12 + step % 2, 15 + step % 2]] = (1, 0)

    def parallels(style: Style, manner: DrawOptions) -> int:
        found = draw(wishes, style, manner, classes)
        assert np.array_equal(found[:, :, :3], classes[:, :, :3])
        return sum(int(check_rules(one[:-1], one[1:], {"parallels"}, None).violations.sum()) for one in found)

    assert parallels(FREE, DrawOptions(1, 1, 0)) > 100
    assert parallels(PARALLELS, DrawOptions(8, 1, 0)) == 0


def test_what_is_known_is_left_alone_and_one_step_is_enough() -> None:
    classes = np.array([[[40, 30, -1, 10]]], np.int32)
    found = draw(wishes_of(1, 1, c20=0), PARALLELS, DrawOptions(), classes)
    assert found.tolist() == [[[40, 30, 20, 10]]]
    assert draw(wishes_of(2, 3, c20=0), PARALLELS, DrawOptions(), np.zeros((2, 3, 4), np.int32)).sum() == 0
