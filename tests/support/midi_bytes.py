"""Tracks of raw MIDI events, for files that mido would not write."""

from collections.abc import Iterable

from bachbridge.files.smf import encode_events


def track_body(events: Iterable[tuple[int, bytes]]) -> bytes:
    """Encode events at their ticks, in any order (those of one tick stay in order), as the body of a track chunk."""
    return encode_events(sorted(events, key=lambda event: event[0]))
