"""The program around the window: what it saves at the end, and how a failed start ends."""

import json
import signal
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from bachbridge.errors import BachBridgeError, ModelError
from bachbridge.settings import Settings
from bachbridge.settings_file import load_settings, save_settings
from bachbridge_gui import app
from bachbridge_gui.controls.model_watcher import ModelWatcher
from bachbridge_gui.engine.supervisor import EngineClient
from bachbridge_gui.state import window_prefs
from bachbridge_gui.state.window_prefs import WindowPrefs
from tests.support.assembled_window import WindowHarness
from tests.support.fake_engine import FakeEngine

BEFORE = WindowPrefs(), WindowPrefs()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a temporary folder for the settings."""
    monkeypatch.setattr(app, "settings_path", lambda: tmp_path / "settings.toml")
    return tmp_path


def test_app_saves_changed_settings_but_not_given_ones(home: Path) -> None:
    save_settings(Settings(temperature=0.5, bpm=80), home / "settings.toml")
    started = Settings(temperature=0.5, bpm=120)  # the tempo was given on the command line
    app._save_prefs_and_settings(home, started, BEFORE, WindowPrefs(theme="dark"), Settings(temperature=0.7, bpm=120))
    assert load_settings(home / "settings.toml") == Settings(temperature=0.7, bpm=80)
    assert window_prefs.load(home / app.WINDOW_PREFS_FILE) == (WindowPrefs(theme="dark"), "")


def test_app_writes_no_settings_without_a_change(home: Path) -> None:
    app._save_prefs_and_settings(home, Settings(bpm=120), BEFORE, WindowPrefs(), Settings(bpm=120))
    assert not (home / "settings.toml").exists()
    assert (home / app.WINDOW_PREFS_FILE).exists()


def test_app_reports_failed_save_and_goes_on(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = home / "file"
    blocked.write_text("no folder")
    app._save_prefs_and_settings(blocked, Settings(), BEFORE, WindowPrefs(), Settings())
    assert capsys.readouterr().err.startswith("bachbridge: ")


def test_app_saves_chosen_ports_but_not_ports_given_once(home: Path) -> None:
    before = WindowPrefs(input="Pads"), WindowPrefs(input="Keystation", output="Organ")
    app._save_prefs_and_settings(
        home, Settings(), before, WindowPrefs(input="Keystation", output="Strings"), Settings()
    )
    kept, _ = window_prefs.load(home / app.WINDOW_PREFS_FILE)
    assert (kept.input, kept.output) == ("Pads", "Strings")


def test_app_reports_damaged_profile_and_keeps_its_file(tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "profiles" / f"{app.DEFAULT_PROFILE}.json"
    path.parent.mkdir()
    path.write_text("{")
    opened = WindowHarness(tmp_path)
    qtbot.addWidget(opened.window)
    assert app.DEFAULT_PROFILE in opened.window.notice.text()
    opened.window.close()
    assert path.read_text() == "{"


def test_running_engine_is_used_once() -> None:
    first, later = FakeEngine(), FakeEngine()

    def start(settings: Settings, ports: bool) -> EngineClient:
        return later

    once = app._reuse_running_client(first, start)
    assert once(Settings(), True) is first
    assert once(Settings(), True) is later
    assert once(Settings(), True) is later


def test_model_choices_name_the_fault_of_damaged_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [choice.name for choice in app.model_choices()]
    assert Settings().model in names
    find = app.library.find_checked_card

    def damaged(name: str):
        if name == Settings().model:
            raise ModelError("its card is damaged")
        return find(name)

    monkeypatch.setattr(app.library, "find_checked_card", damaged)
    problems = {choice.name: choice.problem for choice in app.model_choices()}
    assert problems.pop(Settings().model) == "its card is damaged"
    assert set(problems.values()) == {""}


def test_model_list_follows_added_and_removed_models(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, others = tmp_path / "models", app.library.search_paths()
    monkeypatch.setattr(app.library, "search_paths", lambda: (tmp_path / "own", place, *others))
    opened = WindowHarness(tmp_path)
    qtbot.addWidget(opened.window)
    picker, watcher = opened.parts.controls.model.dropdown, opened.frame_loop.findChild(ModelWatcher)
    assert watcher is not None

    def model_names() -> list[str]:
        return [picker.box.itemText(row) for row in range(picker.box.count())]

    before = model_names()
    assert "Chorale" in before
    folder = place / "hymns"
    folder.mkdir(parents=True)
    card = {"codec": "canvas", "partner": "x", "tasks": ["mend"], "sampler": {}, "files": {"core.onnx": "0"}}
    (folder / "card.json").write_text(json.dumps(card | {"data": "4 pieces in the folder hymns"}))
    watcher.poll()
    assert sorted(model_names()) == sorted([*before, "hymns (unusable)"])  # its file is not there yet
    (folder / "core.onnx").write_bytes(b"weights")
    (folder / "card.json").write_text(json.dumps(card | {"files": {"core.onnx": sha256(b"weights").hexdigest()}}))
    watcher.poll()
    assert sorted(model_names()) == sorted([*before, "hymns (not in this mode)"])  # it only mends
    assert picker.box.currentText() == "Chorale"
    folder.rename(tmp_path / "away")
    watcher.poll()
    assert model_names() == before
    opened.window.close()


def test_window_closes_although_profile_cannot_be_written(tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "profiles").write_text("no folder")
    opened = WindowHarness(tmp_path)
    qtbot.addWidget(opened.window)
    opened.window.close()
    assert len(opened.saved) == 1


def fake_start(
    monkeypatch: pytest.MonkeyPatch, engine: FakeEngine, on_open: Callable[[], None] = lambda: None
) -> list[object]:
    """Let `app.run` use this engine and no event loop; return what it opens."""
    opened: list[object] = []

    class Loop:
        def exec(self) -> int:
            return 0

    class Window:
        @property
        def frame_loop(self) -> "Window":
            return self

        def show_notice(self, sentence: str, level: str = "warning") -> None:
            opened.append(sentence)

        def close(self) -> None:
            pass

    def open_window(setup: app.WindowSetup, theme: object, first: EngineClient) -> Window:
        opened.append((setup, first))
        on_open()
        return Window()

    monkeypatch.setattr(app, "_engine_starter", lambda *_: lambda *_: engine)
    monkeypatch.setattr(app, "application", Loop)
    monkeypatch.setattr(app, "Theme", lambda *_: None)
    monkeypatch.setattr(app, "open_window", open_window)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.delenv("BACHBRIDGE_TELL_START", raising=False)
    return opened


def test_run_prefers_command_line_ports_to_remembered_ones(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    window_prefs.save(home / app.WINDOW_PREFS_FILE, WindowPrefs(input="Pads", output="Organ"))
    engine = FakeEngine()
    opened = fake_start(monkeypatch, engine)
    assert app.run(Settings(), input_name="Keystation", output_name=None) == 0
    ((setup, first),) = opened  # pyright: ignore[reportGeneralTypeIssues] # a list of mixed objects
    assert (setup.prefs.input, setup.prefs.output) == ("Keystation", "Organ")
    assert first is engine


def test_run_closes_engine_if_window_fails(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine()

    def fail() -> None:
        raise RuntimeError("no window")

    fake_start(monkeypatch, engine, fail)
    with pytest.raises(RuntimeError, match="no window"):
        app.run(Settings(), input_name=None, output_name=None)
    assert engine.closed


def test_run_reports_missing_model_before_starting_anything(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = fake_start(monkeypatch, FakeEngine())
    with pytest.raises(BachBridgeError, match="there is no model"):
        app.run(Settings(model="nobody"), input_name=None, output_name=None)
    assert opened == []


def test_run_reports_damaged_window_prefs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / app.WINDOW_PREFS_FILE).write_text("{")
    opened = fake_start(monkeypatch, FakeEngine())
    app.run(Settings(), input_name=None, output_name=None)
    (setup, _), notice = opened  # pyright: ignore[reportGeneralTypeIssues] # a list of mixed objects
    assert setup.prefs == WindowPrefs()
    assert "is damaged" in str(notice)
    assert [path.name for path in home.glob("*.old.json")] == ["window.1.old.json"]
