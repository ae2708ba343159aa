"""Answers on Ardour's bar lines: the assertions are about the file that Ardour recorded.

Ardour's clock follows the first tempo of its map only. A change of tempo is therefore what it is for a person who
types another tempo while the transport rolls: the place in seconds stays, and the bar lines move over it. The changes
here come at a multiple of four seconds. There 120 bpm has played eight beats and 180 bpm twelve, so that both have a
bar line.
"""

from collections.abc import Sequence

import pytest

from tests.daw import phrases
from tests.daw.ardour import RecordedNote
from tests.daw.stage import Stage, repeated_until_steady

FAST_BPM, SLOW_BPM = 180, 120
TOLERANCE_S = 0.025
"""Periods of Ardour and of the MIDI port make 10.7 ms of it, a busy machine the rest. A 16th at 180 bpm is 83 ms."""


def assert_begins(notes: Sequence[RecordedNote], quarter: float, bpm: float) -> None:
    assert notes
    late_s = (notes[0].quarter - quarter) * 60 / bpm
    print(f"the answer begins {late_s * 1000:+.1f} ms from the bar line")
    assert -TOLERANCE_S <= late_s <= TOLERANCE_S + notes[0].lateness_s, notes[0]


def assert_on_sixteenths(notes: Sequence[RecordedNote], bpm: float) -> None:
    assert notes
    for note in notes:
        late_s = (note.quarter * 60 / bpm + TOLERANCE_S) % (15 / bpm) - TOLERANCE_S
        assert late_s <= TOLERANCE_S + note.lateness_s, note


def assert_silent_until(stage: Stage, quarter: float) -> None:
    """Fail if anything sounds, or if anything is sent before the transport comes to this place."""
    stage.tap.wait_until_silent()
    count = len(stage.tap.received)
    stage.play_until(quarter)
    assert stage.tap.received[count:] == []


@repeated_until_steady
@pytest.mark.parametrize("start", [phrases.TWO_BARS_AT_START, phrases.TWO_BARS_AT_BAR_FIVE])
def test_answer_to_two_bars_begins_on_the_bar_line(stage: Stage, start: int) -> None:
    stage.prepare(FAST_BPM, phrase_end="bars", phrase_bars=2, answer_bars=1)
    stage.record(start)
    notes = stage.stop_at(start + 12.5)
    assert_begins(notes, start + 8, FAST_BPM)
    assert_on_sixteenths(notes, FAST_BPM)


@repeated_until_steady
def test_answer_to_seven_beats_begins_on_the_bar_line(stage: Stage) -> None:
    stage.prepare(FAST_BPM, answer_bars=1)
    stage.record(phrases.SEVEN_BEATS)
    notes = stage.stop_at(phrases.SEVEN_BEATS + 12.5)
    assert_begins(notes, phrases.SEVEN_BEATS + 8, FAST_BPM)
    assert_on_sixteenths(notes, FAST_BPM)


@repeated_until_steady
def test_answer_to_an_upbeat_begins_on_the_bar_line(stage: Stage) -> None:
    stage.prepare(FAST_BPM, answer_bars=1)
    stage.record(phrases.UPBEAT - 3)
    notes = stage.stop_at(phrases.UPBEAT + 13.5)
    assert_begins(notes, phrases.UPBEAT + 9, FAST_BPM)
    assert_on_sixteenths(notes, FAST_BPM)


@repeated_until_steady
def test_answer_begins_on_the_bar_line_after_a_tempo_change(stage: Stage) -> None:
    start, change = phrases.BEFORE_TEMPO_CHANGE, 72
    changed = change * FAST_BPM / SLOW_BPM
    stage.prepare(SLOW_BPM, answer_bars=1)
    stage.record(start - 1)
    stage.change_tempo_at(change, FAST_BPM)
    notes = stage.stop_at(changed + 4.5)
    assert_begins(notes, changed, FAST_BPM)
    assert_on_sixteenths(notes, FAST_BPM)


@repeated_until_steady
def test_answer_stays_on_the_beat_in_a_tempo_change(stage: Stage) -> None:
    start, change = phrases.ACROSS_TEMPO_CHANGE, phrases.ACROSS_TEMPO_CHANGE + 8
    changed = change * FAST_BPM / SLOW_BPM
    stage.prepare(SLOW_BPM, phrase_end="bars", phrase_bars=1, answer_bars=3)
    stage.record(start)
    stage.change_tempo_at(change, FAST_BPM)
    notes = stage.stop_at(changed + 8)
    assert_on_sixteenths([note for note in notes if note.quarter > changed + 1], FAST_BPM)


@repeated_until_steady
def test_stop_silences_the_answer(stage: Stage) -> None:
    stage.prepare(FAST_BPM, phrase_end="bars", phrase_bars=1, answer_bars=4)
    stage.record(phrases.BEFORE_STOP)
    stage.play_until(phrases.BEFORE_STOP + 7)
    assert stage.tap.sounding
    assert stage.stop()
    stage.tap.wait_until_silent()
    stage.roll(phrases.EMPTY)
    assert_silent_until(stage, phrases.EMPTY + 4)


@repeated_until_steady
def test_locate_silences_the_answer(stage: Stage) -> None:
    stage.prepare(FAST_BPM, phrase_end="bars", phrase_bars=1, answer_bars=4)
    stage.roll(phrases.BEFORE_LOCATE)
    stage.play_until(phrases.BEFORE_LOCATE + 7)
    assert stage.tap.sounding
    stage.jump(phrases.EMPTY)
    assert_silent_until(stage, phrases.EMPTY + 4)
