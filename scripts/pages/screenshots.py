"""Take pictures of the window for the README and the docs: `python scripts/pages/screenshots.py FOLDER [NAME...]`.

All are still pictures but one, "answer", an animated WebP of a phrase that is being answered.

The engine and the model are the real ones. Where JACK is installed they use the ports of a JACK server without a sound
card. The example is played and the window is drawn offscreen. Each picture is taken by a process of its own, with its
own settings and preferences.
"""

import argparse
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from PIL import Image

from bachbridge.midi.jack import DummyServer
from bachbridge_gui.translation import LANGUAGES

if TYPE_CHECKING:
    from bachbridge_gui.main_window import MainWindow

TIMEOUT_S = 60.0
ANIMATION = "answer"
FRAME_INTERVAL_S, FIRST_FRAME_S = 0.3, 4.0
MIN_PAUSE_S = 0.05
"""Time for the window between two frames at least."""
LAST_FRAME_MS = 2500
ANIMATION_WIDTH_PX = 800
MAX_ANIMATION_BYTES = 1_500_000
QUALITIES = (70, 50, 35, 20)
"""Qualities of the animation's frames; the first with which it is small enough is taken."""


@dataclass(frozen=True, slots=True)
class Screenshot:
    """The contents of one picture. The example plays for `play_s` seconds before it is taken; 0: it is not played."""

    view: str = "roll"
    theme: str = "light"
    play_s: float = 0.0
    scale: float = 1.0
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    compact: bool = False
    computer_keys: bool = False
    size: tuple[int, int] = (1280, 820)


SCREENSHOTS = {
    "first-run": Screenshot("welcome"),
    ANIMATION: Screenshot(play_s=24.5, size=(1200, 760)),
    "roll-light": Screenshot(play_s=13.5),
    "roll-dark": Screenshot(theme="dark", play_s=13.5),
    "harmonize": Screenshot(play_s=9.0, settings={"mode": "harmonize", "bpm": 84.0}, computer_keys=True),
    "score": Screenshot("score", play_s=24.0),
    "connect": Screenshot("connect"),
    "monitor": Screenshot("monitor", theme="dark", play_s=13.5),
    "compact": Screenshot(theme="dark", play_s=13.5, compact=True, size=(900, 120)),
    "scale-200": Screenshot(play_s=13.5, scale=2.0),
    "small": Screenshot(play_s=13.5, size=(620, 336)),
}


def take_screenshot(name: str, screenshot: Screenshot, output_folder: Path, language: str) -> None:
    """Open the window in this process, let it play, and write the picture."""
    from bachbridge.process.ipc import EngineLink
    from bachbridge.settings import settings_from_table
    from bachbridge_gui.app import WindowSetup, application, open_window, show_language
    from bachbridge_gui.state.window_prefs import WindowPrefs
    from bachbridge_gui.widgets.theme import Theme

    show_language(language)
    app = application()
    settings = settings_from_table(screenshot.settings)
    first = screenshot.view == "welcome"
    sound = "auto" if first else "off"
    prefs = WindowPrefs(welcome=first, preview=sound, computer_keys=screenshot.computer_keys)
    with TemporaryDirectory() as folder:
        setup = WindowSetup(
            settings,
            prefs,
            lambda _input_name, _output_name: lambda now, ports: EngineLink(now, ports=ports),
            Path(folder),
            lambda _prefs, _settings: None,
        )
        window = open_window(setup, Theme(app, screenshot.theme))
        window.resize(*screenshot.size)
        _process_events_until(app, lambda: window.core.is_ready, TIMEOUT_S)
        if screenshot.view != "welcome":
            window.show_view(screenshot.view)
        if screenshot.compact:
            window.show_compact(on=True)
            window.resize(screenshot.size[0], window.height())
        if name == ANIMATION:
            write_animation(_film_example(app, window, screenshot.play_s), output_folder / f"{name}.webp")
        else:
            _play_example(app, window, screenshot.play_s)
            window.grab().save(str(output_folder / f"{name}.png"))
        window.close()


def _play_example(app: Any, window: "MainWindow", seconds: float) -> None:
    if seconds:
        window.core.store.give_command("example")
    _process_events_until(app, lambda: False, seconds or 1.2)


def _film_example(app: Any, window: "MainWindow", seconds: float) -> list[tuple[float, Image.Image]]:
    """Play the example and return frames with their times, in seconds, from `FIRST_FRAME_S` to its end."""
    window.core.store.give_command("example")
    start_s = time.monotonic()
    _process_events_until(app, lambda: False, FIRST_FRAME_S)
    grabbed: list[tuple[float, Any]] = []
    while (now_s := time.monotonic() - start_s) < seconds:
        grabbed.append((now_s, window.grab().toImage()))
        spent_s = time.monotonic() - start_s - now_s
        _process_events_until(app, lambda: False, max(FRAME_INTERVAL_S - spent_s, MIN_PAUSE_S))
    return [(at_s, _small_picture(image)) for at_s, image in grabbed]


def _small_picture(image: Any) -> Image.Image:
    from PyQt6.QtCore import QBuffer, QIODevice

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "BMP")
    picture = Image.open(io.BytesIO(buffer.data().data())).convert("RGB")
    height_px = round(picture.height * ANIMATION_WIDTH_PX / picture.width)
    return picture.resize((ANIMATION_WIDTH_PX, height_px), Image.Resampling.LANCZOS)


def write_animation(frames: Sequence[tuple[float, Image.Image]], path: Path) -> None:
    """Write the timed frames as a WebP that repeats, with the best of `QUALITIES` with which it is small enough."""
    times_s, (first, *others) = [at_s for at_s, _ in frames], [picture for _, picture in frames]
    durations_ms = [round(1000 * (after - before)) for before, after in pairwise(times_s)]
    for quality in QUALITIES:
        first.save(
            path,
            save_all=True,
            append_images=others,
            duration=[*durations_ms, LAST_FRAME_MS],
            loop=0,
            quality=quality,
        )
        if path.stat().st_size <= MAX_ANIMATION_BYTES:
            return


def _process_events_until(app: Any, condition: Callable[[], bool], timeout_s: float) -> None:
    until_s = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < until_s:
        app.processEvents()
        time.sleep(0.005)


def main(arguments: list[str]) -> int:
    """Take all pictures, or the named ones."""
    parser = argparse.ArgumentParser(description="Take pictures of the window.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(SCREENSHOTS)}")
    parser.add_argument("--language", default="en", choices=list(LANGUAGES), help="the language of the window")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_intermixed_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.here:
        take_screenshot(options.names[0], SCREENSHOTS[options.names[0]], options.folder, options.language)
        # Python ends in no order: it would delete Qt's application before the window, and Qt crashes then.
        os._exit(0)
    with DummyServer(f"bachbridge-pictures-{os.getpid()}") if DummyServer.is_available() else nullcontext():
        return take_screenshots(options.names or list(SCREENSHOTS), options.folder, options.language)


def take_screenshots(names: list[str], output_folder: Path, language: str) -> int:
    """Take each picture in a process of its own."""
    for name in names:
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "QT_SCALE_FACTOR": str(SCREENSHOTS[name].scale),
        }
        command = [sys.executable, __file__, str(output_folder), name, "--here", "--language", language]
        subprocess.run(command, env=environment, check=True, timeout=4 * TIMEOUT_S)
        suffix = "webp" if name == ANIMATION else "png"
        print(f"wrote {output_folder / name}.{suffix}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
