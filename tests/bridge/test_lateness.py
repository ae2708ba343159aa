"""Percentiles from counts."""

from bachbridge.lateness import Lateness


def test_percentiles_are_exact_to_ten_microseconds() -> None:
    lateness = Lateness()
    for late_us in range(1, 1001):
        lateness.take(late_us * 1000 - 1)
    assert lateness.count == 1000
    assert lateness.percentile(0.5) == 500_000
    assert lateness.percentile(0.99) == 990_000
    assert lateness.max_ns == 999_999


def test_what_is_very_late_is_told_exactly_and_what_is_early_counts_as_on_time() -> None:
    lateness = Lateness()
    lateness.take(-5)
    assert lateness.percentile(0.5) == 0
    lateness.take(3_000_000_000)
    assert lateness.percentile(0.99) == lateness.max_ns == 3_000_000_000


def test_nothing_taken_is_no_lateness() -> None:
    assert Lateness().percentile(0.99) == 0
