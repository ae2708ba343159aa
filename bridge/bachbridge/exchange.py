"""One answer under way: which ask it belongs to, where it lies in time, and which of its notes are known.

An exchange begins when a phrase ends and lasts until its last note has ended. It turns the notes of an `Answer` into
appointments of the agenda and keeps the one promise that the model's process cannot: whatever arrives late, twice or
never, the agenda holds an end for every beginning.
"""

from dataclasses import dataclass, field

from bachbridge.agenda import Agenda
from bachbridge.config import Settings
from bachbridge.events import Answer, Ask, Send
from bachbridge.music import STEPS_PER_BEAT, Note
from bachbridge.tempo import Grid
from bachbridge.voicing import Voiced, voiced

LATEST_STEPS = STEPS_PER_BEAT
"""A note that arrives later than this after its time is not played any more."""


@dataclass(slots=True)
class Exchange:
    """Answer to `ask`, its step 0 at `grid`'s origin. Used on the engine's thread only."""

    ask: Ask
    grid: Grid
    settings: Settings
    """How its voices sound."""
    until: int = 0
    """Up to which step the answer is decided."""
    final: bool = False
    notes: dict[tuple[int, int, int, int], Note] = field(default_factory=lambda: {})
    """All that is known of the answer, by the agenda's keys, heard or not."""

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
                self._appoint(now_ns, key, note, agenda)
            else:
                dropped += 1
                continue
            self.notes[key] = note
        self.until = max(self.until, answer.until)
        self.final = self.final or answer.final
        return dropped

    def revoice(self, now_ns: int, settings: Settings, agenda: Agenda) -> list[Send]:
        """The voices sound otherwise from now on; what sounds already is touched only if it would be another note."""
        before, self.settings = self.settings, settings
        sends: list[Send] = []
        for key, note in self.notes.items():
            old, new = self._voiced(before, note), self._voiced(settings, note)
            same = old == new or (agenda.begun(key) and old and new and old[:2] == new[:2])
            if not same and self.grid.time_of(note.end) > now_ns:
                sends += agenda.cancel(key, now_ns)
                self._appoint(now_ns, key, note, agenda)
        return sends

    def _appoint(self, now_ns: int, key: tuple[int, int, int, int], note: Note, agenda: Agenda) -> None:
        as_sent = self._voiced(self.settings, note)
        if as_sent:
            on_ns = max(now_ns, self.grid.time_of(note.start) + note.offset_ns)
            agenda.add(key, *as_sent, on_ns, self.grid.time_of(note.end))

    @staticmethod
    def _voiced(settings: Settings, note: Note) -> Voiced | None:
        return voiced(settings, note.voice, note.pitch, note.velocity)

    @property
    def end_ns(self) -> int:
        """When the answer's last step ends."""
        return self.grid.time_of(self.ask.steps)

    def in_order(self) -> tuple[Note, ...]:
        return tuple(sorted(self.notes.values(), key=lambda note: (note.start, note.voice)))
