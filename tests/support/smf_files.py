"""MIDI files put together byte by byte, with headers and lengths that need not be right."""

import struct

TICKS = 480


def header(tracks: int, kind: int = 1, division: int = TICKS, size: int = 6, extra: bytes = b"") -> bytes:
    """Return a header chunk that states these numbers, right or wrong."""
    return struct.pack(">4sLHHH", b"MThd", size, kind, tracks, division) + extra


def track(body: bytes, size: int | None = None) -> bytes:
    """Return a track chunk that states `size` bytes (None: the right number)."""
    return struct.pack(">4sL", b"MTrk", len(body) if size is None else size) + body
