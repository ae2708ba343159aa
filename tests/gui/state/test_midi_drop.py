"""A MIDI file as a prompt."""

from pathlib import Path

import pytest

from bachbridge.errors import MidiFileError
from bachbridge.files.midi_writer import write_midi
from bachbridge.music.notes import Note
from bachbridge.music.performance import PLAYER, Part, TimedNote
from bachbridge_gui.state.midi_drop import MAX_BARS, droppable_file, phrase_from_file

BEAT_NS = 600_000_000


def write_song(path: Path, *beats: int, bpm: float = 100) -> Path:
    notes = tuple(TimedNote(beat * BEAT_NS, (beat + 1) * BEAT_NS, 60 + beat % 12, 80) for beat in beats)
    write_midi(path, [Part(PLAYER, notes)], bpm=bpm)
    return path


def test_midi_file_becomes_phrase_on_grid_with_tempo(tmp_path: Path):
    phrase, step_ns = phrase_from_file(write_song(tmp_path / "a.MID", 0, 1, 2, 3, 4))
    assert step_ns == BEAT_NS // 4
    assert (phrase.steps, phrase.steps_per_bar, phrase.position) == (32, 16, 0)
    assert phrase.notes[1] == Note(4, 4, 61, 80)


def test_midi_drop_keeps_chords(tmp_path: Path):
    chord = tuple(TimedNote(0, BEAT_NS, pitch, 80) for pitch in (60, 64, 67))
    write_midi(tmp_path / "a.mid", [Part(PLAYER, chord)], bpm=100)
    phrase, _ = phrase_from_file(tmp_path / "a.mid")
    assert [note.pitch for note in phrase.notes] == [60, 64, 67]


def test_midi_drop_cuts_silent_bars_before_music(tmp_path: Path):
    phrase, _ = phrase_from_file(write_song(tmp_path / "a.midi", 9, 10))
    assert [note.start for note in phrase.notes] == [4, 8]
    assert phrase.steps == 16


def test_midi_drop_uses_end_of_long_file(tmp_path: Path):
    phrase, _ = phrase_from_file(write_song(tmp_path / "a.mid", *range(4 * (MAX_BARS + 3))))
    assert phrase.steps == MAX_BARS * 16
    assert phrase.notes[0].start == 0
    assert phrase.notes[0].pitch == 60 + 3 * 4 % 12


def test_midi_drop_refuses_other_files_in_one_sentence(tmp_path: Path):
    (tmp_path / "a.mid").write_bytes(b"RIFF")
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    (tmp_path / "folder.mid").mkdir()
    for name, words in (
        ("a.mid", "a.mid is not a MIDI file"),
        ("a.wav", "a.wav is not a MIDI file: drop"),
        ("folder.mid", "folder.mid is a folder"),
        ("none.mid", "none.mid cannot be read"),
    ):
        with pytest.raises(MidiFileError, match=words) as caught:
            phrase_from_file(droppable_file([tmp_path / name]))
        assert str(tmp_path) not in str(caught.value)


def test_midi_drop_takes_one_file_at_a_time(tmp_path: Path):
    path = write_song(tmp_path / "a.mid", 0)
    with pytest.raises(MidiFileError, match="2 files at once"):
        droppable_file([path, path])
    with pytest.raises(MidiFileError, match="not a file on this computer"):
        droppable_file([])
