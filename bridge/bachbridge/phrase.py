"""From keys and pedal to a phrase on the grid.

A `Take` is what the player has done since the phrase began, in nanoseconds; nothing is rounded until somebody asks
for the phrase, because the tempo may only be known at its end. Whether the phrase is over is the session's question;
the take answers what it needs for that: since when nothing sounds.
"""

from dataclasses import dataclass, field

from bachbridge.music import STEPS_PER_BEAT, Note, Phrase
from bachbridge.tempo import Reading, read_at, read_freely

MAX_STEPS = 512
"""What is told of a longer phrase: its end (32 bars of four beats)."""
_MAX_NOTES, _KEPT_NOTES = 320, 256
"""How many notes may lie in a take before only the last ones are kept: reading them must stay quick."""


@dataclass(slots=True)
class Played:
    """One key, from down to up (`off_ns` is None while it is held)."""

    on_ns: int
    off_ns: int | None
    pitch: int
    velocity: int


@dataclass(slots=True)
class Take:
    """Keys and pedal since the phrase began; used on the engine's thread only."""

    played: list[Played] = field(default_factory=lambda: [])
    pedal: bool = False
    quiet_since_ns: int | None = None
    """Since when neither key nor pedal holds a sound; None while something does."""
    _dropped_steps: int = 0
    """The step of the first note that is kept."""
    _known: tuple[tuple[int, float, float | None], Reading] | None = None

    def note_on(self, now_ns: int, pitch: int, velocity: int) -> None:
        self.note_off(now_ns, pitch)
        self.played.append(Played(now_ns, None, pitch, velocity))
        self.quiet_since_ns = None

    def note_off(self, now_ns: int, pitch: int) -> None:
        for note in self.held:
            if note.pitch == pitch:
                note.off_ns = now_ns
        self._settle(now_ns)

    def all_off(self, now_ns: int) -> None:
        """The player's program says that no key is down (it stopped, say)."""
        for note in self.held:
            note.off_ns = now_ns
        self._settle(now_ns)

    def set_pedal(self, now_ns: int, down: bool) -> None:
        self.pedal = down
        self._settle(now_ns)

    @property
    def held(self) -> list[Played]:
        return [note for note in self.played if note.off_ns is None]

    def _settle(self, now_ns: int) -> None:
        sounding = self.pedal or bool(self.held)
        if sounding or not self.played:
            self.quiet_since_ns = None
        elif self.quiet_since_ns is None:
            self.quiet_since_ns = now_ns

    def reading(self, bpm: float, previous_bpm: float | None) -> Reading:
        """What was played read at `bpm`, or freely if `bpm` is 0; worked out once for each new note."""
        key = (len(self.played), bpm, previous_bpm)
        if self._known is None or self._known[0] != key:
            onsets = [note.on_ns for note in self.played]
            reading = read_at(onsets, bpm) if bpm else read_freely(onsets, previous_bpm)
            self._known = key, reading.moved(self._dropped_steps)
            if len(onsets) > _MAX_NOTES:
                self._dropped_steps = self._known[1].steps[-_KEPT_NOTES]
                self.played = self.played[-_KEPT_NOTES:]
                return self.reading(bpm, previous_bpm)
        return self._known[1]

    def phrase(self, now_ns: int, reading: Reading, steps_per_bar: int, steps: int | None = None) -> Phrase:
        """What was played, on the grid: `steps` of it, or up to the beat on which the last note ends.

        Held notes last until now. Of two notes on one key and step the louder is kept.
        """
        best: dict[tuple[int, int], Note] = {}
        for played, step, offset_ns in zip(self.played, reading.steps, reading.offsets_ns, strict=True):
            length_ns = (now_ns if played.off_ns is None else played.off_ns) - played.on_ns
            length = max(1, round(length_ns / reading.grid.step_ns))
            note = Note(step, length, played.pitch, played.velocity, 0, offset_ns)
            rival = best.get((note.start, note.pitch))
            if rival is None or note.velocity > rival.velocity:
                best[note.start, note.pitch] = note
        notes = sorted(best.values(), key=lambda note: (note.start, note.pitch))
        whole = steps if steps is not None else _to_beat(max(note.end for note in notes))
        return _last_steps(notes, whole, steps_per_bar)


def _to_beat(step: int) -> int:
    return -(-step // STEPS_PER_BEAT) * STEPS_PER_BEAT


def _last_steps(notes: list[Note], steps: int, steps_per_bar: int) -> Phrase:
    """The phrase cut to `steps` and, by whole bars from its beginning, to `MAX_STEPS`."""
    excess = -(-max(0, steps - MAX_STEPS) // steps_per_bar)
    skipped = max(excess, notes[0].start // steps_per_bar) * steps_per_bar
    kept = [
        Note(n.start - skipped, min(n.length, steps - n.start), n.pitch, n.velocity, n.voice, n.offset_ns)
        for n in notes
        if skipped <= n.start < steps
    ]
    return Phrase(tuple(kept), steps - skipped, steps_per_bar)
