"""Presets, and preset files from strangers."""

import json
from pathlib import Path
from typing import Any

import pytest

from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.settings import Settings
from bachbridge_gui.presets.midi_bindings import Binding
from bachbridge_gui.presets.presets import Preset, PresetFolder, preset_from_json, preset_to_json

PRESET = Preset(
    Settings(mode="harmonize", bpm=96.5, levels=(100, 20, 85, 400), key="F# minor"),
    (Binding("density", 21, 3), Binding("tap", 30)),
    program=4,
)


def preset_json(**changes: Any) -> dict[str, Any]:
    return json.loads(json.dumps(dict(preset_to_json(PRESET)))) | changes


def test_preset_round_trips(tmp_path: Path) -> None:
    presets = PresetFolder(tmp_path / "presets")
    assert presets.names() == []
    presets.save("Evening", PRESET)
    presets.save("plain", Preset(Settings()))
    assert presets.names() == ["Evening", "plain"]
    assert presets.load("Evening") == PRESET
    assert presets.load("plain") == Preset(Settings())
    assert presets.names_by_program() == {4: "Evening"}


def test_preset_deletion_can_be_undone(tmp_path: Path) -> None:
    presets = PresetFolder(tmp_path)
    presets.save("Evening", PRESET)
    content = presets.delete("Evening")
    assert presets.names() == []
    presets.restore("Evening", content)
    assert presets.load("Evening") == PRESET


def test_preset_export_and_import_under_free_name(tmp_path: Path) -> None:
    mine, theirs = PresetFolder(tmp_path / "mine"), PresetFolder(tmp_path / "theirs")
    mine.save("Evening", PRESET)
    mine.export("Evening", tmp_path / "Evening.bachbridge.json")
    assert theirs.import_file(tmp_path / "Evening.bachbridge.json") == "Evening"
    assert theirs.import_file(tmp_path / "Evening.bachbridge.json") == "Evening 2"
    assert theirs.load("Evening 2") == PRESET


def test_preset_program_is_one_based_in_file() -> None:
    assert preset_to_json(PRESET)["program"] == 5


def test_preset_missing_settings_have_defaults() -> None:
    assert preset_from_json(preset_json(settings={"bpm": 90})).settings == Settings(bpm=90.0)


def test_preset_of_newer_version_is_named() -> None:
    newer = {"made_with": "7.8.9"}
    for table in (
        preset_json(settings={"glide": 3}, **newer),
        preset_json(colour="red", **newer),
        preset_json(format=2, **newer),
    ):
        with pytest.raises(ConfigError, match=r"7\.8\.9.*update"):
            preset_from_json(table)


@pytest.mark.parametrize(
    "change",
    [
        {"settings": {"temperature": 9}},
        {"settings": {"temperature": None}},
        {"settings": {"temperature": {"a": 1}}},
        {"settings": {"temperature": float("nan")}},
        {"settings": {"mode": ["continue"]}},
        {"settings": {"model": "two\nlines"}},
        {"settings": {"channels": [1, 2, 3]}},
        {"settings": {"channels": [[1], 2, 3, 4]}},
        {"settings": {"seed": 1e400}},
        {"settings": {"harmony": [1]}},
        {"settings": {"key": 5}},
        {"settings": []},
        {"bindings": {}},
        {"bindings": [None]},
        {"bindings": [{"target": "density", "controller": 21, "channel": 1}] * 300},
        {"program": 0},
        {"program": 129},
        {"program": "5"},
        {"program": [5]},
        {"format": "1"},
        {"format": None},
    ],
)
def test_preset_import_refuses_bad_file_with_sentence(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "theirs.bachbridge.json"
    path.write_text(json.dumps(preset_json(**change)), encoding="utf-8")
    presets = PresetFolder(tmp_path / "presets")
    with pytest.raises(ConfigError) as caught:
        presets.import_file(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert presets.names() == []


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[]", b"3", b"{", b" " * 300_000, b"[" * 200_000])
def test_preset_import_refuses_other_files(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(data)
    with pytest.raises(ConfigError):
        PresetFolder(tmp_path / "presets").import_file(path)


def test_damaged_preset_does_not_hide_others(tmp_path: Path) -> None:
    presets = PresetFolder(tmp_path)
    presets.save("Evening", PRESET)
    (tmp_path / "Broken.bachbridge.json").write_text("{", encoding="utf-8")
    assert presets.names() == ["Broken", "Evening"]
    assert presets.names_by_program() == {4: "Evening"}


def test_missing_preset_raises_sentence(tmp_path: Path) -> None:
    presets = PresetFolder(tmp_path)
    for action in (presets.load, presets.delete):
        with pytest.raises(BachBridgeError):
            action("Nobody")
    with pytest.raises(BachBridgeError):
        presets.import_file(tmp_path / "nowhere.json")
