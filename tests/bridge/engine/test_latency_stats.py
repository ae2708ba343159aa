"""Percentiles from counts."""

from bachbridge.engine.latency_stats import LatencyStats, RecentLatencies


def test_percentiles_are_exact_to_ten_microseconds() -> None:
    lateness = LatencyStats()
    for late_us in range(1, 1001):
        lateness.add(late_us * 1000 - 1)
    assert lateness.count == 1000
    assert lateness.percentile(0.5) == 500_000
    assert lateness.percentile(0.99) == 990_000
    assert lateness.max_ns == 999_999


def test_what_is_very_late_is_told_exactly_and_what_is_early_counts_as_on_time() -> None:
    lateness = LatencyStats()
    lateness.add(-5)
    assert lateness.percentile(0.5) == 0
    lateness.add(3_000_000_000)
    assert lateness.percentile(0.99) == lateness.max_ns == 3_000_000_000


def test_nothing_taken_is_no_lateness() -> None:
    assert LatencyStats().percentile(0.99) == 0


def test_delays_are_those_of_the_last_minute() -> None:
    delays = RecentLatencies()
    delays.add(0, 900)
    for second in range(30, 40):
        delays.add(second * 1_000_000_000, second)
    assert delays.percentiles(59_000_000_000, (0.5, 0.99)) == [35, 900]
    assert delays.percentiles(61_000_000_000, (0.5, 0.99)) == [34, 39]
    assert delays.percentiles(200_000_000_000, (0.5, 0.99)) == [0, 0]


def test_one_delay_is_all_of_them_and_a_thousand_are_kept() -> None:
    delays = RecentLatencies()
    delays.add(5, 7)
    assert delays.percentiles(5, (0.0, 0.5, 1.0)) == [7, 7, 7]
    for _ in range(1000):
        delays.add(6, 2)
    assert delays.percentiles(6, (1.0,)) == [2]
