"""Loops in four voices, and the nats that lead out of them."""

from collections.abc import Sequence

from bachbridge.music.frames import Frame, pitch_index
from bachbridge.music.phrasing.loops import loop_nats, still_steps

LOW = tuple(pitch_index(pitch) for pitch in (67, 60, 48))


def frames_of(pitches: Sequence[int], *, strike: bool = True) -> list[Frame]:
    frames: list[Frame] = []
    for pitch in pitches:
        row = (pitch_index(pitch), *LOW)
        frames.append(Frame(row, (strike or not frames, False, False, False)))
    return frames


def test_melody_that_moves_is_left_alone() -> None:
    assert not loop_nats(frames_of([72, 72, 74, 74, 76, 76, 77, 77, 79, 79, 77, 77, 76, 76, 74, 74])).any()
    assert not loop_nats([]).any()


def test_chord_held_for_long_has_to_move() -> None:
    short, long, stuck = (loop_nats(frames_of([72] * steps, strike=False)) for steps in (8, 11, 15))
    c5 = pitch_index(72)
    assert not short.any()
    assert -2 < long[0, c5] < 0
    assert stuck[0, c5] < -6
    assert stuck[3, LOW[2]] < -6
    assert still_steps(frames_of([72] * 15, strike=False)) == 15


def test_figure_may_come_twice_and_not_a_third_time() -> None:
    figure = [72, 72, 76, 76, 74, 74, 77, 77]
    once, twice = loop_nats(frames_of(figure)), loop_nats(frames_of(figure * 2))
    assert not once.any()
    assert twice[0, pitch_index(72)] < -2
    assert twice[0, pitch_index(76)] == 0


def test_melody_of_one_note_is_left() -> None:
    nats = loop_nats(frames_of([72] * 32))
    assert nats[0, pitch_index(72)] < 0
    assert not nats[1:].any()
