"""From keys and pedal to a phrase on the grid.

A `Take` is what the player has done since the phrase began, in nanoseconds; nothing is rounded until somebody asks
for the phrase, because the tempo may only be known at its end. Whether the phrase is over is the session's question;
the take answers what it needs for that: since when nothing sounds.
"""

from bisect import bisect_left
from dataclasses import dataclass, field, replace

from bachbridge.engine.tempo.tracker import Grid, TempoTracker
from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase

MAX_PHRASE_STEPS = 512
"""What is told of a longer phrase: its end (32 bars of four beats)."""
_MAX_NOTES, _KEPT_NOTES = 2048, 1024
"""How many notes may lie in a take before only the last ones are kept."""
_EARLY_RELEASE_STEPS, _MIN_HELD_STEPS = 1, 3
"""A key that is lifted so little before a phrase of a set length ends, after it was held so long, was meant to last
until then: players lift their fingers to be ready for the next beat."""


@dataclass(slots=True)
class KeyPress:
    """One key, from down to up (`off_ns` is None while it is held)."""

    on_ns: int
    off_ns: int | None
    pitch: int
    velocity: int
    grid_note: Note | None = None
    """The note on the grid, once it is certain."""


@dataclass(slots=True)
class PhraseRecorder:
    """Keys and pedal since the phrase began; used on the engine's thread only."""

    tempo_tracker: TempoTracker = field(default_factory=lambda: TempoTracker(0.0, None))
    key_presses: list[KeyPress] = field(default_factory=lambda: [])
    held_keys: dict[int, KeyPress] = field(default_factory=lambda: {})
    """What is sounding, by pitch."""
    pedal_down: bool = False
    silent_since_ns: int | None = None
    """Since when neither key nor pedal holds a sound; None while something does."""

    @property
    def grid(self) -> Grid:
        return self.tempo_tracker.grid

    def note_on(self, now_ns: int, pitch: int, velocity: int) -> None:
        self.note_off(now_ns, pitch)
        self.held_keys[pitch] = KeyPress(now_ns, None, pitch, velocity)
        self.key_presses.append(self.held_keys[pitch])
        self.tempo_tracker.add_onset(now_ns)
        self.silent_since_ns = None
        if len(self.key_presses) > _MAX_NOTES:
            self.tempo_tracker.drop_first(len(self.key_presses) - _KEPT_NOTES)
            del self.key_presses[:-_KEPT_NOTES]

    def note_off(self, now_ns: int, pitch: int) -> None:
        note = self.held_keys.pop(pitch, None)
        if note:
            note.off_ns = now_ns
        self._update_silence(now_ns)

    def all_notes_off(self, now_ns: int) -> None:
        """The player's program says that no key is down (it stopped, say)."""
        for note in self.held_keys.values():
            note.off_ns = now_ns
        self.held_keys.clear()
        self._update_silence(now_ns)

    def set_pedal(self, now_ns: int, down: bool) -> None:
        self.pedal_down = down
        self._update_silence(now_ns)

    def set_tempo(self, bpm: float) -> None:
        """The tempo was set to `bpm` (0: unknown) meanwhile: read everything again."""
        self.tempo_tracker = TempoTracker(bpm, self.tempo_tracker.previous_bpm)
        for played in self.key_presses:
            self.tempo_tracker.add_onset(played.on_ns)
            played.grid_note = None

    def _update_silence(self, now_ns: int) -> None:
        sounding = self.pedal_down or bool(self.held_keys)
        if sounding or not self.key_presses:
            self.silent_since_ns = None
        elif self.silent_since_ns is None:
            self.silent_since_ns = now_ns

    def to_phrase(
        self, now_ns: int, steps_per_bar: int, *, steps: int | None = None, max_steps: int | None = None
    ) -> Phrase:
        """What was played, on the grid, up to the beat on which the last note ends, or to `at_most` if that is earlier.

        `steps` sets the length instead, and keys lifted just before that count as held until then. Held notes last
        until now. Of two notes on one key and step the louder is kept.
        """
        begin = bisect_left(self.tempo_tracker.steps, self.tempo_tracker.steps[-1] - MAX_PHRASE_STEPS)
        best: dict[tuple[int, int], Note] = {}
        for index in range(begin, len(self.key_presses)):
            note = self._quantize(now_ns, index)
            rival = best.get((note.start, note.pitch))
            if rival is None or note.velocity > rival.velocity:
                best[note.start, note.pitch] = note
        notes = sorted(best.values(), key=lambda note: (note.start, note.pitch))
        if steps is None:
            end = _round_up_to_beat(max(note.end for note in notes))
            steps = end if max_steps is None else max(0, min(end, max_steps))
        else:
            notes = [_extend_to(note, steps) for note in notes]
        return _trim_phrase(notes, steps, steps_per_bar)

    def _quantize(self, now_ns: int, index: int) -> Note:
        played = self.key_presses[index]
        if played.grid_note is not None:
            return played.grid_note
        length_ns = (now_ns if played.off_ns is None else played.off_ns) - played.on_ns
        length = max(1, round(length_ns / self.tempo_tracker.grid.step_ns))
        start, offset_ns = self.tempo_tracker.steps[index], self.tempo_tracker.offsets_ns[index]
        note = Note(start, length, played.pitch, played.velocity, 0, offset_ns)
        if played.off_ns is not None and self.tempo_tracker.is_settled:
            played.grid_note = note
        return note


def _extend_to(note: Note, end: int) -> Note:
    if note.length < _MIN_HELD_STEPS or not 0 < end - note.end <= _EARLY_RELEASE_STEPS:
        return note
    return replace(note, length=end - note.start)


def _round_up_to_beat(step: int) -> int:
    return -(-step // STEPS_PER_BEAT) * STEPS_PER_BEAT


def _trim_phrase(notes: list[Note], steps: int, steps_per_bar: int) -> Phrase:
    """The phrase cut to `steps` and, by whole bars from its beginning, to `MAX_STEPS`."""
    excess = -(-max(0, steps - MAX_PHRASE_STEPS) // steps_per_bar)
    skipped = max(excess, notes[0].start // steps_per_bar) * steps_per_bar
    kept = [_cut_note(note, skipped, steps) for note in notes if skipped <= note.start < steps]
    return Phrase(tuple(kept), max(0, steps - skipped), steps_per_bar)


def _cut_note(note: Note, first_step: int, end_step: int) -> Note:
    """The note, counted from step `skipped` on and ended by step `steps`."""
    if first_step == 0 and note.end <= end_step:
        return note
    return replace(note, start=note.start - first_step, length=min(note.length, end_step - note.start))
