"""The dialogue's state, such as listening, thinking or answering: a word for the sign, and a text for the status bar.

Both are made of the same state, so that they never contradict each other. The state is derived from the engine's
messages and from what sounds on the timeline. The length of an answer is known once its last part has come; before
that it is what the settings ask for.
"""

from enum import Enum
from math import ceil

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import AnswerEnded, AnswerStarted, PhraseEnded, PhraseKept
from bachbridge.protocol.events import Answer, AskRefused, ModelDown, ModelUp
from bachbridge.protocol.notices import EngineEnded, EngineStarted, Message, Received
from bachbridge.settings import task_for_answer
from bachbridge_gui.state.timeline import RollTimeline
from bachbridge_gui.state.view_types import PLAYER
from bachbridge_gui.translation import tr, tr_count, translatable

_PLAYING_NS = 1_500_000_000
"""A player who has played within this time is playing."""
_PATIENCE_NS = 20_000_000_000
"""Time after which an answer that has not been announced is no longer waited for."""


class LiveState(Enum):
    """The value is the word that the window shows, in English."""

    LOADING = translatable("Getting ready")
    OFF = translatable("Off")
    LISTENING = translatable("Listening")
    PLAYER = translatable("You play")
    THINKING = translatable("Thinking")
    ANSWERING = translatable("Answering")
    TOGETHER = translatable("Playing along")

    @property
    def words(self) -> str:
        """The word in the window's language."""
        return tr(self.value)


class Activity:
    """Gets every message of the engine, after the timeline."""

    def __init__(self, timeline: RollTimeline) -> None:
        self._timeline = timeline
        self._is_ready = False
        """True while a model can play."""
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
            case ModelUp():
                self._is_ready = True
            case EngineStarted() | EngineEnded() | ModelDown():
                self._is_ready = False
                self._phrase, self._due_ns, self.has_open_phrase = None, None, False
            case AnswerEnded() | AskRefused() | PhraseKept():
                self._phrase, self._due_ns = None, None
            case _:
                pass

    def _handle_note_on(self) -> None:
        self.has_open_phrase = True
        if self._due_ns is None:
            self._phrase = None  # whoever plays on takes the request back

    def is_answering(self, now_ns: int) -> bool:
        """Return True while an answer sounds."""
        return self._phrase is not None and self._due_ns is not None and now_ns >= self._due_ns

    def state(self, now_ns: int) -> LiveState:
        """Return the state at `now_ns`."""
        sounding = {note.voice == PLAYER for note in self._timeline.sounding_notes()}
        if sounding == {True, False}:
            return LiveState.TOGETHER
        if False in sounding or self.is_answering(now_ns):
            return LiveState.ANSWERING
        if not self._is_ready:
            return LiveState.PLAYER if True in sounding else LiveState.LOADING
        if self._phrase and (self._due_ns is not None or now_ns - self._phrase_ns < _PATIENCE_NS):
            return LiveState.THINKING
        if True in sounding or self._has_just_played(now_ns):
            return LiveState.PLAYER
        return LiveState.OFF if self._timeline.settings.mode == "off" else LiveState.LISTENING

    def text(self, now_ns: int) -> str:
        """Return the state in words, with what is left of the answer."""
        state, settings = self.state(now_ns), self._timeline.settings
        match state:
            case LiveState.ANSWERING | LiveState.TOGETHER if self._phrase and self.is_answering(now_ns):
                return self._answering_text(self._phrase, self._due_ns or now_ns, now_ns)
            case LiveState.THINKING:
                return f"{state.words} …"
            case LiveState.OFF:
                return tr("Off: nothing is answered")
            case LiveState.PLAYER if settings.mode == "off":
                return tr("You play; mode Off answers nothing")
            case _:
                return state.words

    def _has_just_played(self, now_ns: int) -> bool:
        if self._timeline.settings.mode == "off":
            return False
        return self._last_note_ns is not None and now_ns - self._last_note_ns < _PLAYING_NS

    def _answering_text(self, phrase: PhraseEnded, due_ns: int, now_ns: int) -> str:
        settings = self._timeline.settings
        if settings.answer == "dream" and settings.mode == "continue":
            return tr("Dreaming")
        bar_steps = phrase.phrase.steps_per_bar
        bars = settings.trade_bars if settings.mode == "trade" else settings.answer_bars
        wanted = bars * bar_steps if task_for_answer(settings.answer) == "continue" and bars else phrase.phrase.steps
        steps = self._until_step if self._is_whole else max(self._until_step, wanted)
        left = ceil((due_ns + steps * phrase.step_ns - now_ns) / (bar_steps * phrase.step_ns))
        if left < 1:
            return LiveState.ANSWERING.words
        return tr_count("Answering, {count} bar left", "Answering, {count} bars left", left)
