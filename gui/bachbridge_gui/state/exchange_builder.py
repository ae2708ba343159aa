"""Exchanges (a phrase and its answer), put together from the engine's messages.

In mode "continue" the engine reports when a phrase ended, when its answer begins, and its notes. In mode "harmonize"
there are no phrases: an exchange is the melody and its voices between two rests, taken from the timeline and put on the
grid that was valid then.

The key of an exchange is the one in which its score is written, weighed from the phrase and its answer; the engine's
live key follows the moment. The cadence that it closes with is the one that the engine reports, a moment after the end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bachbridge.music.notation.signature import weighed_key
from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase, key_to_number
from bachbridge.music.tonality.key_names import parse_key
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerStarted,
    BarStarted,
    CadenceReached,
    Harmonized,
    PhraseEnded,
    SoundingHarmony,
)
from bachbridge.protocol.notices import EngineEnded, EngineStarted, Message, Received, Sent
from bachbridge.settings import Settings
from bachbridge_gui.state.exchanges import Exchange, ExchangeClose
from bachbridge_gui.state.timeline import RollTimeline
from bachbridge_gui.state.view_types import PLAYER, RollNote

_MIN_MELODY_NOTES = 2
"""A melody of fewer notes is somebody trying a key."""


@dataclass(slots=True)
class _HarmonizedMelody:
    """A harmonized melody that is still being played."""

    number: int
    start_ns: int
    last_ns: int
    started_at: datetime


class ExchangeBuilder:
    """Used on the window's thread. It also begins and ends the timeline's spans."""

    def __init__(self, timeline: RollTimeline, now: Callable[[], datetime]) -> None:
        self._timeline, self._now = timeline, now
        self._last_number = 0
        self._pending_phrase: tuple[PhraseEnded, datetime] | None = None
        self._open_exchange: Exchange | None = None
        """The exchange whose answer is being played."""
        self._melody: _HarmonizedMelody | None = None
        self._latest_bar: BarStarted | None = None
        self._begin_ns = 0
        """Beginning of the exchange under way."""
        self._cadence: CadenceReached | None = None
        """The cadence on whose last chord the music rests."""
        self._last_ended: tuple[int, int, int, ExchangeClose] | None = None
        """Number, beginning and end (ns), and key of the last exchange that has ended."""
        self.late_closes: list[tuple[int, ExchangeClose]] = []
        """Closes that were reported after their exchange had ended, with its number; whoever shows them clears them."""

    @property
    def settings(self) -> Settings:
        return self._timeline.settings

    def handle_message(self, message: Message) -> Exchange | None:
        """Apply a message, after the timeline; return the exchange that it ended, if any."""
        match message:
            case PhraseEnded():
                self._pending_phrase = (message, self._now())
            case AnswerStarted(_, due_ns, seed) if self._pending_phrase:
                self._begin_answer(due_ns, seed)
            case AnswerEnded(_, notes, interrupted) if self._open_exchange:
                return self._end_answer(notes, interrupted)
            case EngineEnded() | EngineStarted():
                return self._abort_exchange()
            case BarStarted():
                self._latest_bar = message
            case SoundingHarmony() | CadenceReached():
                self._follow_harmony(message)
            case Harmonized():
                self._begin_melody(self._timeline.last_event_ns)
            case Received(data, at_ns) | Sent(data, _, at_ns) if self._melody and data[0] & 0xF0 in (0x80, 0x90):
                self._melody.last_ns = max(self._melody.last_ns, at_ns)
            case _:
                pass
        return None

    def end_melody_after_rest(self, now_ns: int) -> Exchange | None:
        """End a harmonized melody after a rest of `Settings.rest_bars`, or in another mode; return its exchange."""
        melody = self._melody
        if melody is None or self._latest_bar is None:
            return None
        rest_ns = self.settings.rest_bars * self._latest_bar.steps_per_bar * self._latest_bar.step_ns
        rested = self._timeline.is_idle and now_ns - melody.last_ns > rest_ns
        if not rested and self.settings.mode in ("harmonize", "duet"):
            return None
        self._melody = None
        exchange = self._harmonized_exchange(melody, self._latest_bar)
        self._timeline.end_span(melody.number, melody.last_ns)
        return exchange and self._closed(exchange, melody.start_ns, melody.last_ns)

    # ------------------------------------------------------------ closes

    def _follow_harmony(self, report: SoundingHarmony | CadenceReached) -> None:
        if isinstance(report, SoundingHarmony):
            if report.chord and self._cadence and report.since_ns > self._cadence.at_ns:
                self._cadence = None
            return
        self._cadence = report
        if self._last_ended and self._last_ended[1] <= report.at_ns <= self._last_ended[2]:
            number, *_, close = self._last_ended
            self.late_closes.append((number, replace(close, cadence=report.kind, cadence_key=report.key)))

    def _closed(self, exchange: Exchange, begin_ns: int, end_ns: int) -> Exchange:
        """Return the exchange, which lies in that time, with its key and its cadence."""
        close = _weighed_close(exchange, self.settings)
        self._last_ended = exchange.number, begin_ns, end_ns, close
        if (cadence := self._cadence) and begin_ns <= cadence.at_ns <= end_ns:
            close = replace(close, cadence=cadence.kind, cadence_key=cadence.key)
        return replace(exchange, close=close)

    def _begin_answer(self, due_ns: int, seed: int) -> None:
        """Begin an exchange, or move the start of its answer if the engine announces a later one."""
        assert self._pending_phrase
        phrase_ended, started_at = self._pending_phrase
        answer_step = round((due_ns - phrase_ended.origin_ns) / phrase_ended.step_ns)
        if self._open_exchange:
            self._open_exchange = replace(self._open_exchange, answer_step=answer_step)
            return
        self._last_number += 1
        self._open_exchange = Exchange(
            self._last_number,
            phrase_ended.phrase,
            (),
            answer_step,
            phrase_ended.step_ns,
            started_at,
            "continue",
            seed,
        )
        # A phrase that is answered again was not played just now, nor was the phrase that a dream continues.
        silent = phrase_ended.ended_by in ("prompt", "dream") and (
            phrase_ended.origin_ns < self._timeline.last_event_ns
        )
        begin_ns = self._begin_ns = due_ns if silent else phrase_ended.origin_ns
        self._timeline.begin_span(self._last_number, begin_ns)

    def _end_answer(self, notes: tuple[Note, ...], interrupted: bool) -> Exchange:
        assert self._open_exchange
        exchange, self._open_exchange, self._pending_phrase = self._open_exchange, None, None
        end_ns = self._timeline.last_event_ns
        self._timeline.end_span(exchange.number, end_ns)
        return self._closed(replace(exchange, answer=notes, interrupted=interrupted), self._begin_ns, end_ns)

    def _abort_exchange(self) -> Exchange | None:
        """End the exchange under way, because its engine has died."""
        self._pending_phrase = None
        return self._end_answer((), interrupted=True) if self._open_exchange else None

    # ------------------------------------------------------------ harmony

    def _begin_melody(self, now_ns: int) -> None:
        if self._melody is None:
            self._last_number += 1
            start_ns = self._first_onset_ns(now_ns)
            self._melody = _HarmonizedMelody(self._last_number, start_ns, now_ns, self._now())
            self._timeline.begin_span(self._last_number, start_ns)

    def _first_onset_ns(self, now_ns: int) -> int:
        """Start of the player's last note, which got the first chord."""
        player_notes = [note for note in self._timeline.notes[-8:] if note.voice == PLAYER]
        return player_notes[-1].start_ns if player_notes else now_ns

    def _harmonized_exchange(self, melody_span: _HarmonizedMelody, bar_grid: BarStarted) -> Exchange | None:
        """Put the timeline's notes on the grid, whose first bar line is the player's first note."""
        notes = self._timeline.notes_between(melody_span.start_ns - 1, melody_span.last_ns + 1)
        melody = [_quantized(note, melody_span.start_ns, bar_grid.step_ns) for note in notes if note.voice == PLAYER]
        voices = [_quantized(note, melody_span.start_ns, bar_grid.step_ns) for note in notes if note.voice != PLAYER]
        if len(melody) < _MIN_MELODY_NOTES:
            return None
        end = max(note.end for note in melody)
        steps = -(-end // STEPS_PER_BEAT) * STEPS_PER_BEAT
        phrase = Phrase(tuple(replace(note, voice=0) for note in melody), steps, bar_grid.steps_per_bar)
        return Exchange(
            melody_span.number, phrase, tuple(voices), 0, bar_grid.step_ns, melody_span.started_at, "harmonize"
        )


def _weighed_close(exchange: Exchange, settings: Settings) -> ExchangeClose:
    """Return the key in which the score of the exchange is written."""
    answer = [replace(note, start=note.start + exchange.answer_step) for note in exchange.answer]
    notes = (sorted(part, key=lambda note: (note.start, note.voice)) for part in (exchange.prompt.notes, answer))
    key, confidence = weighed_key(*notes, given=parse_key(settings.key))
    return ExchangeClose(key_to_number(key), confidence) if confidence else ExchangeClose()


def _quantized(note: RollNote, origin_ns: int, step_ns: int) -> Note:
    start = max(0, round((note.start_ns - origin_ns) / step_ns))
    end_ns = note.start_ns + step_ns if note.end_ns is None else note.end_ns
    length = max(1, round((end_ns - note.start_ns) / step_ns))
    return Note(start, length, note.pitch, note.velocity, note.voice)
