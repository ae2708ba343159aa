"""Standard MIDI Files as bytes: cutting a file into chunks, walking a track's events, rewriting a user's track.

A file is one chunk `MThd` (format, number of tracks, division) and chunks `MTrk` of events, each event preceded by the
ticks since the one before (MIDI Manufacturers Association, Standard MIDI Files 1.0). Events are not interpreted here
beyond their length: channel messages and meta events are passed on with their data, system exclusive ones are skipped.
Running status continues across meta events, as many programs write it.

This module does what mido cannot: it reads other programs' files under limits, and it changes a user's file without
touching a byte that has not changed. New files are written by `midi_writer`.
"""

import struct
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

TRACK_NAME, END_OF_TRACK, TEMPO, TIME_SIGNATURE = 0x103, 0x12F, 0x151, 0x158
"""Statuses of the meta events that this program reads or writes: 0x100 plus the event's type."""
NOTE_OFF, NOTE_ON = 0x80, 0x90
END_OF_TRACK_EVENT = b"\x00\xff\x2f\x00"
"""The end of a track at the tick of its last event, with the delta time."""
_META, _SYSEX, _SYSEX_CONTINUED = 0xFF, 0xF0, 0xF7
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Data bytes of the system messages that have some; they belong into no file, and some files hold them."""
_RELEASE_VELOCITY = 64

NoteStart = tuple[int, int, int]
"""Tick, channel and pitch at which a note begins."""
TickNoteTuple = tuple[int, int, int, int, int]
"""Start and end in ticks, channel, pitch and velocity of a note."""


@dataclass(frozen=True, slots=True)
class TrackEvent:
    """One event at `tick`: a channel message (`status` below 0xf0) or a meta event (0x100 plus its type)."""

    tick: int
    status: int
    data: bytes


class SmfError(Exception):
    """The bytes are truncated or make no sense; `midi_reader` turns it into a `MidiFileError`."""


# ---------------------------------------------------------------- reading


def track_events(track: bytes) -> Iterator[TrackEvent]:
    """Yield a track's channel and meta events, up to its end-of-track event or its last byte; raises `SmfError`."""
    return (event for event, _, _ in _events_with_offsets(track))


def _events_with_offsets(track: bytes) -> Iterator[tuple[TrackEvent, int, int]]:
    """Yield each channel or meta event with the offsets of its first byte (after the delta time) and of its end."""
    return (placed for placed in walk_events(track) if not _SYSEX <= placed[0].status < 0x100)


def walk_events(track: bytes, at: int = 0) -> Iterator[tuple[TrackEvent, int, int]]:
    """Yield every event from the offset `at` on, with the offsets of its first byte (after the delta time) and its end.

    A system message has its first byte as its status. Raises `SmfError`.
    """
    tick = running = 0
    while at < len(track):
        delta, at = _read_variable_length(track, at)
        tick += delta
        begin = at
        (status,), after = _read_bytes(track, at, 1)
        if status == _META:
            (kind,), at = _read_bytes(track, after, 1)
            size, at = _read_variable_length(track, at)
            data, at = _read_bytes(track, at, size)
            yield TrackEvent(tick, 0x100 | kind, data), begin, at
            if kind == END_OF_TRACK & 0xFF:
                return
        elif status in {_SYSEX, _SYSEX_CONTINUED}:
            size, at = _read_variable_length(track, after)
            data, at = _read_bytes(track, at, size)
            yield TrackEvent(tick, status, data), begin, at
        elif status > _SYSEX:
            data, at = _read_bytes(track, after, _SYSTEM_DATA_BYTES.get(status, 0))
            yield TrackEvent(tick, status, data), begin, at
        else:
            if status >= 0x80:
                running, at = status, after
            if running & 0xF0 not in _DATA_BYTES:
                raise SmfError(f"no event begins with byte {running or status:#04x}")
            data, at = _read_bytes(track, at, _DATA_BYTES[running & 0xF0])
            yield TrackEvent(tick, running, data), begin, at


def _read_variable_length(data: bytes, at: int) -> tuple[int, int]:
    """Return the variable-length number of up to four bytes at `at`, and the offset after it."""
    value = 0
    for index in range(at, at + 4):
        if index >= len(data):
            raise SmfError("an event is cut off")
        value = value << 7 | data[index] & 0x7F
        if data[index] < 0x80:
            return value, index + 1
    raise SmfError("a length has more than four bytes")


def _read_bytes(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    if at + size > len(data):
        raise SmfError("an event is cut off")
    return data[at : at + size], at + size


# ---------------------------------------------------------------- rewriting a track


def is_damaged(event: TrackEvent) -> bool:
    """Return True if a channel message has data beyond 127, or the event is a message that belongs into no file."""
    if event.status >= _SYSEX:
        return _SYSEX_CONTINUED != event.status != _SYSEX and event.status < 0x100
    return max(event.data) > 0x7F


def mend_track(track: bytes, added: Iterable[tuple[int, bytes]] = ()) -> bytes:
    """Return the body of a track without damaged events, with others added at their ticks, and with an end.

    The added events come first at their ticks. Running status is written out. An event that is cut off ends the track.
    """
    events = [(tick, 0, event) for tick, event in added]
    last = 0
    try:
        for event, begin, end in walk_events(track):
            last = event.tick
            if event.status == END_OF_TRACK:
                break
            if not is_damaged(event):
                status = b"" if track[begin] >= 0x80 else bytes((event.status,))
                events.append((event.tick, 1, status + track[begin:end]))
    except SmfError:
        pass  # what came before the damage is kept
    events.sort(key=lambda item: item[:2])
    return encode_events([(tick, event) for tick, _, event in events], last)


def rename_track(track: bytes, name: str) -> bytes:
    """Return the body of a track with another name and every other byte unchanged."""
    event = meta_event(TRACK_NAME, name.encode())
    for old, begin, end in _events_with_offsets(track):
        if old.status == TRACK_NAME:
            return track[:begin] + event + track[end:]
    return b"\0" + event + track


def replace_notes(track: bytes, removed: Collection[NoteStart], added: Iterable[TickNoteTuple]) -> bytes:
    """Return the body of a track with some notes removed and others added, all other events and their ticks unchanged.

    A note-off ends the oldest note of its channel and pitch. Running status is written out. Among events of one tick,
    new note-offs come before the events that stay and new note-ons after them.
    """
    kept: list[tuple[int, int, bytes]] = []
    sounding: defaultdict[tuple[int, int], deque[bool]] = defaultdict(deque)
    end, last = len(track), 0
    for event, begin, end in walk_events(track):
        if event.status == END_OF_TRACK:
            last = event.tick
            break
        if not _is_of_removed_note(event, removed, sounding):
            status = b"" if track[begin] >= 0x80 else bytes((event.status,))
            kept.append((event.tick, 1, status + track[begin:end]))
    for start, stop, channel, pitch, velocity in added:
        kept.append((start, 2, bytes((NOTE_ON | channel, pitch, velocity))))
        kept.append((max(stop, start + 1), 0, bytes((NOTE_OFF | channel, pitch, _RELEASE_VELOCITY))))
    kept.sort(key=lambda item: item[:2])
    return encode_events([(tick, event) for tick, _, event in kept], last) + track[end:]


def _is_of_removed_note(
    event: TrackEvent, removed: Collection[NoteStart], sounding: defaultdict[tuple[int, int], deque[bool]]
) -> bool:
    """Return True if the event begins or ends a note in `removed`.

    `sounding` holds for each channel and pitch whether the notes that have begun and not yet ended are removed.
    """
    kind, channel = event.status & 0x1F0, event.status & 0x0F
    if kind not in {NOTE_ON, NOTE_OFF} or max(event.data) > 0x7F:
        return False
    pitch, velocity = event.data
    if kind == NOTE_ON and velocity:
        sounding[channel, pitch].append((event.tick, channel, pitch) in removed)
        return sounding[channel, pitch][-1]
    return bool(sounding[channel, pitch]) and sounding[channel, pitch].popleft()


# ---------------------------------------------------------------- encoding


def meta_event(status: int, data: bytes) -> bytes:
    """Encode a meta event without its delta time."""
    return bytes((_META, status & 0xFF)) + _encode_variable_length(len(data)) + data


def encode_events(events: Sequence[tuple[int, bytes]], end_tick: int = 0) -> bytes:
    """Encode the body of a track: events in the order of their ticks, then the track's end.

    The end is at `end_tick`, but never before the last event.
    """
    body, last_tick = bytearray(), 0
    for tick, event in [*events, (max(end_tick, events[-1][0] if events else 0), meta_event(END_OF_TRACK, b""))]:
        body += _encode_variable_length(tick - last_tick) + event
        last_tick = tick
    return bytes(body)


def encode_file(division: int, bodies: Sequence[bytes]) -> bytes:
    """Encode a file of format 1 from the bodies of its tracks."""
    return file_header(division, len(bodies)) + b"".join(track_header(len(body)) + body for body in bodies)


def file_header(division: int, track_count: int) -> bytes:
    """Encode the header chunk of a file of format 1."""
    return struct.pack(">4sLHHH", b"MThd", 6, 1, track_count, division)


def track_header(size: int) -> bytes:
    """Encode the header of a track chunk whose body has `size` bytes."""
    return struct.pack(">4sL", b"MTrk", size)


def _encode_variable_length(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))
