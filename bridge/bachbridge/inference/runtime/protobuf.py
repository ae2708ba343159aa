"""The wire format of Protocol Buffers: the fields of one message, and nothing of what they mean.

Source: "Encoding", developers.google.com/protocol-buffers. A message is a sequence of fields; a field is a number with
a wire type, followed by a varint, 4 or 8 bytes, or a length and as many bytes. Groups, which are out of use and could
be nested, are refused.
"""

from collections.abc import Iterator

_MAX_VARINT_BYTES = 10

FieldValue = int | memoryview
"""A number, or the bytes of a text, a message or a list of packed numbers."""


class WireFormatError(ValueError):
    """The bytes are no message."""


class FieldReader:
    """Reads messages, and messages in them, until they have had `max_fields` fields together."""

    __slots__ = ("_remaining",)

    def __init__(self, max_fields: int) -> None:
        self._remaining = max_fields

    def fields(self, message: memoryview) -> Iterator[tuple[int, FieldValue]]:
        """Yield the number and the value of each field; raises `WireFormatError`. The bytes are not copied."""
        for field in _message_fields(message):
            self._remaining -= 1
            if self._remaining < 0:
                raise WireFormatError("it has too many parts")
            yield field


def _message_fields(message: memoryview) -> Iterator[tuple[int, FieldValue]]:
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, wire_type = key >> 3, key & 7
        match wire_type:
            case 0:
                value, position = _varint(message, position)
                yield number, value
                continue
            case 2:
                length, position = _varint(message, position)
            case 1:
                length = 8
            case 5:
                length = 4
            case _:
                raise WireFormatError(f"a field has the wire type {wire_type}")
        if length > len(message) - position:
            raise WireFormatError("a field is longer than the message")
        yield number, message[position : position + length]
        position += length


def packed_varints(value: FieldValue, max_count: int) -> list[int]:
    """Return the numbers of a repeated field, packed or single; raises `WireFormatError` if there are too many."""
    if isinstance(value, int):
        return [value]
    numbers: list[int] = []
    position = 0
    while position < len(value):
        if len(numbers) == max_count:
            raise WireFormatError("a list of numbers is too long")
        number, position = _varint(value, position)
        numbers.append(number)
    return numbers


def signed(number: int) -> int:
    """Return a varint as the 64-bit integer that it stands for."""
    return number - (1 << 64) if number >> 63 else number


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Return the number that begins at the position, and the position after it."""
    number = 0
    for index, byte in enumerate(message[position : position + _MAX_VARINT_BYTES]):
        number |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return number & (1 << 64) - 1, position + index + 1
    raise WireFormatError("a number does not end")
