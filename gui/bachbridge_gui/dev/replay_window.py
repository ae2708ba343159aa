"""The window on recorded messages, without engine or model: `python -m bachbridge_gui.dev.replay_window`.

It measures the cost of the window: the parent process writes an engine's messages to its standard input and gets the
times between frames at the end. Commands given in the window have no effect.
"""

import sys
import threading
from itertools import pairwise
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory

from bachbridge.process import ipc
from bachbridge.protocol.notices import FrameIntervals, Message
from bachbridge.settings import Settings
from bachbridge_gui.app import WindowSetup, application, open_window
from bachbridge_gui.state.window_prefs import WindowPrefs
from bachbridge_gui.widgets.theme import Theme

_PAUSE_NS = 500_000_000


class ReplayClient:
    """An `EngineClient` that only receives."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._inbox: SimpleQueue[Message | None] = SimpleQueue()
        self.ended = threading.Event()
        threading.Thread(target=self._pump_messages, name="inbox", daemon=True).start()

    def send(self, message: Message) -> None:
        pass

    def receive(self, timeout_s: float | None = None) -> Message | None:
        try:
            return self._inbox.get(timeout=timeout_s)
        except Empty:
            return None

    def close(self) -> int:
        return 0

    def _pump_messages(self) -> None:
        ipc.dispatch_messages(ipc.read_lines(self._descriptor), self._inbox.put)
        self.ended.set()


def main() -> None:
    """Show the messages until the input ends."""
    from PyQt6.QtCore import QTimer

    reader, writer = ipc.standard_pipes()
    client = ReplayClient(reader)
    app = application()
    with TemporaryDirectory() as folder:
        setup = WindowSetup(
            Settings(mode="off", thru=True),
            WindowPrefs(welcome=False, preview="off"),
            lambda _input_name, _output_name: lambda _settings, _ports: client,
            Path(folder),
            lambda _prefs, _settings: None,
        )
        window = open_window(setup, Theme(app))
        timer = QTimer(window)
        timer.timeout.connect(lambda: window.close() if client.ended.is_set() else None)
        timer.start(200)
        frames: list[int] = []
        window.frame_loop.roll_painted.connect(frames.append)
        code = app.exec()
        if intervals := _frame_intervals(frames):
            ipc.write_message(writer, intervals)
        sys.exit(code)


def _frame_intervals(frames: list[int]) -> FrameIntervals | None:
    """Return percentiles of the time between frames, without pauses; None if there were no frames."""
    intervals_ns = sorted(later - before for before, later in pairwise(frames) if later - before < _PAUSE_NS)
    if not intervals_ns:
        return None
    p50_ms, p99_ms = (round(intervals_ns[int(share * (len(intervals_ns) - 1))] / 1e6, 1) for share in (0.5, 0.99))
    return FrameIntervals(p50_ms, p99_ms)


if __name__ == "__main__":
    main()
