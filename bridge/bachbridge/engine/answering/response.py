"""One answer under way: the ask it belongs to, its place in time, and the notes known so far.

A response begins when a phrase ends and lasts until its last note has ended. It schedules the notes of each `Answer`
message and guarantees what the model process cannot: however late, often or incompletely notes arrive, the scheduler
has an end for every note that begins.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.output.voice_output import OutputNote, output_note
from bachbridge.engine.tempo.grid import Grid
from bachbridge.music.notes import NS_PER_MS, STEPS_PER_BEAT, Note
from bachbridge.protocol.effects import Ask, Send
from bachbridge.protocol.events import Answer
from bachbridge.settings import Settings

MAX_LATE_STEPS = STEPS_PER_BEAT
"""A note that arrives later than this after its time is no longer played."""

LATE_START_NS = 15_000_000
"""An answer that arrives this much late begins at once, rather than a beat later."""

NoteId = tuple[int, int, int, int]
"""Key of a note in the scheduler: number of the ask, voice, start step and pitch."""


@dataclass(slots=True)
class Response:
    """The answer to `ask`; its step 0 is the origin of `grid`. Used on the engine's thread only."""

    ask: Ask
    grid: Grid
    settings: Settings
    """Settings under which its voices sound."""
    asked_ns: int
    scheduler: Scheduler
    shared_step: int | None = None
    """Step of the shared grid at which it begins; None without such a grid."""
    start_unit: int = STEPS_PER_BEAT
    """Steps between two places at which it may begin."""
    keeps_place: bool = False
    """True if it fills a turn: late or long, it stays within its steps (see `trade`)."""
    latency_ns: int = 0
    """Time from the ask to the newest part of the answer."""
    decided_until_step: int = 0
    """Step up to which the answer is decided."""
    is_final: bool = False
    """True once the whole answer is known."""
    notes: dict[NoteId, Note] = field(default_factory=dict[NoteId, Note])
    """All known notes, played or not, by their keys in the scheduler."""

    @property
    def announced_ask(self) -> int:
        """Number of the ask with which the answer was announced."""
        return self.ask.ask

    @property
    def has_arrived(self) -> bool:
        """True if any part of the answer has arrived."""
        return self.decided_until_step > 0 or self.is_final

    @property
    def start_ns(self) -> int:
        return self.grid.origin_ns

    @property
    def end_ns(self) -> int:
        """End of the last step."""
        return self.grid.time_of(self.ask.steps)

    @property
    def last_note_end_ns(self) -> int:
        """End of the last known note; the answer's start if none is known."""
        return self.grid.time_of(max((note.end for note in self.notes.values()), default=0))

    def postpone_if_late(self, now_ns: int) -> int:
        """Move the answer to the next beat or bar line if it is late; return by how many steps it moved."""
        if self.keeps_place:
            return 0
        steps = max(0, self.grid.next_step(now_ns - LATE_START_NS, self.start_unit))
        self.postpone(steps)
        return steps

    def postpone(self, steps: int) -> None:
        """Begin `steps` steps later; nothing may be scheduled yet."""
        self.grid = Grid(self.grid.time_of(steps), self.grid.step_ns)
        if self.shared_step is not None:
            self.shared_step += steps

    def add_answer(self, now_ns: int, answer: Answer) -> int:
        """Schedule the notes of `answer`; return how many came too late to be played."""
        dropped = 0
        for note in self._notes_in_turn(answer.notes) if self.keeps_place else answer.notes:
            key = (self.ask.ask, note.voice, note.start, note.pitch)
            if key in self.notes:
                self.scheduler.set_note_end(key, self.grid.time_of(note.end))
            elif not self._is_too_late(now_ns, note):
                self._schedule_note(now_ns, key, note)
            else:
                dropped += 1
                continue
            self.notes[key] = note
        self.decided_until_step = max(self.decided_until_step, answer.until)
        self.is_final = self.is_final or answer.final
        self.latency_ns = now_ns - self.asked_ns
        return dropped

    def _notes_in_turn(self, notes: Iterable[Note]) -> Iterator[Note]:
        """Yield the notes that begin in the answer's steps, cut at its end; the first ones begin on its bar line."""
        for note in notes:
            if note.start < self.ask.steps:
                length = min(note.length, self.ask.steps - note.start)
                yield replace(note, length=length, offset_ns=note.offset_ns if note.start else 0)

    def _is_too_late(self, now_ns: int, note: Note) -> bool:
        if self.keeps_place:
            return self.grid.nearest_step(now_ns) > note.start
        return now_ns - self.grid.time_of(note.start) > MAX_LATE_STEPS * self.grid.step_ns

    def forget_notes(self, before_step: int) -> None:
        """Forget the notes that begin before `before_step`, except those that sound or are still to come."""
        self.notes = {
            key: note for key, note in self.notes.items() if note.start >= before_step or self.scheduler.has_note(key)
        }

    def reported_notes(self, until_ns: int | None = None) -> tuple[Note, ...]:
        """Return the known notes, cut off at `until_ns` if given."""
        return cut_notes(self.notes.values(), self.grid, until_ns)

    def change_tempo(self, now_ns: int, step_ns: int) -> None:
        """Go on at another tempo: the music stays where it is at `now_ns`."""
        self._move_to(now_ns, self.grid.with_tempo(now_ns, step_ns))

    def follow_grid(self, now_ns: int, shared: Grid, shift_steps: int) -> None:
        """Move the notes to where their steps lie on the shared grid now; their numbers grow by `shift_steps`."""
        if self.shared_step is not None:
            self.shared_step += shift_steps
            latency_ns = self.settings.latency_ms * NS_PER_MS
            self._move_to(now_ns, Grid(shared.time_of(self.shared_step) - latency_ns, shared.step_ns))

    def _move_to(self, now_ns: int, grid: Grid) -> None:
        """Play the notes on another grid; the past stays as it was."""
        self.grid = grid
        for key, note in self.notes.items():
            if self.scheduler.is_sounding(key):
                self.scheduler.set_note_end(key, self.grid.time_of(note.end))
            elif self.scheduler.has_note(key):
                self.scheduler.cancel_note(key, now_ns)
                self._schedule_note(now_ns, key, note)

    def apply_voice_settings(self, now_ns: int, settings: Settings) -> list[Send]:
        """Play the notes as the voices are set now; a sounding note is only touched if its channel or pitch changes."""
        before, self.settings = self.settings, settings
        sends: list[Send] = []
        for key, note in self.notes.items():
            old, new = _output_note(before, note), _output_note(settings, note)
            same = old == new or (self.scheduler.is_sounding(key) and old and new and old[:2] == new[:2])
            if not same and self.grid.time_of(note.end) > now_ns:
                sends += self.scheduler.cancel_note(key, now_ns)
                self._schedule_note(now_ns, key, note)
        return sends

    def _schedule_note(self, now_ns: int, key: NoteId, note: Note) -> None:
        output = _output_note(self.settings, note)
        if output:
            on_ns = max(now_ns, self.grid.time_of(note.start) + note.offset_ns)
            self.scheduler.add_note(key, *output, on_ns, self.grid.time_of(note.end))


def cut_notes(notes: Iterable[Note], grid: Grid, until_ns: int | None) -> tuple[Note, ...]:
    """Return the notes in order of start and voice, without what lies after the step in force at `until_ns`."""
    ordered = sorted(notes, key=lambda note: (note.start, note.voice))
    if until_ns is None:
        return tuple(ordered)
    last_step = (until_ns - grid.origin_ns) // grid.step_ns
    return tuple(
        replace(note, length=min(note.length, last_step - note.start + 1))
        for note in ordered
        if note.start <= last_step
    )


def _output_note(settings: Settings, note: Note) -> OutputNote | None:
    return output_note(settings, note.voice, note.pitch, note.velocity)
