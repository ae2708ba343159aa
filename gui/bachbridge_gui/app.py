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
from bachbridge.process.ipc import TELL_START, Link
from bachbridge.protocol.events import Midi
from bachbridge.settings import Settings, load, save, settings_path
from bachbridge_gui.controls.model_picker import ModelChoice, choice_of
from bachbridge_gui.controls.model_watcher import ModelWatch
from bachbridge_gui.engine.supervisor import Client, Start, Supervisor
from bachbridge_gui.frame_loop import Pulse
from bachbridge_gui.main_window import Window
from bachbridge_gui.presets.midi_learn import Learner
from bachbridge_gui.presets.midi_profiles import Profiles
from bachbridge_gui.presets.presets import Presets
from bachbridge_gui.preview.client import PreviewSound
from bachbridge_gui.settings.store import Desk
from bachbridge_gui.state import window_prefs as memory
from bachbridge_gui.state.app_state import State
from bachbridge_gui.state.drag_files import MidiShelf
from bachbridge_gui.state.window_prefs import Remembered
from bachbridge_gui.widgets.theme import Theme
from bachbridge_gui.window_parts import furnish

MEMORY = "window.json"
DEFAULT_PROFILE = "Last used"
"""The learnt controllers are kept under this name where no profile was chosen."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a window is built from; `start` makes the engine for two ports (None: our own)."""

    settings: Settings
    remembered: Remembered
    start: Callable[[str | None, str | None], Start]
    folder: Path
    """Where presets and profiles lie."""
    finish: Callable[[Remembered, Settings], None]
    preview: Callable[[], PreviewSound] = PreviewSound


def run(
    settings: Settings, *, input_name: str | None, output_name: str | None, log: Path | None = None, complaint: str = ""
) -> int:
    """Open the window, with a `complaint` to be read, and play until it is closed; the program's exit code."""
    folder = settings_path().parent
    kept, damage = memory.load(folder / MEMORY)
    remembered = replace(kept, input=input_name or kept.input, output=output_name or kept.output)
    library.find(settings.model)
    finish = partial(_keep, folder, settings, (kept, remembered))
    setup = Setup(settings, remembered, partial(_engine, log), folder, finish)
    first = setup.start(remembered.input, remembered.output)(settings, True)
    try:
        app = application()
        window = open_window(setup, Theme(app, remembered.theme), first)
    except BaseException:
        first.close()
        raise
    if complaint or damage:
        window.pulse.say(complaint or damage)
    for number in (signal.SIGTERM, signal.SIGINT):
        # Python runs a signal's handler between any two lines of its own, be they in the middle of painting.
        signal.signal(number, lambda *_: QTimer.singleShot(0, window.close))
    if os.environ.get(TELL_START):
        _tell_start(app, window)
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


def open_window(setup: Setup, theme: Theme, first: Client | None = None) -> Window:
    """A window that shows what an engine says, its own or the `first` one that is running already."""
    remembered = setup.remembered
    shelf = MidiShelf()
    state = State(setup.settings, datetime.now)
    start = setup.start(remembered.input, remembered.output)
    supervisor = Supervisor(_once(first, start) if first else start, lambda: desk.settings, setup.settings)
    desk = Desk(setup.settings, supervisor.send)
    learner = Learner(desk)
    profiles = Profiles(setup.folder / "profiles")
    lost_knobs = _recall_knobs(learner, profiles, remembered)
    furniture = furnish(
        desk,
        learner,
        state,
        presets=Presets(setup.folder / "presets"),
        profiles=profiles,
        shelf=shelf,
        play=lambda data: supervisor.send(Midi(data)),
        wall_ns=time.time_ns() - time.monotonic_ns(),
        welcome=remembered.welcome,
    )

    def finish(kept: Remembered, settings: Settings) -> None:
        shelf.close()
        if not lost_knobs or learner.bindings:
            with contextlib.suppress(BachBridgeError):
                profiles.save(kept.profile or DEFAULT_PROFILE, learner.profile)
        setup.finish(kept, settings)

    pulse = Pulse(
        supervisor, desk, learner, state, furniture, setup.preview(), remembered, finish=finish, start=setup.start
    )
    ModelWatch(models, furniture.controls.set_models, pulse)
    if lost_knobs:
        pulse.say(lost_knobs)
    window = Window(furniture, pulse, theme)
    window.restore()
    window.show()
    return window


def _recall_knobs(learner: Learner, profiles: Profiles, remembered: Remembered) -> str:
    """The learnt controllers, as they were; the engine's own come with the settings. Returns why they cannot be had."""
    name = remembered.profile or DEFAULT_PROFILE
    try:
        if name in profiles.names():
            learner.take_bindings(profiles.load(name).bindings)
    except BachBridgeError as error:
        return str(error)
    return ""


def models() -> list[ModelChoice]:
    """The library's models with what their cards say; one whose card is damaged is left out."""
    choices: list[ModelChoice] = []
    for name in library.names():
        try:
            card = library.find(name)
        except BachBridgeError:
            continue
        choices.append(choice_of(name, card.facts))
    return choices


def _engine(log: Path | None, source: str | None, sink: str | None) -> Start:
    def start(settings: Settings, ports: bool) -> Client:
        return Link(settings, source, sink, ports=ports, patient=True, log=log)

    return start


def _once(first: Client, start: Start) -> Start:
    """The first time the engine that runs already, later a new one."""
    waiting = [first]
    return lambda settings, ports: waiting.pop() if waiting else start(settings, ports)


def _keep(
    folder: Path, started: Settings, before: tuple[Remembered, Remembered], remembered: Remembered, settings: Settings
) -> None:
    """At the end: the window's memory, and those settings that were changed in it.

    `before`: the memory as it was kept, and with what was given for this one time; that is not to be kept.
    """
    kept, given = before
    for name in ("input", "output"):
        if getattr(remembered, name) == getattr(given, name):
            remembered = replace(remembered, **{name: getattr(kept, name)})
    try:
        memory.save(folder / MEMORY, remembered)
        saved = load(settings_path())
        changed = {n: getattr(settings, n) for n in Settings.__dataclass_fields__}
        news = {n: value for n, value in changed.items() if value != getattr(started, n)}
        if news:
            save(replace(saved, **news), settings_path())
    except BachBridgeError as error:
        print(f"bachbridge: {error}", file=sys.stderr)


def _tell_start(app: QApplication, window: Window) -> None:
    """For the measurement of the start: when the window is there, when it can be played."""
    app.processEvents()
    print(json.dumps({"visible_ns": time.monotonic_ns()}), flush=True)
    timer = QTimer(window)

    def look() -> None:
        if window.pulse.ready:
            timer.stop()
            print(json.dumps({"ready_ns": time.monotonic_ns()}), flush=True)

    timer.timeout.connect(look)
    timer.start(10)
