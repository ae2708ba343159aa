"""Tunes as people have them, each with the notes that are right: `tests/data/cases/a*.abc`.

The right notes are written as lengths in 16ths and pitches, "4 G4 A4 8 B4+D5"; a slash begins another voice.
"""

from fractions import Fraction
from pathlib import Path

import pytest

from bachbridge.cli.transform.text import convert_file
from bachbridge.files.abc_song import read_song
from bachbridge.files.midi_reader import read_midi

CASES = Path(__file__).parents[3] / "data" / "cases"
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
GABC = "G4 A4 B4 C5"

RIGHT = {
    "a01-voices": "4 G4 A4 B4 G4 C5 B4 8 A4 / 8 G3 D3 4 C3 D3 8 G2",
    "a02-pqr": "8/3 G4 4/3 A4 B4 C5 A4 B4 C5 4 D5 8/3 G4 4/3 A4 12 B4 4/3 G4 A4 B4 C5 B4 A4 8 G4",
    "a05-thrice": f"4 {GABC} {GABC} {GABC} 16 D5",
    "a07-accidentals": "2 D4 Eb4 F#4 G4 4 A4 Bb4 C5 A4 8 D4",
    "a07-ddor": "2 D4 E4 F4 G4 4 A4 B4 C5 A4 8 D4",
    "a07-empty": "2 C4 D4 E4 F4 8 G4",
    "a07-none": "2 C4 D4 E4 F4 8 G4",
    "a08-inline": f"4 {GABC} D5 E5 F#5 F#5 2 E5 D5 4 C#5 16 D5",
    "a09-long-rest": f"4 {GABC} 16 z 4 D5 C5 B4 A4 32 z 16 G4",
    "a10-chords": "4 G4+B4+D5 8 A4+C5 B4+D5 16 G4+B4+D5",
    "a20-overlay": f"4 {GABC} 8 D5 B4 16 G4 / 16 D4 G4",
    "a35-one-voice": f"4 {GABC} 8 D5 B4 16 G4",
    "a40-chord-first": "8 G4+B4 C5 16 D5",
    "a44-tempo-change": f"4 {GABC} 8 D5 B4 16 G4",
}


def right_notes(text: str) -> list[tuple[Fraction, Fraction, int]]:
    """Return start, length and pitch of the notes of lines such as "4 G4 A4 8 B4+D5"; a number is a length."""
    found: list[tuple[Fraction, Fraction, int]] = []
    for line in text.split(" / "):
        step = length = Fraction(0)
        for word in line.split():
            if word[0].isdigit():
                length = Fraction(word)
                continue
            found += [(step, length, _pitch(name)) for name in word.split("+") if name != "z"]
            step += length
    return sorted(found)


def _pitch(name: str) -> int:
    return _SEMITONES[name[0]] + name.count("#") - name.count("b") + 12 * (int(name[-1]) + 1)


@pytest.mark.parametrize("name", RIGHT)
def test_case_is_read_with_its_right_notes(name: str) -> None:
    song = read_song(CASES / f"{name}.abc").song
    ticks = Fraction(4, song.timeline.ticks_per_beat)
    read = [(note.start * ticks, (note.end - note.start) * ticks, note.pitch) for note in song.notes]
    assert sorted(read) == right_notes(RIGHT[name])


@pytest.mark.parametrize("name", RIGHT)
def test_case_becomes_midi_that_is_written_as_abc_again(name: str, tmp_path: Path) -> None:
    """Tuplets are not on the grid of 16ths, so of them only the number of voices is compared."""
    convert_file(CASES / f"{name}.abc", tmp_path / "a.mid", steps_per_beat=4)
    assert len(read_midi(tmp_path / "a.mid").notes) == len(right_notes(RIGHT[name]))
    convert_file(tmp_path / "a.mid", tmp_path / "b.abc", steps_per_beat=4)
    back = read_song(tmp_path / "b.abc").song
    if name != "a02-pqr":
        written = [(note.start, note.length, note.pitch) for note in read_midi(tmp_path / "a.mid").phrase.notes]
        assert sorted((note.start, note.length, note.pitch) for note in back.phrase.notes) == sorted(written)


def test_tempo_changes_where_it_is_written() -> None:
    for name, tick in (("a44-tempo-change", 4 * 960), ("a08-inline", 10 * 960)):
        tempos = read_song(CASES / f"{name}.abc").song.timeline.tempos
        assert [(tempo.tick, tempo.beat_us) for tempo in tempos] == [(0, 500_000), (tick, 1_000_000)]


def test_tempo_changes_are_written_to_midi(tmp_path: Path) -> None:
    convert_file(CASES / "a44-tempo-change.abc", tmp_path / "a.mid", steps_per_beat=4)
    tempos = read_midi(tmp_path / "a.mid").timeline.tempos
    assert [(tempo.tick, tempo.beat_us) for tempo in tempos] == [(0, 500_000), (3840, 1_000_000)]
