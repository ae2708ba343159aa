"""The dialogue's state in a word or two for the status bar: listening, thinking, answering and how many bars are left.

It is derived from the engine's messages. The length of an answer is known once its last part has come; before that it
is what the settings ask for.
"""

from math import ceil

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerStarted,
    EngineEnded,
    EngineStarted,
    Message,
    PhraseEnded,
    PhraseKept,
    Received,
)
from bachbridge.protocol.events import Answer, AskRefused, ModelDown
from bachbridge.settings import Settings, task_for_answer

LISTENING_TEXT, THINKING_TEXT = "Listening", "Thinking …"
_PLAYING_NS = 1_500_000_000
"""A player who has played within this time is playing."""
_PATIENCE_NS = 20_000_000_000
"""Time after which an answer that has not been announced is no longer waited for."""


class Activity:
    """Gets every message of the engine."""

    def __init__(self) -> None:
        self._phrase: PhraseEnded | None = None
        """The phrase that is being answered."""
        self._phrase_ns = 0
        self._due_ns: int | None = None
        """The time at which its answer begins; None while that is not known."""
        self._until_step, self._is_whole = 0, False
        self._last_note_ns: int | None = None
        self.has_open_phrase = False
        """True if notes were played since the last phrase ended."""

    def handle_message(self, message: Message, now_ns: int) -> None:
        """Apply one message, received at `now_ns`."""
        match message:
            case PhraseEnded():
                self.has_open_phrase = False
                self._phrase, self._phrase_ns, self._due_ns = message, now_ns, None
                self._until_step, self._is_whole = 0, False
            case AnswerStarted(_, due_ns):
                self._due_ns = due_ns
            case Answer(_, _, until, final):
                self._until_step, self._is_whole = until, final
            case Received(data, at_ns) if isinstance(midi.decode(data), midi.NoteOn | midi.NoteOff):
                self._last_note_ns = at_ns
                if isinstance(midi.decode(data), midi.NoteOn):
                    self._handle_note_on()
            case EngineStarted() | EngineEnded() | ModelDown():
                self._phrase, self._due_ns, self.has_open_phrase = None, None, False
            case AnswerEnded() | AskRefused() | PhraseKept():
                self._phrase, self._due_ns = None, None
            case _:
                pass

    def is_answering(self, now_ns: int) -> bool:
        """Return True while an answer sounds."""
        return self._phrase is not None and self._due_ns is not None and now_ns >= self._due_ns

    def _handle_note_on(self) -> None:
        self.has_open_phrase = True
        if self._due_ns is None:
            self._phrase = None  # whoever plays on takes the request back

    def text(self, settings: Settings, now_ns: int) -> str:
        """Return what the program does now."""
        if self._phrase and self._due_ns is not None and now_ns >= self._due_ns:
            return self._answering_text(self._phrase, self._due_ns, settings, now_ns)
        if self._phrase and (self._due_ns is not None or now_ns - self._phrase_ns < _PATIENCE_NS):
            return THINKING_TEXT
        if settings.mode == "off":
            return "Off: nothing is answered"
        if self._last_note_ns is not None and now_ns - self._last_note_ns < _PLAYING_NS:
            return "Playing along" if settings.mode in ("harmonize", "duet") else "Hearing you play"
        return LISTENING_TEXT

    def _answering_text(self, phrase: PhraseEnded, due_ns: int, settings: Settings, now_ns: int) -> str:
        if settings.answer == "dream" and settings.mode == "continue":
            return "Dreaming"
        bar_steps = phrase.phrase.steps_per_bar
        bars = settings.trade_bars if settings.mode == "trade" else settings.answer_bars
        wanted = bars * bar_steps if task_for_answer(settings.answer) == "continue" and bars else phrase.phrase.steps
        steps = self._until_step if self._is_whole else max(self._until_step, wanted)
        left = ceil((due_ns + steps * phrase.step_ns - now_ns) / (bar_steps * phrase.step_ns))
        if left < 1:
            return "Answering"
        return f"Answering, {left} bar{'s' if left > 1 else ''} left"
