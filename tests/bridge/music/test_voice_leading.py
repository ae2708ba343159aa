"""Tests for penalties while drawing and for verdicts on whole frames, rule by rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, pitch_index
from bachbridge.music.keys import estimate_key
from bachbridge.music.notes import HARD_RULES, VOICE_LEADING_RULES, Key
from bachbridge.music.voice_leading import (
    AWKWARD_LEAP_COST,
    DIRECT_INTERVAL_COST,
    OUT_OF_KEY_LOGIT,
    OVER_OCTAVE_LEAP_COST,
    WIDE_SPACING_COST,
    check_rules,
    forbidden_pitches,
    out_of_key_penalty,
    parse_rules,
)

C_MAJOR = (60, 62, 64, 65, 67, 69, 71, 72)
A_MINOR = (57, 59, 60, 62, 64, 65, 68, 69, 57, 64)


def frame(*pitches: int) -> list[int]:
    """Return pitch indices of soprano, alto, tenor, bass; 0 is a rest, -1 is not chosen."""
    return [pitch_index(pitch) if pitch > 0 else pitch for pitch in pitches]


def durations(pitches: tuple[int, ...]) -> np.ndarray:
    return np.bincount([pitch_index(pitch) for pitch in pitches], minlength=PITCH_INDEX_COUNT).astype(np.float64)


def parallels(before: list[int], chosen: list[int], voice: int) -> set[int]:
    """Return the pitches that the rule of parallels forbids."""
    forbidden = forbidden_pitches(np.array([before], np.int32), np.array([chosen], np.int32), voice, {"parallels"})[0]
    return {pitch for pitch in range(36, 82) if forbidden[pitch_index(pitch)]}


@pytest.mark.parametrize(
    ("before", "bass_now", "forbidden"),
    [
        ((72, 67, 64, 48), 50, {74}),  # octaves with the bass, upwards as it goes
        ((67, 64, 60, 48), 50, {69, 81}),  # fifths with the bass, whatever their register
        ((67, 64, 60, 48), 46, {41, 53, 65}),  # and downwards
        ((65, 64, 60, 48), 50, set()),  # fourths may go on
    ],
)
def test_forbidden_pitches_are_parallels_with_the_bass(
    before: tuple[int, ...], bass_now: int, forbidden: set[int]
) -> None:
    assert parallels(frame(*before), frame(UNKNOWN, UNKNOWN, UNKNOWN, bass_now), 0) == forbidden


def test_forbidden_pitches_ignore_held_and_resting_voices() -> None:
    assert not parallels(frame(72, 67, 64, 48), frame(UNKNOWN, UNKNOWN, UNKNOWN, 48), 0)
    assert not parallels(frame(72, 67, 64, 0), frame(UNKNOWN, UNKNOWN, UNKNOWN, 50), 0)
    assert not parallels(frame(0, 67, 64, 48), frame(UNKNOWN, UNKNOWN, UNKNOWN, 50), 0)


def test_estimate_key_finds_major_and_minor_keys() -> None:
    def weights(pitches: tuple[int, ...]) -> np.ndarray:
        return np.bincount([pitch % 12 for pitch in pitches], minlength=12).astype(np.float64)

    assert estimate_key(weights(C_MAJOR)) == (0, False)
    assert estimate_key(weights(A_MINOR)) == (9, True)
    assert estimate_key(weights(tuple(pitch + 3 for pitch in C_MAJOR))) == (3, False)


def test_out_of_key_penalty_spares_scale_and_rest() -> None:
    penalty = out_of_key_penalty(durations(C_MAJOR))
    penalised = {pitch % 12 for pitch in range(36, 82) if penalty[pitch_index(pitch)] == OUT_OF_KEY_LOGIT}
    assert penalised == {1, 3, 6, 8, 10}
    assert penalty[REST] == 0


@pytest.mark.parametrize("pitches", [(), (60,), (60, 62, 64), tuple(range(60, 72))])
def test_out_of_key_penalty_is_zero_with_too_few_notes(pitches: tuple[int, ...]) -> None:
    assert not out_of_key_penalty(durations(pitches) if pitches else np.zeros(PITCH_INDEX_COUNT)).any()


# ---------------------------------------------------------------- verdicts


def verdict(now: tuple[int, ...], before: tuple[int, ...] | None = None, key: Key | None = None) -> dict[str, float]:
    """Return what each rule alone finds in a frame, for the rules that find anything."""
    row = np.array([frame(*now)], np.int32)
    verdicts: dict[str, float] = {}
    for rule in VOICE_LEADING_RULES:
        alone = check_rules(None if before is None else frame(*before), row, {rule}, key)
        verdicts[rule] = float(alone.violations[0] or alone.penalty[0])
    return {rule: cost for rule, cost in verdicts.items() if cost}


CHORD = (72, 67, 64, 48)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, CHORD, {}),
        (CHORD, CHORD, {}),
        (CHORD, (74, 67, 65, 50), {"parallels": 1}),  # soprano and bass, octaves
        ((67, 64, 60, 48), (69, 64, 60, 50), {"parallels": 1}),  # fifths a register apart
        ((67, 60, 60, 48), (67, 62, 62, 48), {"parallels": 1, "overlap": 0.5}),  # unisons
        (CHORD, (74, 67, 65, 46), {}),  # octaves by contrary motion have other names
        (None, (67, 69, 60, 48), {"crossing": 1}),
        (None, (67, 60, 60, 48), {}),
        (None, (84, 74, 64, 48), {"range": 1}),
        (None, (59, 57, 53, 48), {"range": 1}),
        (None, (79, 65, 52, 48), {"spacing": 2 * WIDE_SPACING_COST}),
        ((64, 60, 55, 48), (64, 60, 55, 64), {"crossing": 2, "leap": OVER_OCTAVE_LEAP_COST, "overlap": 0.5}),
        ((67, 64, 60, 48), (67, 64, 60, 54), {"leap": AWKWARD_LEAP_COST}),
        ((64, 60, 55, 48), (69, 60, 53, 50), {"hidden": DIRECT_INTERVAL_COST}),
        ((0, 64, 60, 48), (69, 65, 59, 50), {}),
    ],
)
def test_check_rules_reports_each_rule_alone(
    before: tuple[int, ...] | None, now: tuple[int, ...], expected: dict[str, float]
) -> None:
    found = verdict(now, before)
    assert {rule: found.get(rule, 0) for rule in expected} == expected
    assert set(found) & set(HARD_RULES) == set(expected) & set(HARD_RULES)


def test_doubled_leading_note_is_forbidden_in_dominant_only() -> None:
    assert verdict((71, 62, 59, 55), key=(0, False)) == {"leading-note": 1}
    assert verdict((71, 64, 59, 52), key=(0, False)) == {}  # the fifth of E minor does not lead
    assert verdict((71, 62, 59, 55)) == {}


def test_check_rules_penalises_notes_outside_the_key() -> None:
    assert verdict((66, 61, 57, 50), key=(0, False)) == {"key": -2 * OUT_OF_KEY_LOGIT}
    assert verdict((68, 64, 59, 52), key=(9, True)) == {}


def test_parse_rules_knows_names_and_refuses_others() -> None:
    assert parse_rules("all") == set(VOICE_LEADING_RULES)
    assert parse_rules("none") == set()
    assert parse_rules("crossing, parallels") == {"crossing", "parallels"}
    with pytest.raises(ValueError, match="no rule 'beauty'"):
        parse_rules("range,beauty")


@given(frames=st.lists(st.tuples(*[st.integers(0, PITCH_INDEX_COUNT - 1)] * 8), min_size=1, max_size=20))
def test_verdict_on_many_frames_equals_each_alone(frames: list[tuple[int, ...]]) -> None:
    both = np.array(frames, np.int32)
    before, now = both[:, :4], both[:, 4:]
    together = check_rules(before, now, VOICE_LEADING_RULES, (7, False))
    for row in range(len(frames)):
        alone = check_rules(before[row], now[row : row + 1], VOICE_LEADING_RULES, (7, False))
        assert (alone.violations[0], alone.penalty[0]) == (together.violations[row], together.penalty[row])


@given(
    before=st.tuples(*[st.integers(0, PITCH_INDEX_COUNT - 1)] * 4),
    known=st.tuples(*[st.integers(-1, PITCH_INDEX_COUNT - 1)] * 4),
)
def test_forbidden_pitches_agree_with_check_rules(before: tuple[int, ...], known: tuple[int, ...]) -> None:
    rules = {"crossing", "parallels"}
    for voice in range(4):
        frames = np.array([known] * PITCH_INDEX_COUNT, np.int32)
        frames[:, voice] = np.arange(PITCH_INDEX_COUNT)
        forbidden = check_rules(before, frames, rules, None).violations
        row = np.array([known], np.int32)
        found = forbidden_pitches(np.array([before], np.int32), row, voice, rules)[0]
        assert np.array_equal(found, forbidden > forbidden[REST])
