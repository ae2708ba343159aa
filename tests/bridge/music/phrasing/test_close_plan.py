"""Plans of closes: where the last two chords begin, and what they are."""

from itertools import product

import pytest

from bachbridge.music.phrasing.close_plan import has_raised_third, last_chord_step, plan_close

C_MAJOR, A_MINOR = (0, False), (9, True)


@pytest.mark.parametrize(
    ("steps", "position", "bar", "expected"),
    [
        (64, 0, 16, 56),
        (64, None, 16, 56),
        (64, 12, 16, 60),
        (48, 0, 12, 36),
        (24, 0, 24, 12),
        (16, 0, 8, 8),
        (16, 0, 16, 8),
        (8, 0, 16, 4),
        (4, 0, 16, 0),
        (1, 0, 16, 0),
        (28, 0, 14, 14),
        (64, 3, 16, 53),
    ],
)
def test_last_chord_begins_on_strong_beat(steps: int, position: int | None, bar: int, expected: int) -> None:
    assert last_chord_step(steps, position, bar) == expected


@pytest.mark.parametrize("bar", [8, 10, 12, 14, 16, 20, 24, 48])
def test_last_chord_lasts_a_beat(bar: int) -> None:
    for steps, position in product(range(1, 70), (0, 3, 7)):
        plan = plan_close("cadence", C_MAJOR, steps, position=position, steps_per_bar=bar)
        assert plan
        assert 0 <= plan.approach <= plan.penultimate <= plan.final < steps
        assert steps - plan.final >= min(steps, 4)


def test_cadence_leads_from_dominant_to_tonic() -> None:
    plan = plan_close("cadence", A_MINOR, 64, position=0, steps_per_bar=16)
    assert plan
    assert (plan.approach, plan.penultimate, plan.final) == (31, 52, 56)
    assert (plan.dominant.root, plan.dominant.pitch_classes) == (4, {4, 8, 11})
    assert (plan.last_chord.root, plan.last_chord.pitch_classes) == (9, {9, 0, 4})
    assert [plan.holds(step) for step in (55, 56, 57, 63)] == [False, False, True, True]


def test_open_close_ends_on_dominant() -> None:
    plan = plan_close("open", A_MINOR, 64, position=0, steps_per_bar=16)
    assert plan
    assert (plan.last_chord.root, plan.last_chord.pitch_classes) == (4, {4, 8, 11})


def test_raised_third_makes_last_chord_major() -> None:
    plan = plan_close("cadence", A_MINOR, 64, position=0, steps_per_bar=16, has_raised_third=True)
    assert plan
    assert plan.last_chord.pitch_classes == {9, 1, 4}
    assert 0.4 < sum(has_raised_third(seed) for seed in range(200)) / 200 < 0.6


def test_plan_close_makes_none_without_key_or_wish() -> None:
    assert plan_close("music", C_MAJOR, 64, position=0, steps_per_bar=16) is None
    assert plan_close("cadence", None, 64, position=0, steps_per_bar=16) is None
    with pytest.raises(ValueError, match="give one of cadence, open, music"):
        plan_close("half", C_MAJOR, 64, position=0, steps_per_bar=16)
