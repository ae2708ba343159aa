"""The user's own music: what is read from a folder, what is refused and why, and that no file is parsed twice."""

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bachbridge.errors import ConfigError
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import TIME_SIGNATURE, encode_file, meta_event
from bachbridge_training.datasets import parse_cache, parsed_piece, suitability
from bachbridge_training.datasets import report as data_report
from bachbridge_training.datasets.folder import MusicFolder, read_folder
from bachbridge_training.datasets.parsed_piece import ParsedPiece
from tests.support.midi_bytes import track_body

TPB = 96
LINES = ((72, 74, 76, 77, 76, 74, 71, 72), (67, 67, 69, 69, 67, 67, 67, 67), (64, 62, 60, 60, 60, 59, 62, 64))
BASS = (48, 47, 45, 41, 43, 43, 43, 48)


@pytest.fixture(autouse=True)
def kept_here(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def hymn(root: int = 0, last: int = 72, lines: int = 4) -> bytes:
    """Return two bars of quarter notes in up to four tracks; the soprano ends on `last`."""
    voices = ((*LINES[0][:-1], last), *LINES[1:], BASS)[:lines]
    tracks = [
        part_body(
            f"track {number}",
            number,
            0,
            [(TPB * at, TPB * (at + 1), pitch + root, 80) for at, pitch in enumerate(line)],
        )
        for number, line in enumerate(voices)
    ]
    return encode_file(TPB, tracks)


MUSICXML = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.1"><part-list>{heads}</part-list>{parts}</score-partwise>"""


def musicxml(*lines: tuple[int, ...]) -> str:
    """Return the lines as parts of quarter notes on white keys, the last note of each tied into another bar."""
    steps: dict[int, str] = dict(zip((0, 2, 4, 5, 7, 9, 11), "CDEFGAB", strict=True))
    heads, parts = "", ""
    for number, line in enumerate(lines):
        heads += f'<score-part id="P{number}"><part-name>voice {number}</part-name></score-part>'
        notes = [
            f"<note><pitch><step>{steps[pitch % 12]}</step><octave>{pitch // 12 - 1}</octave></pitch>"
            "<duration>1</duration>{tie}<type>quarter</type></note>"
            for pitch in line
        ]
        bars = [notes[at : at + 4] for at in range(0, len(notes), 4)]
        written = ["".join(bar).replace("{tie}", "") for bar in bars]
        written[-1] = "".join(bars[-1][:-1]).replace("{tie}", "") + notes[-1].replace("{tie}", '<tie type="start"/>')
        written.append(notes[-1].replace("{tie}", '<tie type="stop"/>'))
        first = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
        measures = "".join(
            f'<measure number="{at + 1}">{first if at == 0 else ""}{bar}</measure>' for at, bar in enumerate(written)
        )
        parts += f'<part id="P{number}">{measures}</part>'
    return MUSICXML.format(heads=heads, parts=parts)


ABC = """X:1
T:One
M:3/4
L:1/8
Q:1/4=90
K:G
"G"D2|G2B2d2|"C"e2c2A2|G4|]

X:2
T:Two
M:4/4
L:1/4
K:Am
A B c d|e2 A2|]
"""


def put(folder: Path, files: dict[str, bytes | str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def reasons(collection: MusicFolder) -> dict[str, str]:
    return {its.name: its.reason for its in collection.rejected}


def test_read_folder_rejects_bad_files_and_reads_the_others(tmp_path: Path) -> None:
    whole = hymn()
    piano = encode_file(TPB, [part_body("", 0, 0, [(TPB * at, TPB * (at + 1), 60 + at, 80) for at in range(8)])])
    folder = put(
        tmp_path / "music",
        {
            "one.mid": whole,
            "inner/two.MIDI": hymn(3),
            "three.musicxml": musicxml(*LINES, BASS),
            "copy.mid": whole,
            "cut.mid": whole[:18],
            "text.mid": "this is no music",
            "empty.xml": b"",
            "page.xml": "<html><body>not found</body></html>",
            "broken.musicxml": musicxml(*LINES, BASS)[:-100],
            "broken.mxl": b"PK\3\4 and no more",
            "tune.abc": "no tune at all",
            "duet.mid": hymn(lines=2),
            "solo.mid": piano,
            "huge.abc": b"X:1\n" + b"A" * parsed_piece.MAX_BYTES,
            "notes.txt": "about",
            ".hidden.mid": b"",
        },
    )  # fmt: skip
    found = read_folder(folder, suitability.as_four_parts)
    assert [item.name for item in found.pieces] == ["copy.mid", "inner/two.MIDI", "three.musicxml"]
    assert (found.file_count, found.other_file_count) == (14, 1)
    said = reasons(found)
    assert said["one.mid"] == "has the same content as copy.mid."
    assert said["cut.mid"].startswith("is truncated or damaged")
    assert said["text.mid"].startswith("is not a MIDI file")
    assert said["empty.xml"] == "is empty."
    assert said["page.xml"] == "is not MusicXML."
    assert said["broken.musicxml"].startswith("cannot be read as musicxml")
    assert said["broken.mxl"].startswith("cannot be read as mxl")
    assert said["tune.abc"] == "is not ABC: no line begins with X:."
    assert said["duet.mid"] == "does not have four voices (2 parts, 2 notes at once at most)."
    assert said["solo.mid"] == "does not have four voices (1 part, 1 note at once at most)."
    assert said["huge.abc"].startswith("is too large")
    assert all("\n" not in reason and str(tmp_path) not in reason for reason in said.values())


def test_read_folder_parses_once_and_repairs_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(tmp_path, {"one.mid": hymn(), "two.mid": hymn(1), "cut.mid": hymn()[:-9], "t.abc": ABC})
    read: list[str] = []

    def counted(path: Path, data: bytes, form: str) -> Any:
        read.append(path.name)
        return original(path, data, form)

    original: Callable[..., Any] = parsed_piece.parse_file
    monkeypatch.setattr(parsed_piece, "parse_file", counted)
    first = read_folder(folder, suitability.as_parsed)
    assert sorted(read) == ["cut.mid", "one.mid", "t.abc", "two.mid"]
    assert read_folder(folder, suitability.as_parsed) == first
    assert len(read) == 4
    (folder / "one.mid").rename(folder / "renamed.mid")
    put(folder, {"three.mid": hymn(2)})
    next(parse_cache.cache_folder().glob("*-abc.npz")).write_bytes(b"PK")
    read_folder(folder, suitability.as_parsed)
    assert sorted(read[4:]) == ["t.abc", "three.mid"]
    monkeypatch.setattr(parse_cache, "CACHE_VERSION", parse_cache.CACHE_VERSION + 1)
    read_folder(folder, suitability.as_parsed)
    assert len(read) == 11


def test_read_folder_raises_if_music21_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(tmp_path, {"t.abc": ABC, "s.xml": musicxml(*LINES, BASS)})
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "music21", None)
        with pytest.raises(ModuleNotFoundError, match="music21"):
            read_folder(folder, suitability.as_parsed)
    assert read_folder(folder, suitability.as_parsed).rejected == ()


def test_read_folder_gives_the_same_with_several_processes(tmp_path: Path) -> None:
    folder = put(tmp_path, {"one.mid": hymn(), "two.mid": hymn(1), "cut.mid": hymn()[:-9]})
    assert read_folder(folder, suitability.as_parsed, jobs=2) == read_folder(folder, suitability.as_parsed, jobs=1)


def test_read_folder_reads_the_same_music_in_every_format(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "c.mxl", "w") as packed:
        packed.writestr(
            "META-INF/container.xml", '<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>'
        )
        packed.writestr("a.xml", musicxml(*LINES, BASS))
    folder = put(tmp_path, {"a.mid": hymn(3), "b.xml": musicxml(*LINES, BASS)})
    midi, xml, mxl = read_folder(folder, suitability.as_four_parts).pieces
    assert midi.tune_hash == xml.tune_hash == mxl.tune_hash
    assert (midi.info.bars, xml.info.bars) == (2, 3)
    ours, theirs = midi.content.sections[0], xml.content.sections[0]
    assert (ours.pitches - 3).tolist() == theirs.pitches[:32].tolist()
    assert (ours.onsets == theirs.onsets[:32]).all()
    assert not theirs.onsets[32:].any()
    assert (theirs.pitches[32:] == theirs.pitches[31]).all()
    assert len(theirs.pitches) == 36


def test_read_folder_reads_abc_tunes_one_by_one(tmp_path: Path) -> None:
    folder = put(tmp_path, {"tunes.abc": ABC + "\nX:3\nT:Three\nK:C\n"})
    found = read_folder(folder, suitability.as_parsed)
    assert [item.name for item in found.pieces] == ["tunes.abc#1", "tunes.abc#2"]
    assert reasons(found) == {"tunes.abc#3": "holds no notes."}
    first: ParsedPiece = found.pieces[0].content.sections[0]
    quarter = first.timeline.ticks_per_beat
    assert [(note.start / quarter, note.pitch) for note in first.notes[:3]] == [(0, 62), (1, 67), (2, 71)]
    assert [meter.tick / quarter for meter in first.timeline.meters] == [0, 1]
    assert found.pieces[0].info.seconds == pytest.approx(9 * 60 / 90)
    texts = read_folder(folder, suitability.as_tune_text).pieces
    assert texts[1].content.sections[0] == "M:4/4\nL:1/4\nK:Am\nA B c d|e2 A2|]\n"
    assert {item.content.part for item in texts} <= {"train", "valid", "test"}
    assert reasons(read_folder(put(folder, {"a.mid": hymn()}), suitability.as_tune_text))["a.mid"].startswith(
        "is not an ABC tune"
    )


def test_as_four_parts_counts_pickup_from_bar_end(tmp_path: Path) -> None:
    quarters = [(TPB * at, TPB * (at + 1), 60, 80) for at in range(9)]
    meters = track_body(
        [(0, meta_event(TIME_SIGNATURE, bytes((1, 2, 24, 8)))), (TPB, meta_event(TIME_SIGNATURE, bytes((4, 2, 24, 8))))]
    )
    tracks = [part_body(str(v), v, 0, [(a, b, p - 5 * v, w) for a, b, p, w in quarters]) for v in range(4)]
    folder = put(tmp_path, {"a.mid": encode_file(TPB, [meters, *tracks])})
    (piece,) = read_folder(folder, suitability.as_four_parts).pieces[0].content.sections
    assert piece.position[:8].tolist() == [12, 13, 14, 15, 0, 1, 2, 3]
    assert set(piece.bar.tolist()) == {16}


def test_as_four_parts_cuts_long_pieces_at_bar_lines(tmp_path: Path) -> None:
    lines = [[(TPB * at, TPB * (at + 1), 72 - 8 * v + at % 3, 80) for at in range(3 * 400)] for v in range(4)]
    three = track_body([(0, meta_event(TIME_SIGNATURE, bytes((3, 2, 24, 8))))])
    data = encode_file(TPB, [three, *(part_body(str(v), v, 0, line) for v, line in enumerate(lines))])
    taken = read_folder(put(tmp_path, {"long.mid": data}), suitability.as_four_parts).pieces[0].content
    assert sum(taken.section_steps) == 4800
    assert max(taken.section_steps) <= suitability.MAX_SECTION_STEPS
    assert all(piece.position[0] == 0 for piece in taken.sections)
    assert len(np.concatenate([piece.pitches for piece in taken.sections])) == 4800


def test_as_four_parts_counts_lost_notes(tmp_path: Path) -> None:
    def part(voice: int, *notes: tuple[float, float, int]) -> bytes:
        rows = [(round(TPB * start), round(TPB * end), pitch, 80) for start, end, pitch in notes]
        return part_body(("soprano", "alto", "tenor", "bass", "flute")[voice], voice, 0, rows)

    whole = [(0, 2, 0), (2, 4, 2)]
    tracks = [
        part(0, (0, 2.5, 72), (2, 4, 74), (2.125, 2.2, 76)),
        *(part(voice, *((a, b, p + 67 - 7 * voice) for a, b, p in whole)) for voice in (1, 2)),
        part(3, (0, 2, 24), (2, 4, 26)),
        part(4, (0, 4, 90)),
    ]
    found = read_folder(put(tmp_path, {"a.mid": encode_file(TPB, tracks)}), suitability.as_four_parts)
    (item,) = found.pieces
    assert item.content.note_losses == {"moved": 1, "folded": 2, "cut": 2, "left_out": 0, "other_parts": 1}
    told = data_report.build_report(found, {}, window=10)
    assert (told.windows, told.lost["folded"]) == (2, 2)
    assert "left_out" not in told.lost


def test_read_folder_refuses_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        read_folder(tmp_path / "nowhere", suitability.as_four_parts)
