"""Filling of canvases: given cells stay, masked ones follow the network and the rules, and the seed decides."""

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
from bachbridge.music.phrasing.closing.resolution import SEVENTH_NATS
from bachbridge.music.voice_leading import check_rules, out_of_range
from bachbridge.protocol.style import RepeatMode, Style

PLAIN = Style(temperature=1, top_p=1)
QUICK = Schedule(4)


class UniformNet:
    """A network that finds all notes equally likely, and records its inputs."""

    def __init__(self, onset_logit: float = 0.0) -> None:
        self.onset_logit = onset_logit
        self.seen: list[np.ndarray] = []
        self.attacks: list[np.ndarray] = []

    def predict(self, seen: np.ndarray, attacks: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert seen.shape == attacks.shape
        assert place.shape == (*seen.shape[:2], codec.PLACE_FIELD_COUNT)
        self.seen.append(seen)
        self.attacks.append(attacks)
        return self.pitch(seen), np.full(seen.shape, self.onset_logit, np.float32)

    def pitch(self, seen: np.ndarray) -> np.ndarray:
        return np.zeros((*seen.shape, PITCH_INDEX_COUNT), np.float32)


class MemorizedNet(UniformNet):
    """A network that predicts one piece, and is surer of a cell the more of its step it sees."""

    def __init__(self, piece: np.ndarray) -> None:
        super().__init__()
        self.piece = piece

    def pitch(self, seen: np.ndarray) -> np.ndarray:
        sure = 2.0 + 4.0 * (seen != MASKED).sum(axis=2, keepdims=True)[..., None]
        return (sure * np.eye(PITCH_INDEX_COUNT)[self.piece]).astype(np.float32) + np.zeros(
            (*seen.shape, 1), np.float32
        )


class RestlessNet(UniformNet):
    """A network that predicts something else at every step, and is never sure."""

    def pitch(self, seen: np.ndarray) -> np.ndarray:
        return np.random.default_rng(3).normal(0, 0.8, (*seen.shape, PITCH_INDEX_COUNT)).astype(np.float32)


def canvas_of(pitch_indices: np.ndarray, onsets: np.ndarray | None = None) -> Canvas:
    steps = len(pitch_indices)
    pitch_indices = np.asarray(pitch_indices, np.int32)
    onsets = np.zeros(pitch_indices.shape, bool) if onsets is None else onsets
    return Canvas(pitch_indices, onsets, codec.place_features(None, np.full(steps, 16)), codec.voice_range_mask(steps))


def empty(steps: int) -> Canvas:
    return canvas_of(np.full((steps, 4), UNKNOWN))


def chords(steps: int) -> np.ndarray:
    """Return a piece of two chords that alternate from beat to beat and break no rule."""
    one, two = [[pitch_index(pitch) for pitch in chord] for chord in ((72, 67, 64, 48), (71, 67, 62, 55))]
    return np.array([two if step // 4 % 2 else one for step in range(steps)], np.int32)


def soprano_canvas(soprano: np.ndarray) -> Canvas:
    pitch_indices = np.full((len(soprano), 4), UNKNOWN)
    pitch_indices[:, 0] = soprano
    return canvas_of(pitch_indices, np.ones(pitch_indices.shape, bool))


def result(
    net: UniformNet, canvas: Canvas, schedule: Schedule = QUICK, style: Style = PLAIN, seed: int = 1
) -> FilledCanvas:
    return final_result(fill_canvas(net, canvas, schedule, style, candidates=3, seed=seed))


@pytest.mark.parametrize(("tenor", "nats"), [(64, 0), (67, SEVENTH_NATS)])
def test_seventh_on_a_beat_has_to_fall_when_it_is_left(tenor: int, nats: float) -> None:
    """The chord changes under the seventh before its voice moves."""
    pitches = ((74, 71, 65, 55), (72, 69, 65, 53), (72, 69, tenor, 53))
    frames = np.array([[pitch_index(pitch) for pitch in chord] for chord in pitches], np.int32)
    places = [codec.place_features(None, np.full(3, 16), phase=phase) for phase in (0, None)]
    on_beat, unknown = (result(UniformNet(), replace(canvas_of(frames), place=place)) for place in places)
    assert on_beat.penalty - unknown.penalty == pytest.approx(nats)


def test_masked_share_falls_and_then_stays() -> None:
    assert Schedule(16).masked_share(0) == 0.9
    assert Schedule(16).masked_share(5) == pytest.approx(0.9 - 5 * 0.87 / 13.6)
    assert Schedule(16).masked_share(15) == 0.03
    assert (FAST_SCHEDULE.sweeps, SLOW_SCHEDULE.sweeps) == (16, 128)


def test_fill_canvas_recovers_a_memorized_piece() -> None:
    piece = chords(32)
    found = result(MemorizedNet(piece), soprano_canvas(piece[:, 0]), Schedule(12))
    assert np.array_equal(found.pitch_indices, piece)
    assert found.violations == 0
    assert 0 < found.nats_per_cell < 0.1


def test_fill_canvas_pauses_after_sweeps_and_masks_a_share() -> None:
    net = UniformNet()
    yielded = list(
        fill_canvas(net, empty(64), Schedule(8, span_steps=1), Style(rules=frozenset()), candidates=3, seed=1)
    )
    assert yielded[:-1] == [None] * len(net.seen)
    assert len(net.seen) == 8 + 2  # the sweeps, the comparison, the onsets
    shares = [(seen == MASKED).mean() for seen in net.seen]
    assert shares[0] == 1
    assert all(share > Schedule(8).masked_share(number) - 0.05 for number, share in enumerate(shares[:8]))
    assert shares[7] == pytest.approx(Schedule(8).masked_share(7), abs=0.1)
    assert shares[8:] == [0.5, 0]


def test_remasking_keeps_at_most_one_voice_drawn_in_a_step() -> None:
    net = UniformNet()
    result(net, soprano_canvas(chords(32)[:, 0]), Schedule(8))
    masked = [seen == MASKED for seen in net.seen[:8]]
    kept = [(before & ~after).sum(axis=2).max() for before, after in pairwise(masked)]
    assert max(kept) == 1


@pytest.mark.parametrize("phase", [0, 1, 2, 3, None])
def test_fill_canvas_moves_on_eighths_if_the_beat_is_known(phase: int | None) -> None:
    net = RestlessNet()
    canvas = replace(empty(65), place=codec.place_features(None, np.full(65, 16), phase=phase))
    found = result(net, canvas, Schedule(8, max_repairs=0)).pitch_indices
    is_second_half = ((phase or 0) + np.arange(1, 65)) % 2 == 1
    moves = (found[1:] != found[:-1]).mean(axis=1)
    mask_changes = [(seen == MASKED)[:, 1:] != (seen == MASKED)[:, :-1] for seen in net.seen[:8]]
    split_share = np.mean([changes[:, is_second_half].mean() for changes in mask_changes])
    assert moves[~is_second_half].mean() > 0.3
    assert (moves[is_second_half].mean() < 0.1) == (phase is not None)
    assert (split_share == 0) == (phase is not None), "both halves of an 8th are drawn anew together"


def test_fill_canvas_keeps_the_rules_with_a_uniform_net() -> None:
    found = result(UniformNet(), soprano_canvas(chords(48)[:, 0]), FAST_SCHEDULE, Style(key=(0, False)))
    check = check_rules(
        found.pitch_indices[:-1], found.pitch_indices[1:], {"parallels", "crossing", "leading-note"}, (0, False)
    )
    assert not out_of_range(found.pitch_indices).any()
    assert check.violations.sum() == 0 == found.violations


def test_fill_canvas_is_deterministic() -> None:
    first, again, other = (result(UniformNet(), empty(16), seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.pitch_indices, again.pitch_indices)
    assert np.array_equal(first.onsets, again.onsets)
    assert not np.array_equal(first.pitch_indices, other.pitch_indices)


@st.composite
def canvases(draw: st.DrawFn) -> Canvas:
    """Draw a canvas with any cells given, even rests and wrong notes; the others allow one or many notes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps, share = draw(st.integers(1, 12)), draw(st.sampled_from((0.0, 0.3, 0.9, 1.0)))
    pitch_indices = np.where(rng.random((steps, 4)) < share, UNKNOWN, rng.integers(0, PITCH_INDEX_COUNT, (steps, 4)))
    canvas = canvas_of(pitch_indices, rng.random(pitch_indices.shape) < 0.5)
    pinned = rng.random(pitch_indices.shape) < 0.3
    one_allowed = np.where(
        np.eye(PITCH_INDEX_COUNT)[rng.integers(0, PITCH_INDEX_COUNT, pitch_indices.shape)] > 0, 0, -np.inf
    )
    canvas.logit_mask[pinned] = one_allowed[pinned]
    return canvas


@settings(max_examples=60, deadline=None)
@given(canvases(), st.integers(0, 9))
def test_fill_canvas_keeps_given_cells_and_draws_allowed_ones(canvas: Canvas, seed: int) -> None:
    found = result(UniformNet(), canvas, Schedule(2), Style(key=(2, True)), seed)
    is_given = ~canvas.masked
    assert np.array_equal(found.pitch_indices[is_given], canvas.pitch_indices[is_given])
    assert np.array_equal(found.onsets[is_given], canvas.onsets[is_given])
    chosen_logits = np.take_along_axis(canvas.logit_mask, np.maximum(found.pitch_indices, 0)[..., None], axis=2)[..., 0]
    assert (chosen_logits[canvas.masked] == 0).all()
    assert not (found.onsets & canvas.masked & (found.pitch_indices == REST)).any()


def test_fill_canvas_calls_no_network_if_nothing_is_masked() -> None:
    net = UniformNet()
    piece = chords(8)
    found = result(net, canvas_of(piece, piece > 20))
    assert np.array_equal(found.pitch_indices, piece)
    assert np.array_equal(found.onsets, piece > 20)
    assert net.seen == []
    assert result(net, empty(0)).pitch_indices.shape == (0, 4)


def test_fill_canvas_refuses_a_cell_that_allows_no_note() -> None:
    canvas = empty(3)
    canvas.logit_mask[2, 1] = -np.inf
    with pytest.raises(ValueError, match="step 2 of voice 1 is masked, but nothing is allowed"):
        next(fill_canvas(UniformNet(), canvas, QUICK, PLAIN, candidates=1, seed=1))


def test_fill_canvas_does_not_repair_given_parallels() -> None:
    pitch_indices = np.full((8, 4), UNKNOWN)
    pitch_indices[:4, [0, 3]], pitch_indices[4:, [0, 3]] = (40, 16), (42, 18)  # octaves in parallel
    net = UniformNet()
    found = result(net, canvas_of(pitch_indices), Schedule(6), Style(rules=frozenset({"parallels"})))
    assert found.violations >= 1
    assert np.array_equal(found.pitch_indices[:, [0, 3]], pitch_indices[:, [0, 3]])


# ---------------------------------------------------------------- onsets


def alto_onsets(repeat: RepeatMode, onset_logit: float) -> np.ndarray:
    """Return the onsets of a held alto under a soprano with onsets at steps 0 and 4."""
    canvas = soprano_canvas(np.full(8, pitch_index(72)))
    canvas.onsets[:] = False
    canvas.onsets[[0, 4], 0] = True
    for voice, pitch in enumerate((72, 67, 64, 48)):
        canvas.logit_mask[:, voice] = -np.inf
        canvas.logit_mask[:, voice, pitch_index(pitch)] = 0
    return result(UniformNet(onset_logit), canvas, style=Style(repeat=repeat)).onsets[:, 1]


@pytest.mark.parametrize(
    ("repeat", "onset_logit", "steps"),
    [("hold", 90, [0]), ("strike", -90, [0, 4]), ("model", -90, [0]), ("model", 90, list(range(8)))],
)
def test_repeated_notes_have_onsets_as_the_style_says(repeat: RepeatMode, onset_logit: float, steps: list[int]) -> None:
    assert np.flatnonzero(alto_onsets(repeat, onset_logit)).tolist() == steps


def test_fill_canvas_shows_only_given_attacks() -> None:
    net = UniformNet()
    canvas = soprano_canvas(np.full(4, pitch_index(72)))
    canvas.onsets[1:, 0] = False
    result(net, canvas)
    for attacks in net.attacks:
        assert (attacks[:, :, 0] == [codec.ATTACK_ONSET] + [codec.ATTACK_HELD] * 3).all()
        assert (attacks[:, :, 1:] == codec.ATTACK_UNKNOWN).all()


def test_held_steps_repeat_the_step_before() -> None:
    holds = np.array([True, False, False, True, True, False, False, True])
    filled = result(RestlessNet(), replace(empty(8), holds=holds), style=replace(PLAIN, rules=frozenset()))
    moves = (filled.pitch_indices[1:] != filled.pitch_indices[:-1]).any(axis=1)
    assert not moves[holds[1:]].any()
    assert moves[~holds[1:]].any()


def test_held_steps_leave_given_cells() -> None:
    canvas = soprano_canvas(chords(8)[:, 0])
    filled = result(RestlessNet(), replace(canvas, holds=np.ones(8, bool)))
    assert (filled.pitch_indices[:, 0] == canvas.pitch_indices[:, 0]).all()
    assert (filled.pitch_indices[1:, 1:] == filled.pitch_indices[:-1, 1:]).all()
