"""An ask as a canvas: what the network has to fill in, and the notes that stay as they were played.

    continue    the end of the phrase, with the other voices masked, and after it the answer, all masked
    harmonize   the player's voice as it is, the others masked
    vary        like harmonize, with a share of the player's notes masked too, but not the first and the last

Where everything that was played rests for more than a beat, the other voices rest too. The player's notes come back as
they were played, not as the network reads them: outside the chorales' range, shorter than written, louder, a little
early.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.runtime.answer_plan import plan_answer
from bachbridge.inference.runtime.expression import ExpressionSampler, match_expression
from bachbridge.music import voice_leading
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Bools, Ints, notes_from_frames, pitch_index
from bachbridge.music.keys import key_from_durations, pitch_durations
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Key, Note, Phrase, fold_into_range, key_from_number
from bachbridge.music.phrasing.close_bias import close_bias
from bachbridge.music.phrasing.close_plan import ClosePlan
from bachbridge.music.phrasing.home_key import home_key_of_frames
from bachbridge.music.phrasing.recall import nats_towards
from bachbridge.music.voice_assignment import GivenFrames, frames_from_phrase
from bachbridge.protocol.effects import Ask

TASKS = ("continue", "harmonize", "vary")
_CONTEXT_BARS = 8
"""Bars at the end of a phrase that are shown when it is to be continued."""
_ERASED_SHARE = 0.5
"""The share of the player's notes that a variation draws anew."""
_MAX_TRANSPOSITION = 12
"""Semitones by which the other voices follow a line that lies outside its voice's range."""


@dataclass(frozen=True, slots=True)
class AskCanvas:
    """The answer is what fills the masked cells of `canvas` from `answer_step` on, and the `kept_notes`.

    A filled note sounds `transpositions[voice]` semitones higher than the canvas says. `key` is the one that was asked
    for, or else the one estimated from the phrase.
    """

    ask: Ask
    canvas: Canvas
    answer_step: int
    kept_notes: tuple[Note, ...]
    transpositions: tuple[int, ...]
    key: Key | None
    plan: ClosePlan | None = None
    """The close of a continuation, counted in steps from `answer_step`."""

    @property
    def bar_lines(self) -> range:
        """The steps of the canvas on which bars begin; without a known position, bars count from the phrase's start."""
        phrase, steps = self.ask.prompt, len(self.canvas.pitch_indices)
        first = phrase.steps - self.answer_step if self.answer_step else 0
        return range(-(first + (phrase.position or 0)) % phrase.steps_per_bar, steps, phrase.steps_per_bar)

    def answer_notes(self, pitch_indices: Ints, onsets: Bools) -> tuple[Note, ...]:
        """Return the answer's notes from the filled canvas, `pitch_indices[step, voice]` and `onsets[step, voice]`."""
        filled = np.where(self.canvas.masked, pitch_indices, REST)[self.answer_step :]
        begins = onsets[self.answer_step :]
        if self.plan:
            filled, begins = _hold_last_chord(filled, begins, self.plan.final)
        notes = [
            replace(note, pitch=fold_into_range(note.pitch + self.transpositions[note.voice], 0, 127))
            for note in notes_from_frames(filled, begins)
        ]
        with_expression = self._with_sampled_expression if self.ask.task == "continue" else self._with_played_expression
        answer = (*with_expression(notes), *self.kept_notes)
        return tuple(sorted(answer, key=lambda note: (note.start, note.voice)))

    def _with_sampled_expression(self, notes: Sequence[Note]) -> list[Note]:
        expression = ExpressionSampler(self.ask.prompt, self.ask.seed)
        return [expression.apply(note) for note in notes]

    def _with_played_expression(self, notes: Sequence[Note]) -> list[Note]:
        return [match_expression(note, self.ask.prompt.notes) for note in notes]


def _hold_last_chord(pitch_indices: Ints, onsets: Bools, final: int) -> tuple[Ints, Bools]:
    """Return the frames with the chord of step `final` struck there and held to the end."""
    held, begins = pitch_indices.copy(), onsets.copy()
    held[final + 1 :], begins[final + 1 :] = held[final], False
    begins[final] = held[final] > REST
    return held, begins


def build_ask_canvas(ask: Ask) -> AskCanvas:
    """Return the canvas of an ask whose `task` is one of `TASKS`; notes after the phrase's end are dropped."""
    phrase = replace(ask.prompt, notes=tuple(note for note in ask.prompt.notes if note.start < ask.prompt.steps))
    prompt = frames_from_phrase(phrase)
    asked_key, pitch_indices = key_from_number(ask.key), _with_shared_rests(prompt.pitch_indices)
    if ask.task == "continue":
        home = asked_key or home_key_of_frames(prompt.pitch_indices, prompt.onsets)
        return _continuation_canvas(ask, phrase, prompt, pitch_indices, home)
    key = asked_key or key_from_durations(pitch_durations(prompt.pitch_indices))
    own = _assign_voices(phrase, prompt)
    kept, erased = _split_for_variation(own, np.random.default_rng([ask.seed, 5])) if ask.task == "vary" else (own, ())
    for note in erased:
        _mask_note(pitch_indices, prompt, note)
    is_given = (prompt.pitch_indices > REST).any(axis=0)
    transpositions = np.where(is_given, -prompt.shift, np.clip(-prompt.shift, -_MAX_TRANSPOSITION, _MAX_TRANSPOSITION))
    canvas = _make_canvas(ask, pitch_indices, prompt.onsets, 0)
    return AskCanvas(ask, canvas, 0, kept, tuple(transpositions.tolist()), key)


def _continuation_canvas(
    ask: Ask, phrase: Phrase, prompt: GivenFrames, pitch_indices: Ints, key: Key | None
) -> AskCanvas:
    """Return the canvas of the phrase's end and an answer of `ask.steps` masked steps."""
    first_step = max(0, phrase.steps - _CONTEXT_BARS * phrase.steps_per_bar)
    masked = np.full((ask.steps, len(VOICES)), UNKNOWN, np.int32)
    shown = np.concatenate([pitch_indices[first_step:], masked])
    onsets = np.concatenate([prompt.onsets[first_step:], np.zeros(masked.shape, bool)])
    canvas = _make_canvas(ask, shown, onsets, first_step)
    answer_step = phrase.steps - first_step
    plan = plan_answer(ask, key)
    if close := plan.close:
        for step in range(close.approach, ask.steps):
            canvas.logit_mask[answer_step + step] += close_bias(close).nats_at(step)
    if recall := plan.recall:
        for step in range(recall.begin, recall.end):
            source = prompt.pitch_indices[phrase.steps + step - recall.lag]
            canvas.logit_mask[answer_step + step] += nats_towards(source.tolist())
    return AskCanvas(ask, canvas, answer_step, (), (-prompt.shift,) * len(VOICES), key, close)


def _make_canvas(ask: Ask, pitch_indices: Ints, onsets: Bools, first_step: int) -> Canvas:
    """Return the canvas whose first step is step `first_step` of the phrase."""
    phrase, steps = ask.prompt, len(pitch_indices)
    bars = np.full(steps, phrase.steps_per_bar, np.int32)
    position = None
    if phrase.position is not None:
        position = ((phrase.position + first_step + np.arange(steps)) % phrase.steps_per_bar).astype(np.int32)
    logit_mask = infill_grid.voice_range_mask(steps)
    if (asked_key := key_from_number(ask.key)) is not None:
        logit_mask += voice_leading.out_of_key_penalty(np.zeros(PITCH_INDEX_COUNT), asked_key)
    place = infill_grid.place_features(position, bars, phase=first_step % STEPS_PER_BEAT)
    return Canvas(pitch_indices, onsets & (pitch_indices > REST), place, logit_mask)


# ---------------------------------------------------------------- the player's notes


def _with_shared_rests(pitch_indices: Ints) -> Ints:
    """Return the cells with rests in all voices where all voices that are given rest."""
    is_given = (pitch_indices != UNKNOWN).any(axis=0)
    completed = pitch_indices.copy()
    if is_given.any():
        completed[(pitch_indices[:, is_given] == REST).all(axis=1)] = REST
    return completed


def _assign_voices(phrase: Phrase, prompt: GivenFrames) -> tuple[Note, ...]:
    """Return the phrase's notes in the voices of the prompt: each in the one nearest to it where it begins."""
    if any(note.voice for note in phrase.notes):
        return phrase.notes
    assigned: list[Note] = []
    for note in phrase.notes:
        row = prompt.pitch_indices[note.start]
        index = pitch_index(note.pitch + prompt.shift)
        distance = np.where(row > REST, np.abs(row - index), 2 * PITCH_INDEX_COUNT)
        assigned.append(replace(note, voice=int(distance.argmin())))
    return tuple(assigned)


def _split_for_variation(notes: Sequence[Note], rng: np.random.Generator) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
    """Split the notes into those that a variation keeps, with the first and the last, and those that it erases."""
    inner = np.arange(1, max(1, len(notes) - 1))
    erased = {*rng.permutation(inner)[: ceil(_ERASED_SHARE * len(inner))].tolist()}
    indices = range(len(notes))
    return tuple(notes[i] for i in indices if i not in erased), tuple(notes[i] for i in indices if i in erased)


def _mask_note(pitch_indices: Ints, prompt: GivenFrames, note: Note) -> None:
    """Mask the cells of a note, up to the next one of its voice or to a rest; cells of another note stay given."""
    end, voice = note.start + 1, note.voice
    line = prompt.pitch_indices[:, voice]
    if not prompt.onsets[note.start, voice] or line[note.start] != prompt.pitch_index(note):
        return
    while end < len(line) and not prompt.onsets[end, voice] and line[end] == line[note.start]:
        end += 1
    pitch_indices[note.start : end, voice] = UNKNOWN
