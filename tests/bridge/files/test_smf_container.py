"""Files whose header, lengths or wrapping are off are read as far as they go, and the warning says what is off."""

import struct
from pathlib import Path

import mido
import pytest

from bachbridge.errors import MidiFileError
from bachbridge.files.midi_reader import MidiSong, read_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import END_OF_TRACK_EVENT, encode_file, meta_event
from tests.support.midi_bytes import track_body
from tests.support.smf_files import header, track

CASES = Path(__file__).parents[2] / "data" / "cases"
ROWS = [(0, 480, 60, 70), (480, 960, 62, 71), (960, 1920, 64, 72)]
HIGH_ROWS = [(start, end, pitch + 12, velocity) for start, end, pitch, velocity in ROWS]
BODY, HIGH = part_body("low", 0, 0, ROWS), part_body("high", 1, 0, HIGH_ROWS)
PITCHES = [60, 62, 64]
BOTH = [60, 72, 62, 74, 64, 76]
NO_END = BODY.removesuffix(END_OF_TRACK_EVENT)
REAL_TIME = BODY.replace(b"\x90", b"\xf8\x00\x90", 1)
RIFF = struct.pack("<4sL4s4sL", b"RIFF", 0, b"RMID", b"data", len(header(1) + track(BODY)))


def read(tmp_path: Path, data: bytes) -> MidiSong:
    path = tmp_path / "a.mid"
    path.write_bytes(data)
    return read_midi(path)


@pytest.mark.parametrize(
    ("data", "pitches", "warning"),
    [
        (header(1) + track(BODY) + b"\x1a", PITCHES, "1 byte after the last track was left out"),
        (header(1) + track(BODY) + bytes(range(1, 40)), PITCHES, "39 bytes after the last track"),
        (header(1) + track(BODY) + bytes(40), PITCHES, ""),
        (header(3) + track(BODY) + track(HIGH), BOTH, "its header counts 3 tracks and 2 are there"),
        (header(1) + track(BODY) + track(HIGH), BOTH, "its header counts 1 track and 2 are there"),
        (header(0) + track(BODY), PITCHES, "its header counts 0 tracks and 1 are there"),
        (header(1, kind=0) + track(BODY), PITCHES, ""),
        (RIFF + header(1) + track(BODY), PITCHES, "another container"),
        (RIFF + header(1) + track(BODY) + b"LIST\x04\x00\x00\x00INFO", PITCHES, "another container"),
        (bytes(128) + header(1) + track(BODY), PITCHES, "another container"),
        (header(2) + track(BODY, 9999) + track(HIGH), BOTH, "the length is off in track 1"),
        (header(2) + track(BODY) + track(HIGH, 9999), BOTH, "the length is off in track 2"),
        (header(2) + track(BODY, 0xFFFFFFFF) + track(HIGH), BOTH, "the length is off in track 1"),
        (header(2) + track(BODY, len(BODY) + 3) + track(HIGH), BOTH, "the length is off in track 1"),
        (header(2) + track(BODY, len(BODY) - 5) + track(HIGH), BOTH, "the length is off in track 1"),
        (header(2) + track(BODY, 0) + track(HIGH, 0), BOTH, "the length is off in track 1"),
        (header(2) + track(BODY) + track(HIGH, 7), BOTH, "the length is off in track 2"),
        (header(1, size=8, extra=b"\0\0") + track(BODY), PITCHES, "its header states 8 bytes"),
        (header(1, size=8) + track(BODY), PITCHES, "its header states 8 bytes"),
        (header(1, size=0) + track(BODY), PITCHES, "its header states 0 bytes"),
        (header(1) + track(NO_END), PITCHES, "the end-of-track event is missing in track 1"),
        (header(2) + track(NO_END) + track(HIGH), BOTH, "the end-of-track event is missing in track 1"),
        (header(1) + track(BODY + b"\x00\x90\x30\x40"), PITCHES, "4 bytes after the end were left out in track 1"),
        (header(1) + track(REAL_TIME), PITCHES, "1 event with impossible bytes was left out in track 1"),
        (header(1) + track(BODY.replace(b"\x3e\x47", b"\x3e\xc7")), [60, 64], "impossible bytes"),
        (header(1, division=0xE728) + track(BODY), PITCHES, "half a second was taken for a beat"),
        (header(2, kind=2) + track(BODY) + track(HIGH), PITCHES, "it holds 2 songs (format 2), of which the first"),
        (header(2, kind=2) + track(track_body([])) + track(HIGH), [72, 74, 76], ""),
        (header(1, kind=7) + track(BODY), PITCHES, ""),
    ],
)
def test_read_midi_reads_what_is_there_and_says_so(data: bytes, pitches: list[int], warning: str, tmp_path: Path):
    song = read(tmp_path, data)
    assert [note.pitch for note in song.notes] == pitches
    assert warning in song.warning
    assert bool(warning) == bool(song.warning)
    assert song.warning.count("\n") == 0
    written = tmp_path / "written.mid"
    written.write_bytes(encode_file(song.division, song.track_bodies))
    if song.division < 0x8000:
        assert len(mido.MidiFile(written).tracks) == len(song.track_bodies)
    again = read_midi(written)
    assert [note.pitch for note in again.notes] == pitches
    assert "container" not in again.warning


def test_running_status_goes_on_across_meta_events(tmp_path: Path):
    body = bytes.fromhex("00903c40 00ff0101 61 8360 3c00 00f7 0101 00 3e40 8360 3e00".replace(" ", ""))
    song = read(tmp_path, header(1) + track(body + END_OF_TRACK_EVENT))
    assert [(note.start, note.end, note.pitch) for note in song.notes] == [(0, 480, 60), (480, 960, 62)]


@pytest.mark.parametrize(
    ("name", "count", "warning"),
    [
        ("m05-tail", 14, "after the last track were left out"),
        ("m05-tail-long", 14, "after the last track were left out"),
        ("m06-count-more", 14, "its header counts 3 tracks and 2 are there"),
        ("m28-hanging", 14, "1 note has no end"),
    ],
)
def test_cases_of_damaged_files_are_read(name: str, count: int, warning: str):
    song = read_midi(CASES / f"{name}.mid")
    assert len(song.notes) == count
    assert warning in song.warning
    assert song.notes[-1].end == 7200 if name == "m28-hanging" else 7680


def test_refusal_of_a_damaged_file_says_what_is_wrong(tmp_path: Path):
    for data, words in (
        (header(1, division=0) + track(BODY), "ticks per beat"),
        (header(1) + track(meta_event(1, b"x")), "holds no notes"),
        (header(1), "truncated or damaged"),
        (b"MThd", "truncated or damaged"),
        (b"RIFF....WAVEfmt ", "is not a MIDI file"),
    ):
        with pytest.raises(MidiFileError, match=words):
            read(tmp_path, data)
