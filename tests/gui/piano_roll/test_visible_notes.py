"""The index of the roll's notes: each change is returned once."""

from bachbridge_gui.piano_roll.visible_notes import NoteIndex
from bachbridge_gui.state.view_types import PLAYER, RollNote

SECOND = 1_000_000_000


def make_note(start: int, end: int | None) -> RollNote:
    return RollNote(PLAYER, 64, 127, start * SECOND, None if end is None else end * SECOND)


def test_note_index_returns_each_ended_note_once():
    index, first, second = NoteIndex(), make_note(0, None), make_note(1, 2)
    notes = [first]
    assert index.update(notes) == []
    notes.append(second)
    assert index.update(notes) == [second]
    assert index.sounding == [first]
    first.end_ns = 3 * SECOND
    assert index.update(notes) == [first]
    assert index.update(notes) == []
    assert index.last_end_ns == 3 * SECOND
    assert index.update([make_note(9, 10)]) is None
