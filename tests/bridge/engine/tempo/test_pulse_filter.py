"""The clock's filter: lock, jitter, losses, bursts, tempo changes, ramps, restarts, sleep and drift."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, isfinite
from random import Random
from statistics import mean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.engine.tempo.pulse_filter import PulseFilter

BEAT = 24
START_NS = 7_000_000_000_000
MS = 1e6
Pulses = list[tuple[int, float]]
"""Indices and true times of pulses."""


def steady(bpm: float, beats: float, first_index: int = 0, first_ns: float = START_NS) -> Pulses:
    return [(first_index + n, first_ns + n * period_ns(bpm)) for n in range(round(beats * BEAT))]


def period_ns(bpm: float) -> float:
    return 60e9 / bpm / BEAT


def curve(bpm_of: Callable[[int], float], count: int) -> Pulses:
    pulses, time_ns = Pulses(), float(START_NS)
    for index in range(count):
        pulses.append((index, time_ns))
        time_ns += period_ns(bpm_of(index))
    return pulses


def arrivals(pulses: Sequence[tuple[int, float]], jitter_ns: float, seed: int = 1) -> list[int]:
    chance = Random(seed)
    return sorted(round(time_ns + chance.gauss(0, jitter_ns)) for _, time_ns in pulses)


class Followed:
    """A filter, with the tempo and the phase error in ms that it had after each of the pulses."""

    def __init__(self, pulses: Pulses, arrived_ns: Sequence[int], pulse_filter: PulseFilter | None = None) -> None:
        self.filter = pulse_filter or PulseFilter()
        self.bpms, self.told_bpms, self.errors_ms = list[float](), list[float](), list[float]()
        for (index, time_ns), now_ns in zip(pulses, arrived_ns, strict=True):
            self.filter.add_pulse(now_ns)
            self.bpms.append(self.filter.bpm)
            self.told_bpms.append(self.filter.told_bpm)
            self.errors_ms.append((self.filter.time_of(index) - time_ns) / MS)

    def changes_after(self, first: int) -> int:
        return sum(a != b for a, b in pairwise(self.told_bpms[first:]))


@pytest.mark.parametrize("bpm", [20.0, 60.0, 97.3, 120.0, 120.3, 240.0, 300.0])
def test_filter_locks_within_a_beat_at_any_tempo(bpm: float) -> None:
    followed = Followed(pulses := steady(bpm, 8), arrivals(pulses, 0))
    assert followed.bpms.index(next(filter(None, followed.bpms))) <= BEAT
    assert followed.filter.bpm == pytest.approx(bpm, abs=1e-5)
    assert followed.filter.told_bpm == bpm
    assert followed.changes_after(BEAT) == 0
    assert max(map(abs, followed.errors_ms[BEAT:])) < 0.001
    assert followed.filter.last_index == 8 * BEAT - 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("bpm", [60.0, 120.3, 180.0, 240.0])
def test_filter_is_steady_in_spite_of_jitter(bpm: float, seed: int) -> None:
    followed = Followed(pulses := steady(bpm, 64), arrivals(pulses, 2.6 * MS, seed))
    assert followed.bpms[BEAT] > 0
    assert pstdev(followed.told_bpms[4 * BEAT :]) <= 0.1
    assert pstdev(followed.errors_ms[4 * BEAT :]) <= 1
    assert followed.filter.told_bpm == pytest.approx(bpm, abs=0.15)
    assert followed.filter.last_index == len(pulses) - 1


@pytest.mark.parametrize("jitter_ns", [0.0, 1 * MS, 2.6 * MS])
@pytest.mark.parametrize("bpm", [60.0, 120.0, 240.0])
def test_filter_counts_lost_pulses_by_time(bpm: float, jitter_ns: float) -> None:
    chance = Random(6)
    pulses = [pulse for pulse in steady(bpm, 64) if not pulse[0] or chance.random() >= 0.05]
    followed = Followed(pulses, arrivals(pulses, jitter_ns))
    assert abs(mean(followed.bpms[4 * BEAT :]) - bpm) <= 0.1
    assert followed.filter.last_index == pulses[-1][0]
    assert pstdev(followed.errors_ms[4 * BEAT :]) <= 1
    assert followed.changes_after(4 * BEAT if jitter_ns else BEAT) <= (4 if jitter_ns else 0)


@pytest.mark.parametrize("spacing_ns", [0, 300_000])
@pytest.mark.parametrize("bpm", [60.0, 120.0, 240.0])
def test_filter_counts_bursts_and_uses_their_last_time(bpm: float, spacing_ns: int) -> None:
    pulses = steady(bpm, 65)
    arrived_ns = [round(pulses[index // 5 * 5 + 4][1]) + index % 5 * spacing_ns for index, _ in pulses]
    followed = Followed(pulses, arrived_ns)
    assert followed.bpms[BEAT] > 0
    assert followed.told_bpms[-1] == bpm
    assert followed.changes_after(2 * BEAT) == 0
    assert abs(followed.errors_ms[-1]) < 2
    assert followed.filter.last_index == len(pulses) - 1


@pytest.mark.parametrize("bpm", [100.0, 120.0, 137.0])
def test_filter_averages_the_wait_for_audio_periods(bpm: float) -> None:
    audio_period_ns = 256 / 48_000 * 1e9
    pulses = steady(bpm, 48)
    arrived_ns = [round(ceil(time_ns / audio_period_ns) * audio_period_ns) for _, time_ns in pulses]
    followed = Followed(pulses, arrived_ns)
    assert max(abs(told - bpm) for told in followed.told_bpms[8 * BEAT :]) <= 0.15
    assert pstdev(followed.errors_ms[8 * BEAT :]) <= 0.3
    assert mean(followed.errors_ms[8 * BEAT :]) == pytest.approx(audio_period_ns / 2 / MS, abs=0.2)
    assert followed.filter.last_index == len(pulses) - 1


@pytest.mark.parametrize(
    ("before", "after", "tolerance_bpm", "limit"),
    [
        *((120, 140, 2, 48), (20, 120, 5, 96), (120, 20, 5, 96), (120, 240, 2, 48), (240, 60, 2, 48)),
        *((120, 125, 2, 48), (120, 121, 0.2, 48), (120, 119, 0.2, 48), (120, 100, 2, 48), (90, 120, 2, 48)),
        *((120, 60, 2, 48), (60, 120, 2, 48), (20, 300, 5, 48), (300, 20, 5, 48), (240, 120, 2, 48)),
    ],
)
@pytest.mark.parametrize("jitter_ns", [0.0, 1 * MS])
def test_filter_follows_sudden_tempo_and_keeps_the_count(
    before: float, after: float, tolerance_bpm: float, limit: int, jitter_ns: float
) -> None:
    change = 16 * BEAT + 7
    pulses = curve(lambda index: before if index < change else after, 40 * BEAT)
    followed = Followed(pulses, arrivals(pulses, jitter_ns))
    assert followed.filter.last_index == len(pulses) - 1
    assert max(abs(bpm - after) for bpm in followed.told_bpms[change + limit :]) <= tolerance_bpm + (jitter_ns > 0)
    assert max(map(abs, followed.errors_ms[change + 4 * BEAT :])) <= (2 if not jitter_ns else 4)


@pytest.mark.parametrize(("before", "after"), [(100, 140), (140, 100), (60, 70)])
def test_filter_follows_ramp_within_few_milliseconds(before: float, after: float) -> None:
    begin, length = 16 * BEAT, 8 * BEAT

    def bpm_at(index: int) -> float:
        return before + (after - before) * min(1.0, max(0, index - begin) / length)

    pulses = curve(bpm_at, 40 * BEAT)
    followed = Followed(pulses, arrivals(pulses, 0))
    assert max(map(abs, followed.errors_ms[begin:])) < 4
    assert max(map(abs, followed.errors_ms[begin + length + 4 * BEAT :])) < 2
    assert followed.filter.last_index == len(pulses) - 1
    assert followed.told_bpms[-1] == after


@pytest.mark.parametrize("pause_s", [0.3, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("goes_on", [False, True])
@pytest.mark.parametrize("jitter_ns", [0.0, 1 * MS])
def test_filter_keeps_tempo_from_stop_to_start(pause_s: float, goes_on: bool, jitter_ns: float) -> None:
    before = steady(120, 16)
    first_ns = before[-1][1] + pause_s * 1e9
    if goes_on:
        before = [pulse for pulse in steady(120, 32) if pulse[1] < first_ns]
    followed = Followed(before, arrivals(before, jitter_ns))
    followed.filter.restart()
    assert followed.filter.last_index == -1
    pulses = steady(120, 16, 0, first_ns)
    again = Followed(pulses, arrivals(pulses, jitter_ns, 2), followed.filter)
    assert max(abs(bpm - 120) for bpm in again.bpms) <= 0.2
    assert max(map(abs, again.errors_ms[BEAT:])) <= max(0.001, 1.2 * jitter_ns / MS)
    assert again.filter.last_index == len(pulses) - 1


def test_filter_drops_hint_if_tempo_differs_after_start() -> None:
    pulse_filter = Followed(pulses := steady(120, 16), arrivals(pulses, 0)).filter
    pulse_filter.restart(96)
    again = Followed(pulses := steady(121, 16, 96, START_NS + 30e9), arrivals(pulses, 0), pulse_filter)
    assert again.told_bpms[48] == 121
    assert max(map(abs, again.errors_ms[4 * BEAT :])) < 2
    assert again.filter.last_index == 96 + len(pulses) - 1


def test_filter_relocks_phase_after_sleep() -> None:
    asleep_ns = START_NS + 16 * 0.5e9
    pulses = [pulse for pulse in steady(120, 64) if not asleep_ns < pulse[1] < asleep_ns + 10e9 + 8 * MS]
    followed = Followed(pulses, arrivals(pulses, 0))
    assert max(abs(bpm - 120) for bpm in followed.bpms[BEAT:]) < 0.001
    assert followed.filter.last_index == pulses[-1][0]
    assert max(map(abs, followed.errors_ms[BEAT:])) < 0.001


@pytest.mark.soak
def test_filter_does_not_drift_in_an_hour() -> None:
    pulse_filter, period = PulseFilter(), period_ns(63.4567)
    chance = Random(1)
    worst_ns = 0.0
    for index in range(round(3600e9 / period)):
        pulse_filter.add_pulse(START_NS + round(index * period + chance.uniform(-0.5, 0.5) * MS))
        if index > 4 * BEAT and index % 64 == 0:
            worst_ns = max(worst_ns, abs(pulse_filter.time_of(index) - START_NS - index * period))
    assert worst_ns <= 1 * MS


@pytest.mark.parametrize("bpm", [0.5, 10.0, 15.0, 400.0, 1000.0, 10_000.0, 1e6])
def test_filter_never_locks_on_absurd_rates(bpm: float) -> None:
    followed = Followed(pulses := steady(bpm, 16), arrivals(pulses, 0))
    assert not any(followed.bpms)
    assert not followed.filter.is_locked
    assert followed.filter.told_bpm == 0


def test_grid_has_step_every_six_pulses() -> None:
    pulse_filter = Followed(pulses := steady(123.4, 32), arrivals(pulses, 0)).filter
    for step in (100, 128, 144):
        assert pulse_filter.grid.time_of(step) == pytest.approx(START_NS + step * 6 * period_ns(123.4), abs=20)
    assert pulse_filter.grid.bpm == pytest.approx(123.4, abs=0.001)


@given(
    gaps_ns=st.lists(st.integers(0, 3_000_000_000) | st.just(0) | st.just(20_833_333) | st.integers(0, 60_000_000)),
    restarts=st.sets(st.integers(0, 60)),
    lead=st.sampled_from([0, 30]),
)
def test_filter_never_raises(gaps_ns: list[int], restarts: set[int], lead: int) -> None:
    pulse_filter, now_ns = PulseFilter(), 0
    for n, gap_ns in enumerate([20_833_333] * lead + gaps_ns):
        if n in restarts:
            pulse_filter.restart(n)
        now_ns += gap_ns
        pulse_filter.add_pulse(now_ns)
        assert all(map(isfinite, (pulse_filter.time_of(n), pulse_filter.bpm, pulse_filter.told_bpm)))
        assert pulse_filter.grid.step_ns > 0
        assert pulse_filter.last_index >= 0
