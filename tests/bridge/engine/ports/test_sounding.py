"""Whatever was sent, the silencing messages end it."""

from hypothesis import given
from hypothesis import strategies as st

from bachbridge.engine.ports.sounding import SoundingNotes
from bachbridge.midi import messages as midi
from tests.support.simulated_receiver import Receiver

CHANNELS, PITCHES = st.integers(0, 15), st.integers(0, 127)
MESSAGES = st.one_of(
    st.builds(midi.note_on, CHANNELS, PITCHES, st.integers(0, 127)),
    st.builds(midi.note_off, CHANNELS, PITCHES),
    st.builds(midi.control_change, CHANNELS, st.just(midi.SUSTAIN), st.integers(0, 127)),
    st.binary(max_size=4),
)


@given(st.lists(MESSAGES, max_size=60))
def test_nothing_sounds_after_the_silencing_messages(sent: list[bytes]) -> None:
    sounding, receiver = SoundingNotes(), Receiver()
    for data in sent:
        match midi.decode(data):
            case midi.NoteOn(channel, pitch) if (channel, pitch) in receiver.sounding:
                continue
            case _:
                sounding.add_sent(data)
                receiver.receive(data)
    for data in sounding.silencing_messages():
        receiver.receive(data)
    assert not receiver.sounding
    assert not receiver.pedals


def test_clock_that_runs_is_stopped() -> None:
    sounding = SoundingNotes()
    assert sounding.silencing_messages() == []
    sounding.add_sent(midi.START)
    assert sounding.silencing_messages() == [midi.STOP]
    sounding.add_sent(midi.STOP)
    assert sounding.silencing_messages() == []
