"""Drawing: from logits, and along a phrase with a small network made of arithmetic."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.inference.chorale.generator import ChoraleGenerator
from bachbridge.inference.runtime.sampling import sample_nucleus
from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.notes import VOICE_RANGES, Note, Phrase, key_to_number, parse_key
from bachbridge.protocol.effects import Ask, Feed
from bachbridge.protocol.events import Answer

TUNE = Phrase(tuple(Note(4 * i, 4, pitch, 60 + i) for i, pitch in enumerate((67, 69, 71, 72))), 16)
UNITS = 8


class Arithmetic:
    """A network whose state sums up the ids that it was shown, and whose logits depend on that sum."""

    def __init__(self) -> None:
        self.steps = 0

    def initial_state(self) -> np.ndarray:
        return np.zeros((2, 1, UNITS), np.float32)

    def core(self, ids: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.steps += 1
        after = (state * 0.9 + np.sin(ids.sum() * np.arange(1, UNITS + 1))).astype(np.float32)
        return after[0], after

    def heads(self, hidden: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seed = np.abs(hidden).sum() + known.sum()
        classes = np.arange(4 * PITCH_INDEX_COUNT).reshape(1, 4, PITCH_INDEX_COUNT)
        logits = np.sin(seed * classes).astype(np.float32) * 3
        return np.repeat(logits, len(known), axis=0), np.full((len(known), 4), -1.0, np.float32)


def model() -> ChoraleGenerator:
    return ChoraleGenerator(Arithmetic(), (0, 3, 1, 2))


def ask(prompt: Phrase = TUNE, steps: int = 16, seed: int = 5) -> Ask:
    return Ask(3, "continue", "arithmetic", prompt, steps, 1.0, 0.95, seed)


def notes_of(answers: Sequence[Answer | None]) -> list[Note]:
    """The notes at the end, a longer one in place of a shorter."""
    last = {(note.voice, note.start): note for answer in answers if answer for note in answer.notes}
    return sorted(last.values(), key=lambda note: (note.start, note.voice))


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=20), st.floats(0.1, 2), st.floats(0.05, 1), st.integers(0, 99))
def test_only_the_nucleus_is_drawn(logits: list[float], temperature: float, top_p: float, seed: int) -> None:
    values = np.array(logits, np.float32)
    drawn = sample_nucleus(values, temperature, top_p, np.random.default_rng(seed))
    weights = np.exp((values - values.max()) / temperature)
    likelier = weights[weights > weights[drawn]].sum() / weights.sum()
    assert likelier <= top_p + 1e-5


def test_what_is_forbidden_is_never_drawn() -> None:
    values = np.array([-np.inf, 0.0, -np.inf, 0.0], np.float32)
    rng = np.random.default_rng(0)
    assert {sample_nucleus(values, 1.0, 1.0, rng) for _ in range(50)} == {1, 3}


def test_shares_follow_the_probabilities() -> None:
    rng = np.random.default_rng(1)
    values = np.log(np.array([0.5, 0.3, 0.2], np.float32))
    counts = np.bincount([sample_nucleus(values, 1.0, 1.0, rng) for _ in range(4000)], minlength=3)
    assert counts / 4000 == pytest.approx([0.5, 0.3, 0.2], abs=0.03)


def test_the_same_ask_gets_the_same_answer_fed_or_not() -> None:
    fed, fresh = model(), model()
    for steps in (3, 8, 5, 16):
        part = tuple(note for note in TUNE.notes if note.start < steps)
        fed.feed(Feed("arithmetic", Phrase(part, steps), 5))
    assert list(fed.generate(ask())) == list(fresh.generate(ask()))
    assert list(fresh.generate(ask(seed=6))) != list(fresh.generate(ask()))


def test_a_phrase_that_was_fed_costs_no_step_before_the_first_note() -> None:
    network = Arithmetic()
    warm = ChoraleGenerator(network, (0, 3, 1, 2))
    warm.feed(Feed("arithmetic", TUNE, 5))
    before = network.steps
    next(iter(warm.generate(ask())))
    assert network.steps == before


def test_the_answer_fills_its_steps_in_four_voices_within_their_ranges() -> None:
    answers = list(model().generate(ask()))
    assert [answer.until for answer in answers if answer] == [1, 4, 8, 12, 16]
    assert [answer.final for answer in answers if answer] == [False] * 4 + [True]
    notes = notes_of(answers)
    for voice, (low, high) in enumerate(VOICE_RANGES):
        line = [note for note in notes if note.voice == voice]
        assert sum(note.length for note in line) == 16
        assert all(low <= note.pitch <= high for note in line)
        assert all(then.start == now.end for now, then in pairwise(line))


def test_notes_carry_the_players_dynamics() -> None:
    notes = notes_of(list(model().generate(ask())))
    assert {note.velocity for note in notes} <= set(range(50, 75))
    assert len({note.velocity for note in notes}) > 1


def test_a_melody_two_octaves_up_is_answered_up_there() -> None:
    high = Phrase(tuple(Note(n.start, n.length, n.pitch + 24, n.velocity) for n in TUNE.notes), TUNE.steps)
    low, up = notes_of(list(model().generate(ask()))), notes_of(list(model().generate(ask(high))))
    assert [note.pitch - 24 for note in up] == [note.pitch for note in low]


def test_a_key_that_is_set_makes_other_pitches_rarer() -> None:
    def foreign(key: str, scale: set[int]) -> int:
        number = key_to_number(parse_key(key))
        told = [notes_of(list(model().generate(replace(ask(seed=seed), key=number)))) for seed in range(12)]
        return sum(note.pitch % 12 not in scale for notes in told for note in notes)

    flats = {pitch % 12 for pitch in (61, 63, 65, 66, 68, 70, 72)}
    assert foreign("Db", flats) * 2 < foreign("C", flats)
    assert foreign("Db", flats) * 2 < foreign("auto", flats)


def test_a_phrase_in_four_voices_keeps_the_players_line() -> None:
    *steps, answer = model().generate(replace(ask(), task="harmonize"))
    assert not any(steps)
    assert len(steps) == TUNE.steps, "it can be put aside after each step"
    assert isinstance(answer, Answer)
    assert tuple(note for note in answer.notes if note.voice == 0) == TUNE.notes
    assert {note.voice for note in answer.notes} == {0, 1, 2, 3}
    assert (answer.until, answer.final) == (16, True)
