"""From keys to a phrase: held keys, keys that are pressed twice, and very long phrases."""

import pytest

from bachbridge.engine.answering.phrase_recorder import MAX_PHRASE_STEPS, PhraseRecorder
from bachbridge.engine.tempo.tracker import TempoTracker

MS = 1_000_000
STEP_NS = 125 * MS
"""At 120 bpm."""


def play(recorder: PhraseRecorder, step: int, pitch: int, steps: int = 4, velocity: int = 80) -> None:
    recorder.note_on(step * STEP_NS, pitch, velocity)
    recorder.note_off((step + steps) * STEP_NS - 10 * MS, pitch)


def test_held_note_lasts_until_now() -> None:
    recorder = PhraseRecorder(TempoTracker(120.0, None))
    recorder.note_on(0, 60, 80)
    phrase = recorder.to_phrase(6 * STEP_NS, 16)
    assert [(note.start, note.length) for note in phrase.notes] == [(0, 6)]
    assert phrase.steps == 8
    assert recorder.silent_since_ns is None


def test_key_pressed_twice_without_release_is_two_notes() -> None:
    recorder = PhraseRecorder(TempoTracker(120.0, None))
    recorder.note_on(0, 60, 80)
    recorder.note_on(4 * STEP_NS, 60, 90)
    recorder.note_off(8 * STEP_NS, 60)
    phrase = recorder.to_phrase(8 * STEP_NS, 16)
    assert [(note.start, note.length, note.velocity) for note in phrase.notes] == [(0, 4, 80), (4, 4, 90)]
    assert recorder.silent_since_ns == 8 * STEP_NS


def test_louder_of_two_notes_on_one_step_is_kept() -> None:
    recorder = PhraseRecorder(TempoTracker(120.0, None))
    play(recorder, 0, 60, 4)
    recorder.note_on(4 * STEP_NS, 62, 50)
    recorder.note_off(4 * STEP_NS + 10 * MS, 62)
    recorder.note_on(4 * STEP_NS + 20 * MS, 62, 99)
    recorder.note_off(8 * STEP_NS, 62)
    notes = recorder.to_phrase(8 * STEP_NS, 16).notes
    assert [(note.start, note.velocity) for note in notes] == [(0, 80), (4, 99)]


def test_phrase_of_set_length_drops_later_notes() -> None:
    recorder = PhraseRecorder(TempoTracker(120.0, None))
    for step in (0, 4, 8):
        play(recorder, step, 60 + step)
    phrase = recorder.to_phrase(12 * STEP_NS, 16, steps=6)
    assert [(note.start, note.end) for note in phrase.notes] == [(0, 4), (4, 6)]


@pytest.mark.parametrize(("length", "expected"), [(1, 1), (2, 2), (3, 4), (7, 8)])
def test_long_note_released_early_lasts_until_set_end(length: int, expected: int) -> None:
    recorder = PhraseRecorder(TempoTracker(120.0, None))
    play(recorder, 0, 60, length)
    assert [note.length for note in recorder.to_phrase(20 * STEP_NS, 16, steps=length + 1).notes] == [expected]
    assert [note.length for note in recorder.to_phrase(20 * STEP_NS, 16, steps=length + 2).notes] == [length]
    assert [note.length for note in recorder.to_phrase(20 * STEP_NS, 16).notes] == [length]


@pytest.mark.parametrize("bpm", [120.0, 0.0])
def test_very_long_phrase_keeps_end_and_bar_lines(bpm: float) -> None:
    recorder = PhraseRecorder(TempoTracker(bpm, 120.0))
    for index in range(5000):
        play(recorder, 2 * index, 60 + index % 7, 2)
    assert recorder.tempo_tracker.steps[-1] == 2 * 4999
    assert recorder.grid.time_of(10_000) == pytest.approx(10_000 * STEP_NS, abs=STEP_NS // 4)
    phrase = recorder.to_phrase(10_000 * STEP_NS, 16)
    assert MAX_PHRASE_STEPS - 16 <= phrase.steps <= MAX_PHRASE_STEPS
    assert phrase.notes[0].start < 16
    assert 0 <= phrase.steps - phrase.notes[-1].end < 4
    assert len(recorder.key_presses) <= 2048
