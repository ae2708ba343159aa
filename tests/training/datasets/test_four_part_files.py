"""Music in four voices from files and folders: its parts, and what is left out."""

from pathlib import Path

import pytest

from bachbridge.errors import ConfigError
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import encode_file
from bachbridge_training.datasets import splits, suitability
from bachbridge_training.datasets.folder import read_folder
from bachbridge_training.datasets.four_part_files import read_pieces
from bachbridge_training.datasets.splits import ALL_PARTS

TPB = 96
CHORDS = [(72, 67, 64, 48), (74, 69, 66, 50)]


@pytest.fixture(autouse=True)
def kept_here(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def midi(*lines: list[int], first: int = 0) -> bytes:
    """Return a MIDI file with a track for each line of quarter notes, which begin at the quarter `first`."""
    return encode_file(
        TPB,
        [
            part_body("", voice, 0, [(TPB * at, TPB * at + TPB, pitch, 80) for at, pitch in enumerate(line, first)])
            for voice, line in enumerate(lines)
        ],
    )


def write_hymns(folder: Path, count: int) -> None:
    """Write files in four voices, each with another tune."""
    for number in range(count):
        top = [72, 74, 76, 77 - number % 8, 76, 74 - number // 8, 71, 72]
        (folder / f"{number}.mid").write_bytes(midi(top, [67] * 8, [60] * 8, [48] * 8))


def names(path: Path, part: str) -> list[str]:
    return [piece.name for piece in read_pieces(path, part)]


def test_read_pieces_reads_midi_files_of_four_tracks(tmp_path: Path) -> None:
    path = tmp_path / "four.mid"
    path.write_bytes(midi(*([first, second] for first, second in zip(*CHORDS, strict=True)), first=1))
    piece = read_pieces(path, "valid")[0]
    assert piece.pitches.tolist() == [list(CHORDS[0])] * 4 + [list(CHORDS[1])] * 4
    assert piece.onsets.sum(axis=1).tolist() == [4, 0, 0, 0] * 2
    assert piece.position.tolist() == list(range(4, 12))


def test_read_pieces_reads_sub_folders_and_json(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no MIDI"):
        read_pieces(tmp_path, "valid")
    (tmp_path / "sub").mkdir()
    text = '{"train": [[[72, 67, 64, 48]]], "valid": [[[72, 67, 64, 48]], [[60, 55, 52, 36]]]}'
    (tmp_path / "sub" / "a.json").write_text(text)
    (tmp_path / "notes.txt").write_text("no music")
    assert names(tmp_path, "valid") == ["a.json:valid:0", "a.json:valid:1"]
    write_hymns(tmp_path / "sub", 1)
    assert names(tmp_path, ALL_PARTS) == ["sub/0.mid", "a.json:train:0", "a.json:valid:0", "a.json:valid:1"]


def test_read_pieces_splits_a_folder_as_training_does(tmp_path: Path) -> None:
    write_hymns(tmp_path, 12)
    split = splits.split_pieces(read_folder(tmp_path, suitability.as_four_parts).pieces)
    for part in ("train", "valid"):
        assert names(tmp_path, part) == [item.name for item in split[part]] != []
    assert len(names(tmp_path, ALL_PARTS)) == 12
    (tmp_path / "0.mid").rename(tmp_path / "valid.mid")
    (tmp_path / "1.mid").rename(tmp_path / "train.mid")
    assert names(tmp_path, "valid") == ["valid.mid"]
    with pytest.raises(ConfigError, match="no pieces for the part 'test'"):
        read_pieces(tmp_path, "test")


def test_read_pieces_leaves_out_unsuitable_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    (tmp_path / "melody.mid").write_bytes(midi([72, 74, 76, 77]))
    (tmp_path / "foreign.json").write_text('{"title": "hymns"}')
    with pytest.raises(ConfigError, match="holds no MIDI"):
        read_pieces(tmp_path, ALL_PARTS)
    capsys.readouterr()
    write_hymns(tmp_path, 3)
    assert names(tmp_path, ALL_PARTS) == ["0.mid", "1.mid", "2.mid"]
    told = capsys.readouterr()
    assert all(name in told.err for name in ("broken.mid", "melody.mid", "foreign.json"))
    assert told.out == ""


def test_read_pieces_says_why_a_file_is_unsuitable(tmp_path: Path) -> None:
    (tmp_path / "melody.mid").write_bytes(midi([72, 74, 76, 77]))
    with pytest.raises(ConfigError, match=r"melody\.mid: it does not have four voices"):
        read_pieces(tmp_path / "melody.mid", ALL_PARTS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no", "cannot be read as JSON"),
        ('{"valid": %s}' % ("[" * 200_000 + "]" * 200_000), "cannot be read as JSON"),
        ("[1]", "has no parts"),
        ("null", "has no parts"),
        ("{}", "has no pieces"),
        ('{"valid": []}', "has no pieces"),
        ('{"valid": [[]]}', "of length >= 1"),
        ('{"valid": null}', "got `null`"),
        ('{"valid": 3}', "got `int`"),
        ('{"valid": [[72, 67, 64, 48]]}', "got `int`"),
        ('{"valid": [[[72, 67, 64]]]}', "of length 4"),
        ('{"valid": [[[72.5, 67, 64, 48]]]}', "got `float`"),
        ('{"valid": [[[100000, 67, 64, 48]]]}', "<= 81"),
        ('{"valid": [[[72, 67, 64, 35]]]}', "the pitch 35"),
    ],
)
def test_read_pieces_refuses_json_of_other_shapes(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=rf"a\.json .*{reason}"):
        read_pieces(path, ALL_PARTS)


def test_read_pieces_refuses_music_that_is_not_there(tmp_path: Path) -> None:
    for name in ("gone", "gone.json"):
        with pytest.raises(ConfigError, match=f"there is no file or folder .*{name}"):
            read_pieces(tmp_path / name, ALL_PARTS)
