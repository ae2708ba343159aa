"""From keys and pedal to a phrase on the grid.

A `Take` is what the player has done since the phrase began, in nanoseconds; nothing is rounded until somebody asks
for the phrase, because the tempo may only be known at its end. Whether the phrase is over is the session's question;
the take answers what it needs for that: since when nothing sounds.
"""

from bisect import bisect_left
from dataclasses import dataclass, field, replace

from bachbridge.engine.tempo.tracker import Grid, Reader
from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase

MAX_STEPS = 512
"""What is told of a longer phrase: its end (32 bars of four beats)."""
_MAX_NOTES, _KEPT_NOTES = 2048, 1024
"""How many notes may lie in a take before only the last ones are kept."""
_LIFTED_STEPS, _HELD_STEPS = 1, 3
"""A key that is lifted so little before a phrase of a set length ends, after it was held so long, was meant to last
until then: players lift their fingers to be ready for the next beat."""


@dataclass(slots=True)
class Played:
    """One key, from down to up (`off_ns` is None while it is held)."""

    on_ns: int
    off_ns: int | None
    pitch: int
    velocity: int
    note: Note | None = None
    """The note on the grid, once it is certain."""


@dataclass(slots=True)
class Take:
    """Keys and pedal since the phrase began; used on the engine's thread only."""

    reader: Reader = field(default_factory=lambda: Reader(0.0, None))
    played: list[Played] = field(default_factory=lambda: [])
    held: dict[int, Played] = field(default_factory=lambda: {})
    """What is sounding, by pitch."""
    pedal: bool = False
    quiet_since_ns: int | None = None
    """Since when neither key nor pedal holds a sound; None while something does."""

    @property
    def grid(self) -> Grid:
        return self.reader.grid

    def note_on(self, now_ns: int, pitch: int, velocity: int) -> None:
        self.note_off(now_ns, pitch)
        self.held[pitch] = Played(now_ns, None, pitch, velocity)
        self.played.append(self.held[pitch])
        self.reader.add(now_ns)
        self.quiet_since_ns = None
        if len(self.played) > _MAX_NOTES:
            self.reader.forget(len(self.played) - _KEPT_NOTES)
            del self.played[:-_KEPT_NOTES]

    def note_off(self, now_ns: int, pitch: int) -> None:
        note = self.held.pop(pitch, None)
        if note:
            note.off_ns = now_ns
        self._settle(now_ns)

    def all_off(self, now_ns: int) -> None:
        """The player's program says that no key is down (it stopped, say)."""
        for note in self.held.values():
            note.off_ns = now_ns
        self.held.clear()
        self._settle(now_ns)

    def set_pedal(self, now_ns: int, down: bool) -> None:
        self.pedal = down
        self._settle(now_ns)

    def read_at(self, bpm: float) -> None:
        """The tempo was set to `bpm` (0: unknown) meanwhile: read everything again."""
        self.reader = Reader(bpm, self.reader.previous_bpm)
        for played in self.played:
            self.reader.add(played.on_ns)
            played.note = None

    def _settle(self, now_ns: int) -> None:
        sounding = self.pedal or bool(self.held)
        if sounding or not self.played:
            self.quiet_since_ns = None
        elif self.quiet_since_ns is None:
            self.quiet_since_ns = now_ns

    def phrase(
        self, now_ns: int, steps_per_bar: int, *, steps: int | None = None, at_most: int | None = None
    ) -> Phrase:
        """What was played, on the grid, up to the beat on which the last note ends, or to `at_most` if that is earlier.

        `steps` sets the length instead, and keys lifted just before that count as held until then. Held notes last
        until now. Of two notes on one key and step the louder is kept.
        """
        begin = bisect_left(self.reader.steps, self.reader.steps[-1] - MAX_STEPS)
        best: dict[tuple[int, int], Note] = {}
        for index in range(begin, len(self.played)):
            note = self._note(now_ns, index)
            rival = best.get((note.start, note.pitch))
            if rival is None or note.velocity > rival.velocity:
                best[note.start, note.pitch] = note
        notes = sorted(best.values(), key=lambda note: (note.start, note.pitch))
        if steps is None:
            end = _to_beat(max(note.end for note in notes))
            steps = end if at_most is None else max(0, min(end, at_most))
        else:
            notes = [_held_to(note, steps) for note in notes]
        return _last_steps(notes, steps, steps_per_bar)

    def _note(self, now_ns: int, index: int) -> Note:
        played = self.played[index]
        if played.note is not None:
            return played.note
        length_ns = (now_ns if played.off_ns is None else played.off_ns) - played.on_ns
        length = max(1, round(length_ns / self.reader.grid.step_ns))
        start, offset_ns = self.reader.steps[index], self.reader.offsets_ns[index]
        note = Note(start, length, played.pitch, played.velocity, 0, offset_ns)
        if played.off_ns is not None and self.reader.settled:
            played.note = note
        return note


def _held_to(note: Note, end: int) -> Note:
    if note.length < _HELD_STEPS or not 0 < end - note.end <= _LIFTED_STEPS:
        return note
    return replace(note, length=end - note.start)


def _to_beat(step: int) -> int:
    return -(-step // STEPS_PER_BEAT) * STEPS_PER_BEAT


def _last_steps(notes: list[Note], steps: int, steps_per_bar: int) -> Phrase:
    """The phrase cut to `steps` and, by whole bars from its beginning, to `MAX_STEPS`."""
    excess = -(-max(0, steps - MAX_STEPS) // steps_per_bar)
    skipped = max(excess, notes[0].start // steps_per_bar) * steps_per_bar
    kept = [_cut(note, skipped, steps) for note in notes if skipped <= note.start < steps]
    return Phrase(tuple(kept), max(0, steps - skipped), steps_per_bar)


def _cut(note: Note, skipped: int, steps: int) -> Note:
    """The note, counted from step `skipped` on and ended by step `steps`."""
    if skipped == 0 and note.end <= steps:
        return note
    return replace(note, start=note.start - skipped, length=min(note.length, steps - note.start))
