"""The count of bytes that rtmidi's buffer for JACK may hold."""

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


def test_room_comes_back_when_periods_have_passed() -> None:
    frames = [(1 << 32) - 64]
    room = OutputRoom(lambda: (frames[0], 64))
    first = reserved(room, is_essential=False)
    frames[0] = (frames[0] + 128) % (1 << 32)
    assert reserved(room, is_essential=False) == 0
    frames[0] += 10_000
    while not room.reserve(3, is_essential=False):
        pass  # a few hundredths of a second pass as well
    assert reserved(room, is_essential=False) == first - 1
