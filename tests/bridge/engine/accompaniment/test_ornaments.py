"""Graces, trills and turns under live harmony: which of their notes have a chord, and what is struck again."""

from collections.abc import Sequence

import pytest

from bachbridge.protocol.effects import Harmonized
from bachbridge.protocol.events import ModelUp
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S

QUARTER_MS = 600
BEAT_MS = 4 * QUARTER_MS
"""The beat on which the ornament lies, after four quarters."""
QUARTERS = [(index * QUARTER_MS, 60 + 2 * index, QUARTER_MS - 20) for index in range(4)]
AFTER = [(BEAT_MS + 2 * QUARTER_MS, 65, 500)]


def chords(ornament: Sequence[tuple[int, int, int]]) -> list[tuple[int, list[int]]]:
    """Play quarters, the ornament (time, pitch, length) and a note; return the alto's pitches from the ornament on."""
    driver = Driver(Settings(mode="harmonize", seed=1, bpm=100.0, density=-1.0))
    driver.feed(ModelUp("chorale-lstm", 1))
    for time_ms, pitch, length_ms in [*QUARTERS, *ornament, *AFTER]:
        driver.play(S + time_ms * MS, pitch, length_ms * MS)
    driver.run(10 * S)
    reports = [((t - S) // MS, m.voices) for t, m in driver.messages_of(Harmonized) if isinstance(m, Harmonized)]
    return [
        (t - BEAT_MS, [pitch for voice, pitch, _ in voices if voice == 1])
        for t, voices in reports
        if t >= BEAT_MS - QUARTER_MS // 2
    ]


@pytest.mark.parametrize("early_ms", [50, 75, 100])
def test_note_on_beat_takes_the_chord_from_its_grace(early_ms: int) -> None:
    grace, main, _ = chords([(BEAT_MS - early_ms, 69, early_ms - 5), (BEAT_MS, 67, 1100)])
    assert grace == (-early_ms, [64])
    assert main == (max(0, 62 - early_ms), [62])


def test_two_graces_before_the_beat_make_one_chord() -> None:
    played = chords([(BEAT_MS - 120, 71, 55), (BEAT_MS - 60, 69, 55), (BEAT_MS, 67, 1100)])
    assert [played[0][0], *(alto for _, alto in played)] == [-120, [66], [62], [60]]


def test_grace_on_the_beat_yields_when_the_main_note_stays() -> None:
    assert chords([(BEAT_MS, 69, 70), (BEAT_MS + 75, 67, 1000)])[:2] == [(0, [64]), (185, [62])]


@pytest.mark.parametrize("gap_ms", [60, 90, 120, 150])
def test_trill_keeps_its_chord(gap_ms: int) -> None:
    trill = [(BEAT_MS + start, 67 + 2 * (start // gap_ms % 2), gap_ms - 5) for start in range(0, 1201 - gap_ms, gap_ms)]
    played = chords(trill)
    struck = [alto for time_ms, alto in played if 0 <= time_ms < 1200 - gap_ms and alto]
    assert struck[0] == [62]
    assert len(struck) <= 3
    assert played[-1][1] == [60]


def test_mordent_strikes_nothing_again() -> None:
    played = chords([(BEAT_MS, 67, 70), (BEAT_MS + 80, 69, 70), (BEAT_MS + 160, 67, 900)])
    assert [alto for _, alto in played] == [[62], [], [60]]


def test_run_of_sixteenths_is_no_ornament() -> None:
    run = [(BEAT_MS + 150 * index, 67 + index, 145) for index in range(4)]
    assert [alto for _, alto in chords(run)][:4] == [[62], [63], [64], [65]]
