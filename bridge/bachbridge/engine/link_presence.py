"""Other programs with Ableton Link on the network, found without taking part.

A program with Link multicasts a presence message four times a second (ableton/discovery in Link's published source,
https://github.com/Ableton/link). Whoever switches Link on later adopts the tempo that is already there. A program that
has no tempo of its own to propose must therefore not be there first: it listens until it hears somebody else, and joins
a moment later.
"""

import socket
import struct
import sys

_GROUP, _PORT = "224.76.78.75", 20808
_PROTOCOL = b"_asdp_v\x01"
_ALIVE = 1
"""The type of a presence message; it is the byte after the protocol's name."""
_MAX_MESSAGE_SIZE = 512
_MAX_MESSAGES = 100
"""Messages read at a time: a flood must not keep the thread busy for ever."""
_SETTLING_NS = 700_000_000
"""Time between the first presence message and joining. Link lets the older of two sessions set the tempo if their ages
differ by more than half a second."""
_PRESENCE_NS = 5_000_000_000
"""A program that was silent for this long has gone."""
_REOPEN_NS = 10_000_000_000
"""The socket is opened anew after this time, since network interfaces come and go."""


class PresenceListener:
    """Listens on all network interfaces while it is open. Used on one thread; no method blocks."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._opened_ns = 0
        self._first_ns: int | None = None
        """When the first of the programs that are there now was found."""
        self._last_ns = 0
        """When a program was last found."""

    def hears_others(self, now_ns: int) -> bool:
        """Return True if another program has had Link on for a while; the first call opens the socket.

        Also True if listening is impossible here: then the only way to find others is to join.
        """
        if self._first_ns is not None and now_ns - self._last_ns > _PRESENCE_NS:
            self._first_ns = None
        if self._first_ns is None and now_ns - self._opened_ns > _REOPEN_NS:
            self.close()
        if self._socket is None:
            self._socket, self._opened_ns = _open_socket(), now_ns
        if self._socket is None:
            return True
        if _receive_presence(self._socket):
            self._last_ns = now_ns
            self._first_ns = now_ns if self._first_ns is None else self._first_ns
        return self._first_ns is not None and self._last_ns - self._first_ns >= _SETTLING_NS

    def close(self) -> None:
        """Stop listening, and forget who was there."""
        self._first_ns = None
        if self._socket:
            self._socket.close()
            self._socket = None


def is_presence_message(data: bytes) -> bool:
    """Return True if the datagram says that a program has Link on."""
    return data.startswith(_PROTOCOL) and data[len(_PROTOCOL) : len(_PROTOCOL) + 1] == bytes([_ALIVE])


def _open_socket() -> socket.socket | None:
    """Return a socket that receives Link's multicasts; None if no network interface can receive any."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "darwin":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("", _PORT))
        joined = [index for index, _ in socket.if_nameindex() if _join_group(listener, index)]
    except OSError:
        joined = []
    if joined:
        return listener
    listener.close()
    return None


def _join_group(listener: socket.socket, interface_index: int) -> bool:
    try:
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, _membership(interface_index))
    except OSError:
        return False
    return True


def _membership(interface_index: int) -> bytes:
    """Return the structure by which the operating system knows Link's group on a network interface."""
    group = socket.inet_aton(_GROUP)
    if sys.platform == "win32":
        return struct.pack("!4sI", group, interface_index)
    return struct.pack("@4s4si", group, bytes(4), interface_index)


def _receive_presence(listener: socket.socket) -> bool:
    """Read what has arrived; return True if a presence message was among it."""
    found = False
    for _ in range(_MAX_MESSAGES):
        try:
            found |= is_presence_message(listener.recv(_MAX_MESSAGE_SIZE))
        except BlockingIOError:
            break
        except OSError:
            # Windows reports a datagram that is too long, and any system an interface that has gone.
            continue
    return found
