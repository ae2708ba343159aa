"""Frames survive a pipe that cuts them anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.engine.ports import frames

FRAMES = st.lists(st.tuples(st.sampled_from([b"M", b"C", b"R", b"?"]), st.binary(max_size=300)), max_size=8)


@given(FRAMES, st.lists(st.integers(1, 40), max_size=200))
def test_frames_are_read_whole_however_they_are_cut(sent: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    stream = b"".join(frames.encode_frame(kind, payload) for kind, payload in sent)
    reader, received = frames.FrameReader(), []
    for size in cuts:
        received += reader.feed(stream[:size])
        stream = stream[size:]
    received += reader.feed(stream)
    assert received == sent


@given(st.integers(0, 2**62), st.binary(max_size=3))
def test_arrival_keeps_its_time(at_ns: int, data: bytes) -> None:
    [(kind, payload)] = frames.FrameReader().feed(frames.encode_arrival(at_ns, data))
    assert (kind, frames.decode_arrival(payload)) == (frames.MIDI, (at_ns, data))


def test_too_long_payload_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        frames.encode_frame(frames.REPORT, b"x" * (frames.MAX_PAYLOAD + 1))
