"""Candidates are drawn along the chain, rule violations come last, and a style has the effect that it names."""

import numpy as np
import pytest

from bachbridge.inference.chorale.candidates import RankedFrames, StepView, rank_frames
from bachbridge.music.cadences import is_full_close
from bachbridge.music.frames import PITCH_INDEX_COUNT, UNKNOWN, pitch_index
from bachbridge.protocol.style import Style

VOICE_ORDER = (0, 3, 1, 2)
HIDDEN = np.zeros((1, 1), np.float32)


class FixedNet:
    """A network with fixed logits that records the cells it was called with."""

    def __init__(self, logits: np.ndarray | None = None, onset_logit: float = 0.0) -> None:
        self.logits = np.zeros((4, PITCH_INDEX_COUNT), np.float32) if logits is None else logits
        self.onset_logit = onset_logit
        self.calls: list[np.ndarray] = []

    def heads(self, hidden: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert len(hidden) in {1, len(known)}
        self.calls.append(known.copy())
        pitch = np.broadcast_to(self.logits, (len(known), 4, PITCH_INDEX_COUNT)) + hidden[:, :1, None]
        return pitch.astype(np.float32), np.full((len(known), 4), self.onset_logit, np.float32)


def frame(*pitches: int) -> list[int]:
    return [pitch_index(pitch) if pitch > 0 else pitch for pitch in pitches]


def given_sopranos(*pitches: int) -> np.ndarray:
    return np.array([frame(pitch, UNKNOWN, UNKNOWN, UNKNOWN) for pitch in pitches], np.int32)


def logits_for(*chords: tuple[int, ...]) -> np.ndarray:
    """Logits under which the notes of the chords are far likelier than all others, the first chord's the most."""
    logits = np.zeros((4, PITCH_INDEX_COUNT), np.float32)
    for place, chord in enumerate(chords):
        for voice, pitch in enumerate(chord):
            logits[voice, pitch_index(pitch)] = 12 - place
    return logits


def view(net: FixedNet, previous: list[int] | None) -> StepView:
    return StepView(net, VOICE_ORDER, HIDDEN, previous)


def rank(
    net: FixedNet,
    previous: list[int] | None,
    given: np.ndarray,
    style: Style,
    *,
    seed: int = 1,
    keep: int = 1,
) -> RankedFrames:
    return rank_frames(view(net, previous), given, style, np.random.default_rng(seed), keep=keep)


def test_rank_frames_is_deterministic_and_keeps_the_given_voice() -> None:
    first, again, other = (
        rank(FixedNet(), frame(71, 67, 62, 55), given_sopranos(72), Style(), seed=seed, keep=4) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.pitch_indices, again.pitch_indices)
    assert np.array_equal(first.onsets, again.onsets)
    assert not np.array_equal(first.pitch_indices, other.pitch_indices)
    assert (first.pitch_indices[:, :, 0] == pitch_index(72)).all()
    assert first.pitch_indices.shape == (1, 4, 4)


def test_rank_frames_calls_heads_once_per_voice_and_for_onsets() -> None:
    net = FixedNet()
    chosen = rank(net, frame(71, 67, 62, 55), given_sopranos(*range(60, 82)), Style(), seed=3)
    assert chosen.pitch_indices[:, 0, 0].tolist() == [pitch_index(pitch) for pitch in range(60, 82)]
    assert [len(call) for call in net.calls][::3] == [22, 22]
    assert len(net.calls) == 4
    for call, voices in zip(net.calls, ([0], [0, 3], [0, 1, 3], [0, 1, 2, 3]), strict=True):
        assert [bool(known) for known in (call != UNKNOWN).all(axis=0)] == [voice in voices for voice in range(4)]
        assert len(np.unique(call, axis=0)) == len(call)


def test_rank_frames_takes_a_view_for_each_row() -> None:
    hidden = np.zeros((3, 1), np.float32)
    previous = np.array([frame(71, 67, 62, 55), frame(60, 57, 52, 45), frame(72, 67, 64, 48)], np.int32)
    step_view = StepView(FixedNet(), VOICE_ORDER, hidden, previous)
    chosen = rank_frames(step_view, given_sopranos(72, 72, 72), Style(), np.random.default_rng(1), keep=2)
    assert chosen.pitch_indices.shape == (3, 2, 4)
    assert len(np.unique(chosen.pitch_indices[:, 0], axis=0)) > 1


def test_rank_frames_puts_violations_last_however_likely() -> None:
    # After C over C the model prefers the octave D over D; the rules leave it for the second-best chord.
    logits = logits_for((74, 69, 65, 50), (74, 71, 67, 43))

    def bass(rules: str) -> int:
        style = Style(candidates=64, rules=frozenset({rules} - {""}))
        ranked = rank(FixedNet(logits), frame(72, 67, 64, 48), given_sopranos(74), style)
        return int(ranked.pitch_indices[0, 0, 3])

    assert bass("") == pitch_index(50)
    assert bass("parallels") == pitch_index(43)


def test_rank_frames_takes_fewest_violations_if_all_have_some() -> None:
    logits = np.full((4, PITCH_INDEX_COUNT), -60.0, np.float32)
    for voice, pitches in enumerate([(72,), (74, 60), (76, 55), (48,)]):
        logits[voice, [pitch_index(pitch) for pitch in pitches]] = 0
    style = Style(candidates=32, rules=frozenset({"crossing"}))
    chosen = rank(FixedNet(logits), None, given_sopranos(59), style, keep=4)
    assert chosen.violations[0].tolist() == sorted(chosen.violations[0])
    assert chosen.pitch_indices[0, 0, 2] == pitch_index(55)
    assert chosen.violations[0, 0] == 1


def test_rank_frames_scores_by_the_model_and_marks_repeats() -> None:
    style = Style(rules=frozenset(), randomness=0)
    chosen = rank(FixedNet(logits_for((72, 67, 64, 48))), None, given_sopranos(72), style, keep=4)
    nats = 3 * (12 - np.log(np.exp(12) + PITCH_INDEX_COUNT - 1))
    assert chosen.pitch_indices[0, 0].tolist() == frame(72, 67, 64, 48)
    assert chosen.log_p[0, 0] == pytest.approx(nats, abs=1e-4)
    assert chosen.score[0, 0] == pytest.approx(nats, abs=1e-4)
    assert chosen.score[0, 1:].tolist() == [-np.inf] * 3


def test_randomness_1_follows_the_model_and_0_takes_the_best() -> None:
    logits = np.full((4, PITCH_INDEX_COUNT), -60.0, np.float32)
    logits[0, pitch_index(72)] = logits[1, pitch_index(67)] = logits[2, pitch_index(64)] = 0
    logits[3, pitch_index(48)], logits[3, pitch_index(52)] = np.log(0.7), np.log(0.3)

    def share_of_48(randomness: float) -> float:
        style = Style(temperature=1, top_p=1, rules=frozenset(), randomness=randomness)
        ranked = rank(FixedNet(logits), None, given_sopranos(*[72] * 2000), style, seed=5)
        return float((ranked.pitch_indices[:, 0, 3] == pitch_index(48)).mean())

    assert share_of_48(1) == pytest.approx(0.7, abs=0.05)
    assert share_of_48(0) > 0.99


@pytest.mark.parametrize(
    ("repeat", "onset_logit", "repeated"), [("model", 9, True), ("model", -9, False), ("hold", 9, False)]
)
def test_repeated_notes_have_onsets_as_the_style_says(repeat: str, onset_logit: float, repeated: bool) -> None:
    chord = (72, 67, 64, 48)
    style = Style(repeat="hold" if repeat == "hold" else "model")
    net = FixedNet(logits_for(chord), onset_logit)
    assert rank(net, frame(*chord), given_sopranos(72), style).onsets[0, 0].tolist() == [repeated] * 4
    assert rank(net, None, given_sopranos(72), style).onsets.all()


def test_repeat_strike_follows_the_given_onsets() -> None:
    chord = (72, 67, 64, 48)
    for has_onset in (True, False):
        chosen = rank_frames(
            view(FixedNet(logits_for(chord)), frame(*chord)),
            given_sopranos(72),
            Style(repeat="strike"),
            np.random.default_rng(1),
            onsets=np.array([[has_onset, False, False, False]]),
        )
        assert chosen.onsets[0, 0].tolist() == [has_onset] * 4


@pytest.mark.parametrize("setting", ["position", "density"])
def test_style_setting_has_its_effect(setting: str) -> None:
    previous = frame(72, 67, 60, 48)

    def measure(amount: float) -> float:
        style = Style(position=amount, randomness=1) if setting == "position" else Style(density=amount, randomness=1)
        frames = rank(FixedNet(), previous, given_sopranos(*[72] * 200), style).pitch_indices[:, 0]
        if setting == "position":
            return float((frames[:, 0] - frames[:, 2]).mean())
        return float((frames[:, 1:] != previous[1:]).mean())

    assert measure(-1) < measure(0) < measure(1)


@pytest.mark.parametrize("minor", [False, True])
def test_cadence_closes_as_soon_as_the_melody_allows(minor: bool) -> None:
    key = (0, minor)
    style = Style(key=key, cadence=True, candidates=32)
    previous, basses = frame(67, 64, 60, 48), []
    for soprano in (76 - minor, 74, 72):
        ranked = rank(FixedNet(), previous, given_sopranos(soprano), style, seed=soprano)
        current = ranked.pitch_indices[0, 0].tolist()
        basses.append((current[3] - pitch_index(48)) % 12)
        assert is_full_close(np.array(previous), np.array(current), key) == (soprano == 72)
        previous = current
    assert basses == [7, 7, 0]
