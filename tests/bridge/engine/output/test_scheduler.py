"""The scheduler alone, in cases that the dialogue tests seldom reach."""

from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.midi import messages as midi

MS = 1_000_000


def test_scheduler_keeps_note_end_after_its_start() -> None:
    scheduler = Scheduler()
    scheduler.add_note("first", 0, 60, 70, on_ns=10, off_ns=100)
    scheduler.add_note("second", 0, 60, 70, on_ns=50, off_ns=80)
    scheduler.set_note_end("second", 20)
    sent = [send.data for send in scheduler.advance(1000)]
    start, end = midi.note_on(0, 60, 70), midi.note_off(0, 60)
    assert sent == [start, end, start, end]
    assert scheduler.is_empty


def test_notes_that_are_very_late_are_left_out_as_a_whole() -> None:
    scheduler = Scheduler()
    for number in range(20):
        scheduler.add_note(number, 0, 60 + number, 80, number * 100 * MS, number * 100 * MS + 90 * MS)
    assert [midi.decode(send.data) for send in scheduler.advance(0)] == [midi.NoteOn(0, 60, 80)]
    late = [midi.decode(send.data) for send in scheduler.advance(1410 * MS)]
    assert late[0] == midi.NoteOff(0, 60)
    assert [message.pitch for message in late if isinstance(message, midi.NoteOn)] == [71, 72, 73, 74]
    assert not [send for send in scheduler.stop_all(2000 * MS) if send.data[0] & 0xF0 == 0x90]
