"""Whatever became of the settings, the program starts, keeps what is sound and says what is not."""

import os
import stat
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.cli.play.startup_settings import load_startup_settings
from bachbridge.engine.session_log import LogWriter
from bachbridge.settings import Settings
from bachbridge.settings_file import load_or_recover_settings, save_settings
from bachbridge_gui.state import window_prefs
from bachbridge_gui.state.window_prefs import WindowPrefs

HOPELESS = {
    "no TOML": b"bpm = = 1",
    "half a file": b'model = "chor',
    "binary": bytes(range(256)),
    "zeros": bytes(4096),
    "nested lists": b"bpm = " + b"[" * 20_000,
    "nested tables": b"bpm = " + b"{a=" * 20_000,
    "dotted": b".".join([b"a"] * 50_000) + b" = 1",
    "long number": b"bpm = " + b"9" * 5000,
    "too large": b"# " + b"x" * (2 << 20),
}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "settings.toml"
    monkeypatch.setattr("bachbridge.cli.play.startup_settings.settings_path", lambda: found)
    return found


@pytest.mark.parametrize("content", HOPELESS.values(), ids=list(HOPELESS))
def test_app_starts_with_defaults_and_keeps_the_file(
    content: bytes, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(content)
    settings, warning = load_startup_settings({})
    assert settings == Settings()
    assert capsys.readouterr().err == f"bachbridge: {warning}\n"
    (aside,) = path.parent.glob("settings.*.old.toml")
    assert aside.read_bytes() == content
    assert aside.name in warning
    assert load_startup_settings({}) == (Settings(), "")


def test_bad_values_cost_only_themselves(path: Path) -> None:
    path.write_text('bpm = 7\ntemperature = 0.5\nspeed = 1\nhands = "melody"\nseed = [[[]]]\n')
    settings, warning = load_startup_settings({"mode": "duet"})
    assert (settings.temperature, settings.mode, settings.bpm) == (0.5, "duet", Settings().bpm)
    assert "bpm cannot be 7" in warning
    assert "and 2 more values" in warning
    assert len(list(path.parent.glob("settings.*.old.toml"))) == 1
    assert load_startup_settings({}) == (Settings(temperature=0.5), "")


def test_saved_model_that_is_gone_is_replaced(path: Path) -> None:
    save_settings(Settings(model="gone", bpm=90), path)
    settings, warning = load_startup_settings({})
    assert settings == Settings(bpm=90)
    assert warning == (
        "Your model cannot be used (there is no model 'gone'; there are: "
        f"{warning.partition('there are: ')[2].partition(')')[0]}): chorale-lstm plays instead."
    )
    assert load_startup_settings({"model": "gone"})[0].model == "gone", "an option is refused where it is used"


def test_folder_in_place_of_the_file_is_no_obstacle(path: Path) -> None:
    path.mkdir()
    settings, warning = load_startup_settings({})
    assert settings == Settings()
    assert "cannot be read (Is a directory): default settings are in use" in warning


@pytest.mark.parametrize("content", [b"= =", b"bpm = 7"])
def test_read_only_home_is_no_obstacle(content: bytes, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(content)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    for name in ("rename", "touch", "write_text", "mkdir"):
        monkeypatch.setattr(Path, name, refuse)
    settings, warning = load_startup_settings({})
    assert settings == Settings()
    assert "cannot be renamed (Read-only file system)" in warning
    assert path.read_bytes() == content


def test_home_that_cannot_exist_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, "/dev/null/home")
    settings, _ = load_startup_settings({})
    assert settings == Settings()


@given(content=st.binary(max_size=60) | st.text("bpm=tru'\"[]{}.#\n019ex", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_set_aside(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    settings, warning = load_or_recover_settings(path)
    assert isinstance(settings, Settings)
    assert warning or path.read_bytes() == content
    for aside in path.parent.glob("any.*.old.toml"):
        aside.unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_log_and_settings_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        save_settings(Settings(), tmp_path / "settings.toml")
        window_prefs.save(tmp_path / "window.json", WindowPrefs())
        LogWriter(tmp_path / "session.log", Settings()).close()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("settings.toml", "window.json", "session.log"), 0o600)


def test_every_value_may_be_the_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    for name in asdict(Settings()):
        path.write_text(f'{name} = {{ a = "\\u0000" }}\nchord_ms = 44\n')
        settings, warning = load_or_recover_settings(path)
        if name != "chord_ms":
            assert settings == Settings(chord_ms=44)
        assert warning
