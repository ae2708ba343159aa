"""Plans of live harmony, with a small network of random weights."""

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
REQUEST = PlanRequest("m", 7, 0, (), 0, 0, 16, 3, Style(candidates=6, repeat="hold"))


class MixingNet:
    """A network whose state mixes all ids so far; its logits are a fixed random function of the state."""

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


def request_for(*frames: tuple[int, ...], step: int = 0, held: int = 37) -> PlanRequest:
    return replace(REQUEST, step=step, frames=frames, held=held)


def plan(planner: Planner, *requests: PlanRequest) -> Plan:
    """Follow all requests, and return the plan for the last one."""
    for request in requests:
        planner.follow(request)
    return planner.plan(requests[-1])


@pytest.fixture
def planner() -> Planner:
    return Planner(MixingNet(), CHAIN)


def test_plan_has_a_row_per_pitch_and_one_for_the_held_note(planner: Planner) -> None:
    for given, (low, high) in enumerate(VOICE_RANGES):
        rows = plan(planner, replace(request_for(FRAME), given=given, piece=given, held=FRAME[given])).rows
        assert [row[0] for row in rows] == [*range(low - 35, high - 34), FRAME[given]]
        assert all(row[1 + given] == row[0] for row in rows)
        assert all(row[5] >> given & 1 for row in rows[:-1])
        assert not rows[-1][5] >> given & 1


def test_plan_is_for_the_step_after_the_known_frames(planner: Planner) -> None:
    assert plan(planner, request_for()).step == 0
    assert plan(planner, request_for(FRAME, FRAME)).step == 2
    assert plan(planner, request_for(FRAME, step=1)).step == 2


def test_plan_after_a_revision_equals_a_fresh_one() -> None:
    other = (39, 34, 27, 15, 15)
    at_once = plan(Planner(MixingNet(), CHAIN), request_for(FRAME, other, FRAME))
    revised = plan(Planner(MixingNet(), CHAIN), request_for(FRAME, FRAME, other), request_for(other, FRAME, step=1))
    assert revised == at_once
    assert at_once != plan(Planner(MixingNet(), CHAIN), request_for(FRAME, FRAME, FRAME))


def test_follow_takes_in_only_new_frames() -> None:
    net = MixingNet()
    planner = Planner(net, CHAIN)
    planner.follow(request_for(*[FRAME] * 10))
    before = net.steps
    planner.follow(request_for(FRAME, step=10))
    assert net.steps == before + 1


def test_plan_starts_in_the_middle_of_a_piece(planner: Planner) -> None:
    assert plan(planner, request_for(FRAME, FRAME, step=40)).step == 42


def test_follow_keeps_a_bounded_past_of_a_long_piece() -> None:
    net = MixingNet()
    planner = Planner(net, CHAIN)
    for step in range(300):
        planner.follow(request_for(FRAME, step=step))
    assert planner.plan(request_for(FRAME, step=299)).step == 300
    before = net.steps
    planner.follow(request_for(FRAME, FRAME, step=299))
    assert net.steps == before + 2


def test_plan_for_a_held_note_has_onsets_of_moving_voices_only(planner: Planner) -> None:
    row = plan(planner, request_for(FRAME)).rows[-1]
    moved = [now != then for now, then in zip(row[1:5], FRAME, strict=False)]
    assert [bool(row[5] >> voice & 1) for voice in range(4)] == moved


def test_plan_has_the_set_key_or_else_the_estimated_one(planner: Planner) -> None:
    assert plan(planner, request_for()).key == -1
    scale = [(25 + degree, 20, 13, 8, 15) for degree in (0, 2, 4, 5, 7, 9, 11, 12)]
    estimated = plan(planner, request_for(*scale))
    assert estimated.key >= 0
    assert plan(planner, replace(request_for(*scale), style=replace(REQUEST.style, key=(3, True)))).key == 15


def first_chords(style: Style, given: int = 0) -> dict[int, set[int]]:
    """Return the pitch classes of the chord under each first note."""
    rows = plan(Planner(MixingNet(), CHAIN), replace(REQUEST, style=style, given=given)).rows[:-1]
    return {row[0]: {(index - 1) % 12 for index in row[1:5]} for row in rows}


@pytest.mark.parametrize("voice", range(4))
def test_plan_opens_on_the_tonic_of_a_set_key(voice: int) -> None:
    chords = first_chords(Style(key=(9, True)), voice)
    assert any(chord <= {9, 0, 4} for chord in chords.values())
    assert all(chord <= {9, 0, 4} for index, chord in chords.items() if (index - 1) % 12 in (9, 4))


def test_plan_opens_on_the_final_of_a_mode() -> None:
    chords = first_chords(Style(key=(0, False), final=2))
    assert all(chord <= {2, 5, 9} for index, chord in chords.items() if (index - 1) % 12 in (2, 5, 9))
    assert plan(Planner(MixingNet(), CHAIN), replace(REQUEST, style=Style(key=(0, False), final=2))).key == 14


def opens_without_a_key(index: int, chord: set[int]) -> bool:
    """Return True for two pitch classes with the first note, or its triad if it mostly is a tonic (C, F, B flat)."""
    root = (index - 1) % 12
    triad = {root, (root + 4) % 12, (root + 7) % 12}
    return root in chord and (len(chord) <= 2 or (chord == triad and root in (0, 5, 10)))


def test_plan_opens_on_fifths_while_the_key_is_unknown() -> None:
    assert all(opens_without_a_key(index, chord) for index, chord in first_chords(Style()).items())


def rows_after_a_piece(piece: int) -> dict[int, set[int]]:
    """Return the pitch classes under each first note of a piece, after piece 7 in D major."""
    planner = Planner(MixingNet(), CHAIN)
    tune = [(index, *FRAME[1:]) for index in (39, 43, 46, 44, 43, 41, 38, 39)]
    planner.follow(request_for(*(frame for frame in tune for _ in range(2))))
    rows = plan(planner, replace(REQUEST, piece=piece, held=0)).rows[:-1]
    return {row[0]: {(index - 1) % 12 for index in row[1:5]} for row in rows}


def test_next_piece_opens_in_the_key_of_the_last() -> None:
    in_triad = {index: chord for index, chord in rows_after_a_piece(8).items() if (index - 1) % 12 in (2, 6, 9)}
    assert in_triad
    assert all(chord <= {2, 6, 9} for chord in in_triad.values()), "F# has the tonic's triad, not its own fifth"


def test_piece_that_does_not_follow_knows_no_key() -> None:
    assert all(opens_without_a_key(index, chord) for index, chord in rows_after_a_piece(3).items())


def test_plan_without_the_key_rule_has_no_opening_wish() -> None:
    style = Style(key=(9, True), rules=Style().rules - {"key"})
    assert not all(chord <= {9, 0, 4} for index, chord in first_chords(style).items() if (index - 1) % 12 in (9, 4))


@pytest.mark.parametrize("left_hand", [(4, 8, 11), (0, 4, 7), (7, 0, 4), (2, 5, 7, 11)])
@pytest.mark.parametrize("given", [0, 1, 2, 3])
def test_plan_keeps_to_the_left_hands_chord(planner: Planner, left_hand: tuple[int, ...], given: int) -> None:
    request = replace(request_for(FRAME, FRAME, held=FRAME[given]), given=given, left_hand=left_hand)
    for row in plan(planner, request).rows:
        others = {voice: (row[1 + voice] + 35) % 12 for voice in range(4) if voice != given}
        assert set(others.values()) <= set(left_hand)
        assert given == 3 or others[3] == left_hand[0]


@pytest.mark.parametrize("left_hand", [(5,), (5, 9)])
def test_plan_takes_the_left_hands_bass(planner: Planner, left_hand: tuple[int, ...]) -> None:
    rows = plan(planner, replace(request_for(FRAME), left_hand=left_hand)).rows
    assert {(row[4] + 35) % 12 for row in rows} == {5}
    assert len({(row[2] + 35) % 12 for row in rows}) > 1, "the rest is the network's"


def test_likely_notes_are_planned_first(planner: Planner) -> None:
    request = request_for(FRAME)
    planner.follow(request)
    likely, whole = planner.plans(request)
    assert [row[0] for row in likely.rows] == [*range(33, 42), 37]
    assert set(likely.rows) < set(whole.rows)
    assert whole.rows[-1] == likely.rows[-1]


def test_first_step_is_planned_at_once(planner: Planner) -> None:
    request = request_for()
    planner.follow(request)
    assert len(list(planner.plans(request))) == 1
