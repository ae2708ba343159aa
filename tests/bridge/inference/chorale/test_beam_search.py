"""The coming melody decides between harmonies; given cells and decided steps do not change."""

from typing import Any

import numpy as np
import pytest

from bachbridge.codecs import satb
from bachbridge.inference.chorale.beam_search import final_harmony, harmonize_steps
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, pitch_index
from bachbridge.protocol.style import Style

CHAIN = (0, 3, 1, 2)
FREE = Style(rules=frozenset(), key=(0, False), temperature=1.0)


class UniformNet:
    """A network whose predictions are all equal; it records its inputs."""

    def __init__(self) -> None:
        self.ids: list[np.ndarray] = []

    def initial_state(self) -> np.ndarray:
        return np.zeros((2, 1, 2), np.float32)

    def core(self, ids: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert state.shape == (2, len(ids), 2)
        self.ids.append(ids)
        return np.zeros((len(ids), 2), np.float32), state

    def heads(self, hidden: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((len(known), 4, PITCH_INDEX_COUNT), np.float32), np.zeros((len(known), 4), np.float32)


class ForkNet(UniformNet):
    """The alto holds C or E, equally likely; only with E does the network expect the soprano's fourth note."""

    C, E = pitch_index(60), pitch_index(64)

    def core(self, ids: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        after = state.copy()
        after[0, :, 0] += 1
        second = after[0, :, 0] == 2
        after[0, second, 1] = satb.previous_pitch_indices(ids)[second, 1]
        return after[0], after

    def heads(self, hidden: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits = np.zeros((len(known), 4, PITCH_INDEX_COUNT), np.float32)
        hidden = np.broadcast_to(hidden, (len(known), 2))
        for row, (count, alto) in enumerate(hidden):
            logits[row, 1, [self.C, self.E] if count == 1 else int(alto)] = 20
            logits[row, 2, pitch_index(55)] = logits[row, 3, pitch_index(48)] = 20
            logits[row, 0, pitch_index(74) if count == 4 and alto == self.E else pitch_index(72)] = 10
        return logits, np.full((len(known), 4), -20, np.float32)


def soprano(*pitches: int) -> tuple[np.ndarray, np.ndarray]:
    given = np.full((len(pitches), 4), UNKNOWN, np.int32)
    given[:, 0] = [pitch_index(pitch) if pitch else 0 for pitch in pitches]
    onsets = np.zeros(given.shape, bool)
    onsets[:, 0] = given[:, 0] > 0
    return given, onsets


def harmonize(
    net: UniformNet, *pitches: int, seed: int = 1, style: Style = FREE, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    given, onsets = soprano(*pitches)
    return final_harmony(
        harmonize_steps(net, CHAIN, given, onsets, position=0, steps_per_bar=16, style=style, seed=seed, **options)
    )


def altos(**options: Any) -> set[int]:
    return {int(harmonize(ForkNet(), 72, 72, 72, 74, 74, seed=seed, **options)[0][1, 1]) for seed in range(12)}


def test_beam_search_lets_the_coming_melody_decide():
    assert altos() == {ForkNet.E}
    assert altos(width=1) == {ForkNet.C, ForkNet.E}
    assert altos(lag=1) == {ForkNet.C, ForkNet.E}, "with so short a lag the alto is decided too early"


def test_beam_search_keeps_given_cells_and_fills_the_rest():
    pitches = [67, 67, 69, 71, 72, 0, 72, 72] * 4
    given, onsets = soprano(*pitches)
    onsets[1, 0] = False
    onsets[:, 1] = True
    pitch_indices, found_onsets = final_harmony(
        harmonize_steps(
            UniformNet(), CHAIN, given, onsets, position=None, steps_per_bar=16, style=Style(), seed=3, lag=5
        )
    )
    assert (pitch_indices[:, 0] == given[:, 0]).all()
    assert (found_onsets[:, 0] == onsets[:, 0]).all()
    assert (pitch_indices[given[:, 0] > 0] > REST).all()
    assert not (found_onsets & (pitch_indices == REST)).any()


def test_beam_search_accepts_any_given_voice():
    given = np.full((8, 4), UNKNOWN, np.int32)
    given[:, 3] = pitch_index(48)
    pitch_indices, _ = final_harmony(
        harmonize_steps(
            UniformNet(), CHAIN, given, given > 0, position=0, steps_per_bar=12, style=Style(), seed=3, width=2
        )
    )
    assert (pitch_indices[:, 3] == pitch_index(48)).all()
    assert (pitch_indices[:, :3] > pitch_index(47)).all()


class SixthChordNet(UniformNet):
    """A network that prefers a C major chord over C or, a little likelier, over E."""

    def heads(self, hidden: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits = np.zeros((len(known), 4, PITCH_INDEX_COUNT), np.float32)
        for voice, pitch in ((0, 72), (1, 67), (2, 60), (3, 52), (3, 48)):
            logits[:, voice, pitch_index(pitch)] = 20 + 0.2 * (pitch == 52)
        return logits, np.full((len(known), 4), -20, np.float32)


def test_beam_search_ends_on_a_root_position_triad():
    def last_basses(style: Style) -> set[int]:
        return {int(harmonize(SixthChordNet(), 72, 72, 72, 72, seed=seed, style=style)[0][-1, 3]) for seed in range(8)}

    assert last_basses(Style()) == {pitch_index(48)}
    assert last_basses(FREE) == {pitch_index(48), pitch_index(52)}, "without rules the model decides"


def test_beam_search_is_deterministic():
    first, again, other = (
        harmonize(UniformNet(), *[72, 74, 76] * 4, seed=seed, style=Style())[0] for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_beam_search_decides_steps_beyond_the_lag():
    tune = [72, 74, 76, 77, 76, 74] * 4
    changed = [*tune[:18], *(pitch - 2 for pitch in tune[18:])]
    one, two = harmonize(ForkNet(), *tune, lag=6)[0], harmonize(ForkNet(), *changed, lag=6)[0]
    assert (one[: 18 - 6] == two[: 18 - 6]).all()


@pytest.mark.parametrize(("width", "lag", "steps"), [(1, 1, 1), (3, 16, 5), (8, 1, 9)])
def test_final_harmony_reports_every_step(width: int, lag: int, steps: int):
    steps_reported: list[int] = []
    given, onsets = soprano(*[72] * steps)
    net = UniformNet()
    pitch_indices, _ = final_harmony(
        harmonize_steps(
            net, CHAIN, given, onsets, position=0, steps_per_bar=16, style=FREE, width=width, lag=lag, seed=0
        ),
        progress=steps_reported.append,
    )
    assert pitch_indices.shape == (steps, 4)
    assert steps_reported == list(range(steps))
    assert all(len(ids) <= width for ids in net.ids)


def test_beam_search_feeds_bars_of_changing_length():
    position = np.array([8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 0, 1], np.int32)
    bars = np.array([12] * 4 + [6] * 6 + [16] * 2, np.int32)
    given, onsets = soprano(*[72] * 12)
    net = UniformNet()
    pitch_indices, _ = final_harmony(
        harmonize_steps(net, CHAIN, given, onsets, position=position, steps_per_bar=bars, style=FREE, seed=0, width=1)
    )
    expected = satb.feature_ids(pitch_indices, onsets, position, bars)
    assert [ids[0, 13:].tolist() for ids in net.ids] == expected[:, 13:].tolist()
