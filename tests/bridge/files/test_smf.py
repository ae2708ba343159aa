from collections import Counter

import numpy as np
import pytest

from bachbridge.files import smf
from bachbridge.files.smf import TRACK_NAME, meta_event, rename_track, replace_notes, track_events
from tests.support.midi_bytes import track_body


def test_rename_track_replaces_or_adds_the_name():
    named = track_body([(0, meta_event(0x101, b"x")), (5, meta_event(TRACK_NAME, b"old")), (9, bytes((0x90, 60, 1)))])
    assert rename_track(named, "a longer name") == named.replace(b"\x03\x03old", b"\x03\x0da longer name")
    nameless = track_body([(9, bytes((0x90, 60, 1)))])
    first, *others = track_events(rename_track(nameless, "Alto"))
    assert (first.tick, first.status, first.data) == (0, TRACK_NAME, b"Alto")
    assert others == list(track_events(nameless))


def test_replace_notes_keeps_all_other_events():
    on, off, pedal = b"\x91\x3c\x50", b"\x81\x3c\x00", b"\xb1\x40\x7f"
    track = b"\0" + meta_event(0x103, b"x") + b"\x10" + on + b"\x10\x40\x40" + b"\0" + pedal + b"\x10" + off
    track += b"\x30\x81\x40\x00" + b"\x05" + meta_event(0x12F, b"") + b"after"
    assert replace_notes(track, set(), []) == track.replace(b"\x10\x40\x40", b"\x10\x91\x40\x40")
    changed = replace_notes(track, {(16, 1, 60)}, [(16, 32, 1, 62, 7)])
    lost = b"\x10\x91\x3e\x07" + b"\x10\x81\x3e\x40" + b"\0\x91\x40\x40" + b"\0" + pedal + b"\x40\x81\x40\x00"
    assert changed == b"\0" + meta_event(0x103, b"x") + lost + b"\x05" + meta_event(0x12F, b"") + b"after"


def test_replace_notes_pairs_a_note_off_with_the_oldest_note():
    first, second = (0, b"\x90\x3c\x50"), (10, b"\x90\x3c\x51")
    track = track_body([first, second, (20, b"\x80\x3c\x01"), (30, b"\x80\x3c\x02")])
    assert replace_notes(track, {(0, 0, 60)}, []) == track_body([second, (30, b"\x80\x3c\x02")])
    assert replace_notes(track, {(10, 0, 60)}, []) == track_body([first, (20, b"\x80\x3c\x01")])[
        :-4
    ] + b"\x0a" + meta_event(0x12F, b"")


@pytest.mark.parametrize("seed", range(20))
def test_replace_notes_removes_only_the_named_notes(seed: int):
    """Random notes overlap, hang and share pitches, with other events among them."""
    rng = np.random.default_rng(seed)
    body, running = b"", -1
    for _ in range(200):
        status = int(rng.choice([0x90, 0x80, 0x91, 0xB0, 0xE1, 0xF0]))
        data = bytes(rng.integers(60, 63, 2).tolist()) if rng.random() < 0.9 else bytes((61, 0))
        body += bytes((int(rng.integers(0, 40)),))
        if status == 0xF0:
            body += b"\xf0\x02" + data
        else:
            body += (b"" if status == running else bytes((status,))) + data
            running = status
    read = list(_timed(body))
    ons = [(event[0], event[1][0] & 0xF, event[1][1]) for event in read if _begins(event[1])]
    removed = {on for on in ons if rng.random() < 0.3}
    kept_events = list(_timed(replace_notes(body, removed, [])))
    assert [on for on in ons if on not in removed] == [
        (tick, data[0] & 0xF, data[1]) for tick, data in kept_events if _begins(data)
    ]
    others = [[event for event in found if event[1][0] & 0xE0 != 0x80] for found in (read, kept_events)]
    assert others[0] == others[1]
    assert not Counter(kept_events) - Counter(read)
    notes = [(10, 20, 5, 64, 9), (15, 15, 5, 65, 9)]
    added = Counter(_timed(replace_notes(body, removed, notes))) - Counter(kept_events)
    assert added == Counter(
        [(10, b"\x95\x40\x09"), (20, b"\x85\x40\x40"), (15, b"\x95\x41\x09"), (16, b"\x85\x41\x40")]
    )


def _timed(body: bytes) -> list[tuple[int, bytes]]:
    """Return the events with their status at their ticks, without the end of the track."""
    return [
        (event.tick, bytes((event.status & 0xFF,)) + event.data)
        for event, _, _ in smf.walk_events(body)
        if event.status < 0x100
    ]


def _begins(data: bytes) -> bool:
    return data[0] & 0xF0 == 0x90 and data[2] > 0
