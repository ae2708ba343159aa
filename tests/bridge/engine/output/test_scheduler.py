"""The scheduler alone, in cases that the dialogue tests seldom reach."""

from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.midi import messages as midi


def test_scheduler_keeps_note_end_after_its_start() -> None:
    scheduler = Scheduler()
    scheduler.add_note("first", 0, 60, 70, on_ns=10, off_ns=100)
    scheduler.add_note("second", 0, 60, 70, on_ns=50, off_ns=80)
    scheduler.set_note_end("second", 20)
    sent = [send.data for send in scheduler.advance(1000)]
    start, end = midi.note_on(0, 60, 70), midi.note_off(0, 60)
    assert sent == [start, end, start, end]
    assert scheduler.is_empty
