"""A tempo tapped by hand."""

from bachbridge_gui.settings.tap_tempo import TapTempo

MS = 1_000_000


def tapped(*times_ms: int) -> float | None:
    taps = TapTempo()
    return [taps.tap(time * MS) for time in times_ms][-1]


def test_one_tap_says_nothing() -> None:
    assert tapped(0) is None


def test_two_taps_half_a_second_apart_are_120() -> None:
    assert tapped(0, 500) == 120.0


def test_a_tap_astray_does_not_move_the_tempo() -> None:
    assert tapped(0, 500, 1000, 1680, 2180, 2680) == 120.0


def test_only_the_last_taps_count() -> None:
    slow = [1000 * i for i in range(6)]
    quick = [slow[-1] + 400 * i for i in range(1, 12)]
    assert tapped(*slow, *quick) == 150.0


def test_a_pause_begins_afresh() -> None:
    assert tapped(0, 500, 1000, 3001) is None
    assert tapped(0, 500, 1000, 3100, 3700) == 100.0


def test_no_tempo_is_outside_what_the_setting_takes() -> None:
    assert tapped(0, 10) is None
    assert tapped(0, 0) is None
    assert tapped(0, 1999) == 30.0
