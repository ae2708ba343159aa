"""Pictures of the window as it is, for README and docs: `python scripts/screenshots.py FOLDER`.

The engine and the model are the real ones, on the ports of a JACK server without a sound card where there is one to
start; the example is played; the window is drawn offscreen. Each picture is of a program of its own, with settings and
a memory of its own.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bachbridge.midi.jack import DummyServer

if TYPE_CHECKING:
    from bachbridge_gui.main_window import Window

LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Picture:
    """`play_s`: how long the example plays before the picture; 0: it does not."""

    view: str = "roll"
    theme: str = "light"
    play_s: float = 0.0
    scale: float = 1.0
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    compact: bool = False
    keys: bool = False
    size: tuple[int, int] = (1280, 820)


PICTURES = {
    "first-run": Picture("welcome"),
    "roll-light": Picture(play_s=13.5),
    "roll-dark": Picture(theme="dark", play_s=13.5),
    "harmonize": Picture(play_s=9.0, settings={"mode": "harmonize", "bpm": 84.0}, keys=True),
    "score": Picture("score", play_s=24.0),
    "connect": Picture("connect"),
    "monitor": Picture("monitor", theme="dark", play_s=13.5),
    "compact": Picture(theme="dark", play_s=13.5, compact=True, size=(900, 120)),
    "scale-200": Picture(play_s=13.5, scale=2.0),
}


def take(name: str, picture: Picture, target: Path) -> None:
    """Open the window in this process, let it play, and write the picture."""
    from bachbridge.process.ipc import Link
    from bachbridge.settings import from_table
    from bachbridge_gui.app import Setup, application, open_window
    from bachbridge_gui.state.window_prefs import Remembered
    from bachbridge_gui.widgets.theme import Theme

    app = application()
    settings = from_table(picture.settings)
    first = picture.view == "welcome"
    sound = "auto" if first else "off"
    remembered = Remembered(welcome=first, preview=sound, computer_keys=picture.keys)
    with TemporaryDirectory() as folder:
        setup = Setup(
            settings,
            remembered,
            lambda _source, _sink: lambda now, ports: Link(now, ports=ports),
            Path(folder),
            lambda _remembered, _settings: None,
        )
        window = open_window(setup, Theme(app, picture.theme))
        window.resize(*picture.size)
        _wait(app, lambda: window.pulse.ready, LIMIT_S)
        if picture.view != "welcome":
            window.show_view(picture.view)
        if picture.compact:
            window.show_compact(on=True)
            window.resize(picture.size[0], window.height())
        _play(app, window, picture.play_s)
        window.grab().save(str(target / f"{name}.png"))
        window.close()


def _play(app: Any, window: "Window", seconds: float) -> None:
    if seconds:
        window.pulse.desk.command("example")
    _wait(app, lambda: False, seconds or 1.2)


def _wait(app: Any, condition: Callable[[], bool], seconds: float) -> None:
    until_s = time.monotonic() + seconds
    while not condition() and time.monotonic() < until_s:
        app.processEvents()
        time.sleep(0.005)


def main(arguments: list[str]) -> int:
    """All pictures, or the named ones."""
    target = Path(arguments[0])
    target.mkdir(parents=True, exist_ok=True)
    if arguments[1:2] == ["--here"]:
        take(arguments[2], PICTURES[arguments[2]], target)
        return 0
    with DummyServer(f"bachbridge-pictures-{os.getpid()}") if DummyServer.available() else nullcontext():
        return take_all(arguments[1:] or list(PICTURES), target)


def take_all(names: list[str], target: Path) -> int:
    """Each in a process of its own."""
    for name in names:
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "QT_SCALE_FACTOR": str(PICTURES[name].scale),
        }
        command = [sys.executable, __file__, str(target), "--here", name]
        subprocess.run(command, env=environment, check=True, timeout=4 * LIMIT_S)
        print(f"wrote {target / name}.png", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
