"""Which exchanges there were: what was played and what came back, put together from the engine's messages.

In mode "continue" the engine says when a phrase ended, when its answer begins and what it was. In mode "harmonize" the
music never stops to be a phrase: there an exchange is a melody and its voices between two rests, read off the timeline
on the grid that was in force.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase
from bachbridge.protocol.events import (
    AnswerEnded,
    AnswerStarted,
    BarStarted,
    Harmonized,
    Message,
    PhraseEnded,
    Received,
    Sent,
    Status,
)
from bachbridge.settings import Settings
from bachbridge_gui.state.exchanges import Exchange
from bachbridge_gui.state.timeline import RollTimeline
from bachbridge_gui.state.view_types import PLAYER, RollNote

_MIN_MELODY_NOTES = 2
"""A melody of fewer notes was somebody trying a key."""


@dataclass(slots=True)
class _HarmonizedMelody:
    """A harmonised melody under way."""

    number: int
    start_ns: int
    last_ns: int
    started_at: datetime


class ExchangeBuilder:
    """Used on the window's thread; opens and closes the timeline's spans."""

    def __init__(self, timeline: RollTimeline, now: Callable[[], datetime]) -> None:
        self._timeline, self._now = timeline, now
        self._last_number = 0
        self._pending_phrase: tuple[PhraseEnded, datetime] | None = None
        self._open_exchange: Exchange | None = None
        """The exchange under way."""
        self._melody: _HarmonizedMelody | None = None
        self._latest_bar: BarStarted | None = None

    @property
    def settings(self) -> Settings:
        return self._timeline.settings

    def handle_message(self, message: Message) -> Exchange | None:
        """Take in a message, after the timeline; the exchange that it ended, if any."""
        match message:
            case PhraseEnded():
                self._pending_phrase = (message, self._now())
            case AnswerStarted(_, due_ns, seed) if self._pending_phrase:
                self._begin_answer(due_ns, seed)
            case AnswerEnded(_, notes, interrupted) if self._open_exchange:
                return self._end_answer(notes, interrupted)
            case Status("engine"):
                return self._abort_exchange()
            case BarStarted():
                self._latest_bar = message
            case Harmonized():
                self._begin_melody(self._timeline.last_event_ns)
            case Received(data, at_ns) | Sent(data, _, at_ns) if self._melody and data[0] & 0xF0 in (0x80, 0x90):
                self._melody.last_ns = max(self._melody.last_ns, at_ns)
            case _:
                pass
        return None

    def end_melody_after_rest(self, now_ns: int) -> Exchange | None:
        """A harmonised melody is over after a rest of two bars, or when another mode is on; the exchange it makes."""
        piece = self._melody
        if piece is None or self._latest_bar is None:
            return None
        rest_ns = self.settings.rest_bars * self._latest_bar.steps_per_bar * self._latest_bar.step_ns
        over = self._timeline.is_idle and now_ns - piece.last_ns > rest_ns
        if not over and self.settings.mode == "harmonize":
            return None
        self._melody = None
        entry = self._harmonized_exchange(piece, self._latest_bar)
        self._timeline.end_span(piece.number, piece.last_ns)
        return entry

    def _begin_answer(self, due_ns: int, seed: int) -> None:
        """A phrase is being answered (or begins to be answered later than was said)."""
        assert self._pending_phrase
        heard, at = self._pending_phrase
        answer_step = round((due_ns - heard.origin_ns) / heard.step_ns)
        if self._open_exchange:
            self._open_exchange = replace(self._open_exchange, answer_step=answer_step)
            return
        self._last_number += 1
        self._open_exchange = Exchange(
            self._last_number, heard.phrase, (), answer_step, heard.step_ns, at, "continue", seed
        )
        # A phrase that is answered again was not played just now, nor what a dream goes on from.
        silent = heard.ended_by in ("prompt", "dream") and heard.origin_ns < self._timeline.last_event_ns
        begin_ns = due_ns if silent else heard.origin_ns
        self._timeline.begin_span(self._last_number, begin_ns)

    def _end_answer(self, notes: tuple[Note, ...], interrupted: bool) -> Exchange:
        assert self._open_exchange
        entry, self._open_exchange, self._pending_phrase = self._open_exchange, None, None
        self._timeline.end_span(entry.number, self._timeline.last_event_ns)
        return replace(entry, answer=notes, interrupted=interrupted)

    def _abort_exchange(self) -> Exchange | None:
        """The engine is another one: what was under way will not go on."""
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
        """When the note began that has the first chord."""
        players = [note for note in self._timeline.notes[-8:] if note.voice == PLAYER]
        return players[-1].start_ns if players else now_ns

    def _harmonized_exchange(self, melody_span: _HarmonizedMelody, bar_grid: BarStarted) -> Exchange | None:
        """The timeline's notes on the grid; its bar lines are the player's first beat and every bar from there."""
        notes = self._timeline.notes_between(melody_span.start_ns - 1, melody_span.last_ns + 1)
        melody = [_on_grid(note, melody_span.start_ns, bar_grid.step_ns) for note in notes if note.voice == PLAYER]
        voices = [_on_grid(note, melody_span.start_ns, bar_grid.step_ns) for note in notes if note.voice != PLAYER]
        if len(melody) < _MIN_MELODY_NOTES:
            return None
        end = max(note.end for note in melody)
        steps = -(-end // STEPS_PER_BEAT) * STEPS_PER_BEAT
        phrase = Phrase(tuple(replace(note, voice=0) for note in melody), steps, bar_grid.steps_per_bar)
        return Exchange(
            melody_span.number, phrase, tuple(voices), 0, bar_grid.step_ns, melody_span.started_at, "harmonize"
        )


def _on_grid(note: RollNote, origin_ns: int, step_ns: int) -> Note:
    start = max(0, round((note.start_ns - origin_ns) / step_ns))
    end_ns = note.start_ns + step_ns if note.end_ns is None else note.end_ns
    length = max(1, round((end_ns - note.start_ns) / step_ns))
    return Note(start, length, note.pitch, note.velocity, note.voice)
