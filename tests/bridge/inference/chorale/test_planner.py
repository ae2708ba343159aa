"""The model's half of live harmony, with small made-up networks."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bachbridge.inference.chorale.planner import Planner
from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.notes import VOICE_RANGES
from bachbridge.protocol.effects import PlanRequest
from bachbridge.protocol.events import Plan
from bachbridge.protocol.style import Style

CHAIN = (0, 3, 1, 2)
FRAME = (37, 32, 25, 13, 15)  # C5 G4 C4 C3
ASKED = PlanRequest("m", 7, 0, (), 0, 0, 16, 3, Style(candidates=6, repeat="hold"))


class Nets:
    """The state is a running mixture of all ids so far, and the logits are a fixed random function of it."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self._weights = rng.normal(size=(8, 4 * PITCH_INDEX_COUNT)).astype(np.float32)
        self.steps = 0

    def initial_state(self) -> Any:
        return np.zeros((1, 8), np.float32)

    def core(self, ids: Any, state: Any) -> tuple[Any, Any]:
        self.steps += 1
        mixed = np.sin(state * 3 + (ids.astype(np.float32) % 17).reshape(1, -1)[:, :8]).astype(np.float32)
        return mixed, mixed

    def heads(self, hidden: Any, known: Any) -> tuple[Any, Any]:
        logits = (hidden @ self._weights).reshape(len(hidden), 4, PITCH_INDEX_COUNT)
        chosen = known.sum(axis=1)[:, None, None] * 0.01 * np.arange(PITCH_INDEX_COUNT)
        return (logits + chosen).astype(np.float32), np.zeros((len(known), 4), np.float32)


def told(*frames: tuple[int, ...], step: int = 0, held: int = 37) -> PlanRequest:
    return replace(ASKED, step=step, frames=frames, held=held)


def plan(planner: Planner, *asked: PlanRequest) -> Plan:
    """Follow all that is asked; the plan of the last."""
    for foresee in asked:
        planner.follow(foresee)
    return planner.plan(asked[-1])


@pytest.fixture
def planner() -> Planner:
    return Planner(Nets(), CHAIN)


def test_there_is_a_row_for_every_pitch_of_the_given_voice_and_one_for_going_on(planner: Planner) -> None:
    for given, (low, high) in enumerate(VOICE_RANGES):
        rows = plan(planner, replace(told(FRAME), given=given, piece=given, held=FRAME[given])).rows
        assert [row[0] for row in rows] == [*range(low - 35, high - 34), FRAME[given]]
        assert all(row[1 + given] == row[0] for row in rows)
        assert all(row[5] >> given & 1 for row in rows[:-1])
        assert not rows[-1][5] >> given & 1


def test_the_plan_is_for_the_step_after_what_was_told(planner: Planner) -> None:
    assert plan(planner, told()).step == 0
    assert plan(planner, told(FRAME, FRAME)).step == 2
    assert plan(planner, told(FRAME, step=1)).step == 2


def test_a_revised_step_gives_what_it_would_have_given_at_once() -> None:
    other = (39, 34, 27, 15, 15)
    at_once = plan(Planner(Nets(), CHAIN), told(FRAME, other, FRAME))
    revised = plan(Planner(Nets(), CHAIN), told(FRAME, FRAME, other), told(other, FRAME, step=1))
    assert revised == at_once
    assert at_once != plan(Planner(Nets(), CHAIN), told(FRAME, FRAME, FRAME))


def test_only_what_is_new_is_taken_in() -> None:
    nets = Nets()
    planner = Planner(nets, CHAIN)
    planner.follow(told(*[FRAME] * 10))
    before = nets.steps
    planner.follow(told(FRAME, step=10))
    assert nets.steps == before + 1


def test_a_piece_taken_up_in_the_middle_is_planned_from_what_is_told(planner: Planner) -> None:
    assert plan(planner, told(FRAME, FRAME, step=40)).step == 42


def test_the_past_is_kept_within_bounds_and_a_long_piece_goes_on() -> None:
    nets = Nets()
    planner = Planner(nets, CHAIN)
    for step in range(300):
        planner.follow(told(FRAME, step=step))
    assert planner.plan(told(FRAME, step=299)).step == 300
    before = nets.steps
    planner.follow(told(FRAME, FRAME, step=299))
    assert nets.steps == before + 2


def test_while_the_note_goes_on_only_voices_that_move_are_struck(planner: Planner) -> None:
    row = plan(planner, told(FRAME)).rows[-1]
    moved = [now != then for now, then in zip(row[1:5], FRAME, strict=False)]
    assert [bool(row[5] >> voice & 1) for voice in range(4)] == moved


def test_the_key_is_heard_or_set(planner: Planner) -> None:
    assert plan(planner, told()).key == -1
    scale = [(25 + degree, 20, 13, 8, 15) for degree in (0, 2, 4, 5, 7, 9, 11, 12)]
    heard = plan(planner, told(*scale))
    assert heard.key >= 0
    assert plan(planner, replace(told(*scale), style=replace(ASKED.style, key=(3, True)))).key == 15
