"""BachBridge and Ardour side by side, for one performance after the other."""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.events import ModelUp, Reset, Setting
from bachbridge.protocol.notices import Sent
from bachbridge.settings import Settings
from tests.daw.ardour import Ardour, RecordedNote
from tests.support.port_daw import Daw, await_message, daw

_MAX_SLIP_S = 0.02
"""JACK's time may fall behind the machine's by this much in a performance."""
_MAX_PERFORMANCES, _MAX_FAILURES = 6, 3
_SAMPLE_RATE = 48000
_QUIET_S = 0.1
"""The engine has reported everything if nothing comes for this long."""


class UnsteadyTimeError(Exception):
    """JACK fell behind the machine's time, so that the performance proves nothing."""


TestFunction = TypeVar("TestFunction", bound=Callable[..., None])


def repeated_until_steady(test: TestFunction) -> TestFunction:
    """Play a test's performance again if JACK did not keep time; skip it if it never does on this machine.

    A busy machine can disturb a performance in other ways too: a test fails if it does so in three performances.
    """

    @wraps(test)
    def perform(*args: Any, **kwargs: Any) -> None:
        failures = 0
        for _ in range(_MAX_PERFORMANCES):
            try:
                test(*args, **kwargs)
            except UnsteadyTimeError:
                continue
            except AssertionError as error:
                failures += 1
                print(f"performance failed: {error}")
                if failures == _MAX_FAILURES:
                    raise
            else:
                return
        pytest.skip("JACK does not keep time on this machine, or Ardour does not stay alive")

    return cast("TestFunction", perform)


class Stage:
    """An engine that is connected to Ardour. `tap` receives what Ardour receives."""

    def __init__(self, ardour: Ardour, link: EngineLink, tap: Daw) -> None:
        self._ardour, self._link, self.tap = ardour, link, tap
        self._changed_settings: set[str] = set()
        self._began: tuple[float, float] | None = None
        """Time of the machine and of JACK, in seconds, when the recording began."""

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
        self._began = self._times_s()

    def play_until(self, quarter: float) -> None:
        """Wait until the transport comes to this place."""
        self._ardour.run(f"play_until({quarter})")
        self._check_time()
        self.tap.receive_pending()

    def change_tempo_at(self, quarter: float, bpm: float) -> None:
        """Set the session's tempo when the transport comes to this place."""
        self._ardour.run(f"set_tempo_at({quarter}, {bpm})")

    def jump(self, quarter: float) -> None:
        """Locate without stopping. Ardour drops what it has recorded."""
        self._ardour.run(f"jump({quarter})")

    def stop(self) -> list[RecordedNote]:
        """Stop the transport and return the notes that were recorded, each with its lateness.

        Raises `UnsteadyTimeError` if JACK's time fell behind meanwhile.
        """
        self._check_time()
        self._began = None
        notes = self._ardour.stop_recording()
        self.tap.receive_pending()
        lateness_s = self._lateness_s()
        return [_with_lateness(note, lateness_s[note.channel, note.pitch]) for note in notes]

    def _times_s(self) -> tuple[float, float]:
        return time.monotonic(), float(self._ardour.run("return Session:transport_sample()")) / _SAMPLE_RATE

    def _check_time(self) -> None:
        if self._began:
            machine_s, jack_s = (now - then for now, then in zip(self._times_s(), self._began, strict=True))
            if abs(machine_s - jack_s) > _MAX_SLIP_S:
                self._began = None
                self._ardour.run("return stop_recording()")
                raise UnsteadyTimeError(f"JACK took {machine_s:.3f} s for {jack_s:.3f} s")

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


def _with_lateness(note: RecordedNote, lateness_s: deque[float]) -> RecordedNote:
    assert lateness_s, f"Ardour recorded a note that was not sent in this performance: {note}"
    return replace(note, lateness_s=lateness_s.popleft())


@contextmanager
def open_stage(ardour: Ardour, notes: Sequence[tuple[float, float, int]], folder: Path) -> Generator[Stage]:
    """Yield an engine of its own in Ardour, which plays these notes; its log and Ardour's messages are in `folder`."""
    with EngineLink(Settings(), log=folder / "session.log") as link:
        await_message(link, ModelUp)
        with daw(sink=None, client="Tap") as tap:
            ardour.connect()
            ardour.set_notes(notes)
            yield Stage(ardour, link, tap)
