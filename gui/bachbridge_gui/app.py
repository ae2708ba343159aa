"""The program with its window: starts the engine, then Qt, and ends both together.

The engine is started first: it opens its ports and loads its model while Qt is still being loaded.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QIcon
from PyQt6.QtWidgets import QApplication

from bachbridge.errors import BachBridgeError
from bachbridge.inference.runtime import library
from bachbridge.process.ipc import ANNOUNCE_START, EngineLink
from bachbridge.protocol.events import Midi
from bachbridge.settings import Settings
from bachbridge.settings_file import load_settings, save_settings, settings_path
from bachbridge_gui.controls.model_picker import ModelChoice, choice_from_card
from bachbridge_gui.controls.model_watcher import ModelWatcher
from bachbridge_gui.engine.supervisor import EngineClient, EngineSupervisor, StartEngine
from bachbridge_gui.frame_loop import FrameLoop
from bachbridge_gui.main_window import MainWindow
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.presets.midi_profiles import ProfileFolder
from bachbridge_gui.presets.presets import PresetFolder
from bachbridge_gui.preview.client import PreviewSound
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.state import window_prefs as memory
from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.state.drag_files import DragFiles
from bachbridge_gui.state.window_prefs import WindowPrefs
from bachbridge_gui.widgets.theme import Theme
from bachbridge_gui.window_parts import build_window_parts

WINDOW_PREFS_FILE = "window.json"
DEFAULT_PROFILE = "Last used"
"""The learnt controllers are kept under this name where no profile was chosen."""


@dataclass(frozen=True, slots=True)
class WindowSetup:
    """What a window is built from; `start` makes the engine for two ports (None: our own)."""

    settings: Settings
    prefs: WindowPrefs
    engine_starter: Callable[[str | None, str | None], StartEngine]
    config_folder: Path
    """Where presets and profiles lie."""
    on_close: Callable[[WindowPrefs, Settings], None]
    make_preview: Callable[[], PreviewSound] = PreviewSound


def run(
    settings: Settings,
    *,
    input_name: str | None,
    output_name: str | None,
    log: Path | None = None,
    startup_notice: str = "",
) -> int:
    """Open the window, with a `complaint` to be read, and play until it is closed; the program's exit code."""
    folder = settings_path().parent
    kept, damage = memory.load(folder / WINDOW_PREFS_FILE)
    remembered = replace(kept, input=input_name or kept.input, output=output_name or kept.output)
    library.find_checked_card(settings.model)
    finish = partial(_save_prefs_and_settings, folder, settings, (kept, remembered))
    setup = WindowSetup(settings, remembered, partial(_engine_starter, log), folder, finish)
    first = setup.engine_starter(remembered.input, remembered.output)(settings, True)
    try:
        app = application()
        window = open_window(setup, Theme(app, remembered.theme), first)
    except BaseException:
        first.close()
        raise
    if startup_notice or damage:
        window.frame_loop.show_notice(startup_notice or damage)
    for number in (signal.SIGTERM, signal.SIGINT):
        # Python runs a signal's handler between any two lines of its own, be they in the middle of painting.
        signal.signal(number, lambda *_: QTimer.singleShot(0, window.close))
    if os.environ.get(ANNOUNCE_START):
        _print_start_times(app, window)
    return app.exec()


def application() -> QApplication:
    """The one that there is, or a new one."""
    there = QApplication.instance()
    app = there if isinstance(there, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("BachBridge")
    app.setApplicationDisplayName("BachBridge")
    app.setDesktopFileName("bachbridge")
    app.setWindowIcon(QIcon(str(Path(__file__).parent / "assets" / "icon.svg")))
    return app


def open_window(setup: WindowSetup, theme: Theme, running_client: EngineClient | None = None) -> MainWindow:
    """A window that shows what an engine says, its own or the `first` one that is running already."""
    remembered = setup.prefs
    shelf = DragFiles()
    state = AppState(setup.settings, datetime.now)
    start = setup.engine_starter(remembered.input, remembered.output)
    supervisor = EngineSupervisor(
        _reuse_running_client(running_client, start) if running_client else start, lambda: desk.settings, setup.settings
    )
    desk = SettingsStore(setup.settings, supervisor.send)
    learner = MidiLearn(desk)
    profiles = ProfileFolder(setup.config_folder / "profiles")
    lost_knobs = _load_midi_bindings(learner, profiles, remembered)
    furniture = build_window_parts(
        desk,
        learner,
        state,
        presets=PresetFolder(setup.config_folder / "presets"),
        profiles=profiles,
        drag_files=shelf,
        send_midi=lambda data: supervisor.send(Midi(data)),
        wall_offset_ns=time.time_ns() - time.monotonic_ns(),
        show_welcome=remembered.welcome,
    )

    def finish(kept: WindowPrefs, settings: Settings) -> None:
        shelf.close()
        if not lost_knobs or learner.bindings:
            with contextlib.suppress(BachBridgeError):
                profiles.save(kept.profile or DEFAULT_PROFILE, learner.profile)
        setup.on_close(kept, settings)

    pulse = FrameLoop(
        supervisor,
        desk,
        learner,
        state,
        furniture,
        setup.make_preview(),
        remembered,
        on_close=finish,
        engine_starter=setup.engine_starter,
    )
    ModelWatcher(model_choices, furniture.controls.set_models, pulse)
    if lost_knobs:
        pulse.show_notice(lost_knobs)
    window = MainWindow(furniture, pulse, theme)
    window.restore_layout()
    window.show()
    return window


def _load_midi_bindings(midi_learn: MidiLearn, profiles: ProfileFolder, prefs: WindowPrefs) -> str:
    """The learnt controllers, as they were; the engine's own come with the settings. Returns why they cannot be had."""
    name = prefs.profile or DEFAULT_PROFILE
    try:
        if name in profiles.names():
            midi_learn.set_bindings(profiles.load(name).bindings)
    except BachBridgeError as error:
        return str(error)
    return ""


def model_choices() -> list[ModelChoice]:
    """The library's models with what their cards say; one whose card is damaged is left out."""
    choices: list[ModelChoice] = []
    for name in library.model_names():
        try:
            card = library.find_checked_card(name)
        except BachBridgeError:
            continue
        choices.append(choice_from_card(name, card.facts))
    return choices


def _engine_starter(log: Path | None, input_name: str | None, output_name: str | None) -> StartEngine:
    def start(settings: Settings, ports: bool) -> EngineClient:
        return EngineLink(settings, input_name, output_name, ports=ports, wait_for_ports=True, log=log)

    return start


def _reuse_running_client(running: EngineClient, start: StartEngine) -> StartEngine:
    """The first time the engine that runs already, later a new one."""
    waiting = [running]
    return lambda settings, ports: waiting.pop() if waiting else start(settings, ports)


def _save_prefs_and_settings(
    folder: Path,
    initial_settings: Settings,
    initial_prefs: tuple[WindowPrefs, WindowPrefs],
    prefs: WindowPrefs,
    settings: Settings,
) -> None:
    """At the end: the window's memory, and those settings that were changed in it.

    `before`: the memory as it was kept, and with what was given for this one time; that is not to be kept.
    """
    kept, given = initial_prefs
    for name in ("input", "output"):
        if getattr(prefs, name) == getattr(given, name):
            prefs = replace(prefs, **{name: getattr(kept, name)})
    try:
        memory.save(folder / WINDOW_PREFS_FILE, prefs)
        saved = load_settings(settings_path())
        changed = {n: getattr(settings, n) for n in Settings.__dataclass_fields__}
        news = {n: value for n, value in changed.items() if value != getattr(initial_settings, n)}
        if news:
            save_settings(replace(saved, **news), settings_path())
    except BachBridgeError as error:
        print(f"bachbridge: {error}", file=sys.stderr)


def _print_start_times(app: QApplication, window: MainWindow) -> None:
    """For the measurement of the start: when the window is there, when it can be played."""
    app.processEvents()
    print(json.dumps({"visible_ns": time.monotonic_ns()}), flush=True)
    timer = QTimer(window)

    def look() -> None:
        if window.frame_loop.ready:
            timer.stop()
            print(json.dumps({"ready_ns": time.monotonic_ns()}), flush=True)

    timer.timeout.connect(look)
    timer.start(10)
