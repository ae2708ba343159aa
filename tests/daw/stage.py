"""BachBridge and Ardour side by side, for one performance after the other."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.events import ModelUp, Reset, Setting
from bachbridge.settings import Settings
from tests.daw.ardour import Ardour, RecordedNote
from tests.support.port_daw import Daw, await_message, daw


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
        """Stop the transport and return the notes that were recorded."""
        notes = self._ardour.stop_recording()
        self.tap.receive_pending()
        return notes

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
