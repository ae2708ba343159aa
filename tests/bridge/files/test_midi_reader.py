import io
import struct
from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.errors import MidiFileError
from bachbridge.files import midi_reader, smf_container
from bachbridge.files.midi_reader import MidiSong, read_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import TEMPO, TIME_SIGNATURE, encode_file, meta_event
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Meter, Tempo
from tests.support.midi_bytes import track_body

TPB = 480
NOTES = [(0, 480, 60, 70), (480, 960, 62, 71), (960, 1920, 64, 72)]


def read_bytes_as_midi(tmp_path: Path, data: bytes) -> MidiSong:
    path = tmp_path / "a.mid"
    path.write_bytes(data)
    return read_midi(path)


def refusal(tmp_path: Path, data: bytes) -> str:
    with pytest.raises(MidiFileError) as caught:
        read_bytes_as_midi(tmp_path, data)
    message = str(caught.value)
    assert str(tmp_path / "a.mid") in message
    assert "\n" not in message
    return message


def song_bytes(*bodies: bytes, division: int = TPB) -> bytes:
    return encode_file(division, bodies)


def melody() -> bytes:
    return part_body("melody", 0, 0, NOTES)


def test_read_midi_gives_notes_in_ticks_and_on_the_grid(tmp_path: Path):
    song = read_bytes_as_midi(tmp_path, song_bytes(melody()))
    assert [(n.start, n.end, n.pitch, n.velocity) for n in song.notes] == NOTES
    assert song.phrase.notes == (Note(0, 4, 60, 70), Note(4, 4, 62, 71), Note(8, 8, 64, 72))
    assert (song.phrase.steps, song.phrase.steps_per_bar, song.phrase.position) == (16, 16, 0)
    assert song.track_names == ("melody",)


def test_grid_rounds_to_the_nearest_step_and_keeps_the_offset(tmp_path: Path):
    rows = [(50, 100, 60, 70), (480 - 30, 960, 62, 70), (1000, 1010, 64, 70)]
    notes = read_bytes_as_midi(tmp_path, song_bytes(part_body("", 0, 0, rows))).phrase.notes
    assert [(n.start, n.length) for n in notes] == [(0, 1), (4, 4), (8, 1)]
    tick_ns = 500_000_000 / TPB
    assert [n.offset_ns for n in notes] == [round(t * tick_ns) for t in (50, -30, 40)]


def test_tempo_and_meter_are_read_from_any_track(tmp_path: Path):
    conductor = track_body(
        [(0, meta_event(TEMPO, (600_000).to_bytes(3))), (0, meta_event(TIME_SIGNATURE, bytes((3, 2, 24, 8))))]
    )
    later = track_body(
        [(1440, meta_event(TEMPO, (400_000).to_bytes(3))), (2880, meta_event(TIME_SIGNATURE, bytes((6, 3, 24, 8))))]
    )
    rows = [(0, 480, 60, 70), (2880, 4000, 62, 70)]
    song = read_bytes_as_midi(tmp_path, song_bytes(conductor, later, part_body("", 0, 0, rows)))
    assert song.timeline.tempos == (Tempo(0, 600_000), Tempo(1440, 400_000))
    assert song.timeline.meters == (Meter(0, 3, 4), Meter(2880, 6, 8))
    assert song.phrase.steps_per_bar == 12
    assert song.phrase.steps == 36


def test_bar_lines_follow_a_change_of_meter(tmp_path: Path):
    conductor = track_body(
        [
            (0, meta_event(TIME_SIGNATURE, bytes((4, 2, 24, 8)))),
            (1920, meta_event(TIME_SIGNATURE, bytes((3, 2, 24, 8)))),
        ]
    )
    song = read_bytes_as_midi(tmp_path, song_bytes(conductor, part_body("", 0, 0, [(1920, 2000, 60, 70)])))
    assert song.phrase.steps == 16 + 12


def test_tempo_zero_and_impossible_meters_are_ignored(tmp_path: Path):
    odd = track_body(
        [
            (0, meta_event(TEMPO, bytes(3))),
            (0, meta_event(TIME_SIGNATURE, bytes((0, 2, 24, 8)))),
            (0, meta_event(TIME_SIGNATURE, b"\4\x30")),
        ]
    )
    song = read_bytes_as_midi(tmp_path, song_bytes(odd, melody()))
    assert song.timeline.tempos == (Tempo(0, 500_000),)
    assert song.timeline.meters == (Meter(0, 4, 4),)


def four_parts(names: tuple[str, ...]) -> bytes:
    pitches = {"soprano": 72, "alto": 67, "tenor": 60, "bass": 48}
    rows = list(pitches.values())
    bodies = [part_body(n, i, 0, [(0, 520, rows[i], 70), (480, 960, rows[i] + 2, 70)]) for i, n in enumerate(names)]
    return song_bytes(*bodies)


@pytest.mark.parametrize("names", [("Soprano", "Alto", "Tenor", "Bass"), ("s", "a", "t", "b"), ("1", "2", "3", "4")])
def test_voices_are_four_monophonic_tracks(tmp_path: Path, names: tuple[str, ...]):
    notes = read_bytes_as_midi(tmp_path, four_parts(names)).phrase.notes
    assert {note.voice: note.pitch for note in notes if note.start == 0} == {0: 72, 1: 67, 2: 60, 3: 48}
    assert all(note.length == 4 for note in notes)


def test_voices_follow_track_names_before_pitch(tmp_path: Path):
    notes = read_bytes_as_midi(tmp_path, four_parts(("bass", "tenor", "alto", "soprano"))).phrase.notes
    assert {note.voice: note.pitch for note in notes if note.start == 0} == {3: 72, 2: 67, 1: 60, 0: 48}


def test_voices_are_not_assigned_if_a_track_has_chords(tmp_path: Path):
    chord = part_body("", 0, 0, [(0, 480, 60, 70), (0, 480, 64, 70)])
    others = [part_body("", channel, 0, NOTES) for channel in (1, 2, 3)]
    assert {note.voice for note in read_bytes_as_midi(tmp_path, song_bytes(chord, *others)).phrase.notes} == {0}


def test_percussion_is_left_out(tmp_path: Path):
    song = read_bytes_as_midi(tmp_path, song_bytes(melody(), part_body("drums", 9, 0, [(0, 100, 36, 100)])))
    assert len(song.notes) == len(NOTES)
    assert "no notes" in refusal(tmp_path, song_bytes(part_body("drums", 9, 0, [(0, 100, 36, 100)])))


def test_running_status_and_a_missing_end_of_track_are_read(tmp_path: Path):
    body = bytes.fromhex("00903c40 8360 3c00 00 ff0103616263 00 4040 8360 4000".replace(" ", ""))
    song = read_bytes_as_midi(tmp_path, song_bytes(body))
    assert [(n.start, n.end, n.pitch) for n in song.notes] == [(0, 480, 60), (480, 960, 64)]


def test_hanging_note_ends_with_its_track_or_its_pitch(tmp_path: Path):
    on, off = b"\x90\x3c\x40", b"\x80\x3c\x40"
    alone = [(0, on), (9600, meta_event(1, b"end"))]
    repeated = [(0, on), (480, on), (960, off), (1200, on), (1440, off), (2000, meta_event(1, b"end"))]
    last = [(0, on), (480, off), (480, on)]
    for events, ends in ((alone, [9600]), (repeated, [480, 960, 1440]), (last, [480, 960])):
        song = read_bytes_as_midi(tmp_path, song_bytes(track_body(events)))
        assert [note.end for note in song.notes] == ends
        assert "1 note has no end" in song.warning
        closed = read_bytes_as_midi(tmp_path, song_bytes(*song.track_bodies))
        assert (closed.notes, closed.warning) == (song.notes, "")


def test_note_off_without_a_note_is_ignored(tmp_path: Path):
    body = track_body([(0, b"\x80\x3c\x40"), (10, b"\x90\x3c\x40"), (490, b"\x80\x3c\x40"), (500, b"\x80\x3c\x40")])
    assert [(n.start, n.end) for n in read_bytes_as_midi(tmp_path, song_bytes(body)).notes] == [(10, 490)]


def test_frames_per_second_are_read_as_beats_of_half_a_second(tmp_path: Path):
    division = (256 - 25) << 8 | 40  # 25 frames of 40 ticks: a tick is a millisecond
    rows = [(0, 500, 60, 70), (1000, 1500, 62, 70)]
    song = read_bytes_as_midi(tmp_path, song_bytes(part_body("", 0, 0, rows), division=division))
    assert song.timeline.ticks_per_beat == 500
    assert [(n.start, n.length) for n in song.phrase.notes] == [(0, 4), (8, 4)]


def test_alien_chunks_impossible_keys_and_padding_are_skipped(tmp_path: Path):
    key = track_body([(0, meta_event(0x159, b"\xff\xff")), (0, b"\x90\x3c\x40"), (480, b"\x80\x3c\x40")])
    data = song_bytes(key)
    data = data[:14] + struct.pack(">4sL", b"XFIH", 3) + b"abc" + data[14:] + data[14:] + bytes(5)
    assert len(read_bytes_as_midi(tmp_path, data).notes) == 2
    with pytest.raises(Exception):  # noqa: B017, PT011 # mido raises several kinds of error for such files
        mido.MidiFile(file=io.BytesIO(song_bytes(key)))


def test_read_midi_refuses_a_missing_empty_or_other_file(tmp_path: Path):
    with pytest.raises(MidiFileError, match=r"none\.mid cannot be read"):
        read_midi(tmp_path / "none.mid")
    with pytest.raises(MidiFileError, match="cannot be read"):
        read_midi(tmp_path)
    assert "is empty" in refusal(tmp_path, b"")
    assert "is not a MIDI file" in refusal(tmp_path, b"RIFF....WAVE")
    assert "no notes" in refusal(tmp_path, song_bytes(track_body([])))
    assert "ticks per beat" in refusal(tmp_path, song_bytes(melody(), division=0))


def test_read_midi_reports_every_truncation(tmp_path: Path):
    whole = song_bytes(melody())
    for size in range(4, len(whole)):
        if size < whole.index(b"\x90") + 3:
            assert "truncated or damaged" in refusal(tmp_path, whole[:size]), size
            continue
        song = read_bytes_as_midi(tmp_path, whole[:size])
        assert "out of order" in song.warning, size
        assert [(n.start, n.pitch) for n in song.notes] == [(s, p) for s, _, p, _ in NOTES[: len(song.notes)]]
        mido.MidiFile(file=io.BytesIO(encode_file(song.division, song.track_bodies)))


def test_read_midi_refuses_files_beyond_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = song_bytes(melody())
    assert "beats long" in refusal(tmp_path, song_bytes(part_body("", 0, 0, [(0, 50_001 * TPB, 60, 70)])))
    many = track_body([(0, b"\x90\x3c\x40"), (9, b"\x80\x3c\x40")] * (smf_container.MAX_EVENTS // 2 + 1))
    assert "too large (over 250000 events)" in refusal(tmp_path, song_bytes(many))
    assert "over 125,000 notes" in refusal(tmp_path, song_bytes(b"\0\x90\x3c\x40" + b"\0\x3c\x40" * 125_001))
    far = b"\xff\xff\xff\x7f\x90\x3c\x40"
    assert "over 50000 beats long" in refusal(tmp_path, song_bytes(b"\0\x90\x3c\x40" + far + far))
    monkeypatch.setattr(smf_container, "MAX_EVENTS", 5)
    assert "over 5 events" in refusal(tmp_path, song_bytes(track_body([(0, b"\xf0\x00")] * 6)))
    monkeypatch.setattr(smf_container, "MAX_EVENTS", 100)
    monkeypatch.setattr(smf_container, "MAX_TRACKS", 1)
    assert "over 1 tracks" in refusal(tmp_path, song_bytes(melody(), melody()))
    monkeypatch.setattr(midi_reader, "MAX_BYTES", len(whole) - 1)
    assert "too large" in refusal(tmp_path, whole)


@given(data=st.binary(max_size=200), head=st.sampled_from([b"", b"MThd", song_bytes(melody())[:22]]))
def test_arbitrary_bytes_raise_only_midi_file_error(tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes):
    path = tmp_path_factory.getbasetemp() / "arbitrary.mid"
    path.write_bytes(head + data)
    try:
        song = read_midi(path)
    except MidiFileError:
        return
    assert song.notes


@given(changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_files_raise_only_midi_file_error(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
):
    data = bytearray(song_bytes(melody(), melody()))
    for at, byte in changes:
        data[at % len(data)] = byte
    path = tmp_path_factory.getbasetemp() / "damaged.mid"
    path.write_bytes(data)
    try:
        song = read_midi(path)
    except MidiFileError:
        return
    assert all(note.length >= 1 and note.start >= 0 for note in song.phrase.notes)


ROWS = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(1, 3000), st.integers(0, 127), st.integers(1, 127)), min_size=1
).map(lambda rows: [(start, start + length, pitch, velocity) for start, length, pitch, velocity in rows])


@given(rows=ROWS, tpb=st.sampled_from([24, 96, 480, 960]))
def test_read_midi_reads_a_file_as_mido_wrote_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int, int]], tpb: int
):
    """On each key the notes are kept apart, because MIDI cannot tell overlapping ones from each other."""
    last: dict[int, int] = {}
    apart: list[tuple[int, int, int, int]] = []
    for start, end, pitch, velocity in sorted(rows):
        if start >= last.get(pitch, 0):
            apart.append((start, end, pitch, velocity))
            last[pitch] = end
    messages = [(s, 1, mido.Message("note_on", note=p, velocity=v)) for s, _, p, v in apart]
    messages += [(e, 0, mido.Message("note_off", note=p)) for _, e, p, _ in apart]
    track, now = mido.MidiTrack(), 0
    for tick, _, message in sorted(messages, key=lambda item: item[:2]):
        message.time, now = tick - now, tick
        track.append(message)
    path = tmp_path_factory.getbasetemp() / "mido.mid"
    mido.MidiFile(ticks_per_beat=tpb, tracks=[track]).save(path)
    song = read_midi(path)
    assert sorted((n.start, n.end, n.pitch, n.velocity) for n in song.notes) == sorted(apart)
    assert song.timeline.next_bar_line(song.phrase.steps) % song.phrase.steps_per_bar == 0
    assert all(note.end <= song.phrase.steps for note in song.phrase.notes)
