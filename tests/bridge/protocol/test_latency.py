"""Percentiles of samples and of counts."""

from bachbridge.protocol.latency import LatencyStats, RecentLatencies, percentiles


def test_percentiles_are_nearest_ranks() -> None:
    assert percentiles([30, 10, 20, 40], (0.0, 0.5, 0.51, 1.0)) == [10, 20, 30, 40]
    assert percentiles([], (0.5, 0.99)) == [0, 0]


def test_latency_stats_are_exact_to_ten_microseconds() -> None:
    stats = LatencyStats()
    for latency_us in range(1, 1001):
        stats.add(latency_us * 1000 - 1)
    assert stats.count == 1000
    assert stats.percentile(0.5) == 500_000
    assert stats.percentile(0.99) == 990_000
    assert stats.max_ns == 999_999


def test_latency_stats_keep_maximum_and_count_early_as_zero() -> None:
    stats = LatencyStats()
    stats.add(-5)
    assert stats.percentile(0.5) == 0
    stats.add(3_000_000_000)
    assert stats.percentile(0.99) == stats.max_ns == 3_000_000_000


def test_latency_stats_without_samples_are_zero() -> None:
    assert LatencyStats().percentile(0.99) == 0


def test_recent_latencies_cover_the_last_minute() -> None:
    recent = RecentLatencies()
    recent.add(0, 900)
    for second in range(30, 40):
        recent.add(second * 1_000_000_000, second)
    assert recent.percentiles(59_000_000_000, (0.5, 0.99)) == [35, 900]
    assert recent.percentiles(61_000_000_000, (0.5, 0.99)) == [34, 39]
    assert recent.percentiles(200_000_000_000, (0.5, 0.99)) == [0, 0]


def test_recent_latencies_keep_a_thousand_samples() -> None:
    recent = RecentLatencies()
    recent.add(5, 7)
    assert recent.percentiles(5, (0.0, 0.5, 1.0)) == [7, 7, 7]
    for _ in range(1000):
        recent.add(6, 2)
    assert recent.percentiles(6, (1.0,)) == [2]
