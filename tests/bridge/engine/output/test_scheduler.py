"""The agenda by itself: what the dialogue's tests reach only now and then."""

from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.midi import messages as midi


def test_an_end_told_later_does_not_come_before_the_beginning() -> None:
    agenda = Scheduler()
    agenda.add_note("first", 0, 60, 70, on_ns=10, off_ns=100)
    agenda.add_note("second", 0, 60, 70, on_ns=50, off_ns=80)
    agenda.set_note_end("second", 20)
    sent = [send.data for send in agenda.advance(1000)]
    strike, release = midi.note_on(0, 60, 70), midi.note_off(0, 60)
    assert sent == [strike, release, strike, release]
    assert agenda.is_empty
