"""Chords whose plan is late: they are made good on the note that still sounds, and reported."""

import pytest

from bachbridge.engine.accompaniment.late_chords import LateChords
from bachbridge.protocol.effects import ChordsLate, Harmonized
from bachbridge.protocol.events import ModelUp
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S, plan_sixths

QUARTER = 600 * MS
NOTES = 20


def quarters(delay_ms: int) -> Driver:
    """Play quarters at 100 bpm to a model whose plans come after `delay_ms`."""
    driver = Driver(
        Settings(mode="harmonize", seed=1, bpm=100.0, density=-1.0),
        planner=lambda request: plan_sixths(request, delay_ms * MS),
    )
    driver.feed(ModelUp("chorale-lstm", 1))
    for index in range(NOTES):
        driver.play(2 * S + index * QUARTER, 60 + index % 7, QUARTER - 20 * MS)
    driver.run(20 * S)
    return driver


def chord_delays_ms(driver: Driver) -> list[int]:
    """Return how long after its note each chord came."""
    return [(t - 2 * S) % QUARTER // MS for t, _ in driver.messages_of(Harmonized)]


@pytest.mark.parametrize("delay_ms", [160, 250, 400, 700])
def test_late_plan_serves_the_note_that_still_sounds(delay_ms: int) -> None:
    delays = chord_delays_ms(quarters(delay_ms))
    assert len(delays) == NOTES
    assert max(delays) <= delay_ms


def test_late_chords_are_reported_every_few_seconds() -> None:
    driver = quarters(700)
    reports = driver.messages_of(ChordsLate)
    assert 2 <= len(reports) <= 4
    assert all(isinstance(report, ChordsLate) and 0 < report.late <= report.chords for _, report in reports)


def test_chords_on_time_are_not_reported() -> None:
    assert not quarters(20).messages_of(ChordsLate)


def test_recovery_is_reported_once() -> None:
    count = LateChords()
    reports = [report for n in range(40) for report in count.add(n * S, 90 * MS if n in (3, 4) else 0)]
    assert reports == [ChordsLate(1, 4), ChordsLate(1, 4), ChordsLate(0, 8)]


def test_notes_without_a_chord_count_once_plans_have_come() -> None:
    count = LateChords()
    assert count.add_missed(S, 500 * MS) == []
    count.has_plans = True
    assert count.add_missed(2 * S, 20 * MS) == []
    assert count.add_missed(3 * S, 500 * MS) == [ChordsLate(1, 1)]
