"""BachBridge and Ardour side by side, for one performance after the other."""

from collections import defaultdict, deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.effects import Sent
from bachbridge.protocol.events import ModelUp, Reset, Setting
from bachbridge.settings import Settings
from tests.daw.ardour import Ardour, RecordedNote
from tests.support.port_daw import Daw, await_message, daw

_QUIET_S = 0.1
"""The engine has reported everything if nothing comes for this long."""


class Stage:
    """An engine that is connected to Ardour. `tap` receives what Ardour receives."""

    def __init__(self, ardour: Ardour, link: EngineLink, tap: Daw) -> None:
        self._ardour, self._link, self.tap = ardour, link, tap
        self._changed_settings: set[str] = set()

    def prepare(self, bpm: float, **settings: Any) -> None:
        """Set the tempo of the session, and settings for this performance only."""
        defaults = {name: getattr(Settings(), name) for name in self._changed_settings}
        self._changed_settings = set(settings)
        for name, value in {**defaults, **settings}.items():
            self._link.send(Setting(name, value))
        self._link.send(Reset())
        self._ardour.run(f"prepare_tempo({bpm})")
        self.tap.receive_pending()
        self.tap.received.clear()
        self._lateness_s()

    def roll(self, quarter: float) -> None:
        """Roll from a place on, without recording."""
        self._ardour.run(f"locate({quarter}) roll()")

    def record(self, quarter: float) -> None:
        """Record from a place on."""
        self._ardour.run(f"start_recording({quarter})")

    def play_until(self, quarter: float) -> None:
        """Wait until the transport comes to this place."""
        self._ardour.run(f"play_until({quarter})")
        self.tap.receive_pending()

    def change_tempo_at(self, quarter: float, bpm: float) -> None:
        """Set the session's tempo when the transport comes to this place."""
        self._ardour.run(f"set_tempo_at({quarter}, {bpm})")

    def jump(self, quarter: float) -> None:
        """Locate without stopping. Ardour drops what it has recorded."""
        self._ardour.run(f"jump({quarter})")

    def stop(self) -> list[RecordedNote]:
        """Stop the transport and return the notes that were recorded, each with its lateness."""
        notes = self._ardour.stop_recording()
        self.tap.receive_pending()
        lateness_s = self._lateness_s()
        return [replace(note, lateness_s=lateness_s[note.channel, note.pitch].popleft()) for note in notes]

    def _lateness_s(self) -> dict[tuple[int, int], deque[float]]:
        """Return how much later than due each note was sent at most, for each channel and pitch in order."""
        lateness_s: dict[tuple[int, int], deque[float]] = defaultdict(deque)
        while message := self._link.receive(_QUIET_S):
            match message:
                case Sent(data, due_ns, sent_ns) if data[0] & 0xF0 == 0x90:
                    lateness_s[data[0] & 0xF, data[1]].append((sent_ns - due_ns) / 1e9)
                case _:
                    pass
        return lateness_s

    def stop_at(self, quarter: float) -> list[RecordedNote]:
        """Stop the transport when it comes to this place, and return the notes that were recorded."""
        self.play_until(quarter)
        return self.stop()


@contextmanager
def open_stage(ardour: Ardour, notes: Sequence[tuple[float, float, int]], folder: Path) -> Generator[Stage]:
    """Yield an engine of its own in Ardour, which plays these notes; its log and Ardour's messages are in `folder`."""
    with EngineLink(Settings(), log=folder / "session.log") as link:
        await_message(link, ModelUp)
        with daw(sink=None, client="Tap") as tap:
            ardour.connect()
            ardour.set_notes(notes)
            yield Stage(ardour, link, tap)
