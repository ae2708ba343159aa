"""Tests for assigning a player's phrase to voices, and for the network's feature ids."""

import numpy as np

from bachbridge.codecs import satb
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Frame, midi_pitch, pitch_index
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.voice_assignment import GivenFrames, frames_from_phrase


def row(prompt: GivenFrames, step: int) -> list[int]:
    """Return the pitches at a step; -1 where nothing is given, 0 for a rest."""
    return [midi_pitch(index) if index > REST else index for index in prompt.pitch_indices[step].tolist()]


def test_melody_becomes_the_soprano_alone() -> None:
    prompt = frames_from_phrase(Phrase((Note(0, 4, 67), Note(4, 4, 69)), 8))
    assert prompt.shift == 0
    assert [row(prompt, step) for step in (0, 4)] == [[67, -1, -1, -1], [69, -1, -1, -1]]
    assert prompt.onsets[:, 0].nonzero()[0].tolist() == [0, 4]


def test_low_line_becomes_the_bass() -> None:
    prompt = frames_from_phrase(Phrase((Note(0, 4, 43), Note(4, 4, 48)), 8))
    assert row(prompt, 0) == [UNKNOWN, UNKNOWN, UNKNOWN, 43]


def test_high_melody_moves_by_octaves() -> None:
    prompt = frames_from_phrase(Phrase((Note(0, 4, 91), Note(4, 4, 93)), 8))
    assert prompt.shift % 12 == 0
    assert 60 <= 91 + prompt.shift <= 81
    assert row(prompt, 0)[0] == 91 + prompt.shift


def test_short_gaps_close_and_long_silence_is_a_rest() -> None:
    prompt = frames_from_phrase(Phrase((Note(0, 1, 67), Note(4, 1, 69), Note(16, 4, 71)), 20))
    soprano = prompt.pitch_indices[:, 0].tolist()
    assert soprano[:4] == [pitch_index(67)] * 4
    assert soprano[4:6] == [pitch_index(69), REST]
    assert prompt.onsets[:, 0].nonzero()[0].tolist() == [0, 4, 16]


def test_chord_is_assigned_to_voices_without_fifth_note() -> None:
    chord = tuple(Note(0, 4, pitch) for pitch in (48, 52, 60, 64, 72))
    assert row(frames_from_phrase(Phrase(chord, 4)), 0) == [72, 64, 60, 48]
    assert row(frames_from_phrase(Phrase(chord[2:], 4)), 0) == [72, 64, UNKNOWN, 60]


def test_four_voices_stay_as_written() -> None:
    notes = tuple(Note(0, 4, pitch, voice=voice) for voice, pitch in enumerate((72, 67, 64, 48)))
    assert row(frames_from_phrase(Phrase(notes, 4)), 0) == [72, 67, 64, 48]


def test_every_keyboard_pitch_has_a_pitch_index() -> None:
    notes = tuple(Note(pitch % 32, 1 + pitch % 3, pitch) for pitch in range(128))
    prompt = frames_from_phrase(Phrase(notes, 32))
    assert prompt.pitch_indices.min() >= UNKNOWN
    assert prompt.pitch_indices.max() < PITCH_INDEX_COUNT


def test_feature_ids_step_by_step_equal_whole_piece() -> None:
    rng = np.random.default_rng(3)
    pitch_indices = np.repeat(rng.integers(0, PITCH_INDEX_COUNT, (30, 4)), rng.integers(1, 20, 30), axis=0).astype(
        np.int32
    )
    onsets = rng.random(pitch_indices.shape) < 0.2
    onsets[0] = True
    onsets[1:] |= pitch_indices[1:] != pitch_indices[:-1]
    onsets &= pitch_indices > REST
    position = (12 + np.arange(len(pitch_indices))) % 16
    bars = np.full(len(pitch_indices), 16)
    whole = satb.feature_ids(pitch_indices, onsets, position.astype(np.int32), bars.astype(np.int32))
    context = satb.FrameContext(position=12, steps_per_bar=16)
    for step, (row_indices, row_onsets) in enumerate(zip(pitch_indices.tolist(), onsets.tolist(), strict=True)):
        assert (context.feature_ids()[0] == whole[step]).all(), step
        context = context.after(Frame(tuple(row_indices), tuple(row_onsets)))
    assert whole.max() < satb.TABLE_ROWS


def test_previous_pitch_indices_come_from_the_ids() -> None:
    frame = Frame((37, REST, 25, 13), (True, False, True, True))
    assert satb.previous_pitch_indices(satb.FrameContext().after(frame).feature_ids()).tolist() == [
        list(frame.pitch_indices)
    ]
