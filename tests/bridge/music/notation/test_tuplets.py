"""Tuplets stay tuplets on staves and in ABC; notes played freely go to 16ths."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bachbridge.cli.transform.abc_output import song_as_abc
from bachbridge.cli.transform.inputs import SourceMusic
from bachbridge.files.midi_reader import read_midi
from bachbridge.files.musicxml import encode_musicxml
from bachbridge.files.score_reading.score_song import read_score
from bachbridge.music.notation.tuplets import WrittenNote, written_line, written_notes
from bachbridge.music.timeline import Meter, TickNote, Timeline

CASE = Path(__file__).parents[3] / "data" / "cases" / "m27-tuplets.mid"
TPB = 480
COMMON = Timeline(TPB)


def ticks(*onsets: float, end: float) -> list[TickNote]:
    """Return notes one after another from onsets in quarter notes."""
    starts = [round(onset * TPB) for onset in (*onsets, end)]
    return [TickNote(starts[at], starts[at + 1], 60 + at, 80, 0, 0) for at in range(len(onsets))]


def starts(notes: list[WrittenNote]) -> list[Fraction]:
    return [note.start for note in notes]


@pytest.mark.parametrize("parts", [3, 5, 6, 7])
def test_tuplets_are_found_with_all_their_notes(parts: int):
    onsets = [1 + number / parts for number in range(parts)]
    notes = written_notes(ticks(0, *onsets, 2, end=3), COMMON)
    assert starts(notes)[1:-1] == [4 + Fraction(4 * number, parts) for number in range(parts)]
    assert [note.length for note in notes] == [4, *[Fraction(4, parts)] * parts, 4]


def test_long_and_short_note_of_a_triplet_are_one():
    notes = written_notes(ticks(0, 2 / 3, 1, 1 + 1 / 3, end=2), COMMON)
    assert [note.length for note in notes] == [Fraction(8, 3), Fraction(4, 3), Fraction(4, 3), Fraction(8, 3)]


@pytest.mark.parametrize("seed", range(5))
def test_notes_played_freely_are_no_tuplets(seed: int):
    rng = np.random.default_rng(seed)
    onsets = [max(0.0, at / 4 + rng.normal(0, 0.03)) for at in range(32)]
    notes = written_notes(ticks(*onsets, end=8), COMMON)
    assert sum(note.start.denominator > 1 for note in notes) <= 2


def test_compound_meters_have_no_tuplets_of_quarters():
    notes = written_notes(ticks(0, 1 / 3, 2 / 3, end=1), Timeline(TPB, meters=(Meter(0, 6, 8),)))
    assert all(note.start.denominator == 1 for note in notes)


def test_written_line_has_one_note_at_a_time():
    notes = [TickNote(0, 500, 60, 80, 0, 0), TickNote(480, 960, 62, 80, 0, 0)]
    assert [(note.start, note.end) for note in written_line(notes, COMMON, 0)] == [(0, 4), (4, 8)]


def test_case_of_tuplets_keeps_them_in_abc():
    text = song_as_abc(SourceMusic(read_midi(CASE)))
    assert text.splitlines()[-1] == "G2 (3ABc B2 A2|(5:4:5G/2A/2B/2A/2G/2 F2 G4|]"
    assert "V:" not in text


def test_case_of_tuplets_keeps_them_on_staves(tmp_path: Path):
    song = read_midi(CASE)
    line = written_line(song.notes, song.timeline, 0)
    assert len(line) == len(song.notes) == 13
    xml = encode_musicxml(line, list(song.timeline.bars(32)), (7, False))
    (tmp_path / "a.musicxml").write_bytes(xml)
    again = read_score(tmp_path / "a.musicxml")
    scale = Fraction(again.timeline.ticks_per_beat, TPB)
    assert [(n.start, n.end, n.pitch) for n in again.notes] == [
        (n.start * scale, n.end * scale, n.pitch) for n in song.notes
    ]
    assert xml.count(b'<tuplet type="start"') == xml.count(b'<tuplet type="stop"') == 2
    assert xml.count(b"<actual-notes>5<") == 5


def test_rests_and_ties_stand_in_tuplets(tmp_path: Path):
    notes = [WrittenNote(Fraction(4, 3), Fraction(4), 60), WrittenNote(Fraction(20, 3), Fraction(4, 3), 62)]
    (tmp_path / "a.musicxml").write_bytes(encode_musicxml(notes, list(COMMON.bars(8)), (0, False)))
    again = read_score(tmp_path / "a.musicxml")
    assert [(n.start, n.end) for n in again.notes] == [(320, 1280), (1600, 1920)]
