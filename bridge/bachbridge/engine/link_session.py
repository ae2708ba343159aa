"""Ableton Link: a shared beat with other programs on this machine and on the local network.

A thread of its own asks Link for the state of its session every 20 ms and puts a `LinkState` into the engine's event
queue when something has changed. The rule for joining is to change nothing: the tempo of a session that exists is
adopted. While nobody else is there, a set tempo is proposed to whoever comes; without one, `PresenceListener` waits for
others before Link is switched on at all. BachBridge never starts or stops the others.

Link counts microseconds on a clock of its own (on Linux CLOCK_MONOTONIC_RAW, which time servers do not steer), the
engine nanoseconds of `time.monotonic_ns`. The distance of the two clocks is measured again for every state.

Link comes with the package LinkPython-extern, the extra `link`. It is imported only when Link is switched on.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from bachbridge.engine.link_presence import PresenceListener
from bachbridge.errors import ConfigError
from bachbridge.install_advice import install_advice
from bachbridge.music.notes import STEPS_PER_BEAT
from bachbridge.protocol.effects import SettingApplied, SettingRefused
from bachbridge.protocol.events import LinkState, Setting
from bachbridge.protocol.notices import Message
from bachbridge.settings import Settings, with_setting

if TYPE_CHECKING:
    from link import Link

_POLL_S = 0.02
_PHASE_TOLERANCE_NS = 300_000
"""A grid that has moved by more than this is reported."""
_ALONE_NS = 5_000_000_000
"""Without a set tempo, Link is left when nobody else has been there for this long."""
_STOP_TIMEOUT_S = 1.0
_NEUTRAL_BPM = 120.0
"""Initial tempo of a session that will adopt the others' tempo."""
_CLOCK_READINGS = 5
_USED_SETTINGS = ("link", "link_start_stop", "meter", "bpm")


def check_installed() -> None:
    """Raise `ConfigError` if the package with Link cannot be imported."""
    try:
        import link  # noqa: F401  # pyright: ignore[reportUnusedImport] # only whether it can be imported counts
    except ModuleNotFoundError as error:
        raise ConfigError(f"Ableton Link needs one more package: {install_advice('link')}.") from error
    except ImportError as error:
        raise ConfigError(
            f"Ableton Link cannot be loaded ({error}): install what is missing, then try again."
        ) from error


def refusal(message: Message) -> SettingRefused | None:
    """Return the report that refuses to switch Link on without its package; None for any other message."""
    match message:
        case Setting("link", value):
            try:
                if with_setting(Settings(), "link", value).link:
                    check_installed()
            except ConfigError as error:
                return SettingRefused("link", str(error))
        case _:
            pass
    return None


class LinkSession:
    """Follows the settings and reports the session's state. Used on the engine's thread; no method but `stop` waits."""

    def __init__(self, settings: Settings, on_state: Callable[[LinkState], None]) -> None:
        """`on_state` is called on another thread."""
        self._settings, self._on_state = settings, on_state
        self._queue: SimpleQueue[Settings | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        if settings.link:
            self._start()

    def observe_report(self, message: Message) -> None:
        """Follow the setting, if the report says that one was applied."""
        match message:
            case SettingApplied(name, value) if name in _USED_SETTINGS:
                self._settings = replace(self._settings, **{name: value})
                if self._thread and self._thread.is_alive():
                    self._queue.put(self._settings)
                elif self._settings.link:
                    self._start()
            case _:
                pass

    def stop(self) -> None:
        """Leave the session for good."""
        if self._thread:
            self._queue.put(None)
            self._thread.join(_STOP_TIMEOUT_S)

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, args=(self._settings,), name="link", daemon=True)
        self._thread.start()

    def _run(self, settings: Settings | None) -> None:
        member = _Member(self._on_state)
        try:
            while settings:
                member.apply_settings(settings)
                member.poll(time.monotonic_ns())
                try:
                    settings = self._queue.get(timeout=_POLL_S if settings.link else None)
                except Empty:
                    continue
        finally:
            member.leave()


class _Member:
    """Our part in the Link session. Used on Link's thread only."""

    def __init__(self, on_state: Callable[[LinkState], None]) -> None:
        self._on_state = on_state
        self._settings = Settings()
        self._listener = PresenceListener()
        self._reader: SessionReader | None = None
        self._reported: LinkState | None = None
        self._company_ns = 0
        """When somebody else was last there, or when we joined."""

    def apply_settings(self, settings: Settings) -> None:
        before, self._settings = self._settings, settings
        if not settings.link:
            self.leave()
        elif self._reader:
            self._reader.configure(settings)
            if settings.bpm not in (0, before.bpm):
                self._reader.propose_tempo(settings.bpm)

    def poll(self, now_ns: int) -> None:
        """Join or leave if it is time for that, and report the state if it has changed."""
        if not self._settings.link:
            return
        if not self._reader:
            if not self._settings.bpm and not self._listener.hears_others(now_ns):
                return
            self._join(now_ns)
        assert self._reader
        state = self._reader.state()
        if self._reported is None or is_changed(self._reported, state):
            self._reported = state
            self._on_state(state)
        if state.peers:
            self._company_ns = now_ns
        elif not self._settings.bpm and now_ns - self._company_ns > _ALONE_NS:
            self.leave()

    def leave(self) -> None:
        """Leave the session, if we are in it, and report that its beat is gone."""
        self._listener.close()
        if self._reader:
            self._reader.close()
            self._reader = None
        if self._reported and (self._reported.peers or self._reported.is_playing):
            self._on_state(replace(self._reported, is_playing=False, peers=0))
        self._reported = None

    def _join(self, now_ns: int) -> None:
        from link import Link  # the extra `link`

        self._listener.close()
        self._company_ns = now_ns
        self._reader = SessionReader(Link(self._settings.bpm or _NEUTRAL_BPM))
        self._reader.configure(self._settings)


class MicrosecondClock(Protocol):
    """Link's clock."""

    def micros(self) -> int: ...


class SessionReader:
    """A Link session as the engine sees it: steps, and nanoseconds of the monotonic clock."""

    def __init__(self, link: "Link") -> None:
        """Switch `link` on."""
        self._link = link
        self._clock = link.clock()
        self._quantum = float(STEPS_PER_BEAT)
        self._shares_start_stop = True
        link.enabled = True

    def configure(self, settings: Settings) -> None:
        """Use the settings' bar as Link's quantum, and share start and stop if that is set."""
        self._quantum = settings.steps_per_bar / STEPS_PER_BEAT
        self._shares_start_stop = settings.link_start_stop
        self._link.startStopSyncEnabled = settings.link_start_stop

    def propose_tempo(self, bpm: float) -> None:
        """Set the tempo if nobody else is there."""
        if not self._link.numPeers():
            state = self._link.captureAppSessionState()
            state.setTempo(bpm, self._clock.micros())
            self._link.commitAppSessionState(state)

    def state(self) -> LinkState:
        """Return the present state. Without shared starts and stops, others who are there always play."""
        state = self._link.captureAppSessionState()
        micros = self._clock.micros()
        step_ns = round(60e9 / (state.tempo() * STEPS_PER_BEAT))
        # The grid is exact now. Counted from beat 0, rounding `step_ns` would show after some hours.
        step = state.beatAtTime(micros, self._quantum) * STEPS_PER_BEAT
        origin_ns = micros * 1000 + clock_offset_ns(self._clock) - round(step * step_ns)
        peers = self._link.numPeers()
        has_come = micros >= state.timeForIsPlaying()
        is_playing = state.isPlaying() == has_come if self._shares_start_stop else peers > 0
        return LinkState(origin_ns, step_ns, is_playing, peers)

    def close(self) -> None:
        """Say good-bye to the others."""
        self._link.enabled = False


def is_changed(before: LinkState, after: LinkState) -> bool:
    """Return True if the player could notice the difference."""
    moved_ns = abs(after.origin_ns - before.origin_ns)
    return replace(after, origin_ns=before.origin_ns) != before or moved_ns > _PHASE_TOLERANCE_NS


def clock_offset_ns(clock: MicrosecondClock) -> int:
    """Return the monotonic time minus Link's time, within a few microseconds.

    A reading between two of the monotonic clock belongs to their middle. The thread may be interrupted between them, so
    the narrowest of several is used.
    """
    readings: list[tuple[int, int]] = []
    for _ in range(_CLOCK_READINGS):
        before_ns = time.monotonic_ns()
        # Link cuts off the fraction of a microsecond, half of one on average.
        link_ns = clock.micros() * 1000 + 500
        after_ns = time.monotonic_ns()
        readings.append((after_ns - before_ns, (before_ns + after_ns) // 2 - link_ns))
    return min(readings)[1]
