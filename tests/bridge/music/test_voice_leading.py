"""Penalties while drawing, and verdicts on whole frames, rule by rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.codecs.satb import CLASSES, REST, UNKNOWN, class_of
from bachbridge.music.notes import FORBIDDING, RULES, Key
from bachbridge.music.voice_leading import (
    AWKWARD,
    DIRECT,
    FOREIGN,
    TOO_FAR,
    WIDE,
    barred,
    foreign,
    judge,
    key_of,
    rules_of,
)

C_MAJOR = (60, 62, 64, 65, 67, 69, 71, 72)
A_MINOR = (57, 59, 60, 62, 64, 65, 68, 69, 57, 64)


def frame(*pitches: int) -> list[int]:
    """Classes of soprano, alto, tenor, bass; 0 = rest, -1 = not chosen."""
    return [class_of(pitch) if pitch > 0 else pitch for pitch in pitches]


def sounded(pitches: tuple[int, ...]) -> np.ndarray:
    return np.bincount([class_of(pitch) for pitch in pitches], minlength=CLASSES).astype(np.float64)


def parallels(before: list[int], chosen: list[int], voice: int) -> set[int]:
    """The pitches barred."""
    found = barred(np.array([before], np.int32), np.array([chosen], np.int32), voice, {"parallels"})[0]
    return {pitch for pitch in range(36, 82) if found[class_of(pitch)]}


@pytest.mark.parametrize(
    ("before", "bass_now", "forbidden"),
    [
        ((72, 67, 64, 48), 50, {74}),  # octaves with the bass, upwards as it goes
        ((67, 64, 60, 48), 50, {69, 81}),  # fifths with the bass, whatever their register
        ((67, 64, 60, 48), 46, {41, 53, 65}),  # and downwards
        ((65, 64, 60, 48), 50, set()),  # fourths may go on
    ],
)
def test_the_soprano_does_not_go_with_the_bass_in_parallel(
    before: tuple[int, ...], bass_now: int, forbidden: set[int]
) -> None:
    assert parallels(frame(*before), frame(UNKNOWN, UNKNOWN, UNKNOWN, bass_now), 0) == forbidden


def test_a_held_or_resting_voice_forbids_nothing() -> None:
    assert not parallels(frame(72, 67, 64, 48), frame(UNKNOWN, UNKNOWN, UNKNOWN, 48), 0)
    assert not parallels(frame(72, 67, 64, 0), frame(UNKNOWN, UNKNOWN, UNKNOWN, 50), 0)
    assert not parallels(frame(0, 67, 64, 48), frame(UNKNOWN, UNKNOWN, UNKNOWN, 50), 0)


def test_keys_are_told() -> None:
    def weights(pitches: tuple[int, ...]) -> np.ndarray:
        return np.bincount([pitch % 12 for pitch in pitches], minlength=12).astype(np.float64)

    assert key_of(weights(C_MAJOR)) == (0, False)
    assert key_of(weights(A_MINOR)) == (9, True)
    assert key_of(weights(tuple(pitch + 3 for pitch in C_MAJOR))) == (3, False)


def test_what_is_foreign_to_the_key_is_penalised_and_a_rest_is_not() -> None:
    penalty = foreign(sounded(C_MAJOR))
    penalised = {pitch % 12 for pitch in range(36, 82) if penalty[class_of(pitch)] == FOREIGN}
    assert penalised == {1, 3, 6, 8, 10}
    assert penalty[REST] == 0


@pytest.mark.parametrize("pitches", [(), (60,), (60, 62, 64), tuple(range(60, 72))])
def test_too_little_tells_no_key(pitches: tuple[int, ...]) -> None:
    assert not foreign(sounded(pitches) if pitches else np.zeros(CLASSES)).any()


# ---------------------------------------------------------------- verdicts


def verdict(now: tuple[int, ...], before: tuple[int, ...] | None = None, key: Key | None = None) -> dict[str, float]:
    """What each rule alone says of a frame, where it says anything."""
    row = np.array([frame(*now)], np.int32)
    said: dict[str, float] = {}
    for rule in RULES:
        alone = judge(None if before is None else frame(*before), row, {rule}, key)
        said[rule] = float(alone.forbidden[0] or alone.penalty[0])
    return {rule: what for rule, what in said.items() if what}


CHORD = (72, 67, 64, 48)


@pytest.mark.parametrize(
    ("before", "now", "said"),
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
        (None, (79, 65, 52, 48), {"spacing": 2 * WIDE}),
        ((64, 60, 55, 48), (64, 60, 55, 64), {"crossing": 2, "leap": TOO_FAR, "overlap": 0.5}),
        ((67, 64, 60, 48), (67, 64, 60, 54), {"leap": AWKWARD}),
        ((64, 60, 55, 48), (69, 60, 53, 50), {"hidden": DIRECT}),
        ((0, 64, 60, 48), (69, 65, 59, 50), {}),
    ],
)
def test_each_rule_says_its_own(before: tuple[int, ...] | None, now: tuple[int, ...], said: dict[str, float]) -> None:
    found = verdict(now, before)
    assert {rule: found.get(rule, 0) for rule in said} == said
    assert set(found) & set(FORBIDDING) == set(said) & set(FORBIDDING)


def test_the_key_forbids_a_doubled_leading_note_in_its_dominant_only() -> None:
    assert verdict((71, 62, 59, 55), key=(0, False)) == {"leading-note": 1}
    assert verdict((71, 64, 59, 52), key=(0, False)) == {}  # the fifth of E minor does not lead
    assert verdict((71, 62, 59, 55)) == {}


def test_foreign_notes_cost_their_nats() -> None:
    assert verdict((66, 61, 57, 50), key=(0, False)) == {"key": -2 * FOREIGN}
    assert verdict((68, 64, 59, 52), key=(9, True)) == {}


def test_rules_have_names() -> None:
    assert rules_of("all") == set(RULES)
    assert rules_of("none") == set()
    assert rules_of("crossing, parallels") == {"crossing", "parallels"}
    with pytest.raises(ValueError, match="no rule 'beauty'"):
        rules_of("range,beauty")


@given(frames=st.lists(st.tuples(*[st.integers(0, CLASSES - 1)] * 8), min_size=1, max_size=20))
def test_a_verdict_on_many_is_the_verdict_on_each(frames: list[tuple[int, ...]]) -> None:
    both = np.array(frames, np.int32)
    before, now = both[:, :4], both[:, 4:]
    together = judge(before, now, RULES, (7, False))
    for row in range(len(frames)):
        alone = judge(before[row], now[row : row + 1], RULES, (7, False))
        assert (alone.forbidden[0], alone.penalty[0]) == (together.forbidden[row], together.penalty[row])


@given(before=st.tuples(*[st.integers(0, CLASSES - 1)] * 4), known=st.tuples(*[st.integers(-1, CLASSES - 1)] * 4))
def test_what_is_barred_while_drawing_is_what_the_verdict_forbids(
    before: tuple[int, ...], known: tuple[int, ...]
) -> None:
    rules = {"crossing", "parallels"}
    for voice in range(4):
        frames = np.array([known] * CLASSES, np.int32)
        frames[:, voice] = np.arange(CLASSES)
        forbidden = judge(before, frames, rules, None).forbidden
        row = np.array([known], np.int32)
        found = barred(np.array([before], np.int32), row, voice, rules)[0]
        assert np.array_equal(found, forbidden > forbidden[REST])
