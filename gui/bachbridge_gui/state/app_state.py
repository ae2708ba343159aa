"""Everything that the window shows, derived from the engine's messages and the window's preferences; no widgets.

The window passes in every message and, once a frame, the time. The exchanges that have just ended are returned; the
rest is read from the attributes.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from bachbridge.music.notes import bpm_from_step_ns
from bachbridge.protocol.effects import BarStarted
from bachbridge.protocol.events import ModelDown, ModelUp
from bachbridge.protocol.notices import EngineEnded, EngineStarted, Message, PortNames, Sent
from bachbridge.settings import Settings
from bachbridge_gui.state.activity import Activity
from bachbridge_gui.state.exchange_builder import ExchangeBuilder
from bachbridge_gui.state.exchanges import Exchange
from bachbridge_gui.state.health import NO_PORTS_NAME, EngineHealth
from bachbridge_gui.state.notice_text import notice_for
from bachbridge_gui.state.notices import NoticeBoard, StatusNotice
from bachbridge_gui.state.timeline import RollTimeline
from bachbridge_gui.state.window_prefs import WindowPrefs
from bachbridge_gui.translation import tr, translatable

_SURE_CONFIDENCE = 0.95
"""Bar lines at least this certain are shown without a word."""
MIDI_FOUND_TEXT = translatable("A MIDI system has appeared: BachBridge's ports are open now")
_TEMPO_SOURCE_TEXT = {
    "playing": translatable("from your playing"),
    "set": translatable("set"),
    "clock": translatable("from the DAW's clock"),
    "link": translatable("from Ableton Link"),
}


class AppState:
    """Used on the window's thread. It reads no clock: the caller passes the time."""

    def __init__(self, settings: Settings, now: Callable[[], datetime], prefs: WindowPrefs | None = None) -> None:
        self.timeline = RollTimeline(settings)
        self.exchange_builder = ExchangeBuilder(self.timeline, now)
        self.health = EngineHealth()
        self.prefs = prefs or WindowPrefs()
        """The window's preferences, which are saved when it closes."""
        self.view = "roll"
        """The page that is shown: "welcome" or one of `top_bar.VIEWS`."""
        self.latest_bar: BarStarted | None = None
        self.port_names = PortNames((), ())
        """Ports of other programs, as the engine last listed them."""
        self.ready_model = ""
        """Name of the model that is ready; empty while there is none."""
        self.notices, self.activity = NoticeBoard(), Activity(self.timeline)

    @property
    def settings(self) -> Settings:
        return self.timeline.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.timeline.settings = settings

    def update_prefs(self, **changes: Any) -> None:
        """Change fields of the window's preferences."""
        self.prefs = replace(self.prefs, **changes)

    def handle_messages(self, messages: Iterable[Message], now_ns: int) -> list[Exchange]:
        """Apply the engine's messages; return the exchanges that have ended."""
        ended: list[Exchange] = []
        for message in messages:
            had_no_midi = self.health.output_name == NO_PORTS_NAME
            self.health.handle_message(message, now_ns)
            if isinstance(message, Sent) and self.settings.is_click(message.data):
                continue
            self.timeline.handle_message(message)
            self.activity.handle_message(message, now_ns)
            exchange = self.exchange_builder.handle_message(message)
            ended += [exchange] if exchange else []
            self._handle_message(message, now_ns)
            if had_no_midi and self.health.output_name not in ("", NO_PORTS_NAME):
                self.notices.post(StatusNotice(tr(MIDI_FOUND_TEXT), "info", "engine"), now_ns)
        self.timeline.drop_overdue(now_ns)
        exchange = self.exchange_builder.end_melody_after_rest(now_ns)
        return [*ended, exchange] if exchange else ended

    def set_notice(self, sentence: str, now_ns: int) -> None:
        """Show a sentence that says what is not possible and what to do about it."""
        self.notices.post(StatusNotice(sentence), now_ns)

    def notice(self, now_ns: int) -> str:
        """Sentence of the notice that is shown; empty if there is none."""
        notice = self.notices.current(now_ns)
        return notice.text if notice else ""

    def activity_text(self, now_ns: int) -> str:
        """Words for what the program does now; empty while its model cannot play."""
        return self.activity.text(now_ns) if self.health.model_up else ""

    def tempo_text(self) -> str:
        """Tempo and its source in words: "100 bpm, from your playing"."""
        return ", ".join(part for part in self.tempo_and_source_texts() if part)

    def tempo_and_source_texts(self) -> tuple[str, str]:
        """Tempo and source: "100 bpm" and "from your playing"; the first is empty while no tempo is known."""
        bpm, source = self._tempo_and_source()
        if not bpm:
            return "", tr("Tempo from your playing")
        bar = self.latest_bar
        is_guess = source == "playing" and bar is not None and bar.confidence < _SURE_CONFIDENCE
        sureness = ", " + tr("bars {share}% sure", share=round(100 * bar.confidence)) if bar and is_guess else ""
        return tr("{bpm:.0f} bpm", bpm=bpm), f"{tr(_TEMPO_SOURCE_TEXT[source])}{sureness}"

    def _tempo_and_source(self) -> tuple[float, str]:
        if self.settings.follow_clock and self.health.clock_bpm:
            return self.health.clock_bpm, "clock"
        if self.health.link_bpm:
            return self.health.link_bpm, "link"
        if self.settings.bpm:
            return self.settings.bpm, "set"
        return (bpm_from_step_ns(self.latest_bar.step_ns) if self.latest_bar else 0.0), "playing"

    def _handle_message(self, message: Message, now_ns: int) -> None:
        match message:
            case BarStarted():
                self.latest_bar = message
            case PortNames():
                self.port_names = message
            case ModelUp(name):
                self.ready_model = name
                self.notices.soften("model", now_ns)
            case ModelDown():
                self.ready_model = ""
            case EngineEnded() | EngineStarted():
                self.ready_model = ""
                self.timeline.end_all_notes(now_ns)
            case _:
                pass
        if notice := notice_for(message):
            self.notices.post(notice, now_ns)
