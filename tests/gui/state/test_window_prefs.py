"""The window's preferences: written, read, damaged."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bachbridge.errors import BachBridgeError
from bachbridge_gui.state.window_prefs import VERSION, WindowPrefs, load, save

FULL = WindowPrefs(
    geometry="01d9",
    input="Keys",
    output=None,
    preset="Choir",
    profile="nano",
    theme="dark",
    language="de",
    zoom=2.5,
    follow=False,
    view="score",
    compact=True,
    always_on_top=True,
    welcome=False,
    preview="off",
    volume=0.25,
    latency_ms={"Orgel ü": -40},
    controls_open=False,
    phrases_open=False,
    shape_open=False,
    setup_open=True,
    legend_open=False,
    computer_keys=True,
    key_layout="azerty",
)


def test_window_prefs_round_trip(tmp_path: Path):
    path = tmp_path / "new" / "window.json"
    save(path, FULL)
    assert load(path) == (FULL, "")
    assert all(
        getattr(FULL, name) != getattr(WindowPrefs(), name) for name in WindowPrefs.__slots__ if name != "output"
    )


def test_missing_prefs_file_is_no_error(tmp_path: Path):
    assert load(tmp_path / "window.json") == (WindowPrefs(), "")


def test_missing_pref_has_default_and_unknown_is_ignored(tmp_path: Path):
    path = tmp_path / "window.json"
    path.write_text('{"version": 1, "zoom": 3, "colour": "red"}')
    assert load(path) == (WindowPrefs(zoom=3), "")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{", '{"zoom": "big"}', '{"zoom": true}', '{"zoom": NaN}', '{"theme": "pink"}', '{"input": 3}',
     '{"latency_ms": {"a": "b"}}', '{"follow": 1}', '{"version": "x"}', '{"volume": null}', "[" * 100_000],
)  # fmt: skip
def test_damaged_prefs_file_is_renamed_with_a_sentence(tmp_path: Path, text: str):
    path = tmp_path / "window.json"
    path.write_text(text)
    prefs, notice = load(path)
    assert prefs == WindowPrefs()
    assert "is damaged" in notice
    assert "window.1.old.json" in notice
    assert (tmp_path / "window.1.old.json").read_text() == text
    assert not path.exists()


def test_prefs_file_with_undecodable_bytes_is_damaged(tmp_path: Path):
    path = tmp_path / "window.json"
    path.write_bytes(b"\xff\xfe\x00")
    assert "is damaged" in load(path)[1]


def test_prefs_file_of_later_version_is_kept(tmp_path: Path):
    path = tmp_path / "window.json"
    path.write_text(json.dumps({"version": VERSION + 1, "zoom": 2}))
    (tmp_path / "window.1.old.json").write_text("the previous one")
    prefs, notice = load(path)
    assert prefs == WindowPrefs()
    assert "later version" in notice
    assert (tmp_path / "window.1.old.json").read_text() == "the previous one"
    assert "zoom" in (tmp_path / "window.2.old.json").read_text()


def test_unwritable_prefs_folder_raises_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(BachBridgeError, match="cannot write"):
        save(tmp_path / "file" / "window.json", FULL)


def test_failed_prefs_write_leaves_file_unchanged(tmp_path: Path):
    path = tmp_path / "window.json"
    save(path, FULL)
    unwritable: Any = {"a": object()}
    with pytest.raises(TypeError):
        save(path, replace(FULL, latency_ms=unwritable))
    assert load(path) == (FULL, "")
    assert [entry.name for entry in tmp_path.iterdir()] == ["window.json"]
