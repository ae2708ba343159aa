"""Keys of the player on the shared grid, from which the phrase of a turn is made.

Each onset is placed on the grid that is in force when it comes and keeps its step, whatever the tempo does afterwards.
"""

from dataclasses import dataclass, replace

from bachbridge.engine.answering.phrase_recorder import MAX_PHRASE_STEPS, extend_to
from bachbridge.engine.answering.turns import Span
from bachbridge.engine.tempo.grid import Grid
from bachbridge.music.notes import Note, Phrase

_KEPT_PRESSES = 4096
"""Most notes that are kept; the oldest go first."""


@dataclass(slots=True)
class _TurnPress:
    """One press of a key on `step` of the shared grid; `end_step` is None while it is held."""

    step: int
    end_step: int | None
    on_ns: int
    offset_ns: int
    pitch: int
    velocity: int


class TurnRecorder:
    """The player's keys on the shared grid. Used on the engine's thread only."""

    __slots__ = ("_held_keys", "_presses")

    def __init__(self) -> None:
        self._presses: list[_TurnPress] = []
        self._held_keys: dict[int, _TurnPress] = {}
        """Keys that are down, by pitch."""

    def note_on(self, now_ns: int, grid: Grid, pitch: int, velocity: int) -> int:
        """Add the onset of a note and return its step."""
        self.note_off(now_ns, grid, pitch)
        step = grid.nearest_step(now_ns)
        press = _TurnPress(step, None, now_ns, now_ns - grid.time_of(step), pitch, velocity)
        self._held_keys[pitch] = press
        self._presses.append(press)
        del self._presses[:-_KEPT_PRESSES]
        return step

    def note_off(self, now_ns: int, grid: Grid, pitch: int) -> None:
        press = self._held_keys.pop(pitch, None)
        if press:
            press.end_step = press.step + max(1, round((now_ns - press.on_ns) / grid.step_ns))

    def all_notes_off(self, now_ns: int, grid: Grid) -> None:
        for pitch in tuple(self._held_keys):
            self.note_off(now_ns, grid, pitch)

    def shift_steps(self, steps: int) -> None:
        """Add `steps` to the numbers of all steps, because the song position jumped."""
        for press in self._presses:
            press.step += steps
            press.end_step = None if press.end_step is None else press.end_step + steps

    def forget_before(self, step: int) -> None:
        """Forget the notes that began before `step`."""
        self._presses = [press for press in self._presses if press.step >= step]

    def spans(self, held_until: int) -> list[Span]:
        """Return the steps of the notes; held ones last until `held_until`."""
        return [Span(press.step, _end(press, held_until)) for press in self._presses]

    def first_onset_ns(self, begin: int) -> int:
        """Return the time of the first note on step `begin` or later; 0 without one."""
        return next((press.on_ns for press in self._presses if press.step >= begin), 0)

    def to_phrase(self, begin: int, end: int, steps_per_bar: int, position: int) -> Phrase:
        """Return all that began on the steps from `begin` to `end`, rests too; held notes last until `end`.

        Of two notes with the same start and pitch the louder is kept. `position` is the place of `begin` in its bar.
        """
        best: dict[tuple[int, int], Note] = {}
        for press in self._presses:
            if begin <= press.step < end:
                note = _note(press, begin, end)
                other = best.get((note.start, note.pitch))
                if other is None or note.velocity > other.velocity:
                    best[note.start, note.pitch] = note
        notes = sorted(best.values(), key=lambda note: (note.start, note.pitch))
        return Phrase(tuple(notes), end - begin, steps_per_bar, position)


def last_bars(phrase: Phrase) -> Phrase:
    """Return the last bars of a phrase that is longer than a model is given (`MAX_PHRASE_STEPS`)."""
    skipped = -(-max(0, phrase.steps - MAX_PHRASE_STEPS) // phrase.steps_per_bar) * phrase.steps_per_bar
    if not skipped:
        return phrase
    notes = tuple(replace(note, start=note.start - skipped) for note in phrase.notes if note.start >= skipped)
    return replace(phrase, notes=notes, steps=phrase.steps - skipped)


def _end(press: _TurnPress, held_until: int) -> int:
    return max(press.step + 1, held_until) if press.end_step is None else press.end_step


def _note(press: _TurnPress, begin: int, end: int) -> Note:
    """Return the note, counted from `begin`, cut at `end`, and held until there if it was released just before."""
    length = min(_end(press, end), end) - press.step
    note = Note(press.step - begin, length, press.pitch, press.velocity, 0, press.offset_ns)
    return extend_to(note, end - begin)
