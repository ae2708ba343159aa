"""`bachbridge text`: a MIDI file as text and back, and errors of one sentence."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.cli.transform import text
from bachbridge.cli.transform.text import convert_file, quantize_notes
from bachbridge.codecs.keys88 import text as keys88_text
from bachbridge.errors import BachBridgeError
from bachbridge.files.midi_reader import read_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import encode_file
from bachbridge.music.timeline import TickNote

TPB = 480
Row = tuple[int, int, int, int]
QUARTET: tuple[tuple[Row, ...], ...] = (
    ((0, 480, 72, 90), (480, 960, 72, 80), (960, 1910, 71, 80)),
    ((0, 960, 67, 70), (960, 1920, 67, 70)),
    ((0, 240, 60, 70), (240, 485, 62, 70), (480, 1920, 62, 70)),
    ((0, 120, 48, 60), (120, 240, 48, 60), (360, 480, 47, 60), (960, 1920, 43, 60)),
)


def write_song(path: Path, parts: tuple[tuple[Row, ...], ...] = QUARTET) -> Path:
    chunks = [part_body(f"part {n}", n, 0, part) for n, part in enumerate(parts)]
    path.write_bytes(encode_file(TPB, chunks))
    return path


def on_grid(path: Path, grid: int) -> set[tuple[int, int, int]]:
    read = read_midi(path)
    return {(n.start, n.length, n.pitch) for n in quantize_notes(read.notes, read.timeline.ticks_per_beat, grid).notes}


@pytest.mark.parametrize("grid", [4, 6, 7, 24])
def test_text_round_trip_is_exact_on_its_grid(grid: int, tmp_path: Path) -> None:
    source, text, back = write_song(tmp_path / "in.mid"), tmp_path / "in.txt", tmp_path / "back.mid"
    convert_file(source, text, steps_per_beat=grid, bpm=120)
    convert_file(text, back, steps_per_beat=grid, bpm=90)
    assert on_grid(back, grid) == on_grid(source, grid)
    assert len(read_midi(back).notes) == sum(map(len, QUARTET))
    again = tmp_path / "again.txt"
    convert_file(back, again, steps_per_beat=grid, bpm=120)
    assert again.read_bytes() == text.read_bytes()


def test_text_prints_one_line_per_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_song(tmp_path / "in.mid", (((0, 480, 60, 80), (480, 720, 60, 80)), ((240, 720, 67, 80),)))
    convert_file(source, None, steps_per_beat=2, bpm=120)
    assert capsys.readouterr().out == "X\nXb\nXXb\n"


@given(st.integers(1, 24), st.integers(1, 1000), st.data())
def test_quantize_notes_rounds_to_the_nearest_step(grid: int, ticks_per_beat: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, 10 * ticks_per_beat))
    end = start + data.draw(st.integers(1, 4 * ticks_per_beat))
    (note,) = quantize_notes([TickNote(start, end, 60, 80, 0, 0)], ticks_per_beat, grid).notes
    assert abs(note.start * ticks_per_beat - start * grid) * 2 <= ticks_per_beat
    assert note.length == 1 or abs(note.end * ticks_per_beat - end * grid) * 2 <= ticks_per_beat


def test_text_reports_notes_that_are_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_song(tmp_path / "in.mid", (((0, 480, 60, 80), (480, 960, 12, 80)), ((0, 960, 60, 80),)))
    convert_file(source, tmp_path / "out.txt", steps_per_beat=1, bpm=120)
    printed = capsys.readouterr().out
    assert "on the same key: 1" in printed
    assert "to its nearest octave: 1" in printed
    assert keys88_text.text_to_phrase((tmp_path / "out.txt").read_text()).steps == 2


def test_text_reads_other_line_endings_and_the_given_tempo(tmp_path: Path) -> None:
    text = tmp_path / "in.txt"
    text.write_bytes(b"\xef\xbb\xbfX\r\nX\r\n\r\nb")
    convert_file(text, tmp_path / "out.mid", steps_per_beat=4, bpm=60)
    read = read_midi(tmp_path / "out.mid")
    assert read.timeline.beat_us_at(0) == 1_000_000
    assert {(note.start, note.length, note.pitch) for note in read.phrase.notes} == {(0, 2, 60), (3, 1, 67)}


@pytest.mark.parametrize(
    ("name", "content", "target", "message"),
    [
        ("in.txt", b"X\nX~\n", "out.mid", "in.txt, line 2, column 2: '~'"),
        ("in.txt", b"", "out.mid", "no notes"),
        ("in.txt", b"\n\n\n", "out.mid", "no notes"),
        ("in.txt", b"\xff\xfe\x00", "out.mid", "neither MIDI nor text"),
        ("in.txt", b"X\n", None, "OUT.mid"),
        ("in.txt", b"X\n", "out.txt", "OUT.mid"),
        ("in.txt", b"X\n", "nowhere/out.mid", "no folder"),
        ("in.mid", b"X\n", "out.txt", "not a MIDI file"),
        ("in.mid", b"", "out.txt", "empty"),
        ("in.mid", b"MThd", "out.txt", "damaged"),
        ("in.mid", None, "out.txt", "cannot be read"),
        ("in.txt", None, "out.mid", "cannot be read"),
    ],
)
def test_text_refuses_a_wrong_file_in_one_sentence(
    name: str, content: bytes | None, target: str | None, message: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = set(tmp_path.iterdir())
    with pytest.raises(BachBridgeError) as caught:
        convert_file(tmp_path / name, tmp_path / target if target else None, steps_per_beat=4, bpm=120)
    assert message in str(caught.value)
    assert set(tmp_path.iterdir()) == before


def test_text_refuses_midi_as_target_of_midi(tmp_path: Path) -> None:
    with pytest.raises(BachBridgeError, match=r"OUT\.txt"):
        convert_file(write_song(tmp_path / "in.mid"), tmp_path / "out.mid", steps_per_beat=4, bpm=120)


def test_text_recognises_midi_by_its_first_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    convert_file(write_song(tmp_path / "in.bin"), None, steps_per_beat=1, bpm=120)
    assert capsys.readouterr().out.count("\n") == 4


@pytest.mark.parametrize(("grid", "bpm", "message"), [(0, 120, "1 to 24"), (25, 120, "1 to 24"), (4, 5, "20 to 300")])
def test_text_refuses_a_grid_or_tempo_out_of_range(grid: int, bpm: float, message: str, tmp_path: Path) -> None:
    with pytest.raises(BachBridgeError, match=message):
        convert_file(tmp_path / "in.txt", tmp_path / "out.mid", steps_per_beat=grid, bpm=bpm)


def test_text_that_is_huge_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.txt").write_bytes(b"\n" * 2_000_000)
    with pytest.raises(BachBridgeError, match="over 50000 quarter notes long"):
        convert_file(tmp_path / "in.txt", tmp_path / "out.mid", steps_per_beat=4, bpm=120)
    monkeypatch.setattr(text, "MAX_NOTES", 1)
    (tmp_path / "in.txt").write_bytes(b"a\n\na\n")
    with pytest.raises(BachBridgeError, match="over 1 notes"):
        convert_file(tmp_path / "in.txt", tmp_path / "out.mid", steps_per_beat=4, bpm=120)
