"""Reports of the bars, made when they change."""

import pytest

from bachbridge.engine.tempo.bar_reports import BarReports
from bachbridge.engine.tempo.grid import Grid
from bachbridge.protocol.effects import BarStarted

STEP_NS = 125_000_000
BAR_NS = 16 * STEP_NS
NOW_NS = STEP_NS // 2


@pytest.mark.parametrize(
    ("origin_ns", "step_ns", "steps_per_bar", "source", "reported"),
    [
        (0, STEP_NS, 16, "set", False),
        (7 * BAR_NS, STEP_NS, 16, "set", False),
        (-3 * BAR_NS + STEP_NS // 20, STEP_NS, 16, "set", False),
        (-STEP_NS // 20, STEP_NS * 101 // 100, 16, "set", False),
        (4 * STEP_NS, STEP_NS, 16, "set", True),
        (STEP_NS // 10, STEP_NS, 16, "set", True),
        (0, STEP_NS * 103 // 100, 16, "set", True),
        (0, STEP_NS, 12, "set", True),
        (0, STEP_NS, 16, "clock", True),
    ],
)
def test_bars_are_reported_when_they_change(
    origin_ns: int, step_ns: int, steps_per_bar: int, source: str, reported: bool
) -> None:
    bars = BarReports()
    assert bars.report_if_changed(0, Grid(0, STEP_NS), 16, "set") == [BarStarted(0, STEP_NS, 16, "set")]
    reports = bars.report_if_changed(NOW_NS, Grid(origin_ns, step_ns), steps_per_bar, source)
    assert bool(reports) == reported
    assert all(report.origin_ns < max(NOW_NS, origin_ns) + steps_per_bar * step_ns for report in reports)
    assert all((report.origin_ns - origin_ns) % (steps_per_bar * step_ns) == 0 for report in reports)


def test_bars_are_reported_after_slow_drift() -> None:
    bars = BarReports()
    reports = [
        bool(bars.report_if_changed(BAR_NS - 1, Grid(drift * STEP_NS // 100, STEP_NS), 16, "playing"))
        for drift in range(20)
    ]
    assert reports == [drift in (0, 8, 16) for drift in range(20)]


def test_small_change_of_tempo_late_in_song_reports_once() -> None:
    bars, now_ns = BarReports(), 1000 * BAR_NS
    bars.report_if_changed(now_ns, Grid(0, STEP_NS), 16, "clock")
    slower = Grid(0, STEP_NS).with_tempo(now_ns, STEP_NS * 1001 // 1000)
    assert not bars.report_if_changed(now_ns + STEP_NS, slower, 16, "clock")
