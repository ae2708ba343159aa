"""All that is shown, reduced from what the engine says: one object, without a widget in it.

The window feeds it every message, tells it the time once a frame, and reads. What is new since the last time is in
the returned exchanges; everything else is read as it is.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from bachbridge.music.notes import bpm_of
from bachbridge.protocol.events import Message, Metre, ModelDown, ModelUp, PortNames, Refused, Status
from bachbridge.settings import Settings
from bachbridge_gui.state.exchange_builder import Conversation
from bachbridge_gui.state.exchanges import Entry
from bachbridge_gui.state.health import Vitals, begun
from bachbridge_gui.state.timeline import Timeline

_READING_NS = 6_000_000_000
_SOURCES = {"playing": "from your playing", "set": "set", "clock": "from the DAW's clock"}


class State:
    """Used on the window's thread; knows the time only by what it is told."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self.timeline = Timeline(settings)
        self.conversation = Conversation(self.timeline, clock)
        self.vitals = Vitals()
        self.metre: Metre | None = None
        self.names = PortNames((), ())
        """The ports of others, as far as the engine was asked for them."""
        self._notice, self._noticed_ns = "", 0
        """The last thing that a person should know, in words, and since when."""
        self.model = ""
        """The model that is ready."""

    @property
    def settings(self) -> Settings:
        return self.timeline.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.timeline.settings = settings

    def take(self, messages: Iterable[Message], now_ns: int) -> list[Entry]:
        """Take in what the engine said; the exchanges that are over with it."""
        over: list[Entry] = []
        for message in messages:
            self.timeline.take(message)
            self.vitals.take(message, now_ns)
            entry = self.conversation.take(message)
            over += [entry] if entry else []
            self._note(message, now_ns)
        self.timeline.look(now_ns)
        entry = self.conversation.look(now_ns)
        return [*over, entry] if entry else over

    def tell(self, sentence: str, now_ns: int) -> None:
        """Have a sentence read."""
        self._notice, self._noticed_ns = begun(sentence), now_ns

    def notice(self, now_ns: int) -> str:
        """What a person should know; it stays until all is well again, and long enough to be read."""
        well = bool(self.model) and now_ns - self._noticed_ns > _READING_NS
        return "" if well else self._notice

    def tempo(self) -> str:
        """The tempo and where it comes from, in words."""
        bpm, source = self._tempo()
        return f"{bpm:.0f} bpm, {_SOURCES[source]}" if bpm else "Tempo: from your playing"

    def _tempo(self) -> tuple[float, str]:
        if self.settings.follow_clock and self.vitals.clock_bpm:
            return self.vitals.clock_bpm, "clock"
        if self.settings.bpm:
            return self.settings.bpm, "set"
        return (bpm_of(self.metre.step_ns) if self.metre else 0.0), "playing"

    def _note(self, message: Message, now_ns: int) -> None:
        match message:
            case Metre():
                self.metre = message
            case PortNames():
                self.names = message
            case Refused(_, reason):
                self.tell(reason, now_ns)
            case ModelUp(name):
                self.model = name
            case ModelDown(reason):
                self.model = ""
                self.tell(reason, now_ns)
            case Status("engine" | "setting" | "prompt" as topic, text):
                if topic != "setting" or " = " not in text:
                    self.tell(text, now_ns)
                if topic == "engine":
                    self.model = ""
                    self.timeline.silence(now_ns)
            case _:
                pass
