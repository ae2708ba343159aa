"""Answers of the chorale generator, with a small network made of arithmetic."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from bachbridge.inference.chorale.generator import ChoraleGenerator
from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.notes import VOICE_RANGES, Note, Phrase, key_to_number
from bachbridge.music.tonality.key_names import parse_key
from bachbridge.protocol.effects import Ask, Feed
from bachbridge.protocol.events import Answer

TUNE = Phrase(tuple(Note(4 * i, 4, pitch, 60 + i) for i, pitch in enumerate((67, 69, 71, 72))), 16)
UNITS = 8


class ArithmeticNet:
    """A network whose state sums up the ids of its inputs, and whose logits depend on that sum."""

    def __init__(self) -> None:
        self.steps = self.head_calls = 0

    def initial_state(self) -> np.ndarray:
        return np.zeros((2, 1, UNITS), np.float32)

    def core(self, ids: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.steps += 1
        after = (state * 0.9 + np.sin(ids.sum() * np.arange(1, UNITS + 1))).astype(np.float32)
        return after[0], after

    def heads(self, hidden: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.head_calls += 1
        seed = np.abs(hidden).sum() + known.sum()
        indices = np.arange(4 * PITCH_INDEX_COUNT).reshape(1, 4, PITCH_INDEX_COUNT)
        logits = np.sin(seed * indices).astype(np.float32) * 3
        return np.repeat(logits, len(known), axis=0), np.full((len(known), 4), -1.0, np.float32)


def make_generator() -> ChoraleGenerator:
    return ChoraleGenerator(ArithmeticNet(), (0, 3, 1, 2))


def make_ask(prompt: Phrase = TUNE, steps: int = 16, seed: int = 5) -> Ask:
    return Ask(3, "continue", "arithmetic", prompt, steps, 1.0, 0.95, seed)


def generate_notes(ask: Ask) -> list[Note]:
    return notes_of(list(make_generator().generate(ask)))


def notes_of(answers: Sequence[Answer | None]) -> list[Note]:
    """Return the notes of all parts; a longer note replaces a shorter one."""
    last = {(note.voice, note.start): note for answer in answers if answer for note in answer.notes}
    return sorted(last.values(), key=lambda note: (note.start, note.voice))


def test_generate_depends_on_the_ask_and_not_on_earlier_feeds() -> None:
    fed, fresh = make_generator(), make_generator()
    for steps in (3, 8, 5, 16):
        part = tuple(note for note in TUNE.notes if note.start < steps)
        fed.feed(Feed("arithmetic", Phrase(part, steps), 5))
    assert list(fed.generate(make_ask())) == list(fresh.generate(make_ask()))
    assert list(fresh.generate(make_ask(seed=6))) != list(fresh.generate(make_ask()))


def test_generate_needs_no_step_for_a_phrase_already_fed() -> None:
    net = ArithmeticNet()
    warm = ChoraleGenerator(net, (0, 3, 1, 2))
    warm.feed(Feed("arithmetic", TUNE, 5))
    before = net.steps
    next(iter(warm.generate(make_ask())))
    assert net.steps == before


def test_generate_fills_four_voices_within_their_ranges() -> None:
    answers = list(make_generator().generate(make_ask()))
    assert [answer.until for answer in answers if answer] == [1, 4, 8, 12, 16]
    assert [answer.final for answer in answers if answer] == [False] * 4 + [True]
    notes = notes_of(answers)
    for voice, (low, high) in enumerate(VOICE_RANGES):
        line = [note for note in notes if note.voice == voice]
        assert sum(note.length for note in line) == 16
        assert all(low <= note.pitch <= high for note in line)
        assert all(then.start == now.end for now, then in pairwise(line))


def test_generate_gives_notes_the_players_dynamics() -> None:
    notes = generate_notes(make_ask())
    assert {note.velocity for note in notes} <= set(range(50, 75))
    assert len({note.velocity for note in notes}) > 1


def test_generate_answers_a_high_melody_in_its_octave() -> None:
    high = Phrase(tuple(Note(n.start, n.length, n.pitch + 24, n.velocity) for n in TUNE.notes), TUNE.steps)
    low, up = (
        generate_notes(make_ask()),
        notes_of(list(make_generator().generate(make_ask(high)))),
    )
    assert [note.pitch - 24 for note in up] == [note.pitch for note in low]


def test_generate_makes_pitches_outside_the_set_key_rarer() -> None:
    def count_outside(key: str, scale: set[int]) -> int:
        number = key_to_number(parse_key(key))
        answers = [generate_notes(replace(make_ask(seed=seed), key=number)) for seed in range(3)]
        return sum(note.pitch % 12 not in scale for notes in answers for note in notes)

    flats = {pitch % 12 for pitch in (61, 63, 65, 66, 68, 70, 72)}
    assert count_outside("Db", flats) * 3 < count_outside("C", flats) * 2
    assert count_outside("Db", flats) * 3 < count_outside("auto", flats) * 2


def test_generate_harmony_keeps_the_players_line() -> None:
    *steps, answer = make_generator().generate(replace(make_ask(), task="harmonize"))
    assert not any(steps)
    assert len(steps) == TUNE.steps, "the work can be interrupted after each step"
    assert isinstance(answer, Answer)
    assert tuple(note for note in answer.notes if note.voice == 0) == TUNE.notes
    assert {note.voice for note in answer.notes} == {0, 1, 2, 3}
    assert (answer.until, answer.final) == (16, True)


def last_chord(notes: list[Note], steps: int) -> dict[int, Note]:
    """Return the notes, by voice, that sound at the end."""
    return {note.voice: note for note in notes if note.end == steps}


def test_cadence_ends_on_a_held_tonic_after_its_dominant() -> None:
    for seed in range(4):
        notes = generate_notes(replace(make_ask(steps=32, seed=seed), close="cadence", key=key_to_number((2, False))))
        chord = last_chord(notes, 32)
        assert {note.start for note in chord.values()} == {24}
        assert chord[3].pitch % 12 == 2
        assert {note.pitch % 12 for note in chord.values()} <= {2, 6, 9}
        before = {note.pitch % 12 for note in notes if note.start <= 20 < note.end}
        assert before <= {9, 1, 4, 7}


def test_open_close_ends_on_the_dominant() -> None:
    notes = generate_notes(replace(make_ask(steps=32), close="open", key=key_to_number((2, False))))
    chord = last_chord(notes, 32)
    assert chord[3].pitch % 12 == 9
    assert {note.pitch % 12 for note in chord.values()} <= {9, 1, 4}


def test_close_of_a_very_short_answer_is_its_tonic() -> None:
    for steps in (1, 2, 4, 5):
        notes = generate_notes(replace(make_ask(steps=steps), close="cadence", key=key_to_number((2, False))))
        assert {note.pitch % 12 for note in last_chord(notes, steps).values()} <= {2, 6, 9}


def test_idle_work_draws_the_first_frame_ahead() -> None:
    net = ArithmeticNet()
    ready = ChoraleGenerator(net, (0, 3, 1, 2))
    ready.feed(Feed("arithmetic", TUNE, 5))
    assert not ready.idle_work()
    calls = net.head_calls
    ask = replace(make_ask(steps=64), temperature=0.9)
    assert next(iter(ready.generate(ask))) == next(iter(make_generator().generate(ask)))
    assert net.head_calls == calls
    assert next(iter(ready.generate(replace(ask, seed=6)))) == next(
        iter(make_generator().generate(replace(ask, seed=6)))
    )
