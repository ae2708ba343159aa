"""Tempo from taps."""

from bachbridge_gui.settings.tap_tempo import TapTempo

MS = 1_000_000


def tempo_of_taps(*times_ms: int) -> float | None:
    taps = TapTempo()
    return [taps.tap(time * MS) for time in times_ms][-1]


def test_one_tap_gives_no_tempo() -> None:
    assert tempo_of_taps(0) is None


def test_two_taps_half_a_second_apart_give_120() -> None:
    assert tempo_of_taps(0, 500) == 120.0


def test_misplaced_tap_does_not_change_tempo() -> None:
    assert tempo_of_taps(0, 500, 1000, 1680, 2180, 2680) == 120.0


def test_only_last_taps_count() -> None:
    slow = [1000 * i for i in range(6)]
    quick = [slow[-1] + 400 * i for i in range(1, 12)]
    assert tempo_of_taps(*slow, *quick) == 150.0


def test_pause_begins_new_tempo() -> None:
    assert tempo_of_taps(0, 500, 1000, 3001) is None
    assert tempo_of_taps(0, 500, 1000, 3100, 3700) == 100.0


def test_tempo_outside_range_is_none() -> None:
    assert tempo_of_taps(0, 10) is None
    assert tempo_of_taps(0, 0) is None
    assert tempo_of_taps(0, 1999) == 30.0
