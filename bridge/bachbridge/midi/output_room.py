"""The room in rtmidi's buffer for JACK.

rtmidi copies each message into a buffer of 16 KB, which JACK empties once in a period. When it is full, rtmidi waits
without end and without letting go of the interpreter's lock: if the server stands still, or a flood comes, so does this
process. The buffer cannot be asked, so the bytes are counted that may still be in it.
"""

import time
from collections import deque
from collections.abc import Callable

from bachbridge.midi.jack import elapsed_frames

_HEADER_BYTES = 4
"""rtmidi writes the length of each message before it."""
_MAX_BYTES, _MAX_ESSENTIAL_BYTES = 8192, 14336
"""The rest of the buffer is for messages that end something."""
_MIN_AGE_NS = 50_000_000
_EMPTYING_PERIODS = 3
"""After so many periods and so long, the server has emptied the buffer, even if this process waited for a processor."""


class OutputRoom:
    """Bytes that may be in the buffer. Used on one thread at a time."""

    __slots__ = ("_bytes", "_frame_clock", "_sent")

    def __init__(self, frame_clock: Callable[[], tuple[int, int]]) -> None:
        """`frame_clock` returns the first frame (32 bits) of the server's present period, and the period's length."""
        self._frame_clock = frame_clock
        self._sent: deque[tuple[int, int, int]] = deque()
        """Frame, time and size of the messages that may be in the buffer."""
        self._bytes = 0

    def reserve(self, size: int, *, is_essential: bool) -> bool:
        """Return True if a message of `size` bytes has room, and count it; essential ones have more."""
        frame, period = self._frame_clock()
        now_ns = time.monotonic_ns()
        while self._sent and self._is_out(self._sent[0], frame, period, now_ns):
            self._bytes -= self._sent.popleft()[2]
        size += _HEADER_BYTES
        if self._bytes + size > (_MAX_ESSENTIAL_BYTES if is_essential else _MAX_BYTES):
            return False
        self._sent.append((frame, now_ns, size))
        self._bytes += size
        return True

    @staticmethod
    def _is_out(sent: tuple[int, int, int], frame: int, period: int, now_ns: int) -> bool:
        is_emptied = elapsed_frames(sent[0], frame) >= _EMPTYING_PERIODS * period
        return is_emptied and now_ns - sent[1] >= _MIN_AGE_NS
