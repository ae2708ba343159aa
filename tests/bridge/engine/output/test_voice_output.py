"""How a voice sounds as it is set."""

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
def test_whatever_is_set_can_be_sent(
    voice: int, pitch: int, velocity: int, octaves: tuple[int, ...], percent: int
) -> None:
    as_sent = output_note(replace(Settings(), octaves=octaves, levels=(percent,) * 4), voice, pitch, velocity)
    assert as_sent
    channel, sounding, loud = as_sent
    assert channel == voice
    assert 0 <= sounding <= 127
    assert 1 <= loud <= 127


def test_a_voice_that_is_off_is_not_sent() -> None:
    assert output_note(replace(Settings(), harmony="sab"), 2, 60, 80) is None


@given(st.tuples(*[st.integers(1, 16)] * 4))
def test_the_players_channel_is_no_voices(channels: tuple[int, ...]) -> None:
    assert player_channel(replace(Settings(), channels=channels)) + 1 not in channels
