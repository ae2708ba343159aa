from itertools import pairwise

from bachbridge.music.example_phrase import as_timed_notes, humanized, load_example
from bachbridge.music.notes import VOICE_RANGES


def test_example_fills_four_bars_of_one_voice():
    phrase = load_example().phrase
    assert (phrase.steps, phrase.steps_per_bar) == (64, 16)
    assert [note.end for note in phrase.notes] == [*(note.start for note in phrase.notes[1:]), 64]
    assert all(VOICE_RANGES[0][0] <= note.pitch <= VOICE_RANGES[0][1] for note in phrase.notes)


def test_example_touch_varies_within_limits():
    phrase = load_example().phrase
    assert phrase == humanized(phrase)
    assert len({note.velocity for note in phrase.notes}) > 5
    assert all(40 <= note.velocity <= 110 for note in phrase.notes)
    assert any(note.offset_ns for note in phrase.notes)
    assert all(abs(note.offset_ns) <= 18_000_000 for note in phrase.notes)
    assert phrase.notes[0].offset_ns == 0


def test_timed_notes_are_in_order_with_gaps():
    notes = as_timed_notes(load_example().phrase, 178_000_000)
    assert all(first.end_ns < second.start_ns for first, second in pairwise(notes))
