"""Which exchanges there were: what was played and what came back, put together from the engine's messages.

In mode "continue" the engine says when a phrase ended, when its answer begins and what it was. In mode "harmonize" the
music never stops to be a phrase: there an exchange is a melody and its voices between two rests, read off the timeline
on the grid that was in force.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase
from bachbridge.protocol.events import Answered, Answering, Harmonized, Heard, Message, Metre, Received, Sent, Status
from bachbridge.settings import Settings
from bachbridge_gui.state.exchanges import Entry
from bachbridge_gui.state.timeline import Timeline
from bachbridge_gui.state.view_types import PLAYER, RollNote

_FEWEST = 2
"""A melody of fewer notes was somebody trying a key."""


@dataclass(slots=True)
class _Piece:
    """A harmonised melody under way."""

    number: int
    start_ns: int
    last_ns: int
    at: datetime


class Conversation:
    """Used on the window's thread; opens and closes the timeline's spans."""

    def __init__(self, timeline: Timeline, clock: Callable[[], datetime]) -> None:
        self._timeline, self._clock = timeline, clock
        self._number = 0
        self._heard: tuple[Heard, datetime] | None = None
        self._entry: Entry | None = None
        """The exchange under way."""
        self._span = 0
        self._piece: _Piece | None = None
        self._metre: Metre | None = None

    @property
    def settings(self) -> Settings:
        return self._timeline.settings

    def take(self, message: Message) -> Entry | None:
        """Take in a message, after the timeline; the exchange that it ended, if any."""
        match message:
            case Heard():
                self._heard = (message, self._clock())
            case Answering(_, due_ns, seed) if self._heard:
                self._open(due_ns, seed)
            case Answered(_, notes, interrupted) if self._entry:
                return self._answered(notes, interrupted)
            case Status("engine"):
                return self._cut()
            case Metre():
                self._metre = message
            case Harmonized():
                self._sing(self._timeline.last_ns)
            case Received(data, at_ns) | Sent(data, _, at_ns) if self._piece and data[0] & 0xF0 in (0x80, 0x90):
                self._piece.last_ns = max(self._piece.last_ns, at_ns)
            case _:
                pass
        return None

    def look(self, now_ns: int) -> Entry | None:
        """A harmonised melody is over after a rest of two bars, or when another mode is on; the exchange it makes."""
        piece = self._piece
        if piece is None or self._metre is None:
            return None
        rest_ns = self.settings.rest_bars * self._metre.steps_per_bar * self._metre.step_ns
        over = self._timeline.resting and now_ns - piece.last_ns > rest_ns
        if not over and self.settings.mode == "harmonize":
            return None
        self._piece = None
        entry = self._harmonized(piece, self._metre)
        self._timeline.end(piece.number, piece.last_ns)
        return entry

    def _open(self, due_ns: int, seed: int) -> None:
        """A phrase is being answered (or begins to be answered later than was said)."""
        assert self._heard
        heard, at = self._heard
        answer_step = round((due_ns - heard.origin_ns) / heard.step_ns)
        if self._entry:
            self._entry = replace(self._entry, answer_step=answer_step)
            return
        self._number += 1
        self._entry = Entry(self._number, heard.phrase, (), answer_step, heard.step_ns, at, "continue", seed)
        # A phrase that is answered again was not played just now, nor what a dream goes on from.
        silent = heard.ended_by in ("prompt", "dream") and heard.origin_ns < self._timeline.last_ns
        begin_ns = due_ns if silent else heard.origin_ns
        self._timeline.begin(self._number, begin_ns)

    def _answered(self, notes: tuple[Note, ...], interrupted: bool) -> Entry:
        assert self._entry
        entry, self._entry, self._heard = self._entry, None, None
        self._timeline.end(entry.number, self._timeline.last_ns)
        return replace(entry, answer=notes, interrupted=interrupted)

    def _cut(self) -> Entry | None:
        """The engine is another one: what was under way will not go on."""
        self._heard = None
        return self._answered((), interrupted=True) if self._entry else None

    # ------------------------------------------------------------ harmony

    def _sing(self, now_ns: int) -> None:
        if self._piece is None:
            self._number += 1
            start_ns = self._struck_ns(now_ns)
            self._piece = _Piece(self._number, start_ns, now_ns, self._clock())
            self._timeline.begin(self._number, start_ns)

    def _struck_ns(self, now_ns: int) -> int:
        """When the note began that has the first chord."""
        players = [note for note in self._timeline.notes[-8:] if note.voice == PLAYER]
        return players[-1].start_ns if players else now_ns

    def _harmonized(self, piece: _Piece, metre: Metre) -> Entry | None:
        """The timeline's notes on the grid; its bar lines are the player's first beat and every bar from there."""
        notes = self._timeline.between(piece.start_ns - 1, piece.last_ns + 1)
        melody = [_on_grid(note, piece.start_ns, metre.step_ns) for note in notes if note.voice == PLAYER]
        voices = [_on_grid(note, piece.start_ns, metre.step_ns) for note in notes if note.voice != PLAYER]
        if len(melody) < _FEWEST:
            return None
        end = max(note.end for note in melody)
        steps = -(-end // STEPS_PER_BEAT) * STEPS_PER_BEAT
        phrase = Phrase(tuple(replace(note, voice=0) for note in melody), steps, metre.steps_per_bar)
        return Entry(piece.number, phrase, tuple(voices), 0, metre.step_ns, piece.at, "harmonize")


def _on_grid(note: RollNote, origin_ns: int, step_ns: int) -> Note:
    start = max(0, round((note.start_ns - origin_ns) / step_ns))
    end_ns = note.start_ns + step_ns if note.end_ns is None else note.end_ns
    length = max(1, round((end_ns - note.start_ns) / step_ns))
    return Note(start, length, note.pitch, note.velocity, note.voice)
