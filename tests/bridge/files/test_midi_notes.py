"""Notes without length or end, pedals, and the channels of MPE controllers."""

from pathlib import Path

import pytest

from bachbridge.files.midi_notes import pair_notes
from bachbridge.files.midi_reader import read_midi
from bachbridge.files.smf import track_events
from bachbridge.music.timeline import TickNote
from tests.support.midi_bytes import track_body

CASES = Path(__file__).parents[2] / "data" / "cases"
TICKS = 480
ZONE = [(0, bytes((0xB0, *pair))) for pair in ((101, 0), (100, 6), (6, 15))]
Event = tuple[int, bytes]


def paired(*tracks: list[Event]) -> list[tuple[int, int, int]]:
    return [(note.start, note.end, note.pitch) for note in pair(*tracks)]


def pair(*tracks: list[Event]) -> tuple[TickNote, ...]:
    return pair_notes([list(track_events(track_body(events))) for events in tracks], TICKS).notes


def on(tick: int, pitch: int, channel: int = 0) -> Event:
    return tick, bytes((0x90 | channel, pitch, 80))


def off(tick: int, pitch: int, channel: int = 0) -> Event:
    return tick, bytes((0x80 | channel, pitch, 64))


def pedal(tick: int, value: int, controller: int = 64) -> Event:
    return tick, bytes((0xB0, controller, value))


def end(tick: int) -> Event:
    return tick, b"\xff\x01\x01x"


def test_notes_without_length_never_oust_real_ones():
    real = [on(0, 60), off(480, 60), on(480, 62), off(960, 62)]
    without = [on(0, 72), off(0, 72), on(480, 62), off(480, 62), on(700, 60), off(700, 60)]
    assert paired(real + without) == [(0, 480, 60), (480, 960, 62)]
    assert pair_notes([list(track_events(track_body(real + without)))], TICKS).without_length == 3
    assert paired(without[:2]) == [(0, 1, 72)], "where there are no others they are the music"


def test_note_without_end_stops_at_its_pitch_or_track():
    assert paired([on(0, 60), end(9600)], [on(0, 72), end(20000)]) == [(0, 9600, 60), (0, 20000, 72)]
    assert paired([on(0, 60), on(480, 60), off(960, 60), end(2000)]) == [(0, 480, 60), (480, 960, 60)]
    assert paired([on(0, 60), off(480, 60), on(480, 60)]) == [(0, 480, 60), (480, 960, 60)]


def test_held_notes_end_at_the_next_later_onset():
    held = [on(0, 60), on(0, 60), on(480, 60), on(480, 60), end(960)]
    assert paired(held) == [(0, 480, 60), (0, 480, 60), (480, 960, 60), (480, 960, 60)]
    assert paired([on(0, 60), on(0, 60), off(0, 60), end(960)]) == [(0, 960, 60)]


def test_all_notes_off_ends_the_notes_of_its_channel():
    for controller in (120, 123):
        events = [on(0, 60), on(0, 64), on(0, 67, 1), pedal(480, 0, controller), off(960, 67, 1), end(2000)]
        assert paired(events) == [(0, 480, 60), (0, 480, 64), (0, 960, 67)]


def test_overlapping_notes_of_a_pitch_end_in_order():
    assert paired([on(0, 60), on(240, 60), off(480, 60), off(960, 60)]) == [(0, 480, 60), (240, 960, 60)]
    assert paired([on(0, 60), on(480, 60), off(480, 60), off(960, 60)]) == [(0, 480, 60), (480, 960, 60)]


@pytest.mark.parametrize(
    ("events", "notes"),
    [
        ([pedal(0, 127), on(0, 60), off(96, 60), pedal(480, 0)], [(0, 480, 60)]),
        (
            [on(0, 60), pedal(10, 64), off(96, 60), on(480, 62), off(500, 62), pedal(960, 63)],
            [(0, 480, 60), (480, 960, 62)],
        ),
        (
            [pedal(0, 127), on(0, 36), off(90, 36), on(240, 60), off(300, 60), pedal(960, 0)],
            [(0, 960, 36), (240, 960, 60)],
        ),
        ([pedal(0, 127), on(0, 60), off(96, 60), on(1, 64), off(97, 64), pedal(480, 0)], [(0, 480, 60), (1, 480, 64)]),
        ([pedal(0, 127), on(0, 60), off(96, 60), end(700)], [(0, 700, 60)]),
        ([on(0, 60), pedal(48, 127, 66), off(96, 60), pedal(480, 0, 66)], [(0, 480, 60)]),
        ([pedal(0, 127, 66), on(48, 60), off(96, 60), pedal(480, 0, 66)], [(48, 96, 60)]),
        ([pedal(0, 127), on(0, 60, 1), off(96, 60, 1), pedal(480, 0)], [(0, 96, 60)]),
        ([pedal(0, 127), pedal(90, 0), on(0, 60), off(96, 60)], [(0, 96, 60)]),
    ],
)
def test_pedal_holds_released_notes(events: list[Event], notes: list[tuple[int, int, int]]):
    assert paired(events) == notes


def test_pedal_of_another_track_holds_the_channels_notes():
    assert paired([on(0, 60), off(96, 60)], [pedal(0, 127), pedal(480, 0)]) == [(0, 480, 60)]


def test_case_of_a_pedalled_melody_has_no_rests():
    notes = read_midi(CASES / "m30-pedal.mid").phrase.notes
    assert [note.start for note in notes] == [0, 4, 8, 12, 16, 20, 24, 32, 36, 40, 44, 48, 52, 56]
    assert [note.length for note in notes] == [4] * 6 + [8] + [4] * 6 + [8]


def melody_over_channels(channels: range, first: list[Event], *, bent: bool) -> list[Event]:
    events = list(first)
    for number, channel in enumerate(channels):
        events += [on(480 * number, 60 + number, channel), off(480 * number + 480, 60 + number, channel)]
        if bent:
            events.append((480 * number, bytes((0xE0 | channel, 0, 64))))
    return events


def test_mpe_files_keep_the_notes_on_channel_10():
    stated = melody_over_channels(range(1, 16), ZONE, bent=False)
    played = melody_over_channels(range(1, 16), [], bent=True)
    plain = melody_over_channels(range(1, 16), [], bent=False)
    assert [len(pair(events)) for events in (stated, played, plain)] == [15, 15, 14]
    upper = [(tick, b"\xbf" + event[1:]) for tick, event in ZONE]
    assert len(pair(melody_over_channels(range(15), upper, bent=False))) == 15
    small = [*ZONE[:2], (0, bytes((0xB0, 6, 4)))]
    assert len(pair(melody_over_channels(range(1, 16), small, bent=False))) == 14
