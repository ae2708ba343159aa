"""One answer under way: which ask it belongs to, where it lies in time, and which of its notes are known.

An exchange begins when a phrase ends and lasts until its last note has ended. It turns the notes of an `Answer` into
appointments of the agenda and keeps the one promise that the model's process cannot: whatever arrives late, twice or
never, the agenda holds an end for every beginning.

A dream is one exchange too: as soon as an answer is there, the next one is asked for and begins where that one ends.
What is told of it comes in chapters, and what was told and has ended is forgotten.
"""

from dataclasses import dataclass, field, replace

from bachbridge.engine.output.scheduler import Agenda
from bachbridge.engine.output.voice_output import Voiced, voiced
from bachbridge.engine.tempo.tracker import Grid
from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase
from bachbridge.protocol.events import Answer, Ask, Send
from bachbridge.settings import Settings

LATEST_STEPS = STEPS_PER_BEAT
"""A note that arrives later than this after its time is not played any more."""
CHAPTER_STEPS = 512
"""After so many steps a dream is told of as another answer."""


@dataclass(slots=True)
class Exchange:
    """Answer to `ask`, step 0 at `grid`'s origin. Used on the engine's thread only."""

    ask: Ask
    grid: Grid
    settings: Settings
    """How its voices sound."""
    asked_ns: int
    first: Phrase
    """The phrase that it began with."""
    number: int
    """The ask that it was announced with."""
    dreams: bool = False
    """Whether it goes on when this answer is over."""
    base: int = 0
    """The step at which this answer begins: in a dream, where the one before ended."""
    chapter: int = 0
    """The step from which on it is not yet told of."""
    slow_ns: int = 0
    """How long the last answer was waited for until it was whole."""
    until: int = 0
    """Up to which step the answer is decided."""
    final: bool = False
    notes: dict[tuple[int, int, int, int], Note] = field(default_factory=lambda: {})
    """All that is known of the answer, heard or not: by the agenda's keys, in the exchange's own steps."""

    @property
    def heard(self) -> bool:
        """Whether anything of the answer has arrived."""
        return self.until > 0 or self.final

    def postpone(self, now_ns: int) -> int:
        """The answer is late: begin on the first beat that is still ahead; returns by how many steps."""
        steps = max(0, self.grid.next_beat(now_ns) - self.base)
        if self.base:
            self.chapter += steps * (self.chapter == self.base)
            self.base += steps
        else:
            self.grid = Grid(self.grid.time_of(steps), self.grid.step_ns)
        return steps

    def take(self, now_ns: int, answer: Answer, agenda: Agenda) -> int:
        """Put the answer's notes into the agenda; returns how many came too late to be played."""
        dropped = 0
        for told in answer.notes:
            key = (self.ask.ask, told.voice, told.start, told.pitch)
            note = replace(told, start=told.start + self.base)
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
        self.slow_ns = now_ns - self.asked_ns
        return dropped

    def go_on(self, now_ns: int, ask: Ask, agenda: Agenda) -> None:
        """The next answer of a dream is asked for; of what was told already, what has ended is forgotten."""
        self.base += self.ask.steps
        self.ask, self.asked_ns, self.until, self.final = ask, now_ns, 0, False
        self.notes = {k: note for k, note in self.notes.items() if note.start >= self.chapter or agenda.holds(k)}

    @property
    def long(self) -> bool:
        """Whether there is a chapter to be told of."""
        return self.base + self.ask.steps - self.chapter >= CHAPTER_STEPS

    def begin_chapter(self, number: int) -> None:
        """What comes after this answer is another chapter, announced with ask `number`."""
        self.chapter, self.number = self.base + self.ask.steps, number

    @property
    def part(self) -> tuple[Note, ...]:
        """The notes of this answer, from its own beginning."""
        notes = [note for key, note in self.notes.items() if key[0] == self.ask.ask]
        return tuple(replace(note, start=note.start - self.base) for note in notes)

    def retime(self, now_ns: int, step_ns: int, agenda: Agenda) -> None:
        """Another tempo from now on: where the music is, it stays, and what comes, comes sooner or later."""
        before = self.grid
        self.grid = Grid(now_ns - (now_ns - before.origin_ns) * step_ns // before.step_ns, step_ns)
        for key, note in self.notes.items():
            if agenda.begun(key):
                agenda.end(key, self.grid.time_of(note.end))
            elif agenda.holds(key):
                agenda.cancel(key, now_ns)
                self._appoint(now_ns, key, note, agenda)

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
    def start_ns(self) -> int:
        """When this answer begins."""
        return self.grid.time_of(self.base)

    @property
    def end_ns(self) -> int:
        """When the answer's last step ends."""
        return self.grid.time_of(self.base + self.ask.steps)

    def in_order(self) -> tuple[Note, ...]:
        """What is not yet told of, from there on."""
        notes = [replace(n, start=n.start - self.chapter) for n in self.notes.values() if n.start >= self.chapter]
        return tuple(sorted(notes, key=lambda note: (note.start, note.voice)))
