"""From keys to a phrase: what is held, what is struck twice, and what happens to a very long one."""

import pytest

from bachbridge.engine.answering.phrase_recorder import MAX_PHRASE_STEPS, PhraseRecorder
from bachbridge.engine.tempo.tracker import TempoTracker

MS = 1_000_000
STEP_NS = 125 * MS
"""At 120 bpm."""


def play(take: PhraseRecorder, step: int, pitch: int, steps: int = 4, velocity: int = 80) -> None:
    take.note_on(step * STEP_NS, pitch, velocity)
    take.note_off((step + steps) * STEP_NS - 10 * MS, pitch)


def test_a_held_note_lasts_until_now() -> None:
    take = PhraseRecorder(TempoTracker(120.0, None))
    take.note_on(0, 60, 80)
    phrase = take.to_phrase(6 * STEP_NS, 16)
    assert [(note.start, note.length) for note in phrase.notes] == [(0, 6)]
    assert phrase.steps == 8
    assert take.silent_since_ns is None


def test_a_key_struck_twice_without_release_is_two_notes() -> None:
    take = PhraseRecorder(TempoTracker(120.0, None))
    take.note_on(0, 60, 80)
    take.note_on(4 * STEP_NS, 60, 90)
    take.note_off(8 * STEP_NS, 60)
    phrase = take.to_phrase(8 * STEP_NS, 16)
    assert [(note.start, note.length, note.velocity) for note in phrase.notes] == [(0, 4, 80), (4, 4, 90)]
    assert take.silent_since_ns == 8 * STEP_NS


def test_of_two_notes_on_one_step_and_key_the_louder_stays() -> None:
    take = PhraseRecorder(TempoTracker(120.0, None))
    play(take, 0, 60, 4)
    take.note_on(4 * STEP_NS, 62, 50)
    take.note_off(4 * STEP_NS + 10 * MS, 62)
    take.note_on(4 * STEP_NS + 20 * MS, 62, 99)
    take.note_off(8 * STEP_NS, 62)
    notes = take.to_phrase(8 * STEP_NS, 16).notes
    assert [(note.start, note.velocity) for note in notes] == [(0, 80), (4, 99)]


def test_a_phrase_cut_to_its_steps_loses_what_begins_later() -> None:
    take = PhraseRecorder(TempoTracker(120.0, None))
    for step in (0, 4, 8):
        play(take, step, 60 + step)
    phrase = take.to_phrase(12 * STEP_NS, 16, steps=6)
    assert [(note.start, note.end) for note in phrase.notes] == [(0, 4), (4, 6)]


@pytest.mark.parametrize(("length", "heard"), [(1, 1), (2, 2), (3, 4), (7, 8)])
def test_a_long_note_that_is_lifted_just_before_the_end_that_was_set_lasts_until_then(length: int, heard: int) -> None:
    take = PhraseRecorder(TempoTracker(120.0, None))
    play(take, 0, 60, length)
    assert [note.length for note in take.to_phrase(20 * STEP_NS, 16, steps=length + 1).notes] == [heard]
    assert [note.length for note in take.to_phrase(20 * STEP_NS, 16, steps=length + 2).notes] == [length]
    assert [note.length for note in take.to_phrase(20 * STEP_NS, 16).notes] == [length]


@pytest.mark.parametrize("bpm", [120.0, 0.0])
def test_a_very_long_phrase_keeps_its_end_and_its_bar_lines(bpm: float) -> None:
    take = PhraseRecorder(TempoTracker(bpm, 120.0))
    for index in range(5000):
        play(take, 2 * index, 60 + index % 7, 2)
    assert take.tempo_tracker.steps[-1] == 2 * 4999
    assert take.grid.time_of(10_000) == pytest.approx(10_000 * STEP_NS, abs=STEP_NS // 4)
    phrase = take.to_phrase(10_000 * STEP_NS, 16)
    assert MAX_PHRASE_STEPS - 16 <= phrase.steps <= MAX_PHRASE_STEPS
    assert phrase.notes[0].start < 16
    assert phrase.notes[-1].end == phrase.steps
    assert len(take.key_presses) <= 2048
