"""Messages for which there was no room."""

from bachbridge.engine.ports.unsent import UnsentMessages
from bachbridge.midi import messages as midi


def test_unsent_notes_are_left_out_and_counted() -> None:
    unsent = UnsentMessages()
    for _ in range(3):
        unsent.add(midi.note_on(0, 60, 80))
    assert not unsent
    assert unsent.shed_count == 3


def test_unsent_endings_are_kept_once_in_order() -> None:
    unsent = UnsentMessages()
    endings = [midi.note_off(0, 60), midi.control_change(2, 64, 0), midi.STOP, midi.note_off(1, 60)]
    for data in [*endings, midi.control_change(0, 1, 3), midi.CLOCK_PULSE, *endings]:
        unsent.add(data)
    assert unsent
    assert unsent.pop_all() == endings
    assert not unsent
    assert unsent.pop_all() == []


def test_unsent_pedal_keeps_its_last_place() -> None:
    unsent = UnsentMessages()
    unsent.add(midi.control_change(0, 64, 0))
    unsent.add(midi.control_change(0, 64, 127))
    assert unsent.pop_all() == [midi.control_change(0, 64, 127)]
