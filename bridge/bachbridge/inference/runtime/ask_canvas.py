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

from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.runtime.expression import ExpressionSampler, match_expression
from bachbridge.music import voice_leading
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Bools, Ints, notes_from_frames, pitch_index
from bachbridge.music.keys import key_from_durations, pitch_durations
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Key, Note, Phrase, fold_into_range, key_from_number
from bachbridge.music.voice_assignment import GivenFrames, frames_from_phrase
from bachbridge.protocol.events import Ask

TASKS = ("continue", "harmonize", "vary")
_CONTEXT_BARS = 8
"""What is shown of a phrase that is to be continued: its end."""
_ERASED_SHARE = 0.5
"""The share of the player's notes that a variation draws anew."""
_MAX_TRANSPOSITION = 12
"""Semitones by which the other voices go along with a line that lies outside its voice's range."""


@dataclass(frozen=True, slots=True)
class AskCanvas:
    """The answer is what fills the open cells of `canvas` from step `begin` on, and the notes that are `kept`.

    What is drawn sounds `along[voice]` semitones higher than it stands there; `key` is the one asked for, or heard.
    """

    ask: Ask
    canvas: Canvas
    answer_step: int
    kept_notes: tuple[Note, ...]
    transpositions: tuple[int, ...]
    key: Key | None

    @property
    def bar_lines(self) -> range:
        """The steps of the canvas on which bars begin: where nobody said, counted from the phrase's beginning."""
        phrase, steps = self.ask.prompt, len(self.canvas.pitch_indices)
        first = phrase.steps - self.answer_step if self.answer_step else 0
        return range(-(first + (phrase.position or 0)) % phrase.steps_per_bar, steps, phrase.steps_per_bar)

    def answer_notes(self, pitch_indices: Ints, onsets: Bools) -> tuple[Note, ...]:
        """The answer's notes, once the canvas is filled with `classes[step, voice]` and `struck[step, voice]`."""
        drawn = np.where(self.canvas.masked, pitch_indices, REST)[self.answer_step :]
        sung = notes_from_frames(drawn, onsets[self.answer_step :])
        notes = [
            replace(note, pitch=fold_into_range(note.pitch + self.transpositions[note.voice], 0, 127)) for note in sung
        ]
        touched = (
            self._with_sampled_expression(notes) if self.ask.task == "continue" else self._with_played_expression(notes)
        )
        return tuple(sorted((*touched, *self.kept_notes), key=lambda note: (note.start, note.voice)))

    def _with_sampled_expression(self, notes: Sequence[Note]) -> list[Note]:
        touch = ExpressionSampler(self.ask.prompt, self.ask.seed)
        return [touch.apply(note) for note in notes]

    def _with_played_expression(self, notes: Sequence[Note]) -> list[Note]:
        return [match_expression(note, self.ask.prompt.notes) for note in notes]


def build_ask_canvas(ask: Ask) -> AskCanvas:
    """The task that an ask sets; its `task` is one of `TASKS`. Notes that begin after the phrase's end are left out."""
    phrase = replace(ask.prompt, notes=tuple(note for note in ask.prompt.notes if note.start < ask.prompt.steps))
    prompt = frames_from_phrase(phrase)
    key = key_from_number(ask.key) or key_from_durations(pitch_durations(prompt.pitch_indices))
    classes = _with_shared_rests(prompt.pitch_indices)
    if ask.task == "continue":
        first = max(0, phrase.steps - _CONTEXT_BARS * phrase.steps_per_bar)
        open_ = np.full((ask.steps, len(VOICES)), UNKNOWN, np.int32)
        shown = np.concatenate([classes[first:], open_])
        struck = np.concatenate([prompt.onsets[first:], np.zeros(open_.shape, bool)])
        made = _make_canvas(ask, shown, struck, first)
        return AskCanvas(ask, made, phrase.steps - first, (), (-prompt.shift,) * len(VOICES), key)
    own = _assign_voices(phrase, prompt)
    kept, erased = _split_for_variation(own, np.random.default_rng([ask.seed, 5])) if ask.task == "vary" else (own, ())
    for note in erased:
        _mask_note(classes, prompt, note)
    sung = (prompt.pitch_indices > REST).any(axis=0)
    along = np.where(sung, -prompt.shift, np.clip(-prompt.shift, -_MAX_TRANSPOSITION, _MAX_TRANSPOSITION)).tolist()
    return AskCanvas(ask, _make_canvas(ask, classes, prompt.onsets, 0), 0, kept, tuple(along), key)


def _make_canvas(ask: Ask, pitch_indices: Ints, onsets: Bools, first_step: int) -> Canvas:
    """The canvas whose first step is step `first` of the phrase."""
    phrase, steps = ask.prompt, len(pitch_indices)
    bars = np.full(steps, phrase.steps_per_bar, np.int32)
    position = None
    if phrase.position is not None:
        position = ((phrase.position + first_step + np.arange(steps)) % phrase.steps_per_bar).astype(np.int32)
    allowed = infill_grid.voice_range_mask(steps)
    if (wished := key_from_number(ask.key)) is not None:
        allowed += voice_leading.out_of_key_penalty(np.zeros(PITCH_INDEX_COUNT), wished)
    place = infill_grid.place_features(position, bars, phase=first_step % STEPS_PER_BEAT)
    return Canvas(pitch_indices, onsets & (pitch_indices > REST), place, allowed)


# ---------------------------------------------------------------- the player's notes


def _with_shared_rests(pitch_indices: Ints) -> Ints:
    """The same, with rests in all voices where all that are given rest."""
    given = (pitch_indices != UNKNOWN).any(axis=0)
    found = pitch_indices.copy()
    if given.any():
        found[(pitch_indices[:, given] == REST).all(axis=1)] = REST
    return found


def _assign_voices(phrase: Phrase, prompt: GivenFrames) -> tuple[Note, ...]:
    """The phrase's notes, each in the voice that it was given: that which is nearest to it where it begins."""
    if any(note.voice for note in phrase.notes):
        return phrase.notes
    found: list[Note] = []
    for note in phrase.notes:
        row = prompt.pitch_indices[note.start]
        away = np.where(row > REST, np.abs(row - pitch_index(note.pitch + prompt.shift)), 2 * PITCH_INDEX_COUNT)
        found.append(replace(note, voice=int(away.argmin())))
    return tuple(found)


def _split_for_variation(notes: Sequence[Note], rng: np.random.Generator) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
    """What a variation leaves of the notes, the first and the last among it, and what it erases: a share."""
    inner = np.arange(1, max(1, len(notes) - 1))
    erased = {*rng.permutation(inner)[: ceil(_ERASED_SHARE * len(inner))].tolist()}
    indices = range(len(notes))
    return tuple(notes[i] for i in indices if i not in erased), tuple(notes[i] for i in indices if i in erased)


def _mask_note(pitch_indices: Ints, prompt: GivenFrames, note: Note) -> None:
    """Open the cells of a note, up to the next one of its voice or to a rest; cells of another note stay closed."""
    end, voice = note.start + 1, note.voice
    sung = prompt.pitch_indices[:, voice]
    if not prompt.onsets[note.start, voice] or sung[note.start] != prompt.pitch_index(note):
        return
    while end < len(sung) and not prompt.onsets[end, voice] and sung[end] == sung[note.start]:
        end += 1
    pitch_indices[note.start : end, voice] = UNKNOWN
