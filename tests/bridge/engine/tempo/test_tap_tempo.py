"""Tempo from taps, and presses of a controller."""

import random

import pytest

from bachbridge.engine.tempo.tap_tempo import TapTempo

MS = 1_000_000


def tempo_of_taps(*times_ms: int, steps_per_beat: int = 4) -> float | None:
    taps = TapTempo()
    return [taps.add_tap(time * MS, steps_per_beat) for time in times_ms][-1]


def test_one_tap_gives_no_tempo() -> None:
    assert tempo_of_taps(0) is None


def test_two_taps_give_a_tempo() -> None:
    assert tempo_of_taps(0, 500) == 120.0


@pytest.mark.parametrize(
    "times_ms",
    [
        (0, 500, 1000, 1680, 2000),  # one late
        (0, 500, 1000, 1320, 2000, 2500),  # one early
        (0, 500, 1000, 1500, 2500, 3000),  # one missing
        (0, 500, 1000, 1220, 1500, 2000, 2500),  # one too many
        (0, 500, 1000, 1030, 1500, 2000),  # a bounce
        (0, 500, 500, 1000),
    ],
)
def test_one_odd_tap_does_not_change_tempo(times_ms: tuple[int, ...]) -> None:
    assert tempo_of_taps(*times_ms) == 120.0


def test_last_taps_count() -> None:
    slow = [1000 * i for i in range(6)]
    quick = [slow[-1] + 400 * i for i in range(1, 12)]
    assert tempo_of_taps(*slow, *quick) == 150.0


def test_pause_begins_new_tempo() -> None:
    assert tempo_of_taps(0, 500, 1000, 3501) is None
    assert tempo_of_taps(0, 500, 1000, 3600, 4200) == 100.0
    assert tempo_of_taps(0, 2500) == 24.0


def test_taps_are_beats_of_the_meter() -> None:
    assert tempo_of_taps(0, 500, steps_per_beat=6) == 180.0, "dotted quarters in 6/8"
    assert tempo_of_taps(0, 500, steps_per_beat=2) == 60.0, "8ths in 7/8"
    assert tempo_of_taps(0, 500, steps_per_beat=8) == 240.0, "halves in 2/2"


def test_uneven_hand_gives_tempo_within_two_percent() -> None:
    rng = random.Random(1)
    for bpm in range(50, 221, 10):
        beat_ms = 60_000 / bpm
        times = [round(beat_ms * i + rng.gauss(0, 15)) for i in range(9)]
        tempo = tempo_of_taps(*times)
        assert tempo
        assert abs(tempo / bpm - 1) < 0.02


def test_recent_tap_belongs_to_the_series() -> None:
    taps = TapTempo()
    assert taps.recent_tap_ns(0) is None
    taps.add_tap(1000 * MS)
    assert taps.recent_tap_ns(3500 * MS) == 1000 * MS
    assert taps.recent_tap_ns(3501 * MS) is None
