"""The count of bytes that rtmidi's buffer for JACK may hold."""

from types import SimpleNamespace

import pytest

from bachbridge.midi import output_room
from bachbridge.midi.output_room import OutputRoom

BUFFER_BYTES, MESSAGE_BYTES = 16_384, 7
"""rtmidi's buffer, and what a message of three bytes takes in it."""


def reserved(room: OutputRoom, *, is_essential: bool) -> int:
    """Return how many messages of three bytes have room."""
    count = 0
    while count < BUFFER_BYTES and room.reserve(3, is_essential=is_essential):
        count += 1
    return count


def test_room_ends_while_the_server_stands_still() -> None:
    room = OutputRoom(lambda: (4711, 64))
    notes, endings = reserved(room, is_essential=False), reserved(room, is_essential=True)
    assert notes > 500
    assert endings > 500
    assert (notes + endings) * MESSAGE_BYTES < BUFFER_BYTES


def test_room_comes_back_when_periods_and_time_have_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    frames, now_ns = [(1 << 32) - 64], [0]
    monkeypatch.setattr(output_room, "time", SimpleNamespace(monotonic_ns=lambda: now_ns[0]))
    room = OutputRoom(lambda: (frames[0], 64))
    first = reserved(room, is_essential=False)
    frames[0], now_ns[0] = (frames[0] + 128) % (1 << 32), 1_000_000_000
    assert reserved(room, is_essential=False) == 0, "two periods are too few, however long they take"
    frames[0], now_ns[0] = frames[0] + 10_000, 10_000_000
    assert reserved(room, is_essential=False) == 0, "ten milliseconds are too few, however many periods they have"
    now_ns[0] = 50_000_000
    assert reserved(room, is_essential=False) == first
