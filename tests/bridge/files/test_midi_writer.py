from pathlib import Path

import mido
import pytest

from bachbridge.errors import BachBridgeError
from bachbridge.files.midi_reader import read_midi
from bachbridge.files.midi_writer import MidiStreamWriter, write_midi
from bachbridge.music.notes import Note, keep_longest_notes
from bachbridge.music.performance import PLAYER, Part, TimedNote, notes_from_grid
from bachbridge.music.timeline import Meter


def test_write_midi_keeps_tempo_names_programs_and_micro_timing(tmp_path: Path):
    path = tmp_path / "out.mid"
    step_ns = 166_666_667  # 90 bpm
    grid = [Note(0, 4, 60, 70, 0, 5_000_000), Note(4, 4, 62, 80, 0, -3_000_000), Note(4, 2, 67, 81)]
    parts = [
        Part(PLAYER, (TimedNote(0, 500_000_000, 72, 90),)),
        *(Part(voice, notes_from_grid(grid, step_ns, 1_000_000_000)) for voice in range(4)),
    ]
    write_midi(path, parts, bpm=90, meter=Meter(0, 3, 4), title="Título ♪")
    file = mido.MidiFile(path)
    assert file.type == 1
    assert [track.name for track in file.tracks[1:]] == ["Player", "Soprano", "Alto", "Tenor", "Bass"]
    conductor = {message.type: message for message in file.tracks[0]}
    assert conductor["set_tempo"].tempo == mido.bpm2tempo(90)
    assert (conductor["time_signature"].numerator, conductor["time_signature"].denominator) == (3, 4)
    programs = [next(m for m in track if m.type == "program_change") for track in file.tracks[1:]]
    assert [m.program for m in programs] == [6, 19, 19, 19, 19]
    assert len({m.channel for m in programs}) == 5
    song = read_midi(path)
    tick_ns = 60e9 / 90 / file.ticks_per_beat
    soprano = sorted((n.start * tick_ns, n.end * tick_ns, n.velocity) for n in song.notes if n.track == 2)
    expected = sorted((p.start_ns, p.end_ns, p.velocity) for p in parts[1].notes)
    for (start, end, velocity), (start_ns, end_ns, expected_velocity) in zip(soprano, expected, strict=True):
        assert abs(start - start_ns) <= tick_ns / 2 + 1000
        assert abs(end - end_ns) <= tick_ns / 2 + 1000
        assert velocity == expected_velocity


def test_write_midi_ends_a_note_before_it_is_repeated(tmp_path: Path):
    path = tmp_path / "out.mid"
    beat = 500_000_000
    write_midi(path, [Part(0, (TimedNote(0, beat, 60, 80), TimedNote(beat, 2 * beat, 60, 80)))], bpm=120)
    assert [(n.start, n.end) for n in read_midi(path).notes] == [(0, 960), (960, 1920)]


def test_write_midi_leaves_no_partial_file(tmp_path: Path):
    with pytest.raises(BachBridgeError, match="cannot write"):
        write_midi(tmp_path / "none" / "out.mid", [], bpm=120)
    (tmp_path / "out.mid").mkdir()
    with pytest.raises(BachBridgeError, match="cannot write"):
        write_midi(tmp_path / "out.mid", [], bpm=120)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mid"]


def test_stream_writer_keeps_notes_in_order_and_on_disk(tmp_path: Path) -> None:
    with MidiStreamWriter(125_000_000) as writer:
        for stretch in range(50):
            notes = [Note(4, 4, 62), Note(0, 4, 60), Note(0, 8, 48, voice=3)]
            writer.add_notes(keep_longest_notes(notes), 8 * stretch)
        assert {track.last_tick for track in writer._tracks.values()} == {50 * 8 * 240}
        writer.save(tmp_path / "out.mid", title="t", steps_per_bar=16, program=0)
    song = read_midi(tmp_path / "out.mid")
    assert len(song.notes) == 150
    assert {note.end - note.start for note in song.notes if note.channel == 3} == {8 * 240}


def test_stream_writer_ends_a_note_before_an_early_repetition(tmp_path: Path) -> None:
    with MidiStreamWriter(125_000_000) as writer:
        writer.add_notes([Note(0, 4, 60), Note(4, 4, 60, offset_ns=-20_000_000), Note(8, 4, 60)], 0)
        writer.save(tmp_path / "out.mid", title="t", steps_per_bar=16, program=0)
    early = round(960 * 20 / 500)
    found = [(note.start, note.end) for note in read_midi(tmp_path / "out.mid").notes]
    assert found == [(0, 960 - early), (960 - early, 1920), (1920, 2880)]
