"""An ask becomes a canvas, and the filled canvas notes, for any input of a player or another program."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.inference.runtime.ask_canvas import TASKS, AskCanvas, build_ask_canvas
from bachbridge.music.frames import LOWEST_PITCH, REST, pitch_index
from bachbridge.music.notes import VOICE_RANGES, VOICES, Note, Phrase
from bachbridge.music.phrasing.close_plan import CLOSES
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
    lambda task, phrase, steps, seed, key, close: Ask(
        1, task, "m", phrase, steps if task == "continue" else phrase.steps, 1.0, 0.9, seed, key, close=close
    ),
    st.sampled_from(TASKS),
    PHRASES,
    st.integers(0, 40),
    st.integers(0, 1 << 31),
    st.integers(-1, 23),
    st.sampled_from(CLOSES),
)


def fill_randomly(ask_canvas: AskCanvas, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `pitch_indices` and `onsets` with random notes of each voice's range in the masked cells."""
    rng = np.random.default_rng(seed)
    low, high = np.array(VOICE_RANGES).T
    drawn = rng.integers(low, high + 1, ask_canvas.canvas.pitch_indices.shape) - LOWEST_PITCH + 1
    pitch_indices = np.where(ask_canvas.canvas.masked, drawn, ask_canvas.canvas.pitch_indices).astype(np.int32)
    onsets = np.where(ask_canvas.canvas.masked, rng.random(pitch_indices.shape) < 1 / 2, ask_canvas.canvas.onsets)
    return pitch_indices, onsets


def answer_to(ask: Ask, seed: int = 0) -> tuple[Note, ...]:
    ask_canvas = build_ask_canvas(ask)
    return ask_canvas.answer_notes(*fill_randomly(ask_canvas, seed))


def without_voice(note: Note) -> tuple[int, int, int, int, int]:
    """Return the fields of a note except its voice."""
    return note.start, note.length, note.pitch, note.velocity, note.offset_ns


@given(ASKS, st.integers(0, 5))
def test_build_ask_canvas_fits_any_ask_and_gives_valid_notes(ask: Ask, seed: int) -> None:
    ask_canvas = build_ask_canvas(ask)
    canvas = ask_canvas.canvas
    assert canvas.pitch_indices.shape == (ask_canvas.answer_step + ask.steps, len(VOICES))
    assert canvas.onsets.shape == canvas.pitch_indices.shape
    assert len(canvas.place) == len(canvas.logit_mask) == len(canvas.pitch_indices)
    assert not (canvas.onsets & (canvas.pitch_indices <= REST)).any(), "only sounding cells have onsets"
    best_logits = canvas.logit_mask[canvas.masked].max(axis=1, initial=-np.inf)
    assert (best_logits > -np.inf).all(), "each masked cell allows some pitch"
    answer = ask_canvas.answer_notes(*fill_randomly(ask_canvas, seed))
    message = Answer(1, answer, ask.steps, final=True)
    assert loads(dumps(message)) == message
    assert [note.start for note in answer] == sorted(note.start for note in answer)
    drawn = [note for note in answer if note not in ask_canvas.kept_notes]
    assert all(1 <= note.length <= ask.steps - note.start for note in drawn), "no note lasts beyond the answer's end"
    assert ask.task != "continue" or not ask_canvas.kept_notes


@given(ASKS)
def test_kept_notes_come_back_exactly_as_played(ask: Ask) -> None:
    ask_canvas = build_ask_canvas(ask)
    played = [without_voice(note) for note in ask.prompt.notes if note.start < ask.prompt.steps]
    kept = [without_voice(note) for note in ask_canvas.kept_notes]
    answered = [without_voice(note) for note in answer_to(ask)]
    assert all(answered.count(note) >= kept.count(note) for note in kept)
    if ask.task == "harmonize":
        assert sorted(kept) == sorted(played)
    elif ask.task == "vary":
        assert all(played.count(note) >= kept.count(note) for note in kept)
        assert kept[:1] == played[:1]
        assert kept[-1:] == played[-1:]
        assert len(kept) == len(played) - -(-max(0, len(played) - 2) // 2)


@given(ASKS)
def test_build_ask_canvas_leaves_kept_notes_unmasked(ask: Ask) -> None:
    ask_canvas = build_ask_canvas(replace(ask, task="vary", steps=ask.prompt.steps))
    unerased = build_ask_canvas(replace(ask, task="harmonize", steps=ask.prompt.steps))
    erased = ask_canvas.canvas.masked & ~unerased.canvas.masked
    shift = (
        frames_from_phrase(replace(ask.prompt, notes=unerased.kept_notes)).shift
        if not any(n.voice for n in ask.prompt.notes)
        else 0
    )
    for note in ask_canvas.kept_notes:
        beginning_together = [
            other for other in unerased.kept_notes if (other.start, other.voice) == (note.start, note.voice)
        ]
        cell = unerased.canvas.pitch_indices[note.start, note.voice]
        if beginning_together == [note] and cell == pitch_index(note.pitch + shift):
            assert not erased[note.start, note.voice], "the cell where a kept note begins is given"


@given(ASKS)
def test_bar_lines_agree_with_the_place_features(ask: Ask) -> None:
    ask_canvas = build_ask_canvas(ask)
    phrase = ask.prompt
    first = phrase.steps - ask_canvas.answer_step if ask.task == "continue" else 0
    first_position = (phrase.position or 0) + first
    steps = range(len(ask_canvas.canvas.pitch_indices))
    expected = [step for step in steps if (first_position + step) % phrase.steps_per_bar == 0]
    assert [*ask_canvas.bar_lines] == expected
    if phrase.position is not None:
        assert (ask_canvas.canvas.place[expected, 1] == 1).all()


@pytest.mark.parametrize("seed", range(8))
def test_vary_erases_a_fifth_note_without_the_others(seed: int) -> None:
    """A fifth note has no voice of its own: its cells belong to another note."""
    chord = tuple(Note(0, 4, pitch) for pitch in (48, 55, 62, 65, 72))
    ask = Ask(1, "vary", "m", Phrase((*chord, Note(4, 4, 71)), 8), 8, 1.0, 0.9, seed)
    ask_canvas = build_ask_canvas(ask)
    for voice in range(len(VOICES)):
        kept = [note for note in ask_canvas.kept_notes if note.voice == voice and note.start == 0]
        cell = ask_canvas.canvas.pitch_indices[0, voice]
        given_cell = build_ask_canvas(replace(ask, task="harmonize")).canvas.pitch_indices[0, voice]
        if any(pitch_index(note.pitch) == given_cell for note in kept):
            assert cell == given_cell
