"""The player's rhythm and register as nats."""

import numpy as np

from bachbridge.music.frames import UNKNOWN, pitch_index
from bachbridge.music.phrasing.habits import player_habits

C5 = pitch_index(72)


def melody(*pitches: int, steps: int) -> np.ndarray:
    frames = np.full((steps * len(pitches), 4), UNKNOWN, np.int32)
    frames[:, 0] = np.repeat([pitch_index(pitch) for pitch in pitches], steps)
    return frames


def test_sixteenths_of_the_player_are_taken_up() -> None:
    fast = player_habits(melody(*(72, 74, 76, 77) * 16, steps=1), 0, 16)
    slow = player_habits(melody(*(72, 74, 76, 77) * 4, steps=4), 0, 16)
    assert fast.motion[0].min() > 0
    assert fast.motion[0, 1::2].min() > 3
    assert np.abs(slow.motion[0]).max() < 3
    assert slow.motion[0, 1::4].max() <= 0


def test_syncopations_fall_where_the_player_had_them() -> None:
    frames = melody(*(72, 74, 76, 77, 76, 74) * 6, steps=4)
    early = player_habits(np.roll(frames, -2, axis=0), 0, 16)
    assert early.motion[0, 2::4].min() > 1
    assert early.motion[0, 0::4].max() < 0


def test_habits_keep_to_the_players_register() -> None:
    register = player_habits(melody(*(79, 77, 76, 77) * 4, steps=4), 0, 16).register[0]
    assert register[pitch_index(77)] == register[pitch_index(80)] == 0
    assert register[pitch_index(69)] < register[pitch_index(72)] < 0


def test_voices_that_are_not_given_have_no_habits() -> None:
    habits = player_habits(melody(72, 74, steps=8), 0, 16)
    assert not habits.motion[1:].any()
    assert not habits.register[1:].any()
    assert not habits.nats_at(3, (C5, C5, C5, C5))[1:].any()


def test_nats_at_moves_the_voice_from_where_it_is() -> None:
    habits = player_habits(melody(*(72, 74, 76, 77) * 16, steps=1), 0, 16)
    nats = habits.nats_at(17, (C5, 0, 0, 0))
    assert nats[0, C5] < -3 < nats[0, C5 + 2]
