"""One answer under way: which ask it belongs to, where it lies in time, and which of its notes are known.

An exchange begins when a phrase ends and lasts until its last note has ended. It turns the notes of an `Answer` into
appointments of the agenda and keeps the one promise that the model's process cannot: whatever arrives late, twice or
never, the agenda holds an end for every beginning.
"""

from dataclasses import dataclass, field

from bachbridge.agenda import Agenda
from bachbridge.events import Answer, Ask
from bachbridge.music import STEPS_PER_BEAT, Note
from bachbridge.tempo import Grid

LATEST_STEPS = STEPS_PER_BEAT
"""A note that arrives later than this after its time is not played any more."""


@dataclass(slots=True)
class Exchange:
    """Answer to `ask`, its step 0 at `grid`'s origin. Used on the engine's thread only."""

    ask: Ask
    grid: Grid
    channels: tuple[int, ...]
    """0-based MIDI channel of each voice."""
    until: int = 0
    """Up to which step the answer is decided."""
    final: bool = False
    notes: dict[tuple[int, int, int, int], Note] = field(default_factory=lambda: {})

    @property
    def heard(self) -> bool:
        """Whether anything of the answer has arrived."""
        return self.until > 0 or self.final

    def postpone(self, now_ns: int) -> int:
        """The answer is late: begin on the first beat that is still ahead; returns by how many steps."""
        steps = max(0, self.grid.next_beat(now_ns))
        self.grid = Grid(self.grid.time_of(steps), self.grid.step_ns)
        return steps

    def take(self, now_ns: int, answer: Answer, agenda: Agenda) -> int:
        """Put the answer's notes into the agenda; returns how many came too late to be played."""
        dropped = 0
        for note in answer.notes:
            key = (self.ask.ask, note.voice, note.start, note.pitch)
            if key in self.notes:
                agenda.end(key, self.grid.time_of(note.end))
            elif now_ns - self.grid.time_of(note.start) <= LATEST_STEPS * self.grid.step_ns:
                on_ns = max(now_ns, self.grid.time_of(note.start) + note.offset_ns)
                off_ns = self.grid.time_of(note.end)
                agenda.add(key, self.channels[note.voice], note.pitch, note.velocity, on_ns, off_ns)
            else:
                dropped += 1
                continue
            self.notes[key] = note
        self.until = max(self.until, answer.until)
        self.final = self.final or answer.final
        return dropped

    @property
    def end_ns(self) -> int:
        """When the answer's last step ends."""
        return self.grid.time_of(self.ask.steps)

    def in_order(self) -> tuple[Note, ...]:
        return tuple(sorted(self.notes.values(), key=lambda note: (note.start, note.voice)))
