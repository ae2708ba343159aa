"""An ask as a task on a canvas, and the filled canvas as notes: for whatever a player or another program may say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.inference.runtime.ask_canvas import TASKS, AskCanvas, build_ask_canvas
from bachbridge.music.frames import LOWEST_PITCH, REST, pitch_index
from bachbridge.music.notes import VOICE_RANGES, VOICES, Note, Phrase
from bachbridge.music.voice_assignment import frames_from_phrase
from bachbridge.protocol.effects import Ask
from bachbridge.protocol.events import Answer
from bachbridge.protocol.wire import dumps, loads

STEPS = 20
MS = 1_000_000


def notes(voices: st.SearchStrategy[int]) -> st.SearchStrategy[list[Note]]:
    return st.lists(
        st.builds(
            Note,
            st.integers(0, STEPS + 4),
            st.integers(0, STEPS),
            st.integers(0, 127),
            st.integers(0, 127),
            voices,
            st.integers(-40, 40).map(lambda ms: ms * MS),
        ),
        max_size=10,
    )


def sorted_phrase(played: list[Note], steps: int, bar: int, position: int | None) -> Phrase:
    return Phrase(tuple(sorted(played, key=lambda note: (note.start, note.pitch))), steps, bar, position)


PHRASES = st.builds(
    sorted_phrase,
    st.one_of(notes(st.just(0)), notes(st.integers(0, 3))),
    st.integers(0, STEPS),
    st.sampled_from([1, 12, 16, 20, 64]),
    st.none() | st.integers(0, 70),
)
ASKS = st.builds(
    lambda task, phrase, steps, seed, key: Ask(
        1, task, "m", phrase, steps if task == "continue" else phrase.steps, 1.0, 0.9, seed, key
    ),
    st.sampled_from(TASKS),
    PHRASES,
    st.integers(0, 40),
    st.integers(0, 1 << 31),
    st.integers(-1, 23),
)


def filled(task: AskCanvas, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The canvas with chance notes of every voice's range in its open cells."""
    rng = np.random.default_rng(seed)
    low, high = np.array(VOICE_RANGES).T
    drawn = rng.integers(low, high + 1, task.canvas.pitch_indices.shape) - LOWEST_PITCH + 1
    classes = np.where(task.canvas.masked, drawn, task.canvas.pitch_indices).astype(np.int32)
    struck = np.where(task.canvas.masked, rng.random(classes.shape) < 1 / 2, task.canvas.onsets)
    return classes, struck


def told(ask: Ask, seed: int = 0) -> tuple[Note, ...]:
    task = build_ask_canvas(ask)
    return task.answer_notes(*filled(task, seed))


def heard(note: Note) -> tuple[int, int, int, int, int]:
    """All of a note but its voice."""
    return note.start, note.length, note.pitch, note.velocity, note.offset_ns


@given(ASKS, st.integers(0, 5))
def test_whatever_is_asked_the_canvas_fits_and_its_notes_can_be_played(ask: Ask, seed: int) -> None:
    task = build_ask_canvas(ask)
    shape = task.canvas.pitch_indices.shape
    assert shape == (task.answer_step + ask.steps, len(VOICES))
    assert task.canvas.onsets.shape == shape
    assert len(task.canvas.place) == len(task.canvas.logit_mask) == len(task.canvas.pitch_indices)
    assert not (task.canvas.onsets & (task.canvas.pitch_indices <= REST)).any(), "only what is sung is struck"
    open_ = task.canvas.masked
    assert (task.canvas.logit_mask[open_].max(axis=1, initial=-np.inf) > -np.inf).all(), "there is a way to fill it"
    answer = task.answer_notes(*filled(task, seed))
    message = Answer(1, answer, ask.steps, final=True)
    assert loads(dumps(message)) == message
    assert [note.start for note in answer] == sorted(note.start for note in answer)
    drawn = [note for note in answer if note not in task.kept_notes]
    assert all(1 <= note.length <= ask.steps - note.start for note in drawn), "none goes on after the answer's end"
    assert ask.task != "continue" or not task.kept_notes


@given(ASKS)
def test_what_is_kept_is_note_for_note_what_was_played(ask: Ask) -> None:
    task = build_ask_canvas(ask)
    played = [heard(note) for note in ask.prompt.notes if note.start < ask.prompt.steps]
    kept = [heard(note) for note in task.kept_notes]
    answered = [heard(note) for note in told(ask)]
    assert all(answered.count(note) >= kept.count(note) for note in kept)
    if ask.task == "harmonize":
        assert sorted(kept) == sorted(played)
    elif ask.task == "vary":
        assert all(played.count(note) >= kept.count(note) for note in kept)
        assert kept[:1] == played[:1]
        assert kept[-1:] == played[-1:]
        assert len(kept) == len(played) - -(-max(0, len(played) - 2) // 2)


@given(ASKS)
def test_a_note_that_is_kept_has_its_cells(ask: Ask) -> None:
    task = build_ask_canvas(replace(ask, task="vary", steps=ask.prompt.steps))
    whole = build_ask_canvas(replace(ask, task="harmonize", steps=ask.prompt.steps))
    opened = task.canvas.masked & ~whole.canvas.masked
    shift = (
        frames_from_phrase(replace(ask.prompt, notes=whole.kept_notes)).shift
        if not any(n.voice for n in ask.prompt.notes)
        else 0
    )
    for note in task.kept_notes:
        alone = [other for other in whole.kept_notes if (other.start, other.voice) == (note.start, note.voice)] == [
            note
        ]
        given_ = whole.canvas.pitch_indices[note.start, note.voice]
        if alone and given_ == pitch_index(note.pitch + shift):
            assert not opened[note.start, note.voice], "nothing is drawn where it begins"


@given(ASKS)
def test_bar_lines_lie_where_the_network_is_told_they_do(ask: Ask) -> None:
    task = build_ask_canvas(ask)
    phrase = ask.prompt
    first = phrase.steps - task.answer_step if ask.task == "continue" else 0
    begun = (phrase.position or 0) + first
    expected = [step for step in range(len(task.canvas.pitch_indices)) if (begun + step) % phrase.steps_per_bar == 0]
    assert [*task.bar_lines] == expected
    if phrase.position is not None:
        assert (task.canvas.place[expected, 1] == 1).all()


@pytest.mark.parametrize("seed", range(8))
def test_a_fifth_note_of_a_chord_is_varied_without_the_others(seed: int) -> None:
    """It has no voice of its own: the cells where it would lie are another note's."""
    chord = tuple(Note(0, 4, pitch) for pitch in (48, 55, 62, 65, 72))
    ask = Ask(1, "vary", "m", Phrase((*chord, Note(4, 4, 71)), 8), 8, 1.0, 0.9, seed)
    task = build_ask_canvas(ask)
    for voice in range(len(VOICES)):
        kept = [note for note in task.kept_notes if note.voice == voice and note.start == 0]
        given_ = task.canvas.pitch_indices[0, voice]
        written = build_ask_canvas(replace(ask, task="harmonize")).canvas.pitch_indices[0, voice]
        if any(pitch_index(note.pitch) == written for note in kept):
            assert given_ == written
