"""Coordinates of the roll: bar lines, the range of pitches, and the pixels of a time."""

import pytest

from bachbridge_gui.piano_roll.coordinates import PitchRange, RollScale, find_beat_lines
from bachbridge_gui.state.view_types import BarLines

SECOND = 1_000_000_000
T0 = 1000 * SECOND


def test_find_beat_lines_numbers_the_bars():
    step = SECOND // 8
    bars = [BarLines(T0, T0, step, 16), BarLines(T0 + 5 * SECOND, T0 + 5 * SECOND, step, 12)]
    beat_lines = find_beat_lines(bars, T0 + SECOND, T0 + 7 * SECOND)
    found = [((line.time_ns - T0) / SECOND, line.bar_number) for line in beat_lines]
    assert found == [
        (1.0, None), (1.5, None), (2.0, 2), (2.5, None), (3.0, None), (3.5, None), (4.0, 3), (4.5, None),
        (5.0, 1), (5.5, None), (6.0, None), (6.5, 2), (7.0, None),
    ]  # fmt: skip
    assert list(find_beat_lines([], T0, T0 + SECOND)) == []


def test_pitch_range_grows_at_once_and_shrinks_late():
    pitch_range = PitchRange()
    before = pitch_range.low_pitch, pitch_range.high_pitch
    pitch_range.fit(55, 70, T0)
    assert (pitch_range.low_pitch, pitch_range.high_pitch) == before
    pitch_range.fit(before[0], 70, T0)
    assert pitch_range.low_pitch < before[0], "a note at the edge has room for its shape"
    pitch_range.fit(40, 95, T0)
    assert pitch_range.low_pitch < 40
    assert pitch_range.high_pitch > 95
    wide = pitch_range.low_pitch, pitch_range.high_pitch
    for second in range(8):
        pitch_range.fit(60, 70, T0 + second * SECOND)
        assert (pitch_range.low_pitch, pitch_range.high_pitch) == wide
    pitch_range.fit(60, 70, T0 + 8 * SECOND)
    assert pitch_range.high_pitch - pitch_range.low_pitch < wide[1] - wide[0]
    assert pitch_range.high_pitch - pitch_range.low_pitch >= 36


@pytest.mark.parametrize(("lowest", "highest"), [(0, 0), (127, 127), (0, 127), (1, 2), (125, 126)])
def test_pitch_range_stays_within_midi(lowest, highest):
    pitch_range = PitchRange()
    pitch_range.fit(lowest, highest, T0)
    assert 0 <= pitch_range.low_pitch <= lowest <= highest <= pitch_range.high_pitch <= 127


def test_roll_scale_note_keeps_its_pixel_in_every_view():
    scale = RollScale(1000, 400, 1.5, 7.3, 48, 84)
    start = T0 + 123_456_789
    assert {
        scale.to_px(start) - scale.to_px(T0 + shift) + scale.to_px(T0 + shift) for shift in range(0, 10**9, 10**7)
    } == {scale.to_px(start)}
