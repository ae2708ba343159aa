"""The modes of the session that need a beat with bar lines: the DAW's clock, Link, or a set tempo.

In mode "trade" player and model take turns of a fixed number of bars each. In mode "duet" the model plays one voice
against the player's melody.
"""

from dataclasses import replace

from bachbridge.engine.modes import ModeContext
from bachbridge.engine.output.voice_output import played_voice_channel
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import Effect, PhraseEnded
from bachbridge.settings import Settings, task_for_answer


class TradeMode:
    """Mode "trade": the turns end by the bar line alone, and the player's notes interrupt nothing (see `trade`)."""

    accompanies = False
    live_voices = None
    thru_channel = None

    def __init__(self, context: ModeContext) -> None:
        self._context = context
        self._trade = context.trade

    @property
    def answer_settings(self) -> Settings:
        """Let an answer be as long as a turn; a dream would have no end, so it is a continuation."""
        settings = self._context.settings.current
        task = task_for_answer(settings.answer)
        return replace(settings, answer=task, answer_bars=settings.trade_bars, start="bar")

    def handle_message(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        match message:
            case midi.NoteOn(_, pitch, velocity):
                effects = self._context.begin_beat(now_ns)
                self._trade.note_on(now_ns, pitch, velocity)
                return effects + (self._context.report_bars(now_ns, self._trade.grid) if self._trade.grid else [])
            case midi.NoteOff(_, pitch):
                self._trade.note_off(now_ns, pitch)
            case midi.ControlChange(_, midi.ALL_NOTES_OFF | midi.ALL_SOUND_OFF, _):
                self._trade.all_notes_off(now_ns)
            case _:
                pass
        return []

    def finish_phrase(self, _now_ns: int, _ended_by: str) -> PhraseEnded | None:
        return None

    def start_next_phrase(self, _now_ns: int) -> list[Effect]:
        return []

    def reset(self, _now_ns: int) -> list[Effect]:
        self._context.accompanist.reset()
        return []


class DuetMode:
    """Mode "duet": a voice of the model's moves on the grid while the player plays (see `duet`)."""

    accompanies = False

    def __init__(self, context: ModeContext) -> None:
        self._context = context
        self._duet = self.live_voices = context.duet

    @property
    def answer_settings(self) -> Settings:
        return replace(self._context.settings.current, answer="continue")

    @property
    def thru_channel(self) -> int | None:
        """The channel of the voice that the player plays."""
        return played_voice_channel(self._context.settings.current)

    def handle_message(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        match message:
            case midi.NoteOn():
                effects = [*self._context.interrupt_answer(now_ns), *self._context.begin_beat(now_ns)]
                effects += self._duet.handle_message(now_ns, message)
                return effects + (self._context.report_bars(now_ns, self._duet.grid) if self._duet.grid else [])
            case _:
                return self._duet.handle_message(now_ns, message)

    def finish_phrase(self, _now_ns: int, _ended_by: str) -> PhraseEnded | None:
        return None

    def start_next_phrase(self, _now_ns: int) -> list[Effect]:
        return []

    def reset(self, now_ns: int) -> list[Effect]:
        self._context.accompanist.reset()
        return self._duet.restart(now_ns)
