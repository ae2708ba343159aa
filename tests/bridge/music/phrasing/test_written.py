"""The ends that files and playing show: rests, signs of several voices, and the punctuation of words."""

import pytest

from bachbridge.music.notes import Note, Phrase
from bachbridge.music.phrasing.marks import PhraseMark, Sign, SignedLine, phrase_marks, sign_of_syllable
from bachbridge.music.phrasing.written import ends_before_rests, played_phrase_ends, top_line, written_ends
from bachbridge.music.timeline import TickNote, Timeline

TIME = Timeline(4)


def line(*starts: int, pitch: int = 70, length: int = 4) -> list[TickNote]:
    """Return notes of a quarter; a tick is a step."""
    return [TickNote(start, start + length, pitch, 80, 1, 0) for start in starts]


def melody(*starts: int, pitch: int = 70) -> list[Note]:
    return [Note(start, 4, pitch) for start in starts]


@pytest.mark.parametrize(
    ("text", "sign"),
    [("Gott,", "comma"), ("Heil!«", "stop"), ("end.)", "stop"), ("Hal-", "syllable"), ("", "syllable"), ("…", "stop")],
)
def test_sign_of_syllable_finds_punctuation(text: str, sign: Sign) -> None:
    assert sign_of_syllable(text) == sign


def test_phrase_marks_belong_to_the_note_before_a_rest() -> None:
    (mark,) = phrase_marks([SignedLine(line(0, 4, 16), [(8, "fermata")])], 4)
    assert (mark.tick, mark.notes) == (4, ((4, 70),))


def test_phrase_marks_before_any_note_are_left_out() -> None:
    assert phrase_marks([SignedLine(line(8), [(0, "fermata")]), SignedLine([], [(0, "breath")])], 4) == ()


def test_phrase_marks_of_one_inner_voice_are_not_shared() -> None:
    voices = [line(0, 4, 8, 12, pitch=pitch) for pitch in (70, 62, 55)]
    signs: list[list[tuple[int, Sign]]] = [[(12, "fermata")], [(0, "fermata"), (8, "fermata")], [(8, "fermata")]]
    marks = phrase_marks([SignedLine(*pair) for pair in zip(voices, signs, strict=True)], 4)
    assert [(mark.tick, mark.is_shared) for mark in marks] == [(0, False), (12, True)]


def test_phrase_marks_put_words_on_the_last_note_of_a_syllable() -> None:
    signs: list[tuple[int, Sign]] = [(0, "syllable"), (4, "comma"), (12, "syllable"), (16, "stop")]
    marks = phrase_marks([SignedLine(line(0, 4, 8, 12, 16, 20, 28), signs)], 4)
    assert [(mark.tick, mark.sign) for mark in marks] == [(8, "comma"), (20, "stop")]


def test_written_ends_are_complete_with_signs() -> None:
    marks = (PhraseMark(12, "fermata", ((12, 70),)), PhraseMark(4, "comma", ((4, 70),)))
    ends = written_ends(marks, melody(*range(0, 32, 4)), TIME)
    assert (ends.certain, ends.is_complete, list(ends.hints)) == ((12, 28), True, [4])
    assert ends.shown == (12, 28)


def test_written_ends_of_one_voice_count_where_it_is_the_melody() -> None:
    mark = PhraseMark(8, "fermata", ((8, 62),), is_shared=False)
    assert written_ends((mark,), melody(0, 4, 8, 12), TIME).certain == (12,)
    assert written_ends((mark,), melody(0, 4, 8, 12, pitch=62), TIME).certain == (8, 12)


def test_written_ends_with_one_last_sign_are_incomplete() -> None:
    ends = written_ends((PhraseMark(12, "fermata", ((12, 70),)),), melody(0, 4, 8, 12), TIME)
    assert ends.certain == (12,)
    assert not ends.is_complete


def test_written_ends_leave_long_stretches_to_prediction() -> None:
    ends = written_ends((PhraseMark(12, "breath", ((12, 70),)),), melody(*range(0, 400, 4)), TIME)
    assert not ends.is_complete


def test_ends_before_rests_ignore_rests_of_the_rhythm() -> None:
    starts = [*range(0, 64, 8), 80, 84, 88]
    assert ends_before_rests(melody(*starts), 4) == (56, 88)
    assert ends_before_rests([Note(0, 3, 70), Note(4, 4, 70), Note(12, 4, 70), Note(16, 4, 70)], 4) == (4, 16)


def test_ends_before_rests_of_no_melody_are_none() -> None:
    assert ends_before_rests([], 4) == ()
    assert written_ends((), [], TIME).certain == ()


def test_top_line_leaves_out_a_hand_below() -> None:
    bass = [Note(step, 4, 48) for step in range(0, 16, 4)]
    tune = [Note(0, 8, 72), Note(8, 5, 74), Note(12, 4, 71)]
    line = top_line(Phrase(tuple(sorted([*bass, *tune], key=lambda note: note.start)), 16))
    assert [(note.start, note.length, note.pitch) for note in line] == [(0, 8, 72), (8, 4, 74), (12, 4, 71)]


def test_played_phrase_ends_with_its_last_note() -> None:
    chord = (Note(0, 16, 48), Note(0, 4, 60), Note(4, 4, 64), Note(16, 4, 67), Note(20, 12, 60))
    assert played_phrase_ends(Phrase(chord, 32)) == (4, 20)
    assert played_phrase_ends(Phrase((), 16)) == ()
