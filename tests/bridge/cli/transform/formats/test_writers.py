"""Every command writes the format that the output's name says, and refuses a name that says none."""

import wave
from pathlib import Path

import pytest

from bachbridge.cli.transform.formats import writers
from bachbridge.cli.transform.formats.timed_parts import timed_parts
from bachbridge.cli.transform.formats.writers import FinishedMusic, check_format, check_length, encode_music
from bachbridge.cli.transform.inputs import read_source
from bachbridge.cli.transform.output import OutputFiles
from bachbridge.cli.transform.text import convert_file
from bachbridge.errors import ConfigError
from bachbridge.files.midi_writer import part_body
from bachbridge.files.score_layout import regular_bars
from bachbridge.files.smf import TEMPO, encode_file, meta_event
from bachbridge.music.notes import Note
from tests.support.midi_bytes import track_body

TPB = 480
CHORDS = ((67, 62, 59, 55), (69, 66, 60, 50), (71, 67, 62, 55), (72, 67, 64, 48))
NOTES = [Note(4 * at, 4, pitch, voice=voice) for at, chord in enumerate(CHORDS) for voice, pitch in enumerate(chord)]


def midi_bytes() -> bytes:
    bodies = [
        part_body(name, voice, 0, [(TPB * at, TPB * at + TPB, chord[voice], 80) for at, chord in enumerate(CHORDS)])
        for voice, name in enumerate(("Soprano", "Alto", "Tenor", "Bass"))
    ]
    return encode_file(TPB, [track_body([(0, meta_event(TEMPO, (500_000).to_bytes(3)))]), *bodies])


def music(title: str = "hymn") -> FinishedMusic:
    return FinishedMusic(midi_bytes(), NOTES, regular_bars(16, 16, 0), title, (7, False))


@pytest.mark.parametrize(
    ("suffix", "beginning"),
    [
        (".mid", b"MThd"),
        ("", b"MThd"),
        (".musicxml", b"<?xml"),
        (".xml", b"<?xml"),
        (".mxl", b"PK"),
        (".abc", b"%abc-2.1"),
        (".svg", b"<svg"),
        (".PNG", b"\x89PNG"),
        (".pdf", b"%PDF-"),
        (".wav", b"RIFF"),
    ],
)
def test_music_is_written_in_the_format_of_the_name(suffix: str, beginning: bytes, tmp_path: Path):
    if suffix.lower() in {".svg", ".png", ".pdf"}:
        pytest.importorskip("verovio")
        pytest.importorskip("resvg_py")
    target = tmp_path / f"out{suffix}"
    outputs = OutputFiles(target)
    outputs.check_writable()
    outputs.check_score_length(music().bars)
    outputs.write(midi_bytes(), NOTES, music().bars, "hymn")
    assert target.read_bytes().lstrip().startswith(beginning)


@pytest.mark.parametrize("suffix", [".mid", ".musicxml", ".mxl"])
def test_what_is_written_is_read_with_the_same_notes(suffix: str, tmp_path: Path):
    target = tmp_path / f"out{suffix}"
    target.write_bytes(encode_music(target, music()))
    song = read_source(target).song if suffix != ".abc" else None
    if song:
        assert {(n.start, n.length, n.pitch) for n in song.phrase.notes} == {
            (n.start, n.length, n.pitch) for n in NOTES
        }


def test_text_holds_a_line_for_each_step():
    assert len(encode_music(Path("a.txt"), music()).splitlines()) >= 16


def test_wav_follows_the_tempos_of_the_file(tmp_path: Path):
    (tmp_path / "a.wav").write_bytes(encode_music(tmp_path / "a.wav", music()))
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert 2 < file.getnframes() / file.getframerate() < 5
    assert [part.voice for part in timed_parts(music().song)] == [0, 1, 2, 3]
    assert timed_parts(music().song)[0].notes[-1].end_ns == 2_000_000_000


@pytest.mark.parametrize("name", ["out.doc", "out.mp3", "out.mid.bak", "out.musicxm"])
def test_unknown_endings_are_refused_in_one_sentence(name: str, tmp_path: Path):
    for check in (check_format, lambda path: OutputFiles(path).check_writable()):
        with pytest.raises(
            ConfigError, match=r"cannot write .*: give it a name that ends in \.mid, .* or \.kar"
        ) as caught:
            check(tmp_path / name)
        assert "\n" not in str(caught.value)
    source = tmp_path / "in.mid"
    source.write_bytes(midi_bytes())
    with pytest.raises(ConfigError, match="cannot write"):
        convert_file(source, tmp_path / name, steps_per_beat=4)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mid"]


def test_pictures_of_long_pieces_are_refused_before_the_work():
    bars = regular_bars(16 * 401, 16, 0)
    with pytest.raises(ConfigError, match=r"at most 400 bars and this piece has 401: give a name that ends in \.pdf"):
        check_length(Path("a.svg"), bars)
    check_length(Path("a.pdf"), bars)


def test_text_command_converts_scores(tmp_path: Path):
    source = tmp_path / "in.mid"
    source.write_bytes(midi_bytes())
    for name in ("a.musicxml", "b.mxl"):
        convert_file(source, tmp_path / name, steps_per_beat=4)
        convert_file(tmp_path / name, tmp_path / f"{name}.mid", steps_per_beat=4)
        song = read_source(tmp_path / f"{name}.mid").song
        expected = sorted(NOTES, key=lambda note: (note.start, note.voice))
        assert [note.pitch for note in song.phrase.notes] == [note.pitch for note in expected]
    assert set(writers.SCORE_SUFFIXES) <= set(writers.WRITERS)
