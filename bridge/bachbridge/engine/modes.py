"""The modes of the session: what the player's messages mean, and how a phrase ends, in each of them.

In mode "continue" a phrase is recorded and then answered. In mode "harmonize" each note gets its chord at once, and the
end of the phrase asks for a continuation of the four voices. In mode "off" nothing is recorded.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from bachbridge.engine.accompaniment.accompanist import Accompanist
from bachbridge.engine.accompaniment.duet import Duet
from bachbridge.engine.active_settings import ActiveSettings
from bachbridge.engine.answering.phrase_detector import PhraseDetector
from bachbridge.engine.answering.responder import Responder
from bachbridge.engine.answering.trade import Trade
from bachbridge.engine.tempo.grid import Grid
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import Effect, PhraseEnded
from bachbridge.settings import Settings


@dataclass(frozen=True, slots=True)
class ModeContext:
    """The parts of the session that a mode uses, and four things that the session does for it."""

    settings: ActiveSettings
    phrase_detector: PhraseDetector
    accompanist: Accompanist
    responder: Responder
    trade: Trade
    duet: Duet
    end_phrase: Callable[[int, str], list[Effect]]
    """End the phrase at a time (ns) for a reason (`PhraseEnded.ended_by`) and ask for its answer."""
    begin_beat: Callable[[int], list[Effect]]
    """Have a shared grid from the player's first note on, or else report that the mode needs one."""
    report_bars: Callable[[int, Grid], list[Effect]]
    """Report the bars of a grid with a bar line at step 0 if they have changed by a time (ns)."""

    def interrupt_answer(self, now_ns: int) -> list[Effect]:
        """Stop the answer under way for a note of the player, unless it may finish."""
        return [] if self.settings.current.let_finish else self.responder.interrupt(now_ns)


class LiveVoices(Protocol):
    """The part that sounds voices of the model while the player plays."""

    def replan(self) -> list[Effect]:
        """Request the next notes again, because settings changed."""
        ...

    def resend_history(self) -> list[Effect]:
        """Request the next notes from a new model process, which gets the whole harmony."""
        ...

    def request_cadence(self) -> list[Effect]: ...

    def apply_voice_settings(self, now_ns: int, /) -> list[Effect]:
        """Correct what sounds after channels, octaves, levels or voices changed."""
        ...


class Mode(Protocol):
    """One mode of the session. Used on the engine's thread only."""

    accompanies: bool
    """True if chords sound under the player's notes."""

    @property
    def live_voices(self) -> LiveVoices | None:
        """The part that sounds voices while the player plays; None if the mode has none."""
        ...

    @property
    def answer_settings(self) -> Settings:
        """The settings in force for the answer to a phrase."""
        ...

    @property
    def thru_channel(self) -> int | None:
        """Channel (from 0) on which the player's notes pass through; None: the channel they came on."""
        ...

    def handle_message(self, now_ns: int, message: midi.MidiMessage, /) -> list[Effect]: ...

    def finish_phrase(self, now_ns: int, ended_by: str, /) -> PhraseEnded | None:
        """Report the phrase as ended; None if no phrase has begun."""
        ...

    def start_next_phrase(self, now_ns: int, /) -> list[Effect]: ...

    def reset(self, now_ns: int, /) -> list[Effect]:
        """Begin anew after the scheduler has ended all notes."""
        ...


class OffMode:
    """Mode "off": the player's notes are only passed through, and end an answer or playback."""

    accompanies = False
    live_voices = None
    thru_channel = None

    def __init__(self, context: ModeContext) -> None:
        self._context = context

    @property
    def answer_settings(self) -> Settings:
        return self._context.settings.current

    def handle_message(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        return self._context.interrupt_answer(now_ns) if isinstance(message, midi.NoteOn) else []

    def finish_phrase(self, _now_ns: int, _ended_by: str) -> PhraseEnded | None:
        return None

    def start_next_phrase(self, _now_ns: int) -> list[Effect]:
        return []

    def reset(self, _now_ns: int) -> list[Effect]:
        self._context.accompanist.reset()
        return []


class ContinueMode:
    """Mode "continue": the player's phrase is recorded, and answered when it has ended."""

    accompanies = False
    live_voices = None
    thru_channel = None

    def __init__(self, context: ModeContext) -> None:
        self._context = context
        self._phrase_detector = context.phrase_detector

    @property
    def answer_settings(self) -> Settings:
        return self._context.settings.current

    def handle_message(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        match message:
            case midi.NoteOn(_, pitch, velocity):
                effects = self._context.interrupt_answer(now_ns)
                self._phrase_detector.note_on(now_ns, pitch, velocity)
                return effects + self._context.report_bars(now_ns, self._phrase_detector.bar_grid)
            case midi.NoteOff(_, pitch):
                self._phrase_detector.note_off(now_ns, pitch)
            case midi.ControlChange(_, controller, value):
                return self._handle_control(now_ns, controller, is_down=value >= midi.SWITCH_THRESHOLD)
            case _:
                pass
        return []

    def _handle_control(self, now_ns: int, controller: int, *, is_down: bool) -> list[Effect]:
        if controller == midi.SUSTAIN:
            ends = self._phrase_detector.handle_pedal(now_ns, is_down=is_down)
            return self._context.end_phrase(now_ns, "pedal") if ends else []
        if controller in (midi.ALL_NOTES_OFF, midi.ALL_SOUND_OFF):
            self._phrase_detector.all_notes_off(now_ns)
        return []

    def finish_phrase(self, now_ns: int, ended_by: str) -> PhraseEnded | None:
        if not self._phrase_detector.phrase_started:
            return None
        return self._phrase_detector.report_phrase_ended(now_ns, ended_by)

    def start_next_phrase(self, _now_ns: int) -> list[Effect]:
        self._phrase_detector.start_next_phrase()
        return []

    def reset(self, _now_ns: int) -> list[Effect]:
        self._context.accompanist.reset()
        return []


class HarmonizeMode:
    """Mode "harmonize": three voices accompany each of the player's notes."""

    accompanies = True

    def __init__(self, context: ModeContext) -> None:
        self._context = context
        self._accompanist = self.live_voices = context.accompanist

    @property
    def answer_settings(self) -> Settings:
        """The phrase already is in four voices, so they are continued whatever the setting is."""
        return replace(self._context.settings.current, answer="continue")

    @property
    def thru_channel(self) -> int | None:
        """The channel of the voice that the player plays."""
        return self._accompanist.played_voice_channel

    def handle_message(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        context = self._context
        match message:
            case midi.NoteOn() if context.responder.is_busy and not context.settings.current.let_finish:
                return [*context.responder.interrupt(now_ns), *self._accompanist.handle_message(now_ns, message)]
            case midi.NoteOn():
                effects = self._accompanist.handle_message(now_ns, message)
                return effects + context.report_bars(now_ns, self._accompanist.grid)
            case _:
                return self._accompanist.handle_message(now_ns, message)

    def finish_phrase(self, _now_ns: int, ended_by: str) -> PhraseEnded | None:
        return self._accompanist.report_phrase_ended(ended_by) if self._accompanist.has_begun else None

    def start_next_phrase(self, now_ns: int) -> list[Effect]:
        return self._accompanist.restart(now_ns)

    def reset(self, now_ns: int) -> list[Effect]:
        return self._accompanist.restart(now_ns)
