"""The tune among keys that are down: chords, rolls, legato and a held tune."""

import pytest

from bachbridge.engine.input.chord_onsets import MelodyKeys

MS = 1_000_000


def press_all(*presses: tuple[int, int], lowest: bool = False) -> list[str]:
    keys = MelodyKeys()
    return [keys.press(ms * MS, pitch, 80, lowest=lowest) for ms, pitch in presses]


def test_key_alone_is_the_melody() -> None:
    keys = MelodyKeys()
    for index, pitch in enumerate((60, 72, 48, 48)):
        assert keys.press(index * 300 * MS, pitch, 80, lowest=False) == "melody"
        assert keys.release((index * 300 + 200) * MS, pitch) is None
    assert not keys


@pytest.mark.parametrize("interval_ms", [0, 5, 30, 59])
def test_strum_from_bottom_ends_on_top(interval_ms: int) -> None:
    strummed = press_all(*((index * interval_ms, pitch) for index, pitch in enumerate((60, 64, 67, 72))))
    assert strummed == ["melody", "chord", "chord", "chord"]


@pytest.mark.parametrize("interval_ms", [0, 5, 30, 59, 80, 119])
def test_roll_from_top_keeps_its_top(interval_ms: int) -> None:
    rolled = press_all(*((index * interval_ms, pitch) for index, pitch in enumerate((72, 67, 64, 62))))
    assert rolled == ["melody", "inner", "inner", "inner"]


def test_lowest_key_is_the_tune_of_a_bass() -> None:
    assert press_all((0, 48), (10, 52), (20, 40), lowest=True) == ["melody", "inner", "chord"]


@pytest.mark.parametrize("interval", [5, 8, 12, 24])
def test_key_under_held_tune_is_inner(interval: int) -> None:
    assert press_all((0, 72), (400, 72 - interval)) == ["melody", "inner"]


@pytest.mark.parametrize("interval", [1, 2, 4])
def test_step_under_held_tune_is_legato(interval: int) -> None:
    assert press_all((0, 72), (400, 72 - interval)) == ["melody", "melody"]


def test_moving_voice_under_held_tune_is_noticed() -> None:
    keys = MelodyKeys()
    keys.press(0, 72, 80, lowest=False)
    assert keys.press(400 * MS, 69, 80, lowest=False) == "melody", "it might be legato"
    assert keys.press(800 * MS, 67, 80, lowest=False) == "inner", "but the tune is still held"


def test_legato_leap_is_melody_when_tune_is_released() -> None:
    keys = MelodyKeys()
    keys.press(0, 72, 80, lowest=False)
    assert keys.press(400 * MS, 60, 70, lowest=False) == "inner"
    following = keys.release(440 * MS, 72)
    assert following
    assert (following.pitch, following.velocity) == (60, 70)


def test_long_held_inner_key_does_not_become_melody() -> None:
    keys = MelodyKeys()
    keys.press(0, 72, 80, lowest=False)
    keys.press(400 * MS, 60, 70, lowest=False)
    assert keys.release(800 * MS, 72) is None
    assert keys.press(900 * MS, 71, 70, lowest=False) == "melody"


def test_staccato_chord_leaves_no_new_tune() -> None:
    keys = MelodyKeys()
    for pitch in (72, 67, 64):
        keys.press(pitch, pitch, 80, lowest=False)
    assert [keys.release(90 * MS, pitch) for pitch in (72, 67, 64)] == [None, None, None]
