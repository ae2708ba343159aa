"""The Standard MIDI File's own form: bytes ↔ chunks, and a track's bytes ↔ events at their ticks.

A file is a chunk `MThd` (format, number of tracks, division) and chunks `MTrk` of events, each preceded by the ticks
since the one before (MIDI Manufacturers Association, Standard MIDI Files 1.0). Events are not interpreted here beyond
their length: channel messages and meta events are handed on with their data, system exclusive ones stepped over.
Running status goes on through meta events, as many writers have it.
"""

import struct
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

TRACK_NAME, END_OF_TRACK, TEMPO, TIME_SIGNATURE = 0x103, 0x12F, 0x151, 0x158
"""Statuses of the meta events that this program reads or writes: 0x100 and the type."""
NOTE_OFF, NOTE_ON, PROGRAM_CHANGE = 0x80, 0x90, 0xC0
_META, _SYSEX, _SYSEX_MORE = 0xFF, 0xF0, 0xF7
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}

NoteStart = tuple[int, int, int]
"""Tick, channel and pitch at which a note begins."""
TickNoteTuple = tuple[int, int, int, int, int]
"""Start and end in ticks, channel, pitch and velocity of a note."""


@dataclass(frozen=True, slots=True)
class TrackEvent:
    """One event at `tick`: a channel message (`status` below 0xf0) or a meta event (0x100 and its type)."""

    tick: int
    status: int
    data: bytes


class SmfError(Exception):
    """The bytes end, or make no sense, in the middle of something; becomes a `MidiFileError` in `midifile`."""


def read_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each chunk of a file."""
    at = 0
    while at < len(data):
        if not data[at : at + 4].strip(b"\0") and at:
            return  # padding after the last chunk
        if at + 8 > len(data):
            raise SmfError("a chunk's head is cut off")
        name, size = struct.unpack_from(">4sL", data, at)
        at += 8 + size
        if at > len(data):
            raise SmfError(f"a chunk is {at - len(data)} bytes short")
        yield name, data[at - size : at]


def _read_variable_length(data: bytes, at: int) -> tuple[int, int]:
    """The variable-length number at `at`, of at most four bytes, and where the next thing begins."""
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


def track_events(track: bytes) -> Iterator[TrackEvent]:
    """The channel and meta events of one track, up to its end-of-track event or its last byte."""
    return (event for event, _, _ in _events_with_offsets(track))


def rename_track(track: bytes, name: str) -> bytes:
    """The body of a track with another name, all else byte for byte."""
    event = meta_event(TRACK_NAME, name.encode())
    for old, begin, end in _events_with_offsets(track):
        if old.status == TRACK_NAME:
            return track[:begin] + event + track[end:]
    return b"\0" + event + track


def replace_notes(track: bytes, removed: Collection[NoteStart], added: Iterable[TickNoteTuple]) -> bytes:
    """The body of a track without the notes that are `gone` and with others, all other events and their ticks as is.

    A note-off ends the oldest note of its channel and pitch. Running status is written out; where there are two
    events of one tick, new note-offs come before what stays and new note-ons after it.
    """
    kept: list[tuple[int, int, bytes]] = []
    sounding: defaultdict[tuple[int, int], deque[bool]] = defaultdict(deque)
    end, last = len(track), 0
    for event, begin, end in _all_events(track):
        if event.status == END_OF_TRACK:
            last = event.tick
            break
        if not _is_of_removed_note(event, removed, sounding):
            status = b"" if track[begin] >= 0x80 else bytes((event.status,))
            kept.append((event.tick, 1, status + track[begin:end]))
    for start, stop, channel, pitch, velocity in added:
        kept.append((start, 2, bytes((NOTE_ON | channel, pitch, velocity))))
        kept.append((max(stop, start + 1), 0, bytes((NOTE_OFF | channel, pitch, 64))))
    kept.sort(key=lambda item: item[:2])
    return _join_events([(tick, event) for tick, _, event in kept], last) + track[end:]


def _is_of_removed_note(
    event: TrackEvent, removed: Collection[NoteStart], sounding: defaultdict[tuple[int, int], deque[bool]]
) -> bool:
    """Whether the event begins or ends a note that is `gone`; `sounding` says so of all notes that have begun."""
    kind, channel = event.status & 0x1F0, event.status & 0x0F
    if kind not in {NOTE_ON, NOTE_OFF} or max(event.data) > 0x7F:
        return False
    pitch, velocity = event.data
    if kind == NOTE_ON and velocity:
        sounding[channel, pitch].append((event.tick, channel, pitch) in removed)
        return sounding[channel, pitch][-1]
    return bool(sounding[channel, pitch]) and sounding[channel, pitch].popleft()


def _events_with_offsets(track: bytes) -> Iterator[tuple[TrackEvent, int, int]]:
    """Each channel or meta event with where it begins, after its delta time, and where it ends."""
    return (placed for placed in _all_events(track) if placed[0].status not in {_SYSEX, _SYSEX_MORE})


def _all_events(track: bytes) -> Iterator[tuple[TrackEvent, int, int]]:
    """The same of all events; a system exclusive one has its first byte as its status."""
    at = tick = running = 0
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
        elif status in {_SYSEX, _SYSEX_MORE}:
            size, at = _read_variable_length(track, after)
            data, at = _read_bytes(track, at, size)
            yield TrackEvent(tick, status, data), begin, at
        else:
            if status >= 0x80:
                running, at = status, after
            if running & 0xF0 not in _DATA_BYTES:
                raise SmfError(f"byte {running or status:#04x} begins no event")
            data, at = _read_bytes(track, at, _DATA_BYTES[running & 0xF0])
            yield TrackEvent(tick, running, data), begin, at


def _encode_variable_length(value: int) -> bytes:
    """`value` as a variable-length number."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))


def meta_event(status: int, data: bytes) -> bytes:
    """A meta event without its time."""
    return bytes((_META, status & 0xFF)) + _encode_variable_length(len(data)) + data


def track_body(events: Iterable[tuple[int, bytes]]) -> bytes:
    """The body of a track: events at their ticks, sorted here (those at one tick stay in order), and its end."""
    return _join_events(sorted(events, key=lambda item: item[0]), 0)


def _join_events(events: Sequence[tuple[int, bytes]], end: int) -> bytes:
    """The events, and the track's end at the tick `end` or with the last of them."""
    last = events[-1][0] if events else 0
    return encode_events(events, 0) + _encode_variable_length(max(0, end - last)) + meta_event(END_OF_TRACK, b"")


def encode_events(events: Iterable[tuple[int, bytes]], last_tick: int) -> bytes:
    """Events in order of their ticks as a track has them, the one before them being at the tick `last`."""
    body = bytearray()
    for tick, event in events:
        body += _encode_variable_length(tick - last_tick) + event
        last_tick = tick
    return bytes(body)


def part_body(name: str, channel: int, program: int, notes: Iterable[tuple[int, int, int, int]]) -> bytes:
    """The body of a named track with a General MIDI program and notes (start and end in ticks, pitch, velocity)."""
    return track_body([*part_header_events(name, channel, program), *note_events(channel, notes)])


def part_header_events(name: str, channel: int, program: int) -> list[tuple[int, bytes]]:
    """With what a part's track begins: its name and its General MIDI program."""
    return [(0, meta_event(TRACK_NAME, name.encode())), (0, bytes((PROGRAM_CHANGE | channel, program)))]


def note_events(channel: int, notes: Iterable[tuple[int, int, int, int]]) -> list[tuple[int, bytes]]:
    """Notes (start and end in ticks, pitch, velocity) as events by their ticks.

    At one tick, note-offs come first: a repeated note sounds again. One that is repeated early ends early, or its
    note-off would end the other.
    """
    offs: list[tuple[int, bytes]] = []
    ons: list[tuple[int, bytes]] = []
    for start, end, pitch, velocity in _without_overlaps(list(notes)):
        ons.append((start, bytes((NOTE_ON | channel, pitch, velocity))))
        offs.append((max(end, start + 1), bytes((NOTE_OFF | channel, pitch, 64))))
    return sorted([*offs, *ons], key=lambda item: item[0])


def _without_overlaps(rows: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """The notes in their order, each ended at the latest where its pitch is struck again."""
    struck: dict[int, int] = {}
    for at in sorted(range(len(rows)), key=lambda at: rows[at][0], reverse=True):
        start, end, pitch, velocity = rows[at]
        following = struck.get(pitch, end)
        rows[at] = (start, min(end, following) if start < following else end, pitch, velocity)
        struck[pitch] = start
    return rows


def encode_file(division: int, bodies: Sequence[bytes]) -> bytes:
    """A whole file of format 1 with the bodies of its tracks."""
    return file_header(division, len(bodies)) + b"".join(track_header(len(body)) + body for body in bodies)


def file_header(division: int, tracks: int) -> bytes:
    """What comes before the tracks of a file of format 1."""
    return struct.pack(">4sLHHH", b"MThd", 6, 1, tracks, division)


def track_header(size: int) -> bytes:
    """What comes before the `size` bytes of a track's body."""
    return struct.pack(">4sL", b"MTrk", size)


def end_of_track() -> bytes:
    """With what a track's body ends, at the tick of its last event."""
    return _encode_variable_length(0) + meta_event(END_OF_TRACK, b"")
