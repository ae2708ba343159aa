"""The notes of a MIDI file's tracks: note-ons paired with their ends, pedals, and files for MPE controllers.

A note-off ends the oldest note of its channel and pitch; "all notes off" ends all of its channel. A note that nothing
ends lasts until its pitch begins again, or until its track ends. Notes without length are left out where the file has
others. A held pedal (controllers 64 and 66) makes a released note last until the pedal comes up or a note within an
octave of it begins in its part: so a pedalled melody stays one note at a time, and its bass sounds on below it.

Channel 10 is percussion and is left out, except in a file for MPE (MIDI Polyphonic Expression, 2018), where each note
has a channel of its own. Such a file says so (registered parameter 6 on channel 1 or 16), or else five channels and
more, the tenth among them, are bent or pressed one by one.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bachbridge.files.smf import NOTE_OFF, NOTE_ON, TrackEvent
from bachbridge.music.timeline import TickNote

PERCUSSION_CHANNEL = 9
CONTROL, _PRESSURE, _BEND = 0xB0, 0xD0, 0xE0
_SUSTAIN, _SOSTENUTO, _TIMBRE = 64, 66, 74
_SOUND_OFF, _FIRST_NOTES_OFF = 120, 123
_DATA_ENTRY, _PARAMETER_LOW, _PARAMETER_HIGH = 6, 100, 101
_MPE_PARAMETER = (0, 6)
_MIN_MPE_CHANNELS = 5
_HAND_SEMITONES = 12
_MAX_ONSETS_SEARCHED = 64

Key = tuple[int, int, int]
"""Track, channel and controller."""
Span = tuple[int, int]
"""First tick and the tick after the last."""


@dataclass(frozen=True, slots=True)
class PairedNotes:
    """Notes by start, those among them that nothing in the file ends, and the number of notes without length.

    `mpe_channels` are the channels of the file's MPE zones, `open_pedals` the pedals that are left down.
    """

    notes: tuple[TickNote, ...]
    hanging: tuple[TickNote, ...]
    without_length: int
    mpe_channels: frozenset[int]
    open_pedals: frozenset[Key]


def pair_notes(tracks: Sequence[Sequence[TrackEvent]], ticks_per_beat: int) -> PairedNotes:
    """Return the notes of all tracks, which are numbered from 0."""
    mpe_channels = find_mpe_channels(tracks)
    skipped = -1 if PERCUSSION_CHANNEL in mpe_channels else PERCUSSION_CHANNEL
    notes: list[TickNote] = []
    hanging: list[TickNote] = []
    for track, events in enumerate(tracks):
        last = events[-1].tick if events else 0
        for (channel, pitch), strokes in _strokes_by_key(events, skipped).items():
            ended, open_notes = _pair_key(strokes, last, ticks_per_beat)
            key = pitch, track, channel
            notes += (_tick_note(row, *key) for row in ended)
            hanging += (_tick_note(row, *key) for row in open_notes)
    sounding = [note for note in notes if note.end > note.start]
    without_length = len(notes) - len(sounding) if sounding or hanging else 0
    if not sounding and not hanging:
        sounding = [TickNote(n.start, n.start + 1, n.pitch, n.velocity, n.track, n.channel) for n in notes]
    spans, open_pedals = _pedal_spans(tracks)
    held = _hold_notes([*sounding, *hanging], spans, mpe_channels, ticks_per_beat)
    return PairedNotes(
        tuple(sorted(held, key=lambda note: (note.start, note.track, note.channel, note.pitch))),
        tuple(hanging),
        without_length,
        mpe_channels,
        open_pedals,
    )


def _tick_note(row: tuple[int, int, int], pitch: int, track: int, channel: int) -> TickNote:
    start, end, velocity = row
    return TickNote(start, end, pitch, velocity, track, channel)


# ---------------------------------------------------------------- pairing

Stroke = tuple[int, int]
"""Tick and velocity of a note-on; 0 ends a note, -1 all notes."""


def _strokes_by_key(events: Iterable[TrackEvent], skipped: int) -> dict[tuple[int, int], list[Stroke]]:
    """Return what happens to each (channel, pitch) of a track, in the order of the events."""
    strokes: defaultdict[tuple[int, int], list[Stroke]] = defaultdict(list)
    struck: defaultdict[int, set[int]] = defaultdict(set)
    """Pitches of each channel since its last "all notes off"."""
    for event in events:
        kind, channel = event.status & 0x1F0, event.status & 0x0F
        if channel == skipped or kind not in {NOTE_ON, NOTE_OFF, CONTROL}:
            continue
        number, value = event.data
        if kind != CONTROL:
            strokes[channel, number].append((event.tick, value if kind == NOTE_ON else 0))
            struck[channel].add(number)
        elif number == _SOUND_OFF or number >= _FIRST_NOTES_OFF:
            for pitch in struck.pop(channel, ()):
                strokes[channel, pitch].append((event.tick, -1))
    return strokes


def _pair_key(
    strokes: Sequence[Stroke], last: int, ticks_per_beat: int
) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
    """Return (start, end, velocity) of the notes of one key, and of those that nothing ends."""
    never_ended = _never_ended(strokes)
    following = _later_onsets(strokes, last) if never_ended else []
    sounding: deque[Stroke] = deque()
    ended: list[tuple[int, int, int]] = []
    open_notes: list[tuple[int, int, int]] = []
    for index, (tick, velocity) in enumerate(strokes):
        if index in never_ended:
            end = following[index] if following[index] > tick else tick + ticks_per_beat
            open_notes.append((tick, end, velocity))
        elif velocity > 0:
            sounding.append((tick, velocity))
        else:
            for _ in range(min(len(sounding), 1) if velocity == 0 else len(sounding)):
                start, onset_velocity = sounding.popleft()
                ended.append((start, tick, onset_velocity))
    return ended, open_notes


def _later_onsets(strokes: Sequence[Stroke], last: int) -> list[int]:
    """Return for each stroke the tick of the next note-on that comes later; `last` if there is none."""
    found = [last] * len(strokes)
    nearest = after_nearest = last
    for index in range(len(strokes) - 1, -1, -1):
        tick, velocity = strokes[index]
        found[index] = nearest if nearest > tick else after_nearest
        if velocity > 0 and tick < nearest:
            nearest, after_nearest = tick, nearest
    return found


def _never_ended(strokes: Sequence[Stroke]) -> set[int]:
    """Return the indices of the note-ons without an end: those that are left if each end belongs to the nearest one."""
    open_notes: list[Stroke] = []
    """Tick and index of each note-on without an end so far."""
    for index, (tick, velocity) in enumerate(strokes):
        if velocity > 0:
            open_notes.append((tick, index))
        elif velocity < 0:
            open_notes.clear()
        elif open_notes:
            earlier = bisect_left(open_notes, (tick,))
            open_notes.pop(earlier - 1 if earlier else -1)
    return {index for _, index in open_notes}


# ---------------------------------------------------------------- pedals


def _pedal_spans(
    tracks: Sequence[Sequence[TrackEvent]],
) -> tuple[dict[tuple[int, int], list[Span]], frozenset[Key]]:
    """Return when each pedal (channel, controller) is down, and the pedals that stay down."""
    changes: defaultdict[tuple[int, int], list[tuple[int, int, bool]]] = defaultdict(list)
    for track, events in enumerate(tracks):
        for event in events:
            if event.status & 0x1F0 == CONTROL and event.data[0] in {_SUSTAIN, _SOSTENUTO}:
                changes[event.status & 0x0F, event.data[0]].append((event.tick, track, event.data[1] >= 64))
    end = max((events[-1].tick for events in tracks if events), default=0)
    spans: defaultdict[tuple[int, int], list[Span]] = defaultdict(list)
    left_down: set[Key] = set()
    for (channel, controller), rows in changes.items():
        down_since: int | None = None
        for tick, _, is_down in sorted(rows, key=lambda row: row[0]):
            if is_down and down_since is None:
                down_since = tick
            elif not is_down and down_since is not None:
                spans[channel, controller].append((down_since, tick))
                down_since = None
        if down_since is not None:
            spans[channel, controller].append((down_since, max(end, down_since)))
            left_down.update((track, channel, controller) for tick, track, _ in rows if tick >= down_since)
    return spans, frozenset(left_down)


def _hold_notes(
    notes: Sequence[TickNote],
    spans: dict[tuple[int, int], list[Span]],
    mpe_channels: frozenset[int],
    ticks_per_beat: int,
) -> list[TickNote]:
    """Lengthen the notes that a pedal holds (see the module); the pedals of an MPE zone are on its master channel."""
    if not spans:
        return list(notes)
    master = 0 if 0 in mpe_channels else 15
    onsets: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for note in sorted(notes, key=lambda note: note.start):
        channel = master if note.channel in mpe_channels else note.channel
        onsets[note.track, channel].append((note.start, note.pitch))
    held: list[TickNote] = []
    for note in notes:
        channel = master if note.channel in mpe_channels else note.channel
        pedals = spans.get((channel, _SUSTAIN), ()), spans.get((channel, _SOSTENUTO), ())
        held.append(_hold_note(note, *pedals, onsets[note.track, channel], ticks_per_beat // 8))
    return held


def _hold_note(
    note: TickNote,
    sustain: Sequence[Span],
    sostenuto: Sequence[Span],
    onsets: Sequence[tuple[int, int]],
    chord_ticks: int,
) -> TickNote:
    up = max(_span_end_at(sustain, note.end, 0), _span_end_at(sostenuto, note.end, note.start))
    if up <= note.end:
        return note
    after = bisect_right(onsets, (note.start + chord_ticks, 128))
    near = (
        start
        for start, pitch in onsets[after : after + _MAX_ONSETS_SEARCHED]
        if abs(pitch - note.pitch) <= _HAND_SEMITONES
    )
    end = max(note.end, min(up, next(near, up)))
    return TickNote(note.start, end, note.pitch, note.velocity, note.track, note.channel)


def _span_end_at(spans: Sequence[Span], tick: int, earliest: int) -> int:
    """Return the end of the span that holds `tick` and begins at `earliest` or later; 0 if there is none."""
    index = bisect_right(spans, tick, key=lambda span: span[0]) - 1
    return spans[index][1] if index >= 0 and spans[index][0] >= earliest and spans[index][1] > tick else 0


# ---------------------------------------------------------------- MPE


def find_mpe_channels(tracks: Sequence[Sequence[TrackEvent]]) -> frozenset[int]:
    """Return the channels of the file's MPE zones, with their master channels; empty for any other file."""
    zones: set[int] = set()
    for events in tracks:
        zones |= _stated_zones(events)
    return frozenset(zones) or _played_zone(tracks)


def _stated_zones(events: Iterable[TrackEvent]) -> set[int]:
    parameters: defaultdict[int, list[int]] = defaultdict(lambda: [127, 127])
    zones: set[int] = set()
    for event in events:
        channel = event.status & 0x0F
        if event.status & 0x1F0 != CONTROL or channel not in {0, 15}:
            continue
        number, value = event.data
        if number in {_PARAMETER_HIGH, _PARAMETER_LOW}:
            parameters[channel][_PARAMETER_HIGH - number] = value
        elif number == _DATA_ENTRY and tuple(parameters[channel]) == _MPE_PARAMETER and 1 <= value <= 15:
            zones |= set(range(value + 1)) if channel == 0 else set(range(15 - value, 16))
    return zones


def _played_zone(tracks: Sequence[Sequence[TrackEvent]]) -> frozenset[int]:
    """Return the channels that are bent or pressed one by one, if they are those of an MPE controller."""
    sounding: set[int] = set()
    expressive: set[int] = set()
    for event in (event for events in tracks for event in events):
        kind, channel = event.status & 0x1F0, event.status & 0x0F
        if kind == NOTE_ON:
            sounding.add(channel)
        elif kind in {_BEND, _PRESSURE} or (kind == CONTROL and event.data[0] == _TIMBRE):
            expressive.add(channel)
    members = sounding & expressive
    is_zone = PERCUSSION_CHANNEL in members and len(members) >= _MIN_MPE_CHANNELS
    return frozenset({0} | members) if is_zone else frozenset()
