"""One answer under way: which ask it belongs to, where it lies in time, and which of its notes are known.

An exchange begins when a phrase ends and lasts until its last note has ended. It turns the notes of an `Answer` into
appointments of the agenda and keeps the one promise that the model's process cannot: whatever arrives late, twice or
never, the agenda holds an end for every beginning.

A dream is one exchange too: as soon as an answer is there, the next one is asked for and begins where that one ends.
What is told of it comes in chapters, and what was told and has ended is forgotten.
"""

from dataclasses import dataclass, field, replace

from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.output.voice_output import OutputNote, output_note
from bachbridge.engine.tempo.tracker import Grid
from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase
from bachbridge.protocol.events import Answer, Ask, Send
from bachbridge.settings import Settings

MAX_LATE_STEPS = STEPS_PER_BEAT
"""A note that arrives later than this after its time is not played any more."""
SECTION_STEPS = 512
"""After so many steps a dream is told of as another answer."""


@dataclass(slots=True)
class Response:
    """Answer to `ask`, step 0 at `grid`'s origin. Used on the engine's thread only."""

    ask: Ask
    grid: Grid
    settings: Settings
    """How its voices sound."""
    asked_ns: int
    first_prompt: Phrase
    """The phrase that it began with."""
    announced_ask: int
    """The ask that it was announced with."""
    is_dreaming: bool = False
    """Whether it goes on when this answer is over."""
    base_step: int = 0
    """The step at which this answer begins: in a dream, where the one before ended."""
    section_start_step: int = 0
    """The step from which on it is not yet told of."""
    answer_latency_ns: int = 0
    """How long the last answer was waited for until it was whole."""
    decided_until_step: int = 0
    """Up to which step the answer is decided."""
    is_final: bool = False
    notes: dict[tuple[int, int, int, int], Note] = field(default_factory=lambda: {})
    """All that is known of the answer, heard or not: by the agenda's keys, in the exchange's own steps."""

    @property
    def has_arrived(self) -> bool:
        """Whether anything of the answer has arrived."""
        return self.decided_until_step > 0 or self.is_final

    def postpone_to_next_beat(self, now_ns: int) -> int:
        """The answer is late: begin on the first beat that is still ahead; returns by how many steps."""
        steps = max(0, self.grid.next_beat_step(now_ns) - self.base_step)
        if self.base_step:
            self.section_start_step += steps * (self.section_start_step == self.base_step)
            self.base_step += steps
        else:
            self.grid = Grid(self.grid.time_of(steps), self.grid.step_ns)
        return steps

    def add_answer(self, now_ns: int, answer: Answer, scheduler: Scheduler) -> int:
        """Put the answer's notes into the agenda; returns how many came too late to be played."""
        dropped = 0
        for told in answer.notes:
            key = (self.ask.ask, told.voice, told.start, told.pitch)
            note = replace(told, start=told.start + self.base_step)
            if key in self.notes:
                scheduler.set_note_end(key, self.grid.time_of(note.end))
            elif now_ns - self.grid.time_of(note.start) <= MAX_LATE_STEPS * self.grid.step_ns:
                self._schedule_note(now_ns, key, note, scheduler)
            else:
                dropped += 1
                continue
            self.notes[key] = note
        self.decided_until_step = max(self.decided_until_step, answer.until)
        self.is_final = self.is_final or answer.final
        self.answer_latency_ns = now_ns - self.asked_ns
        return dropped

    def start_next_ask(self, now_ns: int, ask: Ask, scheduler: Scheduler) -> None:
        """The next answer of a dream is asked for; of what was told already, what has ended is forgotten."""
        self.base_step += self.ask.steps
        self.ask, self.asked_ns, self.decided_until_step, self.is_final = ask, now_ns, 0, False
        self.notes = {
            k: note for k, note in self.notes.items() if note.start >= self.section_start_step or scheduler.has_note(k)
        }

    @property
    def section_is_complete(self) -> bool:
        """Whether there is a chapter to be told of."""
        return self.base_step + self.ask.steps - self.section_start_step >= SECTION_STEPS

    def start_section(self, announced_ask: int) -> None:
        """What comes after this answer is another chapter, announced with ask `number`."""
        self.section_start_step, self.announced_ask = self.base_step + self.ask.steps, announced_ask

    @property
    def answer_notes(self) -> tuple[Note, ...]:
        """The notes of this answer, from its own beginning."""
        notes = [note for key, note in self.notes.items() if key[0] == self.ask.ask]
        return tuple(replace(note, start=note.start - self.base_step) for note in notes)

    def change_tempo(self, now_ns: int, step_ns: int, scheduler: Scheduler) -> None:
        """Another tempo from now on: where the music is, it stays, and what comes, comes sooner or later."""
        before = self.grid
        self.grid = Grid(now_ns - (now_ns - before.origin_ns) * step_ns // before.step_ns, step_ns)
        for key, note in self.notes.items():
            if scheduler.is_sounding(key):
                scheduler.set_note_end(key, self.grid.time_of(note.end))
            elif scheduler.has_note(key):
                scheduler.cancel_note(key, now_ns)
                self._schedule_note(now_ns, key, note, scheduler)

    def apply_voice_settings(self, now_ns: int, settings: Settings, scheduler: Scheduler) -> list[Send]:
        """The voices sound otherwise from now on; what sounds already is touched only if it would be another note."""
        before, self.settings = self.settings, settings
        sends: list[Send] = []
        for key, note in self.notes.items():
            old, new = self._output_note(before, note), self._output_note(settings, note)
            same = old == new or (scheduler.is_sounding(key) and old and new and old[:2] == new[:2])
            if not same and self.grid.time_of(note.end) > now_ns:
                sends += scheduler.cancel_note(key, now_ns)
                self._schedule_note(now_ns, key, note, scheduler)
        return sends

    def _schedule_note(self, now_ns: int, key: tuple[int, int, int, int], note: Note, scheduler: Scheduler) -> None:
        as_sent = self._output_note(self.settings, note)
        if as_sent:
            on_ns = max(now_ns, self.grid.time_of(note.start) + note.offset_ns)
            scheduler.add_note(key, *as_sent, on_ns, self.grid.time_of(note.end))

    @staticmethod
    def _output_note(settings: Settings, note: Note) -> OutputNote | None:
        return output_note(settings, note.voice, note.pitch, note.velocity)

    @property
    def start_ns(self) -> int:
        """When this answer begins."""
        return self.grid.time_of(self.base_step)

    @property
    def end_ns(self) -> int:
        """When the answer's last step ends."""
        return self.grid.time_of(self.base_step + self.ask.steps)

    def unreported_notes(self) -> tuple[Note, ...]:
        """What is not yet told of, from there on."""
        notes = [
            replace(n, start=n.start - self.section_start_step)
            for n in self.notes.values()
            if n.start >= self.section_start_step
        ]
        return tuple(sorted(notes, key=lambda note: (note.start, note.voice)))
