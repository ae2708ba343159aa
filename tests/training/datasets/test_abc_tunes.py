"""ABC tunes by part, and the count of bars that add up."""

import random
from pathlib import Path

import pytest

from bachbridge.errors import ConfigError
from bachbridge_training.datasets import abc_tunes
from bachbridge_training.symbols import abc_validity

TUNE = "X:1\nT:One\nM:4/4\nL:1/8\nK:G\nGABc d2e2|f4 g4|]\n"
MOVED = "X:2\nT:One, in D\nM:4/4\nL:1/8\nK:D\nDEFG A2B2|c4 d4|]\n"
WRONG = "X:3\nM:4/4\nL:1/8\nK:G\nG8|A7|B8|]\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abc_tunes.platformdirs, "user_cache_dir", lambda _: str(tmp_path / "cache"))


def written(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.abc").write_text(text, "utf-8")
    return folder


def test_load_tunes_refuses_wrong_bars_and_copies(tmp_path: Path) -> None:
    folder = written(tmp_path / "music", mine=f"{TUNE}\n{MOVED}\n{WRONG}\n{TUNE}")
    for _ in range(2):  # the second time from the cache
        found = abc_tunes.load_tunes(folder)
        texts = [text.text for part in abc_tunes.PARTS for text in found.parts[part]]
        assert sorted(texts) == ["M:4/4\nL:1/8\nK:D\nDEFG A2B2|c4 d4|]\n", "M:4/4\nL:1/8\nK:G\nGABc d2e2|f4 g4|]\n"]
        assert found.refused == {"the bars do not add up": 1, "is there already": 1}


def test_normalize_tune_keeps_sections_that_add_up() -> None:
    text, reason = abc_tunes.normalize_tune("X:1\nM:4/4\nL:1/8\nK:G\nG8|A8:|\nG8|A7|B8|[K:D]A8:|\nd8|e8|]\n")
    assert (text, reason) == ("M:4/4\nL:1/8\nK:G\nG8|A8:|\nK:D\nd8|e8|]\n", "")


def test_part_by_opening_is_the_same_for_transpositions() -> None:
    chance = random.Random(1)
    lines = [[chance.randrange(10) for _ in range(16)] for _ in range(80)]

    def parts(key: str, by: int) -> list[str]:
        texts = ("".join("CDEFGABcdefgab"[note + by] for note in line) for line in lines)
        return [abc_tunes.part_by_opening(f"M:4/4\nL:1/8\nK:{key}\n{text[:8]}|{text[8:]}|]\n") for text in texts]

    assert parts("G", 0) == parts("D", 4)
    assert set(parts("G", 0)) == set(abc_tunes.PARTS)


def test_tunes_of_part_follow_file_names(tmp_path: Path) -> None:
    folder = written(tmp_path / "music", train=TUNE, valid=WRONG)
    assert abc_tunes.tunes_of_part("valid", folder, raw=True) == [abc_tunes.AbcTune("valid 1", WRONG)]
    assert abc_tunes.tunes_of_part("valid", folder) == []
    assert [text.name for text in abc_tunes.tunes_of_part("train", folder)] == ["train 1"]


def test_load_tunes_skips_folders_named_abc(tmp_path: Path) -> None:
    folder = written(tmp_path / "music", mine=TUNE)
    (folder / "folder.abc").mkdir()
    (folder / "gone.abc").symlink_to(folder / "nowhere.abc")
    (folder / "._mine.abc").write_bytes(b"X:1\n")
    assert abc_tunes.load_tunes(folder).refused == {}
    with pytest.raises(ConfigError, match="no ABC files"):
        abc_tunes.load_tunes(folder / "folder.abc")


def test_load_tunes_refuses_folder_without_tunes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no ABC files"):
        abc_tunes.load_tunes(written(tmp_path / "music"))


def test_bar_count_counts_bars_that_add_up() -> None:
    found = abc_validity.check_tunes([TUNE, WRONG, "X:1\n"])
    assert (found.tunes, found.readable, found.all_bars_right) == (3, 2, 1)
    assert (found.bars, found.right_bars) == (2 + 3 + 1, 2 + 2)
    assert found.right_bar_share == pytest.approx(4 / 6)


def test_bar_count_allows_short_bars_beside_joins() -> None:
    found = abc_validity.check_tunes([TUNE.replace("GABc", "B2|GABc").replace("f4 g4|]", "f4:|g4|a8|]")])
    assert (found.bars, found.right_bars) == (5, 5)


def test_bar_count_agrees_with_music21() -> None:
    found = abc_validity.check_with_music21([TUNE.replace("|]", "|g8|]"), WRONG, "X:1\n"])
    assert (found.tunes, found.readable, found.all_bars_right, found.bars, found.right_bars) == (
        3,
        2,
        1,
        3 + 3 + 1,
        3 + 2,
    )
