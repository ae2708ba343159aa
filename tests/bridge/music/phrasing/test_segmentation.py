"""The likeliest division into phrases is that of trying all of them."""

from itertools import combinations

import numpy as np
import pytest

from bachbridge.music.frames import Floats, Ints
from bachbridge.music.phrasing.segmentation import likeliest_ends, log_odds_of_ends


def distance(first: int, notes: Ints) -> Ints:
    return notes - first


def nats(logits: Floats, ends: tuple[int, ...]) -> float:
    total, first = 0.0, 0
    for note in range(len(logits)):
        own = logits[note, note - first]
        total -= np.logaddexp(0, -own if note in ends else own)
        first = note + 1 if note in ends else first
    return total


def all_divisions(count: int) -> list[tuple[int, ...]]:
    return [(*ends, count - 1) for size in range(count) for ends in combinations(range(count - 1), size)]


@pytest.mark.parametrize("seed", range(4))
def test_likeliest_ends_are_those_of_all_divisions(seed: int) -> None:
    logits = log_odds_of_ends(np.random.default_rng(seed).normal(0, 2, (7, 7)), ())
    divisions = all_divisions(7)
    weights = np.array([nats(logits, ends) for ends in divisions])
    assert likeliest_ends(logits, distance) == divisions[int(weights.argmax())]


def test_likeliest_ends_keep_forced_notes_and_hear_hints() -> None:
    logits = np.full((6, 6), -3.0)
    assert likeliest_ends(log_odds_of_ends(logits, ()), distance) == (5,)
    assert likeliest_ends(log_odds_of_ends(logits, (1,), {3: 4.0, 4: 2.0}), distance) == (1, 3, 5)


def test_likeliest_ends_cut_what_is_too_long() -> None:
    logits = log_odds_of_ends(np.full((250, 1), -3.0), ())
    ends = likeliest_ends(logits, lambda _, notes: np.zeros_like(notes))
    assert ends[-1] == 249
    assert max(np.diff([-1, *ends])) <= 96
