"""The settings file: saving, loading, and recovering from a damaged file."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.errors import ConfigError
from bachbridge.settings import SETTING_NAMES, Settings, spec_of
from bachbridge.settings_file import load_or_recover_settings, load_settings, save_settings


def valid_values(name: str) -> st.SearchStrategy[Any] | None:
    """Return a strategy for a setting with choices or a range; None for the others."""
    spec = spec_of(name)
    if spec.choices:
        return st.sampled_from(list(spec.choices))
    if spec.range is None:
        return st.booleans() if isinstance(spec.default, bool) else None
    low, high = spec.range
    if isinstance(spec.default, tuple):
        return st.tuples(*[st.integers(int(low), int(high))] * 4)
    in_range = st.integers(int(low), int(high)) if isinstance(spec.default, int) else st.floats(low, high)
    return in_range | st.just(type(spec.default)(spec.special.value)) if spec.special else in_range


texts = st.text(min_size=1).filter(lambda text: bool(text.strip()) and text.isprintable())
strategies = {name: strategy for name in SETTING_NAMES if (strategy := valid_values(name)) is not None}
any_settings = st.builds(Settings, model=texts, **strategies).map(
    lambda settings: replace(settings, hands="melody") if settings.hands == "channels" else settings
)
"""Any settings but hands on channels, whose channels have to differ."""


@given(settings=any_settings)
def test_saved_settings_are_loaded_unchanged(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "new folder" / "settings.toml"
    save_settings(settings, path)
    assert load_settings(path) == settings
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_missing_file_means_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.toml") == Settings()


def test_file_may_hold_only_some_settings(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("bpm = 96\n", encoding="utf-8")
    assert load_settings(path) == replace(Settings(), bpm=96.0)


@pytest.mark.parametrize("content", [b"bpm = ", b"bpm = 7", b"speed = 7", b"\xff\xfe", b"[bpm]\nx = 1"])
def test_damaged_file_is_named_in_the_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert str(path) in str(caught.value)


def test_failed_save_leaves_no_files(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be saved"):
        save_settings(Settings(), tmp_path / "settings.toml")
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(ConfigError, match="temperature"):
        save_settings(replace(Settings(), temperature=9.0), tmp_path / "other.toml")
    assert len(list(tmp_path.iterdir())) == 1


def test_damaged_file_is_renamed_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    for text in ("= =", "[["):
        path.write_text(text)
        settings, warning = load_or_recover_settings(path)
        assert settings == Settings()
        assert not path.exists()
        assert re.fullmatch(
            r"The settings file was damaged and has been renamed to settings\.\d\.old\.toml; "
            r"default settings are in use\.",
            warning,
        )
    assert sorted(aside.read_text() for aside in tmp_path.glob("settings.*.old.toml")) == ["= =", "[["]


def test_intact_file_is_loaded_without_a_warning(tmp_path: Path) -> None:
    save_settings(Settings(bpm=90), tmp_path / "settings.toml")
    assert load_or_recover_settings(tmp_path / "settings.toml") == (Settings(bpm=90), "")
    assert load_or_recover_settings(tmp_path / "none.toml") == (Settings(), "")
