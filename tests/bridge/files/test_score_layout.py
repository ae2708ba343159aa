"""The voices and bars of an exchange in its score."""

from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from bachbridge.files.midi_reader import read_midi
from bachbridge.files.musicxml import parse_value_id, value_id
from bachbridge.files.score_layout import ScoreOptions, assign_voices, exchange_musicxml, regular_bars, song_notes
from bachbridge.music.keys import key_from_notes
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.timeline import Meter


def voices(*notes: Note) -> list[tuple[int, int, int]]:
    return sorted((note.start, note.voice, note.pitch) for note in assign_voices(notes))


def test_assign_voices_keeps_a_single_line_in_one_voice():
    assert voices(Note(0, 4, 72), Note(4, 4, 57), Note(8, 4, 74)) == [(0, 0, 72), (4, 0, 57), (8, 0, 74)]
    assert {voice for _, voice, _ in voices(Note(0, 4, 40), Note(4, 4, 52))} == {3}
    assert voices() == []


def test_assign_voices_keeps_a_legato_line_in_one_voice():
    line = assign_voices([Note(0, 5, 72), Note(4, 5, 74), Note(8, 9, 76), Note(16, 2, 77)])
    assert [(note.start, note.length, note.voice) for note in line] == [(0, 4, 0), (4, 4, 0), (8, 8, 0), (16, 2, 0)]
    held = assign_voices([Note(0, 8, 72), Note(4, 4, 64)])
    assert [note.length for note in held] == [8, 4]
    assert len({note.voice for note in held}) == 2


def test_assign_voices_spreads_a_chord_from_above():
    assert voices(*(Note(0, 4, pitch) for pitch in (48, 64, 55, 72))) == [
        (0, 0, 72),
        (0, 1, 64),
        (0, 2, 55),
        (0, 3, 48),
    ]
    assert voices(Note(0, 4, 76), Note(0, 4, 43)) == [(0, 0, 76), (0, 3, 43)]
    assert len(voices(*(Note(0, 4, 60 + pitch) for pitch in range(7)))) == 4


def test_assign_voices_leaves_a_held_note_its_voice():
    found = voices(Note(0, 16, 72), Note(0, 4, 52), Note(4, 4, 67), Note(8, 4, 64))
    assert (0, 0, 72) in found
    assert all(voice for start, voice, _ in found if start)


def test_assign_voices_keeps_given_voices():
    assert voices(Note(0, 4, 72, voice=0), Note(0, 4, 74, voice=2)) == [(0, 0, 72), (0, 2, 74)]


@pytest.mark.parametrize(
    ("steps", "per_bar", "position", "ends"),
    [(32, 16, 0, [16, 32]), (20, 16, 12, [4, 20]), (13, 12, 0, [12, 24]), (0, 16, 0, [16])],
)
def test_regular_bars_end_at_the_bar_lines(steps, per_bar, position, ends):
    found = regular_bars(steps, per_bar, position)
    assert [bar.end for bar in found] == ends
    assert found[0].start == 0


@pytest.mark.parametrize(("steps", "meter"), [(16, (4, 4)), (12, (3, 4)), (14, (7, 8)), (5, (5, 16))])
def test_regular_bars_have_a_meter_of_their_length(steps, meter):
    (bar,) = regular_bars(steps, steps, 0)
    assert (bar.meter.numerator, bar.meter.denominator, bar.meter.steps_per_bar) == (*meter, steps)


def test_key_from_notes_estimates_the_key():
    assert key_from_notes([Note(0, 4, pitch) for pitch in (62, 66, 69, 62, 64, 67, 71, 73, 74)]) == (2, False)
    assert key_from_notes([]) == (0, False)


def test_exchange_puts_the_answer_after_the_prompt():
    prompt = Phrase((Note(0, 16, 72),), 16)
    answer = [Note(0, 16, 72 - 7 * voice, voice=voice) for voice in range(4)]
    first, second = fromstring(exchange_musicxml(prompt, answer)).findall("part/measure")
    assert [note.findtext("voice") for note in first.findall("note")] == ["1", "3"]
    assert [note.findtext("voice") for note in second.findall("note")] == ["1", "2", "3", "4"]
    (only,) = fromstring(exchange_musicxml(prompt, answer[1:], answer_step=0)).findall("part/measure")
    assert len(only.findall("note/pitch")) == 4


def test_exchange_cuts_overlapping_notes_of_a_voice():
    prompt = Phrase((Note(0, 12, 72, voice=1), Note(4, 12, 74, voice=1), Note(4, 8, 60, voice=1)), 16)
    (bar,) = fromstring(exchange_musicxml(prompt, ())).findall("part/measure")
    notes = [note for note in bar.findall("note") if note.findtext("voice") == "2"]
    assert [note.findtext("duration") for note in notes] == ["4", "12"]


def test_song_notes_keep_tuplets_of_a_line_and_of_four_voices():
    cases = Path(__file__).parents[2] / "data" / "cases"
    line = song_notes(read_midi(cases / "m27-tuplets.mid"), [Note(0, 4, 67)])
    assert len(line) == 14
    assert sum(note.start % 1 != 0 for note in line) == 6
    assert line[-1].start == 32
    hymn = song_notes(read_midi(cases / "m16-two-staves.mid"))
    assert {note.voice for note in hymn} == {0, 1, 2, 3}


def test_exchange_marks_where_the_answer_begins():
    prompt, answer = Phrase((Note(0, 15, 72),), 16), [Note(0, 16, 67)]
    first, second = fromstring(exchange_musicxml(prompt, answer)).findall("part/measure")
    assert first.findtext("barline/bar-style") == "light-light"
    assert second.findtext("direction/direction-type/words") == "Answer"
    (only,) = fromstring(exchange_musicxml(prompt, [Note(0, 4, 67, voice=1)], 12)).findall("part/measure")
    assert only.findtext("direction/offset") == "12"
    assert fromstring(exchange_musicxml(prompt, [Note(0, 4, 67, voice=1)], 0)).find(".//words") is None


def test_exchange_writes_played_notes_and_the_set_meter():
    prompt = Phrase(tuple(Note(2 * at, 1, 72 + at) for at in range(6)), 12, 12)
    options = ScoreOptions(meter=Meter(0, 6, 8), key=(2, False))
    (bar,) = fromstring(exchange_musicxml(prompt, (), options=options)).findall("part/measure")
    assert [note.findtext("type") for note in bar.findall("note")[:6]] == ["eighth"] * 6
    beams = [note.findtext("beam") for note in bar.findall("note")[:6]]
    assert beams == ["begin", "continue", "end"] * 2
    assert (bar.findtext("attributes/time/beats"), bar.findtext("attributes/key/fifths")) == ("6", "2")


def test_exchange_leaves_stems_of_a_lone_voice_to_the_engraver():
    answer = [Note(0, 16, 72 - 7 * voice, voice=voice) for voice in range(4)]
    first, second = fromstring(exchange_musicxml(Phrase((Note(0, 16, 72),), 16), answer)).findall("part/measure")
    assert first.find("note/stem") is None
    assert [note.findtext("stem") for note in second.findall("note")] == ["up", "down", "up", "down"]


def test_value_ids_are_read_back():
    assert parse_value_id(value_id(2, Fraction(8, 3))) == (2, Fraction(8, 3))
    assert parse_value_id("note-12") is None


def test_exchange_marks_only_an_answer_that_follows():
    prompt = Phrase((Note(0, 8, 72), Note(8, 8, 74)), 16)
    answer = [Note(0, 8, 60, voice=2)]
    assert b"Answer" in exchange_musicxml(prompt, answer)
    assert b"Answer" not in exchange_musicxml(prompt, answer, answer_step=4)
    assert b"Answer" not in exchange_musicxml(prompt, [])
