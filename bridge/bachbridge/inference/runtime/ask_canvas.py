"""What an ask makes of the player's phrase: a canvas with open cells, and the notes that stay as they were played.

    continue    the end of the phrase, its unheard voices open, and after it the answer, all open
    harmonize   the player's voice as it is, the others open
    vary        the same, and of the player's notes a share erased as well, the first and the last excepted

Where all that was played rests for more than a beat, the other voices rest too. What the player sang comes back as it
was played, not as the network reads it: out of the chorales' range, shorter than written, louder, a little early.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from bachbridge.codecs import infill_grid, satb
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.engine.output.voice_output import folded
from bachbridge.inference.runtime.expression import Touch, beneath
from bachbridge.music import voice_leading
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Key, Note, Phrase, key_numbered
from bachbridge.music.voice_leading import Bools, Ints
from bachbridge.protocol.events import Ask

TASKS = ("continue", "harmonize", "vary")
_CONTEXT_BARS = 8
"""What is shown of a phrase that is to be continued: its end."""
_ERASED = 0.5
"""The share of the player's notes that a variation draws anew."""
_FARTHEST = 12
"""Semitones by which the other voices go along with a line that lies outside its voice's range."""


@dataclass(frozen=True, slots=True)
class Task:
    """The answer is what fills the open cells of `canvas` from step `begin` on, and the notes that are `kept`.

    What is drawn sounds `along[voice]` semitones higher than it stands there; `key` is the one asked for, or heard.
    """

    ask: Ask
    canvas: Canvas
    begin: int
    kept: tuple[Note, ...]
    along: tuple[int, ...]
    key: Key | None

    @property
    def lines(self) -> range:
        """The steps of the canvas on which bars begin: where nobody said, counted from the phrase's beginning."""
        phrase, steps = self.ask.prompt, len(self.canvas.classes)
        first = phrase.steps - self.begin if self.begin else 0
        return range(-(first + (phrase.position or 0)) % phrase.steps_per_bar, steps, phrase.steps_per_bar)

    def told(self, classes: Ints, struck: Bools) -> tuple[Note, ...]:
        """The answer's notes, once the canvas is filled with `classes[step, voice]` and `struck[step, voice]`."""
        drawn = np.where(self.canvas.open, classes, satb.REST)[self.begin :]
        sung = satb.notes_of(drawn, struck[self.begin :])
        notes = [replace(note, pitch=folded(note.pitch + self.along[note.voice])) for note in sung]
        touched = self._continued(notes) if self.ask.task == "continue" else self._accompanying(notes)
        return tuple(sorted((*touched, *self.kept), key=lambda note: (note.start, note.voice)))

    def _continued(self, notes: Sequence[Note]) -> list[Note]:
        touch = Touch(self.ask.prompt, self.ask.seed)
        return [touch.of(note) for note in notes]

    def _accompanying(self, notes: Sequence[Note]) -> list[Note]:
        return [beneath(note, self.ask.prompt.notes) for note in notes]


def task_of(ask: Ask) -> Task:
    """The task that an ask sets; its `task` is one of `TASKS`. Notes that begin after the phrase's end are left out."""
    phrase = replace(ask.prompt, notes=tuple(note for note in ask.prompt.notes if note.start < ask.prompt.steps))
    prompt = satb.read(phrase)
    key = key_numbered(ask.key) or voice_leading.key_heard(voice_leading.sounded(prompt.classes))
    classes = _resting(prompt.classes)
    if ask.task == "continue":
        first = max(0, phrase.steps - _CONTEXT_BARS * phrase.steps_per_bar)
        open_ = np.full((ask.steps, len(VOICES)), satb.UNKNOWN, np.int32)
        shown = np.concatenate([classes[first:], open_])
        struck = np.concatenate([prompt.struck[first:], np.zeros(open_.shape, bool)])
        made = _canvas(ask, shown, struck, first)
        return Task(ask, made, phrase.steps - first, (), (-prompt.shift,) * len(VOICES), key)
    own = _voiced(phrase, prompt)
    kept, erased = _spared(own, np.random.default_rng([ask.seed, 5])) if ask.task == "vary" else (own, ())
    for note in erased:
        _erase(classes, prompt, note)
    sung = (prompt.classes > satb.REST).any(axis=0)
    along = np.where(sung, -prompt.shift, np.clip(-prompt.shift, -_FARTHEST, _FARTHEST)).tolist()
    return Task(ask, _canvas(ask, classes, prompt.struck, 0), 0, kept, tuple(along), key)


def _canvas(ask: Ask, classes: Ints, struck: Bools, first: int) -> Canvas:
    """The canvas whose first step is step `first` of the phrase."""
    phrase, steps = ask.prompt, len(classes)
    bars = np.full(steps, phrase.steps_per_bar, np.int32)
    position = None
    if phrase.position is not None:
        position = ((phrase.position + first + np.arange(steps)) % phrase.steps_per_bar).astype(np.int32)
    allowed = infill_grid.within_ranges(steps)
    if (wished := key_numbered(ask.key)) is not None:
        allowed += voice_leading.foreign(np.zeros(satb.CLASSES), wished)
    place = infill_grid.places(position, bars, phase=first % STEPS_PER_BEAT)
    return Canvas(classes, struck & (classes > satb.REST), place, allowed)


# ---------------------------------------------------------------- the player's notes


def _resting(classes: Ints) -> Ints:
    """The same, with rests in all voices where all that are given rest."""
    given = (classes != satb.UNKNOWN).any(axis=0)
    found = classes.copy()
    if given.any():
        found[(classes[:, given] == satb.REST).all(axis=1)] = satb.REST
    return found


def _voiced(phrase: Phrase, prompt: satb.Prompt) -> tuple[Note, ...]:
    """The phrase's notes, each in the voice that it was given: that which is nearest to it where it begins."""
    if any(note.voice for note in phrase.notes):
        return phrase.notes
    found: list[Note] = []
    for note in phrase.notes:
        row = prompt.classes[note.start]
        away = np.where(row > satb.REST, np.abs(row - satb.class_of(note.pitch + prompt.shift)), 2 * satb.CLASSES)
        found.append(replace(note, voice=int(away.argmin())))
    return tuple(found)


def _spared(notes: Sequence[Note], rng: np.random.Generator) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
    """What a variation leaves of the notes, the first and the last among it, and what it erases: a share."""
    inner = np.arange(1, max(1, len(notes) - 1))
    erased = {*rng.permutation(inner)[: ceil(_ERASED * len(inner))].tolist()}
    indices = range(len(notes))
    return tuple(notes[i] for i in indices if i not in erased), tuple(notes[i] for i in indices if i in erased)


def _erase(classes: Ints, prompt: satb.Prompt, note: Note) -> None:
    """Open the cells of a note, up to the next one of its voice or to a rest; cells of another note stay closed."""
    end, voice = note.start + 1, note.voice
    sung = prompt.classes[:, voice]
    if not prompt.struck[note.start, voice] or sung[note.start] != prompt.class_of(note):
        return
    while end < len(sung) and not prompt.struck[end, voice] and sung[end] == sung[note.start]:
        end += 1
    classes[note.start : end, voice] = satb.UNKNOWN
