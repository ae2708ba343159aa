"""Measures of continuations against bars that were written and counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from bachbridge.music.frames import Ints, pitch_index
from bachbridge.music.phrasing.measures import continuations
from bachbridge.music.phrasing.measures.continuations import Continuation, compute_continuation_measures

BAR = 16
C, F, G, A_MINOR = (64, 60, 55, 48), (65, 60, 57, 53), (62, 59, 55, 43), (64, 60, 57, 45)


def frames(*chords: tuple[int, ...], steps: int = 4) -> Ints:
    """Return chords (MIDI: soprano, alto, tenor, bass; 0 rests) of `steps` steps each."""
    rows = np.array([[pitch_index(pitch) if pitch else 0 for pitch in chord] for chord in chords], np.int32)
    return np.repeat(rows, steps, axis=0)


def continuation(*answer: tuple[int, ...]) -> Continuation:
    """Return an answer of chords, a beat each, to the bar C F G C."""
    made = frames(*answer)
    onsets = np.zeros(made.shape, bool)
    onsets[::4] = made[::4] > 0
    return Continuation(frames(C, F, G, C), made, onsets, BAR)


def test_answer_in_the_key_ends_with_an_authentic_close() -> None:
    measures = compute_continuation_measures([continuation(F, G, G, C, A_MINOR, F, G, C)])
    assert measures is not None
    assert (measures.answers, measures.same_key_second_half, measures.near_key_second_half) == (1, 1, 1)
    assert (measures.triad_ends, measures.tonic_ends, measures.authentic_ends, measures.beat_ends) == (1, 1, 1, 1)
    assert (measures.repeated_bars, measures.longest_standstill) == (0, 1)


def test_halves_have_keys_of_their_own() -> None:
    d_major, a_major, e_seventh = (66, 62, 57, 50), (64, 61, 57, 45), (62, 59, 56, 52)
    measures = compute_continuation_measures([continuation(C, F, G, C, d_major, e_seventh, a_major, a_major)])
    assert measures is not None
    assert (measures.same_key_first_half, measures.near_key_first_half) == (1, 1)
    assert (measures.same_key_second_half, measures.near_key_second_half) == (0, 0)


def test_answer_that_stops_on_the_dominant_has_no_tonic_end() -> None:
    measures = compute_continuation_measures([continuation(C, C, F, G), continuation(F, G, C, (0, 0, 0, 0))])
    assert measures is not None
    assert (measures.triad_ends, measures.tonic_ends, measures.authentic_ends) == (1, 0.5, 0.5)


def test_short_last_chord_sounds_less_than_a_beat() -> None:
    made = continuation(F, G, G, C)
    late = np.concatenate([frames(F, G, G), frames(G, C, steps=2)])
    measures = compute_continuation_measures([replace(made, answer=late)])
    assert measures is not None
    assert (measures.beat_ends, measures.authentic_ends) == (0, 1)


def test_silent_answer_meets_nothing() -> None:
    measures = compute_continuation_measures([continuation(*[(0, 0, 0, 0)] * 4)])
    assert measures is not None
    assert (measures.near_key_second_half, measures.triad_ends, measures.beat_ends, measures.authentic_ends) == (
        0,
        0,
        0,
        0,
    )
    assert compute_continuation_measures([]) is None


def test_repeated_bars_are_found_in_opening_and_answer() -> None:
    again = continuation(C, F, G, C, F, F, G, G, F, F, G, G)
    assert continuations.repeated_bars(again) == [True, False, True]
    other_bass = (62, 59, 55, 47)
    assert continuations.repeated_bars(continuation(C, F, other_bass, C)) == [False]
    assert continuations.repeated_bars(continuation(C, F, other_bass, C), voices=1) == [True]
    with_upbeat = replace(again, opening=np.concatenate([frames(G), again.opening]))
    assert continuations.repeated_bars(with_upbeat) == [True, False, True]


def test_standstill_ends_with_an_onset_or_a_change() -> None:
    made = continuation(C, C, C, F)
    assert continuations.longest_standstill(made.answer, made.onsets) == 1
    assert continuations.longest_standstill(made.answer, np.zeros_like(made.onsets)) == 3
    assert continuations.longest_standstill(made.answer[:0], made.onsets[:0]) == 0


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ((0, False), (9, True), True),
        ((0, False), (7, False), True),
        ((0, False), (4, True), True),
        ((0, False), (2, False), False),
        ((0, False), (0, True), False),
        ((11, False), (6, False), True),
        (None, (0, False), False),
    ],
)
def test_near_keys_have_signatures_a_fifth_apart(
    one: tuple[int, bool] | None, other: tuple[int, bool] | None, near: bool
) -> None:
    assert continuations.are_near_keys(one, other) == near
