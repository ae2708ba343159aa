"""All that is shown, reduced from what the engine says: one object, without a widget in it.

The window feeds it every message, tells it the time once a frame, and reads. What is new since the last time is in
the returned exchanges; everything else is read as it is.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from bachbridge.music.notes import bpm_from_step_ns
from bachbridge.protocol.events import AskRefused, BarStarted, Message, ModelDown, ModelUp, PortNames, Status
from bachbridge.settings import Settings
from bachbridge_gui.state.exchange_builder import ExchangeBuilder
from bachbridge_gui.state.exchanges import Exchange
from bachbridge_gui.state.health import EngineHealth, capitalized
from bachbridge_gui.state.timeline import RollTimeline

_NOTICE_MIN_NS = 6_000_000_000
_TEMPO_SOURCE_TEXT = {"playing": "from your playing", "set": "set", "clock": "from the DAW's clock"}


class AppState:
    """Used on the window's thread; knows the time only by what it is told."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self.timeline = RollTimeline(settings)
        self.exchange_builder = ExchangeBuilder(self.timeline, now)
        self.health = EngineHealth()
        self.latest_bar: BarStarted | None = None
        self.port_names = PortNames((), ())
        """The ports of others, as far as the engine was asked for them."""
        self._notice, self._notice_since_ns = "", 0
        """The last thing that a person should know, in words, and since when."""
        self.ready_model = ""
        """The model that is ready."""

    @property
    def settings(self) -> Settings:
        return self.timeline.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.timeline.settings = settings

    def handle_messages(self, messages: Iterable[Message], now_ns: int) -> list[Exchange]:
        """Take in what the engine said; the exchanges that are over with it."""
        over: list[Exchange] = []
        for message in messages:
            self.timeline.handle_message(message)
            self.health.handle_message(message, now_ns)
            entry = self.exchange_builder.handle_message(message)
            over += [entry] if entry else []
            self._handle_message(message, now_ns)
        self.timeline.drop_overdue(now_ns)
        entry = self.exchange_builder.end_melody_after_rest(now_ns)
        return [*over, entry] if entry else over

    def set_notice(self, sentence: str, now_ns: int) -> None:
        """Have a sentence read."""
        self._notice, self._notice_since_ns = capitalized(sentence), now_ns

    def notice(self, now_ns: int) -> str:
        """What a person should know; it stays until all is well again, and long enough to be read."""
        well = bool(self.ready_model) and now_ns - self._notice_since_ns > _NOTICE_MIN_NS
        return "" if well else self._notice

    def tempo_text(self) -> str:
        """The tempo and where it comes from, in words."""
        bpm, source = self._tempo_and_source()
        return f"{bpm:.0f} bpm, {_TEMPO_SOURCE_TEXT[source]}" if bpm else "Tempo: from your playing"

    def _tempo_and_source(self) -> tuple[float, str]:
        if self.settings.follow_clock and self.health.clock_bpm:
            return self.health.clock_bpm, "clock"
        if self.settings.bpm:
            return self.settings.bpm, "set"
        return (bpm_from_step_ns(self.latest_bar.step_ns) if self.latest_bar else 0.0), "playing"

    def _handle_message(self, message: Message, now_ns: int) -> None:
        match message:
            case BarStarted():
                self.latest_bar = message
            case PortNames():
                self.port_names = message
            case AskRefused(_, reason):
                self.set_notice(reason, now_ns)
            case ModelUp(name):
                self.ready_model = name
            case ModelDown(reason):
                self.ready_model = ""
                self.set_notice(reason, now_ns)
            case Status("engine" | "setting" | "prompt" as topic, text):
                if topic != "setting" or " = " not in text:
                    self.set_notice(text, now_ns)
                if topic == "engine":
                    self.ready_model = ""
                    self.timeline.end_all_notes(now_ns)
            case _:
                pass
