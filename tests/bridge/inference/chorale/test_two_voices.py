"""Two-part counterpoint among the model's candidates."""

from dataclasses import replace

import numpy as np
import pytest

from bachbridge.inference.chorale.planner import Planner
from bachbridge.inference.chorale.two_voices import (
    BEAT_DISSONANCE_COST,
    DIRECT_COST,
    LEAP_DISSONANCE_COST,
    MAX_STILL_STEPS,
    PARALLEL_COST,
    STILL_COST,
    Situation,
    best_for_given,
    best_for_unknown,
    counterpoint_costs,
)
from bachbridge.music.frames import pitch_index
from tests.bridge.inference.chorale.test_planner import CHAIN, FRAME, REQUEST, MixingNet, plan, request_for

C4, D4, E4, F4, G4, A4, C5, D5 = (pitch_index(pitch) for pitch in (60, 62, 64, 65, 67, 69, 72, 74))
OFF_BEAT = Situation(np.array([G4, 0, 0, C4], np.int32), None, 0, 3, 2, 1)
ON_BEAT = replace(OFF_BEAT, step=4)


def cost(situation: Situation, given: int, own: int) -> int:
    return int(counterpoint_costs(situation, np.array(given), np.array(own)))


@pytest.mark.parametrize(
    ("situation", "given", "own", "expected"),
    [
        (OFF_BEAT, A4, D4, PARALLEL_COST),
        (OFF_BEAT, D5, pitch_index(67), PARALLEL_COST),
        (OFF_BEAT, D5, D4, DIRECT_COST),
        (OFF_BEAT, A4, C4, 0),
        (OFF_BEAT, G4, D4, 0),
        (OFF_BEAT, G4, F4, LEAP_DISSONANCE_COST),
        (ON_BEAT, G4, D4, BEAT_DISSONANCE_COST),
        (ON_BEAT, G4, E4, 0),
        (replace(ON_BEAT, still_steps=MAX_STILL_STEPS), G4, C4, STILL_COST),
        (replace(ON_BEAT, previous=None), G4, F4, BEAT_DISSONANCE_COST),
        (
            replace(ON_BEAT, previous=np.array([A4, 0, 0, E4]), beat_before=OFF_BEAT.previous),
            A4,
            D4,
            PARALLEL_COST // 2,
        ),
    ],
)
def test_counterpoint_costs(situation: Situation, given: int, own: int, expected: int) -> None:
    assert cost(situation, given, own) == expected


def test_equal_candidates_stay_in_models_order() -> None:
    frames = np.array([[[A4, 0, 0, D4], [A4, 0, 0, F4], [A4, 0, 0, C4]]])
    assert best_for_given(OFF_BEAT, frames).tolist() == [1]
    assert best_for_given(OFF_BEAT, frames[:, 1:]).tolist() == [0]


def shares_of(*pitches: int) -> np.ndarray:
    shares = np.zeros(47, np.float32)
    shares[list(pitches)] = 1 / len(pitches)
    return shares


def test_voice_for_unknown_note_suits_most_notes() -> None:
    frames = np.array([[A4, 0, 0, D4], [C5, 0, 0, F4], [G4, 0, 0, E4], [G4, 0, 0, 0]])
    assert best_for_unknown(ON_BEAT, frames, shares_of(A4, C5, G4)) in (1, 2)
    assert best_for_unknown(ON_BEAT, frames[[3, 0]], shares_of(A4, C5, G4)) == 1


def test_voice_for_unknown_note_risks_no_parallel() -> None:
    frames = np.array([[G4, 0, 0, D4], [G4, 0, 0, C4]])
    assert best_for_unknown(OFF_BEAT, frames, shares_of(A4, F4, G4, E4)) == 1


def test_plan_for_one_voice_has_a_row_for_no_note() -> None:
    request = replace(request_for(FRAME, FRAME), only_voice=3)
    rows = plan(Planner(MixingNet(), CHAIN), request).rows
    usual = plan(Planner(MixingNet(), CHAIN), replace(request, only_voice=-1)).rows
    assert [row[0] for row in rows] == [0, *(row[0] for row in usual)]
    assert rows[0][1] == request.held
    assert rows[0][4] > 0


def test_plan_for_one_voice_avoids_parallels() -> None:
    for seed in range(8):
        request = replace(request_for(FRAME), only_voice=3, seed=seed, style=replace(REQUEST.style, rules=frozenset()))
        costs = [
            cost(Situation(np.array(FRAME[:4]), None, 0, 3, 1, 1), row[1], row[4])
            for row in plan(Planner(MixingNet(), CHAIN), request).rows[1:]
        ]
        assert max(costs, default=0) <= PARALLEL_COST
