from bachbridge.music.notes import Note, keep_longest_notes
from bachbridge.music.performance import (
    PLAYER,
    Part,
    TimedNote,
    last_note_end_ns,
    notes_from_grid,
    notes_from_messages,
    shift_part,
)

ON, OFF = 0x90, 0x80


def test_messages_become_notes_by_channel():
    stamped = [
        (10, bytes((ON, 60, 70))),
        (12, bytes((ON | 1, 60, 71))),
        (20, bytes((OFF, 60, 0))),
        (25, bytes((0xC0, 5))),
        (30, bytes((ON | 1, 60, 0))),
    ]
    assert notes_from_messages(stamped, 99) == {0: (TimedNote(10, 20, 60, 70),), 1: (TimedNote(12, 30, 60, 71),)}


def test_sounding_notes_end_with_silence_or_recording():
    stamped = [(1, bytes((ON, 60, 70))), (2, bytes((ON, 64, 70))), (5, bytes((0xB0, 123, 0))), (6, bytes((ON, 67, 70)))]
    assert notes_from_messages(stamped, 9) == {
        0: (TimedNote(1, 5, 60, 70), TimedNote(2, 5, 64, 70), TimedNote(6, 9, 67, 70))
    }


def test_first_of_two_notes_on_one_key_ends_first():
    stamped = [(1, bytes((ON, 60, 70))), (2, bytes((ON, 60, 80))), (3, bytes((OFF, 60, 0))), (4, bytes((OFF, 60, 0)))]
    assert notes_from_messages(stamped, 9) == {0: (TimedNote(1, 3, 60, 70), TimedNote(2, 4, 60, 80))}


def test_notes_from_grid_keeps_micro_timing():
    assert notes_from_grid([Note(2, 2, 60, 70, 0, -5)], 100, 1000) == (TimedNote(1195, 1400, 60, 70),)


def test_part_has_name_and_end_and_can_be_shifted():
    part = shift_part(Part(PLAYER, (TimedNote(10, 20, 60, 70),)), -10)
    assert part.notes == (TimedNote(0, 10, 60, 70),)
    assert (part.name, Part(3, ()).name, last_note_end_ns([part]), last_note_end_ns([])) == ("Player", "Bass", 10, 0)


def test_keep_longest_notes_folds_repeated_notes():
    short, long = Note(0, 1, 60), Note(0, 4, 60)
    other = Note(0, 1, 60, voice=1)
    assert keep_longest_notes([short, other, long, short]) == (long, other)
