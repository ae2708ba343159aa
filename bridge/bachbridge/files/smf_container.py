"""Cutting a MIDI file into tracks, however well its header and its lengths fit what is there.

A length that is off is told from a right one by what follows: a track ends where the file or the next chunk begins, or
else with its end-of-track event. A header may be longer or shorter than six bytes, count too few or too many tracks,
and stand inside another container (RIFF, MacBinary). Each oddity is a clause of the warning that the user gets; a track
that is damaged is kept up to the damage, and its body is made whole, so that the file can be written again.
"""

import struct
from dataclasses import dataclass

from bachbridge.files.smf import (
    END_OF_TRACK,
    END_OF_TRACK_EVENT,
    NOTE_OFF,
    NOTE_ON,
    SmfError,
    TrackEvent,
    is_damaged,
    mend_track,
    walk_events,
)

MAX_EVENTS = 250_000
MAX_NOTES = MAX_EVENTS // 2
MAX_TRACKS = 256
MAX_BEATS = 50_000
_HEADER, _TRACK = b"MThd", b"MTrk"
_HEADER_SIZE = 6
_MAX_BYTES_BEFORE = 1024
"""Bytes that may stand before the header; in a RIFF file it may stand anywhere."""
_STATUS_BYTES = bytes(range(128, 256))
_ALL_BUT_SYSTEM = bytes((*range(0xF1), 0xF7, 0xFF))


@dataclass(frozen=True, slots=True)
class SmfTrack:
    """A track: its channel and meta events, and the body of its chunk, whole."""

    events: tuple[TrackEvent, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class SmfContents:
    """A file's format, division and tracks, and a clause for each oddity, such as "3 bytes were left out"."""

    format: int
    division: int
    tracks: tuple[SmfTrack, ...]
    oddities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Limits of the notes of a track."""

    max_tick: int

    def check(self, tick: int, notes: int) -> None:
        """Raise `OverflowError` for a note-on or a note-off at `tick`, after so many notes of its track."""
        if tick > self.max_tick:
            raise OverflowError(f"over {MAX_BEATS} beats long")
        if notes > MAX_NOTES:
            raise OverflowError(f"over {MAX_NOTES:,} notes")


def holds_midi(data: bytes) -> bool:
    """Return True if the bytes hold a MIDI file, perhaps inside another container."""
    return _find_header(data) >= 0


def _find_header(data: bytes) -> int:
    return data.find(_HEADER, 0, len(data) if data.startswith(b"RIFF") else _MAX_BYTES_BEFORE)


def ticks_per_beat(division: int) -> int:
    """Return the ticks of a quarter note that a header states; with frames per second it is half a second."""
    if division & 0x8000:
        return max(1, (256 - (division >> 8)) * (division & 0xFF) // 2)
    return division


def parse_smf(data: bytes) -> SmfContents:
    """Cut a file into tracks; raises `SmfError` if there is none, `OverflowError` if it is too long."""
    oddities: list[str] = []
    begin = _find_header(data)
    if begin:
        oddities.append("it stands inside another container")
        data = _unwrap(data, begin)
    # A note has three bytes below 128, a system message one at least: what is over the limit is refused unread.
    if len(data.translate(None, _STATUS_BYTES)) + 2 * len(data.translate(None, _ALL_BUT_SYSTEM)) > 3 * MAX_EVENTS:
        raise OverflowError(f"over {MAX_EVENTS} events")
    if len(data) < 14:
        raise SmfError("its header is cut off")
    size, kind, count, division = struct.unpack_from(">LHHH", data, 4)
    if size != _HEADER_SIZE:
        oddities.append(f"its header states {size} bytes, and not {_HEADER_SIZE}")
    if division in {0, 0x8000} or (division & 0x8000 and not division & 0xFF):
        raise SmfError("its header states no ticks per beat")
    at = 8 + size if _is_boundary(data, 8 + size) else 14
    tracks, left_out = _cut_tracks(data, at, _Bounds(MAX_BEATS * ticks_per_beat(division)), oddities)
    if len(tracks) != count:
        oddities.append(f"its header counts {_counted(count, 'track')} and {len(tracks)} are there")
    if left_out:
        oddities.append(_left_out(left_out, "byte", " after the last track"))
    return SmfContents(kind, division, tuple(tracks), tuple(oddities))


def _unwrap(data: bytes, begin: int) -> bytes:
    """Return the MIDI file inside a container: a RIFF chunk states its length before it."""
    if data.startswith(b"RIFF") and data[begin - 8 : begin - 4] == b"data":
        (size,) = struct.unpack_from("<L", data, begin - 4)
        if _HEADER_SIZE + 8 < size <= len(data) - begin:
            return data[begin : begin + size]
    return data[begin:]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _left_out(number: int, noun: str, where: str) -> str:
    return f"{_counted(number, noun)}{where} {'was' if number == 1 else 'were'} left out"


def _is_boundary(data: bytes, at: int) -> bool:
    """Return True if the file ends at `at`, in zeros perhaps, or another chunk begins there."""
    if at > len(data):
        return False
    return data[at : at + 4] == _TRACK or not data[at : at + 16].strip(b"\0") or _is_other_chunk(data, at)


def _is_other_chunk(data: bytes, at: int) -> bool:
    name = data[at : at + 4]
    if len(data) < at + 8 or not name.isalnum() or name == _TRACK:
        return False
    return at + 8 + int.from_bytes(data[at + 4 : at + 8]) <= len(data)


def _cut_tracks(data: bytes, at: int, bounds: _Bounds, oddities: list[str]) -> tuple[list[SmfTrack], int]:
    """Return the tracks from `at` on and the number of bytes after the last one that belong to none."""
    tracks: list[SmfTrack] = []
    end = at
    while at < len(data):
        if data[at : at + 4] != _TRACK:
            if _is_other_chunk(data, at):
                at = end = at + 8 + int.from_bytes(data[at + 4 : at + 8])
                continue
            at = data.find(_TRACK, at)
            if at < 0:
                break
        if at + 8 > len(data):
            break
        if len(tracks) == MAX_TRACKS:
            raise OverflowError(f"over {MAX_TRACKS} tracks")
        track, at, problems = _cut_track(data, at, bounds)
        oddities += (f"{problem} in track {len(tracks) + 1}" for problem in problems)
        end = at
        tracks.append(track)
    return tracks, len(data[end:].rstrip(b"\0"))


def _cut_track(data: bytes, at: int, bounds: _Bounds) -> tuple[SmfTrack, int, list[str]]:
    """Return the track whose chunk begins at `at`, the offset after it, and what is wrong with it."""
    begin = at + 8
    stated = begin + int.from_bytes(data[at + 4 : begin])
    is_right = _is_boundary(data, stated)
    following = data.find(_TRACK, begin)
    bound = stated if is_right else following if following >= 0 else len(data)
    events, end, damage = _walk_to_the_end(data[begin:bound], bounds)
    end += begin
    is_ended = bool(events) and events[-1].status == END_OF_TRACK
    problems = [damage] if damage else []
    if (
        not is_right and not is_ended and stated < bound
    ):  # the length may be right, with bytes after it that are no chunk
        events, end, damage = _walk_to_the_end(data[begin:stated], bounds)
        end += begin
        is_right, bound, problems = True, stated, [damage] if damage else []
    if is_ended and (data[end : end + 4] == _TRACK or not is_right):
        bound = end
    if bound != stated:
        problems.append("the length is off")
    elif is_ended and end < bound:
        problems.append(_left_out(bound - end, "byte", " after the end"))
    elif not is_ended and not damage:
        problems.append("the end-of-track event is missing")
    damaged = sum(map(is_damaged, events))
    if damaged:
        problems.append(_left_out(damaged, "event", " with impossible bytes"))
    body = data[begin:end] + (b"" if is_ended else END_OF_TRACK_EVENT)
    kept = tuple(event for event in events if not is_damaged(event) and event.status not in {0xF0, 0xF7})
    return SmfTrack(kept, mend_track(body) if damaged else body), bound, problems


def _walk_to_the_end(track: bytes, bounds: _Bounds) -> tuple[list[TrackEvent], int, str]:
    """Return the events up to the end of the track or its damage, the offset after them, and what is damaged.

    Raises `OverflowError` at a note beyond the bounds.
    """
    events: list[TrackEvent] = []
    end = notes = 0
    try:
        for event, _, after in walk_events(track):
            end = after
            events.append(event)
            if event.status & 0x1E0 == NOTE_OFF:
                notes += event.status >= NOTE_ON and event.data[1] > 0
                bounds.check(event.tick, notes)
    except SmfError as error:
        return events, end, f"what follows tick {events[-1].tick if events else 0} is cut off or damaged ({error})"
    return events, end, ""
