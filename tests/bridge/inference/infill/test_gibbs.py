"""Canvases are filled: what is given survives, what is open follows the network and the rules, one seed one result."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bachbridge.codecs import infill_grid as codec
from bachbridge.codecs.infill_grid import MASKED, Canvas
from bachbridge.inference.infill.gibbs import (
    FAST_SCHEDULE,
    SLOW_SCHEDULE,
    FilledCanvas,
    Schedule,
    fill_canvas,
    final_result,
)
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, pitch_index
from bachbridge.music.voice_leading import check_rules, out_of_range
from bachbridge.protocol.style import RepeatMode, Style

PLAIN = Style(temperature=1, top_p=1)
QUICK = Schedule(4)


class Uniform:
    """A network that finds everything equally likely, and notes what it was shown."""

    def __init__(self, strike: float = 0.0) -> None:
        self.strike = strike
        self.seen: list[np.ndarray] = []
        self.attacks: list[np.ndarray] = []

    def predict(self, seen: np.ndarray, attacks: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert seen.shape == attacks.shape
        assert place.shape == (*seen.shape[:2], codec.PLACE_FIELD_COUNT)
        self.seen.append(seen)
        self.attacks.append(attacks)
        return self.pitch(seen), np.full(seen.shape, self.strike, np.float32)

    def pitch(self, seen: np.ndarray) -> np.ndarray:
        return np.zeros((*seen.shape, PITCH_INDEX_COUNT), np.float32)


class Knowing(Uniform):
    """A network that knows a piece by heart, the surer of a cell the more of its step it sees."""

    def __init__(self, piece: np.ndarray) -> None:
        super().__init__()
        self.piece = piece

    def pitch(self, seen: np.ndarray) -> np.ndarray:
        sure = 2.0 + 4.0 * (seen != MASKED).sum(axis=2, keepdims=True)[..., None]
        return (sure * np.eye(PITCH_INDEX_COUNT)[self.piece]).astype(np.float32) + np.zeros(
            (*seen.shape, 1), np.float32
        )


class Restless(Uniform):
    """A network that wishes for something else at every step, and is never sure."""

    def pitch(self, seen: np.ndarray) -> np.ndarray:
        return np.random.default_rng(3).normal(0, 0.8, (*seen.shape, PITCH_INDEX_COUNT)).astype(np.float32)


def canvas_of(classes: np.ndarray, struck: np.ndarray | None = None) -> Canvas:
    steps = len(classes)
    classes = np.asarray(classes, np.int32)
    struck = np.zeros(classes.shape, bool) if struck is None else struck
    return Canvas(classes, struck, codec.place_features(None, np.full(steps, 16)), codec.voice_range_mask(steps))


def empty(steps: int) -> Canvas:
    return canvas_of(np.full((steps, 4), UNKNOWN))


def chords(steps: int) -> np.ndarray:
    """A piece of two chords in turn, beat by beat, without anything forbidden."""
    one, two = [[pitch_index(pitch) for pitch in chord] for chord in ((72, 67, 64, 48), (71, 67, 62, 55))]
    return np.array([two if step // 4 % 2 else one for step in range(steps)], np.int32)


def under(soprano: np.ndarray) -> Canvas:
    classes = np.full((len(soprano), 4), UNKNOWN)
    classes[:, 0] = soprano
    return canvas_of(classes, np.ones(classes.shape, bool))


def result(
    nets: Uniform, canvas: Canvas, schedule: Schedule = QUICK, style: Style = PLAIN, seed: int = 1
) -> FilledCanvas:
    return final_result(fill_canvas(nets, canvas, schedule, style, candidates=3, seed=seed))


def test_the_share_of_masked_cells_falls_and_then_stays() -> None:
    assert Schedule(16).masked_share(0) == 0.9
    assert Schedule(16).masked_share(5) == pytest.approx(0.9 - 5 * 0.87 / 13.6)
    assert Schedule(16).masked_share(15) == 0.03
    assert (FAST_SCHEDULE.sweeps, SLOW_SCHEDULE.sweeps) == (16, 128)


def test_a_piece_known_by_heart_is_recovered_under_its_soprano() -> None:
    piece = chords(32)
    found = result(Knowing(piece), under(piece[:, 0]), Schedule(12))
    assert np.array_equal(found.pitch_indices, piece)
    assert found.violations == 0
    assert 0 < found.nats_per_cell < 0.1


def test_it_rests_after_every_pass_and_masks_all_first_and_a_share_later() -> None:
    nets = Uniform()
    told = list(fill_canvas(nets, empty(64), Schedule(8, span_steps=1), Style(rules=frozenset()), candidates=3, seed=1))
    assert told[:-1] == [None] * len(nets.seen)
    assert len(nets.seen) == 8 + 2  # the passes, the reading, the strikes
    shares = [(seen == MASKED).mean() for seen in nets.seen]
    assert shares[0] == 1
    assert all(share > Schedule(8).masked_share(number) - 0.05 for number, share in enumerate(shares[:8]))
    assert shares[7] == pytest.approx(Schedule(8).masked_share(7), abs=0.1)
    assert shares[8:] == [0.5, 0]


def test_of_the_voices_of_a_step_that_were_drawn_together_at_most_one_is_kept() -> None:
    nets = Uniform()
    result(nets, under(chords(32)[:, 0]), Schedule(8))
    masked = [seen == MASKED for seen in nets.seen[:8]]
    kept = [(before & ~after).sum(axis=2).max() for before, after in pairwise(masked)]
    assert max(kept) == 1


@pytest.mark.parametrize("phase", [0, 1, 2, 3, None])
def test_voices_move_on_eighths_where_the_beat_is_known(phase: int | None) -> None:
    nets = Restless()
    task = replace(empty(65), place=codec.place_features(None, np.full(65, 16), phase=phase))
    found = result(nets, task, Schedule(8)).pitch_indices
    second = ((phase or 0) + np.arange(1, 65)) % 2 == 1
    moves = (found[1:] != found[:-1]).mean(axis=1)
    split = [(seen == MASKED)[:, 1:] != (seen == MASKED)[:, :-1] for seen in nets.seen[:8]]
    parted = np.mean([its[:, second].mean() for its in split])
    assert moves[~second].mean() > 0.3
    assert (moves[second].mean() < 0.1) == (phase is not None)
    assert (parted == 0) == (phase is not None), "an 8th is drawn anew as a whole"


def test_without_any_opinion_the_rules_are_kept() -> None:
    found = result(Uniform(), under(chords(48)[:, 0]), FAST_SCHEDULE, Style(key=(0, False)))
    verdict = check_rules(
        found.pitch_indices[:-1], found.pitch_indices[1:], {"parallels", "crossing", "leading-note"}, (0, False)
    )
    assert not out_of_range(found.pitch_indices).any()
    assert verdict.violations.sum() == 0 == found.violations


def test_one_seed_one_result() -> None:
    first, again, other = (result(Uniform(), empty(16), seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.pitch_indices, again.pitch_indices)
    assert np.array_equal(first.onsets, again.onsets)
    assert not np.array_equal(first.pitch_indices, other.pitch_indices)


@st.composite
def canvases(draw: st.DrawFn) -> Canvas:
    """Any cells given, rests and wrong notes among them, the others with one or many classes allowed."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps, share = draw(st.integers(1, 12)), draw(st.sampled_from((0.0, 0.3, 0.9, 1.0)))
    classes = np.where(rng.random((steps, 4)) < share, UNKNOWN, rng.integers(0, PITCH_INDEX_COUNT, (steps, 4)))
    canvas = canvas_of(classes, rng.random(classes.shape) < 0.5)
    pinned = rng.random(classes.shape) < 0.3
    only = np.where(np.eye(PITCH_INDEX_COUNT)[rng.integers(0, PITCH_INDEX_COUNT, classes.shape)] > 0, 0, -np.inf)
    canvas.logit_mask[pinned] = only[pinned]
    return canvas


@settings(max_examples=60, deadline=None)
@given(canvases(), st.integers(0, 9))
def test_given_cells_survive_and_open_ones_take_what_is_allowed(canvas: Canvas, seed: int) -> None:
    found = result(Uniform(), canvas, Schedule(2), Style(key=(2, True)), seed)
    given_ = ~canvas.masked
    assert np.array_equal(found.pitch_indices[given_], canvas.pitch_indices[given_])
    assert np.array_equal(found.onsets[given_], canvas.onsets[given_])
    taken = np.take_along_axis(canvas.logit_mask, np.maximum(found.pitch_indices, 0)[..., None], axis=2)[..., 0]
    assert (taken[canvas.masked] == 0).all()
    assert not (found.onsets & canvas.masked & (found.pitch_indices == REST)).any()


def test_nothing_open_needs_no_network() -> None:
    nets = Uniform()
    piece = chords(8)
    found = result(nets, canvas_of(piece, piece > 20))
    assert np.array_equal(found.pitch_indices, piece)
    assert np.array_equal(found.onsets, piece > 20)
    assert nets.seen == []
    assert result(nets, empty(0)).pitch_indices.shape == (0, 4)


def test_a_cell_that_may_be_nothing_is_refused() -> None:
    canvas = empty(3)
    canvas.logit_mask[2, 1] = -np.inf
    with pytest.raises(ValueError, match="step 2 of voice 1 is masked, but nothing is allowed"):
        next(fill_canvas(Uniform(), canvas, QUICK, PLAIN, candidates=1, seed=1))


def test_what_is_given_by_itself_wrong_is_not_repaired() -> None:
    classes = np.full((8, 4), UNKNOWN)
    classes[:4, [0, 3]], classes[4:, [0, 3]] = (40, 16), (42, 18)  # octaves in parallel
    nets = Uniform()
    found = result(nets, canvas_of(classes), Schedule(6), Style(rules=frozenset({"parallels"})))
    assert found.violations >= 1
    assert np.array_equal(found.pitch_indices[:, [0, 3]], classes[:, [0, 3]])


# ---------------------------------------------------------------- who is struck


def strikes(repeat: RepeatMode, strike: float) -> np.ndarray:
    """Which cells of three held voices are struck under a soprano struck at steps 0 and 4."""
    canvas = under(np.full(8, pitch_index(72)))
    canvas.onsets[:] = False
    canvas.onsets[[0, 4], 0] = True
    for voice, pitch in enumerate((72, 67, 64, 48)):
        canvas.logit_mask[:, voice] = -np.inf
        canvas.logit_mask[:, voice, pitch_index(pitch)] = 0
    return result(Uniform(strike), canvas, style=Style(repeat=repeat)).onsets[:, 1]


@pytest.mark.parametrize(
    ("repeat", "strike", "steps"),
    [("hold", 90, [0]), ("strike", -90, [0, 4]), ("model", -90, [0]), ("model", 90, list(range(8)))],
)
def test_notes_that_stay_are_struck_as_the_style_says(repeat: RepeatMode, strike: float, steps: list[int]) -> None:
    assert np.flatnonzero(strikes(repeat, strike)).tolist() == steps


def test_the_network_hears_of_the_given_attacks_only() -> None:
    nets = Uniform()
    canvas = under(np.full(4, pitch_index(72)))
    canvas.onsets[1:, 0] = False
    result(nets, canvas)
    for attacks in nets.attacks:
        assert (attacks[:, :, 0] == [codec.ATTACK_ONSET] + [codec.ATTACK_HELD] * 3).all()
        assert (attacks[:, :, 1:] == codec.ATTACK_UNKNOWN).all()
