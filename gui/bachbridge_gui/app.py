"""Start and end of the program with its window.

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

from PyQt6.QtCore import QLibraryInfo, QLocale, QTimer, QTranslator
from PyQt6.QtGui import QIcon
from PyQt6.QtWidgets import QApplication

from bachbridge.errors import BachBridgeError, ModelError
from bachbridge.inference.runtime import library
from bachbridge.process.ipc import ANNOUNCE_START, EngineLink
from bachbridge.settings import Settings
from bachbridge.settings_file import load_or_recover_settings, save_settings, settings_path
from bachbridge_gui.app_core import AppCore
from bachbridge_gui.controls.model_picker import ModelChoice, choice_from_card
from bachbridge_gui.controls.model_watcher import ModelWatcher
from bachbridge_gui.engine.port_status import PortStatus
from bachbridge_gui.engine.supervisor import EngineClient, EngineSupervisor, StartEngine
from bachbridge_gui.engine_commands import EngineCommands, EngineStarter, OnClose
from bachbridge_gui.frame_loop import FrameLoop
from bachbridge_gui.main_window import MainWindow
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.presets.midi_profiles import ProfileFolder
from bachbridge_gui.presets.presets import PresetFolder
from bachbridge_gui.preview.client import PreviewSound
from bachbridge_gui.preview.routing import PreviewRouter
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.setup import display
from bachbridge_gui.state import window_prefs
from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.state.drag_files import DragFiles
from bachbridge_gui.state.window_prefs import WindowPrefs
from bachbridge_gui.translation import choose_language, current_language, tr, tr_report, use_language
from bachbridge_gui.widgets.theme import Theme
from bachbridge_gui.window_parts import UserFiles, build_window_parts

WINDOW_PREFS_FILE = "window.json"
DEFAULT_PROFILE = "Last used"
"""Name of the MIDI profile that keeps the learnt controllers when no profile was chosen."""


@dataclass(frozen=True, slots=True)
class WindowSetup:
    """The parts that a window is made from."""

    settings: Settings
    prefs: WindowPrefs
    engine_starter: EngineStarter
    config_folder: Path
    """Folder of the presets and the MIDI profiles."""
    on_close: OnClose
    make_preview: Callable[[], PreviewSound] = PreviewSound


def run(
    settings: Settings,
    *,
    input_name: str | None,
    output_name: str | None,
    log: Path | None = None,
    startup_notice: str = "",
) -> int | None:
    """Open the window and play until it is closed; return the exit code. `startup_notice` is shown in the window.

    If no display answers, print a sentence on stderr and return None.
    """
    if obstacle := display.display_obstacle():
        print(f"bachbridge: {obstacle} The engine runs without it.", file=sys.stderr, flush=True)
        return None
    if platforms := display.answering_platforms():
        os.environ["QT_QPA_PLATFORM"] = platforms
    folder = settings_path().parent
    show_language("system")
    saved_prefs, damage = window_prefs.load(folder / WINDOW_PREFS_FILE)
    show_language(saved_prefs.language)
    prefs = replace(saved_prefs, input=input_name or saved_prefs.input, output=output_name or saved_prefs.output)
    startup_notice = startup_notice or _model_notice(settings.model)
    finish = partial(_save_prefs_and_settings, folder, settings, (saved_prefs, prefs))
    setup = WindowSetup(settings, prefs, partial(_engine_starter, log), folder, finish)
    engine = setup.engine_starter(prefs.input, prefs.output)(settings, True)
    try:
        app = application()
        window = open_window(setup, Theme(app, prefs.theme), engine)
    except BaseException:
        engine.close()
        raise
    for sentence in (startup_notice, damage):
        if sentence:
            window.frame_loop.show_notice(sentence, "error")
    for number in (signal.SIGTERM, signal.SIGINT):
        # Python may run a signal handler in the middle of painting, so the window is closed later.
        signal.signal(number, lambda *_: QTimer.singleShot(0, window.close))
    if os.environ.get(ANNOUNCE_START):
        _print_start_times(app, window)
    return app.exec()


def _model_notice(name: str) -> str:
    """Return the sentence about a model that is to be trusted first, or about the default one; raises `ModelError`."""
    try:
        library.find_checked_card(name)
    except ModelError as error:
        if name != Settings().model and not isinstance(error, library.UntrustedModelError):
            raise
        return str(error)
    return ""


def application() -> QApplication:
    """Return the running QApplication, or create one."""
    running = QApplication.instance()
    app = running if isinstance(running, QApplication) else QApplication(sys.argv[:1])
    _translate_dialogs(app)
    app.setApplicationName("BachBridge")
    app.setApplicationDisplayName("BachBridge")
    app.setDesktopFileName("org.bachbridge.BachBridge")
    app.setWindowIcon(QIcon(str(Path(__file__).parent / "assets" / "icon.svg")))
    return app


def show_language(wanted: str) -> None:
    """Use a language for all texts from now on: one of `translation.LANGUAGES`, or the system's if it is "system"."""
    use_language(choose_language(wanted, QLocale.system().uiLanguages()))
    if wanted != "system":
        QLocale.setDefault(QLocale(current_language()))


def _translate_dialogs(app: QApplication) -> None:
    """Show Qt's own dialogs and menus in the window's language, as far as Qt came with it."""
    translator = app.findChild(QTranslator) or QTranslator(app)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if translator.load(f"qtbase_{current_language()}", folder):
        app.installTranslator(translator)


def open_window(setup: WindowSetup, theme: Theme, running_client: EngineClient | None = None) -> MainWindow:
    """Create and show the window. It uses the engine that runs already, if one is given, or starts its own."""
    core = _build_core(setup, running_client)
    profiles = ProfileFolder(setup.config_folder / "profiles")
    load_error = _load_midi_bindings(core.midi_learn, profiles, setup.prefs)
    drag_files = DragFiles()
    files = UserFiles(PresetFolder(setup.config_folder / "presets"), profiles, drag_files)
    parts = build_window_parts(core, files, time.time_ns() - time.monotonic_ns())

    def finish(prefs: WindowPrefs, settings: Settings) -> None:
        drag_files.close()
        if not load_error or core.midi_learn.bindings:
            with contextlib.suppress(BachBridgeError):
                profiles.save(prefs.profile or DEFAULT_PROFILE, core.midi_learn.profile)
        setup.on_close(prefs, settings)

    commands = EngineCommands(core, parts, setup.engine_starter, finish)
    frame_loop = FrameLoop(core, parts)
    watcher = ModelWatcher(model_choices, parts.controls.set_models, frame_loop)

    def trust_and_load(name: str) -> None:
        if problem := trust_model(name):
            frame_loop.show_notice(problem)
        watcher.poll()
        core.store.resend("model")

    parts.controls.model.trusted.connect(trust_and_load)
    if load_error:
        frame_loop.show_notice(load_error)
    window = MainWindow(core, parts, frame_loop, commands, theme)
    window.restore_layout()
    frame_loop.start()
    window.show()
    return window


def _build_core(setup: WindowSetup, running_client: EngineClient | None) -> AppCore:
    start = setup.engine_starter(setup.prefs.input, setup.prefs.output)
    supervisor = EngineSupervisor(
        _reuse_running_client(running_client, start) if running_client else start,
        lambda: store.settings,
        setup.settings,
    )
    store = SettingsStore(setup.settings, supervisor.send)
    state = AppState(setup.settings, datetime.now, setup.prefs)
    return AppCore(
        supervisor,
        store,
        MidiLearn(store),
        state,
        PortStatus(supervisor, store, state),
        PreviewRouter(setup.make_preview(), store, state),
    )


def _load_midi_bindings(midi_learn: MidiLearn, profiles: ProfileFolder, prefs: WindowPrefs) -> str:
    """Load the learnt controllers of the last session; return an error sentence, or an empty string.

    The controllers that the engine itself listens to come with the settings.
    """
    name = prefs.profile or DEFAULT_PROFILE
    try:
        if name in profiles.names():
            midi_learn.set_bindings(profiles.load(name).bindings)
    except BachBridgeError as error:
        return str(error)
    return ""


def model_choices() -> list[ModelChoice]:
    """Return the models of the library with facts from their cards, or with the reason why they are unusable."""
    return [_model_choice(name, card) for name, card in library.list_models()]


def _model_choice(name: str, card: library.Card | ModelError) -> ModelChoice:
    match card:
        case library.UntrustedModelError(card=stranger):
            question = tr("{facts} Do you trust whoever made it?", facts=tr_report(library.facts_text(stranger)))
            return replace(choice_from_card(name, stranger.facts), question=question)
        case ModelError():
            return ModelChoice(name, "", problem=tr_report(str(card)))
        case _:
            return choice_from_card(name, card.facts)


def trust_model(name: str) -> str:
    """Trust a model that comes from elsewhere; return "", or the sentence that says why that cannot be."""
    try:
        library.trust_model(library.find_card(name).folder)
    except (BachBridgeError, OSError) as error:
        return str(error)
    return ""


def _engine_starter(log: Path | None, input_name: str | None, output_name: str | None) -> StartEngine:
    def start(settings: Settings, ports: bool) -> EngineClient:
        return EngineLink(settings, input_name, output_name, ports=ports, wait_for_ports=True, log=log)

    return start


def _reuse_running_client(running: EngineClient, start: StartEngine) -> StartEngine:
    """Return a function that hands out the running engine the first time, and starts new ones later."""
    waiting = [running]
    return lambda settings, ports: waiting.pop() if waiting else start(settings, ports)


def _save_prefs_and_settings(
    folder: Path,
    initial_settings: Settings,
    initial_prefs: tuple[WindowPrefs, WindowPrefs],
    prefs: WindowPrefs,
    settings: Settings,
) -> None:
    """Save the window's preferences, and those settings that were changed while it was open.

    `initial_prefs` are the preferences as they were saved, and as the command line changed them for this one time;
    ports that were only given on the command line are not saved.
    """
    saved, given = initial_prefs
    for name in ("input", "output"):
        if getattr(prefs, name) == getattr(given, name):
            prefs = replace(prefs, **{name: getattr(saved, name)})
    try:
        window_prefs.save(folder / WINDOW_PREFS_FILE, prefs)
        names = (name for name in Settings.__dataclass_fields__)
        changed = {n: getattr(settings, n) for n in names if getattr(settings, n) != getattr(initial_settings, n)}
        if changed:
            saved_settings, warning = load_or_recover_settings(settings_path())
            save_settings(replace(saved_settings, **changed), settings_path())
            if warning:
                print(f"bachbridge: {warning}", file=sys.stderr)
    except BachBridgeError as error:
        print(f"bachbridge: {error}", file=sys.stderr)


def _print_start_times(app: QApplication, window: MainWindow) -> None:
    """Print the times at which the window is visible and at which it can be played, for measuring the start."""
    app.processEvents()
    print(json.dumps({"visible_ns": time.monotonic_ns()}), flush=True)
    timer = QTimer(window)

    def print_when_ready() -> None:
        if window.core.is_ready:
            timer.stop()
            print(json.dumps({"ready_ns": time.monotonic_ns()}), flush=True)

    timer.timeout.connect(print_when_ready)
    timer.start(10)
