"""The binary frames between the engine and the process that owns its MIDI ports.

A frame is its kind (one byte), the length of its payload (four bytes, big-endian) and the payload. One that carries a
MIDI message is so short that the operating system writes it to a pipe as a whole or not at all.
"""

import struct
from collections.abc import Iterator

_HEADER = struct.Struct(">cI")
_TIME = struct.Struct(">q")
MAX_PAYLOAD = (1 << 20) - 1

MIDI = b"M"
"""To the ports: a MIDI message to send. From them: the time of arrival (ns, 8 bytes) and the message."""
CONFIGURE, CLOSE = b"C", b"Q"
"""To the ports: the configuration (JSON), and the request to close in good order."""
REPORT, LINKS, FAILED, CLIENT, SHED = b"R", b"L", b"F", b"N", b"S"
"""From the ports: a message of the protocol (JSON), the connections to restore (JSON), why none can be opened, the
program's name in the MIDI system, and how many notes were left out so far (digits)."""


def encode_frame(kind: bytes, payload: bytes = b"") -> bytes:
    """Return a frame; raises `ValueError` if the payload is longer than `MAX_PAYLOAD`."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a frame holds {MAX_PAYLOAD} bytes, not {len(payload)}")
    return _HEADER.pack(kind, len(payload)) + payload


def encode_arrival(at_ns: int, data: bytes) -> bytes:
    """Return the frame of a MIDI message that arrived at `at_ns`."""
    return encode_frame(MIDI, _TIME.pack(at_ns) + data)


def decode_arrival(payload: bytes) -> tuple[int, bytes]:
    """Return time (ns) and bytes of a MIDI message that arrived."""
    (at_ns,) = _TIME.unpack_from(payload)
    return at_ns, payload[_TIME.size :]


class FrameReader:
    """Frames from the blocks that a pipe delivers. Used on one thread."""

    __slots__ = ("_unread",)

    def __init__(self) -> None:
        self._unread = b""

    def feed(self, block: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield kind and payload of each frame that is complete with this block."""
        unread = self._unread + block
        place = 0
        while len(unread) - place >= _HEADER.size:
            kind, length = _HEADER.unpack_from(unread, place)
            end = place + _HEADER.size + length
            if end > len(unread):
                break
            yield kind, unread[place + _HEADER.size : end]
            place = end
        self._unread = unread[place:]
