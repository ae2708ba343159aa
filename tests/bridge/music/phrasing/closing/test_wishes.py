"""Wishes for candidate frames: closes, rest, and how dissonances resolve."""

from itertools import pairwise

import numpy as np
import pytest

from bachbridge.music.frames import UNKNOWN, Ints, pitch_index
from bachbridge.music.notes import key_to_number
from bachbridge.music.phrasing.closing.accents import beat_steps
from bachbridge.music.phrasing.closing.chord_tables import DISSONANT, ROOT, SEVENTH, leads_to, pitch_class_sets
from bachbridge.music.phrasing.closing.closing_chords import closing_shares, final_shares, home_of_melody
from bachbridge.music.phrasing.closing.phrase_plan import plan_steps
from bachbridge.music.phrasing.closing.resolution import (
    LEADING_NATS,
    LEAP_NATS,
    SEVENTH_NATS,
    held_sevenths,
    resolution_nats,
    sevenths_after,
)
from bachbridge.music.phrasing.closing.wishes import NO_TRIAD_NATS, StepWish, draw_close

C_MAJOR, C_MINOR, A_MINOR = (0, False), (0, True), (9, True)


def frame(*pitches: int) -> Ints:
    return np.array([[pitch_index(pitch) if pitch else 0 for pitch in pitches]], np.int32)


TONIC = frame(72, 67, 64, 48)
SIXTH = frame(72, 67, 64, 52)
DOMINANT = frame(71, 67, 62, 55)
SEVENTH_CHORD = frame(71, 67, 65, 55)
SUBDOMINANT = frame(69, 65, 60, 53)


def certain(key: tuple[int, bool]) -> np.ndarray:
    return np.eye(24)[key_to_number(key)]


@pytest.mark.parametrize(
    ("pitches", "root", "seventh"),
    [
        ((72, 67, 64, 48), 0, -1),
        ((69, 64, 60, 57), 9, -1),
        ((71, 65, 62, 55), 7, 5),
        ((71, 65, 62, 53), 11, -1),
        ((74, 65, 60, 57), 2, 0),
        ((73, 72, 71, 70), -1, -1),
    ],
)
def test_chord_tables_know_roots_and_sevenths(pitches: tuple[int, ...], root: int, seventh: int):
    found = int(pitch_class_sets(frame(*pitches))[0])
    assert (int(ROOT[found]), int(SEVENTH[found])) == (root, seventh)


def test_chord_tables_know_suspensions_as_dissonant():
    suspended = int(pitch_class_sets(frame(72, 67, 65, 48))[0])
    assert DISSONANT[int(pitch_class_sets(frame(74, 67, 64, 48))[0])] == 1 << 2
    assert DISSONANT[suspended] == 0, "without its triad nothing tells which note is foreign"


def test_leads_to_wants_the_dominant_over_its_root():
    root = np.array([0])
    for chord, bass, leads in ((DOMINANT, 7, True), (DOMINANT, 11, False), (frame(71, 65, 62, 50), 2, True)):
        assert leads_to(pitch_class_sets(chord), np.array([bass]), root)[0] == leads


def test_closing_shares_depend_on_the_degree():
    tonic, second = closing_shares(certain(C_MAJOR), 0), closing_shares(certain(C_MAJOR), 2)
    assert tonic[0, 0].sum() > 0.5
    assert tonic[0, 0, 1] > 2 * tonic[0, 0, 0], "mostly after the dominant"
    assert second[7, 0, 0] > 0.5, "a half close"
    assert tonic.sum() == pytest.approx(1)


def test_home_is_mostly_on_the_last_note():
    unsure = np.full(24, 1 / 24)
    assert home_of_melody(unsure, 9)[0] == 9
    assert home_of_melody(certain(C_MAJOR), 4) == C_MAJOR, "the third, where the key is certain"


@pytest.mark.parametrize(
    ("home", "note", "raised", "chord"),
    [
        (C_MAJOR, 0, True, (0, 0)),
        (C_MINOR, 0, False, (0, 1)),
        (C_MINOR, 7, True, (0, 0)),
        (C_MINOR, 3, True, (0, 1)),
        (C_MINOR, 4, False, (0, 0)),
        (C_MAJOR, 2, False, (7, 0)),
    ],
)
def test_final_shares_prefer_the_tonic(home: tuple[int, bool], note: int, raised: bool, chord: tuple[int, int]):
    shares = final_shares(home, note, has_raised_third=raised)
    assert shares[chord].sum() == shares.sum(axis=2).max()


def test_a_close_wants_a_root_position_triad():
    wish = StepWish(close=draw_close(closing_shares(certain(C_MAJOR), 0), None), is_closing=True)
    frames = np.concatenate([TONIC, SIXTH, SEVENTH_CHORD])
    after_dominant = wish.nats(np.repeat(DOMINANT, 3, axis=0), frames)
    after_other = wish.nats(np.repeat(SUBDOMINANT, 3, axis=0), frames)
    assert after_dominant[0] == 0
    assert after_other[0] < after_dominant[0]
    assert (after_dominant[1:] <= -NO_TRIAD_NATS).all()


def test_the_way_to_a_close_adds_up_to_its_value():
    close = draw_close(closing_shares(certain(C_MAJOR), 0), np.random.default_rng(3))
    chords = [SUBDOMINANT, SUBDOMINANT, DOMINANT, TONIC]
    total = sum(
        float(StepWish(close=close, is_closing=n == 2, was_near=n > 0).nats(before, after)[0])
        for n, (before, after) in enumerate(pairwise(chords))
    )
    assert total == pytest.approx(float(close.value(DOMINANT, TONIC)[0]), abs=1e-5)


def test_draw_close_follows_the_shares():
    shares = closing_shares(certain(A_MINOR), 4)
    rng = np.random.default_rng(0)
    drawn = [draw_close(shares, rng).target for _ in range(400)]
    authentic = sum(target[2] for target in drawn) / len(drawn)
    assert authentic == pytest.approx(float(shares[:, :, 1].sum()), abs=0.08)


def test_resolution_wants_sevenths_to_fall():
    falls, rises = frame(72, 67, 64, 48), frame(72, 67, 67, 48)
    assert resolution_nats(SEVENTH_CHORD, falls, is_on_beat=False)[0] == 0
    assert resolution_nats(SEVENTH_CHORD, rises, is_on_beat=False)[0] == -SEVENTH_NATS


def test_sevenths_are_remembered_until_they_move():
    none = np.zeros((1, 4), bool)
    held = sevenths_after(none, TONIC, SEVENTH_CHORD, is_on_beat=True)
    assert held.tolist() == [[False, False, True, False]]
    assert not sevenths_after(none, TONIC, SEVENTH_CHORD, is_on_beat=False).any(), "a passing seventh is free"
    over_second = frame(69, 65, 65, 50)
    held = sevenths_after(held, SEVENTH_CHORD, over_second, is_on_beat=False)
    rises = frame(69, 65, 67, 50)
    assert held[0, 2]
    assert resolution_nats(over_second, rises, held, is_on_beat=False)[0] == -SEVENTH_NATS
    assert not sevenths_after(held, over_second, rises, is_on_beat=False).any()


def test_held_sevenths_agree_with_a_step_at_a_time():
    rng = np.random.default_rng(1)
    chords = np.concatenate([SEVENTH_CHORD, TONIC, frame(69, 65, 65, 50), frame(0, 65, 65, 50), frame(69, 65, 67, 50)])
    frames, is_on_beat = chords[rng.integers(0, len(chords), 200)], rng.random(200) < 0.5
    expected, held = list[np.ndarray](), np.zeros((1, 4), bool)
    for step, on_beat in enumerate(is_on_beat.tolist()):
        rows = frames[max(0, step - 1)][None], frames[step][None]
        held = sevenths_after(held, *rows, is_on_beat=on_beat)
        expected.append(held[0])
    assert np.any(expected)
    np.testing.assert_array_equal(held_sevenths(frames, is_on_beat), expected)


def test_resolution_wants_outer_leading_notes_to_rise():
    assert resolution_nats(SEVENTH_CHORD, frame(67, 67, 64, 48), is_on_beat=False)[0] == -LEADING_NATS


def test_resolution_wants_no_leap_to_a_dissonance_on_a_beat():
    leapt = frame(74, 67, 64, 48)
    assert resolution_nats(frame(67, 67, 64, 48), leapt, is_on_beat=True)[0] == -LEAP_NATS
    assert resolution_nats(frame(67, 67, 64, 48), leapt, is_on_beat=False)[0] == 0
    assert resolution_nats(frame(72, 67, 64, 48), leapt, is_on_beat=True)[0] == 0


def soprano(*notes: tuple[int, int]) -> tuple[Ints, np.ndarray]:
    line = [pitch_index(pitch) if pitch else 0 for pitch, length in notes for _ in range(length)]
    given = np.full((len(line), 4), UNKNOWN, np.int32)
    given[:, 0] = line
    onsets = np.zeros(given.shape, bool)
    starts = np.cumsum([0, *(length for _, length in notes[:-1])])
    onsets[starts, 0] = given[starts, 0] > 0
    return given, onsets


def plan(given: Ints, onsets: np.ndarray, phrase_ends: tuple[int, ...] = (), bar: int = 16):
    steps = np.arange(len(given), dtype=np.int32)
    bars = np.full(len(given), bar, np.int32)
    return plan_steps(
        given, onsets, position=steps % bar, steps_per_bar=bars, phrase_ends=phrase_ends, key=None, seed=1
    )


def test_plan_steps_closes_phrases_and_the_piece():
    given, onsets = soprano((67, 4), (69, 4), (71, 4), (72, 4), (0, 4), (74, 4), (72, 8))
    planned = plan(given, onsets, phrase_ends=(12, 13, 16, -1, 99))
    closing = [step for step, each in enumerate(planned) if each.wish.is_closing]
    resting = [step for step, each in enumerate(planned) if each.wish.moving_nats]
    assert closing == [12, 24], "ends that are no notes are left out"
    assert resting == [13, 14, 15, *range(25, 32)]
    assert [step for step, each in enumerate(planned) if each.wish.close][:4] == [8, 9, 10, 11]


def test_plan_steps_accepts_silence_and_one_note():
    given, onsets = soprano((0, 4))
    assert not any(each.wish.close for each in plan(given, onsets))
    given, onsets = soprano((72, 1))
    assert plan(given, onsets)[0].wish.is_closing


def test_beat_steps_tell_six_eight_from_three_four():
    jig, _ = soprano((67, 4), (69, 2), (71, 4), (72, 2))
    waltz, _ = soprano((67, 4), (69, 4), (71, 4))
    for given, expected in ((jig, 6), (waltz, 4)):
        onsets = np.zeros(given.shape, bool)
        onsets[0] = True
        onsets[1:] = given[1:] != given[:-1]
        bars = np.full(len(given), 12, np.int32)
        assert set(beat_steps(given, onsets, np.arange(12, dtype=np.int32), bars).tolist()) == {expected}


def test_plan_steps_moves_voices_on_dotted_beats():
    given, onsets = soprano((67, 4), (69, 2), (71, 4), (72, 2), *[(74, 4), (72, 2)] * 4)
    nats = [each.wish.moving_nats for each in plan(given, onsets, bar=12)]
    assert nats[6] < 0 < nats[4]
    assert {each.wish.moving_nats for each in plan(given, onsets, bar=16)[:28]} == {0}
