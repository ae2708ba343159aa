"""The program around the window: what is kept at the end, and what survives a start that fails."""

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
    """Where the settings lie."""
    monkeypatch.setattr(app, "settings_path", lambda: tmp_path / "settings.toml")
    return tmp_path


def test_what_was_changed_is_saved_and_what_was_given_is_not(home: Path) -> None:
    save_settings(Settings(temperature=0.5, bpm=80), home / "settings.toml")
    started = Settings(temperature=0.5, bpm=120)  # the tempo was given on the command line
    app._save_prefs_and_settings(home, started, BEFORE, WindowPrefs(theme="dark"), Settings(temperature=0.7, bpm=120))
    assert load_settings(home / "settings.toml") == Settings(temperature=0.7, bpm=80)
    assert window_prefs.load(home / app.WINDOW_PREFS_FILE) == (WindowPrefs(theme="dark"), "")


def test_without_a_change_no_settings_are_written(home: Path) -> None:
    app._save_prefs_and_settings(home, Settings(bpm=120), BEFORE, WindowPrefs(), Settings(bpm=120))
    assert not (home / "settings.toml").exists()
    assert (home / app.WINDOW_PREFS_FILE).exists()


def test_what_cannot_be_saved_is_told_and_ends_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = home / "file"
    blocked.write_text("no folder")
    app._save_prefs_and_settings(blocked, Settings(), BEFORE, WindowPrefs(), Settings())
    assert capsys.readouterr().err.startswith("bachbridge: ")


def test_ports_that_were_given_for_once_are_not_kept_and_those_that_were_chosen_are(home: Path) -> None:
    before = WindowPrefs(input="Pads"), WindowPrefs(input="Keystation", output="Organ")
    app._save_prefs_and_settings(
        home, Settings(), before, WindowPrefs(input="Keystation", output="Strings"), Settings()
    )
    kept, _ = window_prefs.load(home / app.WINDOW_PREFS_FILE)
    assert (kept.input, kept.output) == ("Pads", "Strings")


def test_a_damaged_profile_is_told_of_and_not_written_over(tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "profiles" / f"{app.DEFAULT_PROFILE}.json"
    path.parent.mkdir()
    path.write_text("{")
    opened = WindowHarness(tmp_path)
    qtbot.addWidget(opened.window)
    assert app.DEFAULT_PROFILE in opened.window.notice.text()
    opened.window.close()
    assert path.read_text() == "{"


def test_the_engine_that_runs_already_is_used_once() -> None:
    first, later = FakeEngine(), FakeEngine()

    def start(settings: Settings, ports: bool) -> EngineClient:
        return later

    once = app._reuse_running_client(first, start)
    assert once(Settings(), True) is first
    assert once(Settings(), True) is later
    assert once(Settings(), True) is later


def test_the_library_is_offered_and_a_damaged_card_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [choice.name for choice in app.model_choices()]
    assert Settings().model in names
    find = app.library.find_checked_card

    def damaged(name: str):
        if name == Settings().model:
            raise ModelError("its card is damaged")
        return find(name)

    monkeypatch.setattr(app.library, "find_checked_card", damaged)
    assert Settings().model not in [choice.name for choice in app.model_choices()]


def test_a_model_that_comes_can_be_chosen_at_once_and_one_that_goes_cannot(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, others = tmp_path / "models", app.library.search_paths()
    monkeypatch.setattr(app.library, "search_paths", lambda: (place, *others))
    opened = WindowHarness(tmp_path)
    qtbot.addWidget(opened.window)
    words, watch = opened.parts.controls.model.dropdown, opened.frame_loop.findChild(ModelWatcher)
    assert watch is not None

    def offered() -> list[str]:
        return [words.box.itemText(row) for row in range(words.box.count())]

    before = offered()
    assert Settings().model in before
    folder = place / "hymns"
    folder.mkdir(parents=True)
    card = {"codec": "canvas", "partner": "x", "tasks": ["mend"], "sampler": {}, "files": {"core.onnx": "0"}}
    (folder / "card.json").write_text(json.dumps(card | {"data": "4 pieces in the folder hymns"}))
    watch.poll()
    assert offered() == before  # its file is still on the way
    (folder / "core.onnx").write_bytes(b"weights")
    (folder / "card.json").write_text(json.dumps(card | {"files": {"core.onnx": sha256(b"weights").hexdigest()}}))
    watch.poll()
    assert offered() == sorted([*before, "hymns"])
    assert words.box.currentText() == Settings().model
    folder.rename(tmp_path / "away")
    watch.poll()
    assert offered() == before
    opened.window.close()


def test_a_profile_that_cannot_be_written_does_not_keep_the_window_open(tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "profiles").write_text("no folder")
    opened = WindowHarness(tmp_path)
    qtbot.addWidget(opened.window)
    opened.window.close()
    assert len(opened.saved) == 1


def starting(
    monkeypatch: pytest.MonkeyPatch, engine: FakeEngine, made: Callable[[], None] = lambda: None
) -> list[object]:
    """`app.run` with this engine, and no event loop; what was opened."""
    opened: list[object] = []

    class Loop:
        def exec(self) -> int:
            return 0

    class Window:
        @property
        def frame_loop(self) -> "Window":
            return self

        def show_notice(self, sentence: str) -> None:
            opened.append(sentence)

        def close(self) -> None:
            pass

    def open_window(setup: app.WindowSetup, theme: object, first: EngineClient) -> Window:
        opened.append((setup, first))
        made()
        return Window()

    monkeypatch.setattr(app, "_engine_starter", lambda *_: lambda *_: engine)
    monkeypatch.setattr(app, "application", Loop)
    monkeypatch.setattr(app, "Theme", lambda *_: None)
    monkeypatch.setattr(app, "open_window", open_window)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.delenv("BACHBRIDGE_TELL_START", raising=False)
    return opened


def test_ports_of_the_command_line_are_taken_before_the_remembered_ones(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window_prefs.save(home / app.WINDOW_PREFS_FILE, WindowPrefs(input="Pads", output="Organ"))
    engine = FakeEngine()
    opened = starting(monkeypatch, engine)
    assert app.run(Settings(), input_name="Keystation", output_name=None) == 0
    ((setup, first),) = opened  # pyright: ignore[reportGeneralTypeIssues]
    assert (setup.prefs.input, setup.prefs.output) == ("Keystation", "Organ")
    assert first is engine


def test_a_window_that_cannot_be_made_leaves_no_engine_behind(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine()

    def fail() -> None:
        raise RuntimeError("no window")

    starting(monkeypatch, engine, fail)
    with pytest.raises(RuntimeError, match="no window"):
        app.run(Settings(), input_name=None, output_name=None)
    assert engine.closed


def test_a_model_that_is_not_there_is_told_before_anything_is_started(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = starting(monkeypatch, FakeEngine())
    with pytest.raises(BachBridgeError, match="there is no model"):
        app.run(Settings(model="nobody"), input_name=None, output_name=None)
    assert opened == []


def test_a_damaged_memory_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / app.WINDOW_PREFS_FILE).write_text("{")
    opened = starting(monkeypatch, FakeEngine())
    app.run(Settings(), input_name=None, output_name=None)
    (setup, _), said = opened  # pyright: ignore[reportGeneralTypeIssues]
    assert setup.prefs == WindowPrefs()
    assert "is damaged" in str(said)
    assert [path.name for path in home.glob("*.old.json")] == ["window.1.old.json"]
