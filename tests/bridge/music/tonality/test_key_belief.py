"""The belief in a key after tunes of few notes."""

import numpy as np
import pytest

from bachbridge.music.frames import REST, pitch_index
from bachbridge.music.tonality.key_belief import NO_BELIEF, KeyBelief, certain_belief
from bachbridge.music.tonality.key_names import parse_key


def after(*pitches: int, steps: int = 4, belief: KeyBelief = NO_BELIEF) -> KeyBelief:
    """Return the belief after notes of `steps` steps each; a pitch of 0 is a rest."""
    for pitch in pitches:
        for step in range(steps):
            belief = belief.after_step(pitch_index(pitch) if pitch else REST, onset=step == 0)
    return belief


@pytest.mark.parametrize(
    ("pitches", "key"),
    [
        ((60, 62, 64, 65, 67, 69, 71, 72), "C"),
        ((64, 67, 69, 67, 64, 62, 60), "C"),
        ((69, 71, 72, 74, 76, 68, 69), "A minor"),
        ((74, 69, 77, 76, 74, 73, 74), "D minor"),
        ((67, 71, 74, 76, 72, 69, 71, 67), "G"),
        ((70, 70, 72, 74, 70, 75, 74, 72, 69, 70), "Bb"),
        ((66, 68, 69, 68, 65, 66), "F# minor"),
    ],
)
def test_key_belief_finds_the_key_of_a_tune(pitches: tuple[int, ...], key: str) -> None:
    assert after(*pitches).key == parse_key(key)


@pytest.mark.parametrize("shift", range(12))
def test_key_belief_finds_the_key_wherever_a_tune_lies(shift: int) -> None:
    tune = [60, 62, 64, 65, 67, 65, 64, 62, 60, 67, 71, 72]
    assert after(*(pitch + shift for pitch in tune)).key == (shift, False)


def test_key_belief_has_no_key_before_the_first_note() -> None:
    assert NO_BELIEF.key is None
    assert after(0).key is None
    assert NO_BELIEF.certain_key is None


def test_key_belief_stays_a_probability() -> None:
    belief = after(60, 61, 62, 0, 63, 64, 0, 65, steps=20)
    assert belief.probabilities.sum() == pytest.approx(1)
    assert belief.probabilities.min() > 0
    assert np.allclose(belief.by_next_pitch_class().sum(axis=1), 1)


def test_key_belief_keeps_its_key_through_a_chromatic_note() -> None:
    tune = (60, 64, 67, 65, 64, 62, 60)
    assert after(*tune, 66, 67).key == (0, False)


def test_key_belief_follows_a_modulation() -> None:
    before = after(60, 64, 67, 65, 64, 62, 71, 72)
    assert before.key == (0, False)
    assert after(74, 76, 78, 79, 74, 78, 81, 78, 74, 76, 73, 74, belief=before).key == (2, False)


def test_key_belief_gains_confidence_with_notes() -> None:
    assert after(60).confidence < after(60, 62, 64, 65).confidence < after(60, 62, 64, 65, 67, 69, 71, 72).confidence


def test_by_next_pitch_class_is_the_belief_after_that_note() -> None:
    belief = after(60, 64)
    assert np.allclose(belief.by_next_pitch_class()[7], after(67, steps=1, belief=belief).probabilities)


def test_certain_belief_is_one_key() -> None:
    belief = certain_belief((9, True))
    assert (belief.key, belief.confidence, belief.certain_key) == ((9, True), 1.0, (9, True))


def test_belief_after_a_pause_is_weaker_and_fades() -> None:
    belief = after(62, 66, 69, 67, 66, 64, 61, 62)
    paused = belief.after_pause()
    assert belief.key == (2, False)
    assert paused.key is None, "no note of the next tune yet"
    assert paused.after_pause() == paused, "a pause without a tune changes nothing"
    assert NO_BELIEF.confidence < paused.confidence < belief.confidence
    assert after(66, belief=paused).key == (2, False)
    assert after(63, 67, 70, 68, 67, 65, 62, 63, belief=paused).key == (3, False), "another key is heard all the same"
