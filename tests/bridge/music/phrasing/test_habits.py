"""The player's rhythm and register as nats."""

import numpy as np

from bachbridge.music.frames import UNKNOWN, pitch_index
from bachbridge.music.phrasing.habits import Habits, player_habits

C5 = pitch_index(72)


def melody(*pitches: int, steps: int) -> np.ndarray:
    frames = np.full((steps * len(pitches), 4), UNKNOWN, np.int32)
    frames[:, 0] = np.repeat([pitch_index(pitch) for pitch in pitches], steps)
    return frames


def habits_of(frames: np.ndarray, *, struck_every: int = 0) -> Habits:
    """Return the habits of frames in which every new note has an onset, or every so many steps one."""
    onsets = np.zeros(frames.shape, bool)
    onsets[0] = True
    onsets[1:] = frames[1:] != frames[:-1]
    if struck_every:
        onsets[::struck_every, 0] = True
    return player_habits(frames, onsets, 0, 16)


def test_repeated_notes_are_struck_as_the_player_does() -> None:
    repeating = habits_of(melody(72, 74, 76, 77, steps=16), struck_every=2)
    holding = habits_of(melody(72, 74, 76, 77, 76, steps=16))
    assert repeating.strikes_again(0, 2, otherwise=False)
    assert not repeating.strikes_again(0, 3, otherwise=True)
    assert not holding.strikes_again(0, 4, otherwise=True)
    assert [repeating.strikes_again(1, 4, otherwise=known) for known in (True, False)] == [True, False]


def test_sixteenths_of_the_player_are_taken_up() -> None:
    fast = habits_of(melody(*(72, 74, 76, 77) * 16, steps=1))
    slow = habits_of(melody(*(72, 74, 76, 77) * 4, steps=4))
    assert fast.motion[0].min() > 0
    assert fast.motion[0, 1::2].min() > 3
    assert np.abs(slow.motion[0]).max() < 3
    assert slow.motion[0, 1::4].max() <= 0


def test_syncopations_fall_where_the_player_had_them() -> None:
    frames = melody(*(72, 74, 76, 77, 76, 74) * 6, steps=4)
    early = habits_of(np.roll(frames, -2, axis=0))
    assert early.motion[0, 2::4].min() > 1
    assert early.motion[0, 0::4].max() < 0


def test_habits_keep_to_the_players_register() -> None:
    register = habits_of(melody(*(79, 77, 76, 77) * 4, steps=4)).register[0]
    assert register[pitch_index(77)] == register[pitch_index(80)] == 0
    assert register[pitch_index(69)] < register[pitch_index(72)] < 0


def test_voices_that_are_not_given_have_no_habits() -> None:
    habits = habits_of(melody(72, 74, steps=8))
    assert not habits.motion[1:].any()
    assert not habits.register[1:].any()
    assert not habits.nats_at(3, (C5, C5, C5, C5))[1:].any()


def test_nats_at_moves_the_voice_from_where_it_is() -> None:
    habits = habits_of(melody(*(72, 74, 76, 77) * 16, steps=1))
    nats = habits.nats_at(17, (C5, 0, 0, 0))
    assert nats[0, C5] < -3 < nats[0, C5 + 2]
