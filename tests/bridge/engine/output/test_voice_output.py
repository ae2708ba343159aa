"""MIDI notes of a voice under the settings."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bachbridge.engine.output.voice_output import output_note, player_channel
from bachbridge.settings import Settings


@given(
    st.integers(0, 3),
    st.integers(0, 127),
    st.integers(0, 127),
    st.tuples(*[st.integers(-3, 3)] * 4),
    st.integers(1, 400),
)
def test_output_note_is_always_valid_midi(
    voice: int, pitch: int, velocity: int, octaves: tuple[int, ...], percent: int
) -> None:
    output = output_note(replace(Settings(), octaves=octaves, levels=(percent,) * 4), voice, pitch, velocity)
    assert output
    channel, sounding, output_velocity = output
    assert channel == voice
    assert 0 <= sounding <= 127
    assert 1 <= output_velocity <= 127


def test_output_note_is_none_if_voice_is_off() -> None:
    assert output_note(replace(Settings(), harmony="sab"), 2, 60, 80) is None


@given(st.tuples(*[st.integers(1, 16)] * 4))
def test_player_channel_is_used_by_no_voice(channels: tuple[int, ...]) -> None:
    assert player_channel(replace(Settings(), channels=channels)) + 1 not in channels
