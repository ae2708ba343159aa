"""Keys and pedal of the player, turned into a phrase on the grid.

A `PhraseRecorder` holds the player's actions since the phrase began, in nanoseconds. Nothing is rounded until the
phrase is asked for, because the tempo may only be known at its end. The recorder does not decide when the phrase is
over; it only says since when nothing sounds.
"""

from bisect import bisect_left
from dataclasses import dataclass, field, replace

from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.grid_tracker import GridTracker
from bachbridge.engine.tempo.tracker import TempoTracker
from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase

MAX_PHRASE_STEPS = 512
"""Longest phrase; of a longer one only the end is kept (32 bars of four beats)."""
_MAX_NOTES, _KEPT_NOTES = 2048, 1024
"""Most notes in a recorder, and how many of the last ones are kept when there are more."""
_MAX_NOTES_AT_ONCE, _AT_ONCE_NS = 128, 1_000_000_000
"""Most notes within a second, more than any hands play; those beyond belong to a flood and to no phrase."""
_EARLY_RELEASE_STEPS, _MIN_HELD_STEPS = 1, 3
"""A note of at least this length that ends this little before the end of a phrase of set length is extended to it:
players lift their fingers early to be ready for the next beat."""


@dataclass(slots=True)
class KeyPress:
    """One press of a key; `off_ns` is None while it is held."""

    on_ns: int
    off_ns: int | None
    pitch: int
    velocity: int
    grid_note: Note | None = None
    """The quantized note, once it no longer changes."""


@dataclass(slots=True)
class PhraseRecorder:
    """Keys and pedal since the phrase began. Used on the engine's thread only."""

    tempo_tracker: TempoTracker | GridTracker = field(default_factory=lambda: TempoTracker(0.0, None))
    key_presses: list[KeyPress] = field(default_factory=lambda: [])
    held_keys: dict[int, KeyPress] = field(default_factory=lambda: {})
    """Keys that are down, by pitch."""
    pedal_down: bool = False
    silent_since_ns: int | None = None
    """When the last key and the pedal were released; None while one of them is down."""

    @property
    def grid(self) -> Grid:
        return self.tempo_tracker.grid

    def note_on(self, now_ns: int, pitch: int, velocity: int) -> None:
        self.note_off(now_ns, pitch)
        if self._is_flooded(now_ns):
            return
        self.held_keys[pitch] = KeyPress(now_ns, None, pitch, velocity)
        self.key_presses.append(self.held_keys[pitch])
        self.tempo_tracker.add_onset(now_ns, pitch)
        self.silent_since_ns = None
        if len(self.key_presses) > _MAX_NOTES:
            self.tempo_tracker.drop_first(len(self.key_presses) - _KEPT_NOTES)
            del self.key_presses[:-_KEPT_NOTES]

    def _is_flooded(self, now_ns: int) -> bool:
        presses = self.key_presses
        return len(presses) >= _MAX_NOTES_AT_ONCE and now_ns - presses[-_MAX_NOTES_AT_ONCE].on_ns < _AT_ONCE_NS

    def note_off(self, now_ns: int, pitch: int) -> None:
        note = self.held_keys.pop(pitch, None)
        if note:
            note.off_ns = now_ns
            self.tempo_tracker.add_release(now_ns, pitch)
        self._update_silence(now_ns)

    def all_notes_off(self, now_ns: int) -> None:
        """Release all keys, as a DAW demands when it stops, for example."""
        for note in self.held_keys.values():
            note.off_ns = now_ns
        self.held_keys.clear()
        self._update_silence(now_ns)

    def set_pedal(self, now_ns: int, down: bool) -> None:
        self.pedal_down = down
        self._update_silence(now_ns)

    def track_with(self, tracker: TempoTracker | GridTracker) -> None:
        """Quantize all notes again with another tracker."""
        self.tempo_tracker = tracker
        onsets = [(press.on_ns, True, press.pitch) for press in self.key_presses]
        releases = [(press.off_ns, False, press.pitch) for press in self.key_presses if press.off_ns is not None]
        for time_ns, is_onset, pitch in sorted(onsets + releases):
            if is_onset:
                tracker.add_onset(time_ns, pitch)
            else:
                tracker.add_release(time_ns, pitch)
        for press in self.key_presses:
            press.grid_note = None

    def _update_silence(self, now_ns: int) -> None:
        sounding = self.pedal_down or bool(self.held_keys)
        if sounding or not self.key_presses:
            self.silent_since_ns = None
        elif self.silent_since_ns is None:
            self.silent_since_ns = now_ns

    def to_phrase(
        self,
        now_ns: int,
        steps_per_bar: int,
        *,
        steps_per_beat: int = STEPS_PER_BEAT,
        steps: int | None = None,
    ) -> Phrase:
        """Return the phrase up to the beat on which its last note ends.

        `steps` sets the length instead, and extends notes that end just before it. Held notes last until `now_ns`. Of
        two notes with the same start and pitch the louder is kept. There must be at least one note.
        """
        begin = bisect_left(self.tempo_tracker.steps, self.tempo_tracker.steps[-1] - MAX_PHRASE_STEPS)
        best: dict[tuple[int, int], Note] = {}
        for index in range(begin, len(self.key_presses)):
            note = self._quantize(now_ns, index)
            other = best.get((note.start, note.pitch))
            if other is None or note.velocity > other.velocity:
                best[note.start, note.pitch] = note
        notes = sorted(best.values(), key=lambda note: (note.start, note.pitch))
        if steps is None:
            steps = _next_beat(max(note.end for note in notes), self.tempo_tracker.beat_step, steps_per_beat)
        else:
            notes = [extend_to(note, steps) for note in notes]
        bar_step = self.tempo_tracker.bar_step
        position = None if bar_step is None else -bar_step % steps_per_bar
        return _trim_phrase(notes, Phrase((), steps, steps_per_bar, position))

    def _quantize(self, now_ns: int, index: int) -> Note:
        press = self.key_presses[index]
        if press.grid_note is not None:
            return press.grid_note
        length_ns = (now_ns if press.off_ns is None else press.off_ns) - press.on_ns
        length = max(1, round(length_ns / self.tempo_tracker.grid.step_ns))
        start, offset_ns = self.tempo_tracker.steps[index], self.tempo_tracker.offsets_ns[index]
        note = Note(start, length, press.pitch, press.velocity, 0, offset_ns)
        if press.off_ns is not None and index < self.tempo_tracker.settled_count:
            press.grid_note = note
        return note


def extend_to(note: Note, end: int) -> Note:
    """Return the note, held until `end` if it is a longer one that was released just before."""
    if note.length < _MIN_HELD_STEPS or not 0 < end - note.end <= _EARLY_RELEASE_STEPS:
        return note
    return replace(note, length=end - note.start)


def _next_beat(step: int, beat_step: int, steps_per_beat: int) -> int:
    """Return the first beat at `step` or later; `beat_step` is any beat."""
    return step + (beat_step - step) % steps_per_beat


def _trim_phrase(notes: list[Note], frame: Phrase) -> Phrase:
    """Return `frame` with the notes, cut at its end and, by whole bars at its beginning, to `MAX_PHRASE_STEPS`."""
    steps, steps_per_bar = frame.steps, frame.steps_per_bar
    excess = -(-max(0, steps - MAX_PHRASE_STEPS) // steps_per_bar)
    skipped = max(excess, notes[0].start // steps_per_bar) * steps_per_bar
    kept = [_cut_note(note, skipped, steps) for note in notes if skipped <= note.start < steps]
    return replace(frame, notes=tuple(kept), steps=max(0, steps - skipped))


def _cut_note(note: Note, first_step: int, end_step: int) -> Note:
    """Return the note, counted from `first_step` and ended by `end_step`."""
    if first_step == 0 and note.end <= end_step:
        return note
    return replace(note, start=note.start - first_step, length=min(note.length, end_step - note.start))
