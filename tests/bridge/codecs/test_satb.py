"""From a keyboard player's phrase to four voices, and what the network is told."""

import numpy as np

from bachbridge.codecs import satb
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Frame, midi_pitch, pitch_index
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.voice_assignment import GivenFrames, frames_from_phrase


def row(prompt: GivenFrames, step: int) -> list[int]:
    """Pitches at a step; -1 where nothing is given, 0 for a rest."""
    return [midi_pitch(c) if c > REST else c for c in prompt.pitch_indices[step].tolist()]


def test_a_melody_is_the_soprano_and_leaves_the_others_open() -> None:
    prompt = frames_from_phrase(Phrase((Note(0, 4, 67), Note(4, 4, 69)), 8))
    assert prompt.shift == 0
    assert [row(prompt, step) for step in (0, 4)] == [[67, -1, -1, -1], [69, -1, -1, -1]]
    assert prompt.onsets[:, 0].nonzero()[0].tolist() == [0, 4]


def test_a_low_line_is_a_bass() -> None:
    prompt = frames_from_phrase(Phrase((Note(0, 4, 43), Note(4, 4, 48)), 8))
    assert row(prompt, 0) == [UNKNOWN, UNKNOWN, UNKNOWN, 43]


def test_a_high_melody_is_moved_by_octaves() -> None:
    prompt = frames_from_phrase(Phrase((Note(0, 4, 91), Note(4, 4, 93)), 8))
    assert prompt.shift % 12 == 0
    assert 60 <= 91 + prompt.shift <= 81
    assert row(prompt, 0)[0] == 91 + prompt.shift


def test_staccato_is_closed_and_a_long_silence_is_a_rest() -> None:
    prompt = frames_from_phrase(Phrase((Note(0, 1, 67), Note(4, 1, 69), Note(16, 4, 71)), 20))
    soprano = prompt.pitch_indices[:, 0].tolist()
    assert soprano[:4] == [pitch_index(67)] * 4
    assert soprano[4:6] == [pitch_index(69), REST]
    assert prompt.onsets[:, 0].nonzero()[0].tolist() == [0, 4, 16]


def test_a_chord_is_spread_over_the_voices_and_a_fifth_note_left_out() -> None:
    chord = tuple(Note(0, 4, pitch) for pitch in (48, 52, 60, 64, 72))
    assert row(frames_from_phrase(Phrase(chord, 4)), 0) == [72, 64, 60, 48]
    assert row(frames_from_phrase(Phrase(chord[2:], 4)), 0) == [72, 64, UNKNOWN, 60]


def test_four_voices_are_taken_as_they_are() -> None:
    notes = tuple(Note(0, 4, pitch, voice=voice) for voice, pitch in enumerate((72, 67, 64, 48)))
    assert row(frames_from_phrase(Phrase(notes, 4)), 0) == [72, 67, 64, 48]


def test_anything_on_the_keyboard_finds_a_class() -> None:
    notes = tuple(Note(pitch % 32, 1 + pitch % 3, pitch) for pitch in range(128))
    prompt = frames_from_phrase(Phrase(notes, 32))
    assert prompt.pitch_indices.min() >= UNKNOWN
    assert prompt.pitch_indices.max() < PITCH_INDEX_COUNT


def test_walking_tells_the_network_the_same_as_the_whole_piece_at_once() -> None:
    rng = np.random.default_rng(3)
    classes = np.repeat(rng.integers(0, PITCH_INDEX_COUNT, (30, 4)), rng.integers(1, 20, 30), axis=0).astype(np.int32)
    struck = rng.random(classes.shape) < 0.2
    struck[0] = True
    struck[1:] |= classes[1:] != classes[:-1]
    struck &= classes > REST
    position = (12 + np.arange(len(classes))) % 16
    bars = np.full(len(classes), 16)
    whole = satb.feature_ids(classes, struck, position.astype(np.int32), bars.astype(np.int32))
    context = satb.FrameContext(position=12, steps_per_bar=16)
    for step, (row_classes, row_struck) in enumerate(zip(classes.tolist(), struck.tolist(), strict=True)):
        assert (context.feature_ids()[0] == whole[step]).all(), step
        context = context.after(Frame(tuple(row_classes), tuple(row_struck)))
    assert whole.max() < satb.TABLE_ROWS


def test_the_frame_before_can_be_read_from_the_ids() -> None:
    frame = Frame((37, REST, 25, 13), (True, False, True, True))
    assert satb.previous_pitch_indices(satb.FrameContext().after(frame).feature_ids()).tolist() == [
        list(frame.pitch_indices)
    ]
