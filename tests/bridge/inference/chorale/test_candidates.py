"""Candidates are drawn along the chain, what is forbidden comes last, and a style leads where it says."""

import numpy as np
import pytest

from bachbridge.inference.chorale.candidates import RankedFrames, rank_frames
from bachbridge.inference.runtime.style import Style
from bachbridge.music.cadences import is_full_close
from bachbridge.music.frames import PITCH_INDEX_COUNT, UNKNOWN, pitch_index

CHAIN = (0, 3, 1, 2)
VIEW = np.zeros((1, 1), np.float32)


class Table:
    """A network with fixed logits, which notes how it was called."""

    def __init__(self, logits: np.ndarray | None = None, strike: float = 0.0) -> None:
        self.logits = np.zeros((4, PITCH_INDEX_COUNT), np.float32) if logits is None else logits
        self.strike = strike
        self.calls: list[np.ndarray] = []

    def heads(self, hidden: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert len(hidden) in {1, len(known)}
        self.calls.append(known.copy())
        pitch = np.broadcast_to(self.logits, (len(known), 4, PITCH_INDEX_COUNT)) + hidden[:, :1, None]
        return pitch.astype(np.float32), np.full((len(known), 4), self.strike, np.float32)


def frame(*pitches: int) -> list[int]:
    return [pitch_index(pitch) if pitch > 0 else pitch for pitch in pitches]


def under(*sopranos: int) -> np.ndarray:
    return np.array([frame(pitch, UNKNOWN, UNKNOWN, UNKNOWN) for pitch in sopranos], np.int32)


def likely(*chords: tuple[int, ...]) -> np.ndarray:
    """Logits under which the voices of the chords are far likelier than all else, the first chord the most."""
    logits = np.zeros((4, PITCH_INDEX_COUNT), np.float32)
    for place, chord in enumerate(chords):
        for voice, pitch in enumerate(chord):
            logits[voice, pitch_index(pitch)] = 12 - place
    return logits


def one(nets: Table, style: Style, before: list[int] | None, seed: int = 1, keep: int = 1) -> RankedFrames:
    return rank_frames(nets, CHAIN, VIEW, before, under(72), style, np.random.default_rng(seed), keep=keep)


def test_the_same_generator_gives_the_same_frames_and_the_given_voice_is_kept() -> None:
    first, again, other = (one(Table(), Style(), frame(71, 67, 62, 55), seed, keep=4) for seed in (1, 1, 2))
    assert np.array_equal(first.pitch_indices, again.pitch_indices)
    assert np.array_equal(first.onsets, again.onsets)
    assert not np.array_equal(first.pitch_indices, other.pitch_indices)
    assert (first.pitch_indices[:, :, 0] == pitch_index(72)).all()
    assert first.pitch_indices.shape == (1, 4, 4)


def test_a_row_a_pitch_with_three_calls_along_the_chain_and_one_for_the_strikes() -> None:
    nets = Table()
    chosen = rank_frames(
        nets, CHAIN, VIEW, frame(71, 67, 62, 55), under(*range(60, 82)), Style(), np.random.default_rng(3)
    )
    assert chosen.pitch_indices[:, 0, 0].tolist() == [pitch_index(pitch) for pitch in range(60, 82)]
    assert [len(call) for call in nets.calls][::3] == [22, 22]
    assert len(nets.calls) == 4
    for call, voices in zip(nets.calls, ([0], [0, 3], [0, 1, 3], [0, 1, 2, 3]), strict=True):
        assert [bool(v) for v in (call != UNKNOWN).all(axis=0)] == [v in voices for v in range(4)]
        assert len(np.unique(call, axis=0)) == len(call)


def test_views_of_their_own_give_rows_of_their_own() -> None:
    views = np.zeros((3, 1), np.float32)
    before = np.array([frame(71, 67, 62, 55), frame(60, 57, 52, 45), frame(72, 67, 64, 48)], np.int32)
    chosen = rank_frames(Table(), CHAIN, views, before, under(72, 72, 72), Style(), np.random.default_rng(1), keep=2)
    assert chosen.pitch_indices.shape == (3, 2, 4)
    assert len(np.unique(chosen.pitch_indices[:, 0], axis=0)) > 1


def test_what_is_forbidden_comes_last_however_likely() -> None:
    # After C over C the model wants the octave D over D; the rules leave it for the second-best chord.
    logits = likely((74, 69, 65, 50), (74, 71, 67, 43))
    given = np.array([frame(74, UNKNOWN, UNKNOWN, UNKNOWN)], np.int32)
    before = frame(72, 67, 64, 48)

    def bass(rules: str) -> int:
        style = Style(candidates=64, rules=frozenset({rules} - {""}))
        return int(
            rank_frames(Table(logits), CHAIN, VIEW, before, given, style, np.random.default_rng(1)).pitch_indices[
                0, 0, 3
            ]
        )

    assert bass("") == pitch_index(50)
    assert bass("parallels") == pitch_index(43)


def test_where_all_is_forbidden_the_least_of_it_is_taken() -> None:
    logits = np.full((4, PITCH_INDEX_COUNT), -60.0, np.float32)
    for voice, pitches in enumerate([(72,), (74, 60), (76, 55), (48,)]):
        logits[voice, [pitch_index(pitch) for pitch in pitches]] = 0
    style = Style(candidates=32, rules=frozenset({"crossing"}))
    chosen = rank_frames(Table(logits), CHAIN, VIEW, None, under(59), style, np.random.default_rng(1), keep=4)
    assert chosen.violations[0].tolist() == sorted(chosen.violations[0])
    assert chosen.pitch_indices[0, 0, 2] == pitch_index(55)
    assert chosen.violations[0, 0] == 1


def test_scores_are_of_the_model_and_repeats_are_told() -> None:
    chosen = one(Table(likely((72, 67, 64, 48))), Style(rules=frozenset(), randomness=0), None, keep=4)
    nats = 3 * (12 - np.log(np.exp(12) + PITCH_INDEX_COUNT - 1))
    assert chosen.pitch_indices[0, 0].tolist() == frame(72, 67, 64, 48)
    assert chosen.log_p[0, 0] == pytest.approx(nats, abs=1e-4)
    assert chosen.score[0, 0] == pytest.approx(nats, abs=1e-4)
    assert chosen.score[0, 1:].tolist() == [-np.inf] * 3


def test_chance_draws_as_the_model_would_and_its_absence_takes_the_best() -> None:
    logits = np.full((4, PITCH_INDEX_COUNT), -60.0, np.float32)
    logits[0, pitch_index(72)] = logits[1, pitch_index(67)] = logits[2, pitch_index(64)] = 0
    logits[3, pitch_index(48)], logits[3, pitch_index(52)] = np.log(0.7), np.log(0.3)

    def share(chance: float) -> float:
        style = Style(temperature=1, top_p=1, rules=frozenset(), randomness=chance)
        lows = rank_frames(
            Table(logits), CHAIN, VIEW, None, under(*[72] * 2000), style, np.random.default_rng(5)
        ).pitch_indices
        return float((lows[:, 0, 3] == pitch_index(48)).mean())

    assert share(1) == pytest.approx(0.7, abs=0.05)
    assert share(0) > 0.99


@pytest.mark.parametrize(("repeat", "strike", "again"), [("model", 9, True), ("model", -9, False), ("hold", 9, False)])
def test_common_tones(repeat: str, strike: float, again: bool) -> None:
    chord = (72, 67, 64, 48)
    style = Style(repeat="hold" if repeat == "hold" else "model")
    chosen = one(Table(likely(chord), strike), style, frame(*chord))
    assert chosen.onsets[0, 0].tolist() == [again] * 4
    assert one(Table(likely(chord), strike), style, None).onsets.all()


def test_common_tones_are_struck_with_the_given_voice() -> None:
    chord = (72, 67, 64, 48)
    for played in (True, False):
        chosen = rank_frames(
            *(Table(likely(chord)), CHAIN, VIEW, frame(*chord), under(72), Style(repeat="strike")),
            np.random.default_rng(1),
            onsets=np.array([[played, False, False, False]]),
        )
        assert chosen.onsets[0, 0].tolist() == [played] * 4


@pytest.mark.parametrize("asked", ["position", "density"])
def test_a_style_leads_where_it_says(asked: str) -> None:
    before = frame(72, 67, 60, 48)

    def measure(amount: float) -> float:
        style = Style(position=amount, randomness=1) if asked == "position" else Style(density=amount, randomness=1)
        frames = rank_frames(
            Table(), CHAIN, VIEW, before, under(*[72] * 200), style, np.random.default_rng(1)
        ).pitch_indices[:, 0]
        if asked == "position":
            return float((frames[:, 0] - frames[:, 2]).mean())
        return float((frames[:, 1:] != before[1:]).mean())

    assert measure(-1) < measure(0) < measure(1)


@pytest.mark.parametrize("minor", [False, True])
def test_a_cadence_closes_as_soon_as_the_melody_lets_it(minor: bool) -> None:
    key = (0, minor)
    style = Style(key=key, cadence=True, candidates=32)
    before, heard = frame(67, 64, 60, 48), []
    for soprano in (76 - minor, 74, 72):
        rng = np.random.default_rng(soprano)
        now = rank_frames(Table(), CHAIN, VIEW, before, under(soprano), style, rng).pitch_indices[0, 0].tolist()
        heard.append((now[3] - pitch_index(48)) % 12)
        closed = is_full_close(np.array(before), np.array(now), key)
        assert closed == (soprano == 72)
        before = now
    assert heard == [7, 7, 0]
