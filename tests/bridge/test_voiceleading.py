"""Penalties: parallels between the voices chosen so far and the next one, and what is foreign to a key."""

import numpy as np
import pytest

from bachbridge.codecs.satb import CLASSES, REST, UNKNOWN, class_of
from bachbridge.voiceleading import FOREIGN, PARALLEL, foreign, key_of, parallels

C_MAJOR = (60, 62, 64, 65, 67, 69, 71, 72)
A_MINOR = (57, 59, 60, 62, 64, 65, 68, 69, 57, 64)


def frame(*pitches: int) -> list[int]:
    """Classes of soprano, alto, tenor, bass; 0 = rest, -1 = not chosen."""
    return [class_of(pitch) if pitch > 0 else pitch for pitch in pitches]


def sounded(pitches: tuple[int, ...]) -> np.ndarray:
    return np.bincount([class_of(pitch) for pitch in pitches], minlength=CLASSES).astype(np.float64)


@pytest.mark.parametrize(
    ("before", "bass_now", "forbidden"),
    [
        ((72, 67, 64, 48), 50, {62, 74}),  # octaves with the bass, whatever their register
        ((67, 64, 60, 48), 50, {69}),  # fifths with the bass, upwards as it goes
        ((67, 64, 60, 48), 46, {65, 53}),  # and downwards
    ],
)
def test_the_soprano_does_not_go_with_the_bass_in_parallel(
    before: tuple[int, ...], bass_now: int, forbidden: set[int]
) -> None:
    penalty = parallels(frame(*before), frame(UNKNOWN, UNKNOWN, UNKNOWN, bass_now), 0)
    own, step = before[0], bass_now - before[3]
    same_way = {pitch for pitch in forbidden if (pitch - own) * step > 0}
    assert {pitch for pitch in range(36, 82) if penalty[class_of(pitch)] == PARALLEL} >= same_way
    assert penalty[class_of(own)] == 0
    contrary = [penalty[class_of(pitch)] for pitch in range(36, 82) if (pitch - own) * step < 0]
    assert not any(contrary)


def test_a_held_or_resting_voice_forbids_nothing() -> None:
    assert not parallels(frame(72, 67, 64, 48), frame(UNKNOWN, UNKNOWN, UNKNOWN, 48), 0).any()
    assert not parallels(frame(72, 67, 64, 0), frame(UNKNOWN, UNKNOWN, UNKNOWN, 50), 0).any()
    assert not parallels(frame(0, 67, 64, 48), frame(UNKNOWN, UNKNOWN, UNKNOWN, 50), 0).any()


def test_a_tritone_or_a_third_may_go_on_in_parallel() -> None:
    assert not parallels(frame(64, 60, 55, 48), frame(UNKNOWN, UNKNOWN, UNKNOWN, 50), 0).any()


def test_keys_are_told() -> None:
    def weights(pitches: tuple[int, ...]) -> np.ndarray:
        return np.bincount([pitch % 12 for pitch in pitches], minlength=12).astype(np.float64)

    assert key_of(weights(C_MAJOR)) == (0, False)
    assert key_of(weights(A_MINOR)) == (9, True)
    assert key_of(weights(tuple(pitch + 3 for pitch in C_MAJOR))) == (3, False)


def test_what_is_foreign_to_the_key_is_penalised_and_a_rest_is_not() -> None:
    penalty = foreign(sounded(C_MAJOR))
    penalised = {pitch % 12 for pitch in range(36, 82) if penalty[class_of(pitch)] == FOREIGN}
    assert penalised == {1, 3, 6, 8, 10}
    assert penalty[REST] == 0


@pytest.mark.parametrize("pitches", [(), (60,), (60, 62, 64), tuple(range(60, 72))])
def test_too_little_tells_no_key(pitches: tuple[int, ...]) -> None:
    assert not foreign(sounded(pitches) if pitches else np.zeros(CLASSES)).any()
