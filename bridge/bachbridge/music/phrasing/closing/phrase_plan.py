"""The wishes for every step of a harmony under notes that are all known: where phrases end, and where the piece ends.

Before a phrase's last note a chord is sought from which to close; under it the voices come to rest. The last chord of
the piece is the tonic's of the key in which the melody is at home.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Bools, Floats, Ints, pitch_classes
from bachbridge.music.keys import Weights
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Key
from bachbridge.music.phrasing.closing.accents import ACCENT_NATS, DOTTED_BEAT_STEPS, beat_steps
from bachbridge.music.phrasing.closing.closing_chords import (
    closing_shares,
    closing_shares_over_bass,
    draw_raised_third,
    final_shares,
    home_of_melody,
)
from bachbridge.music.phrasing.closing.wishes import Close, StepWish, draw_close
from bachbridge.music.tonality.key_belief import NO_BELIEF, certain_belief

_REST_NATS, _EARLY_NATS = 5.0, 1.5
"""Nats against a voice that moves in a phrase's last note, and in the first half of one longer than a beat."""
_CHORD_NATS, _ROOT_NATS, _DOMINANT_NATS = 2.5, 3.0, 1.5
"""Nats while drawing for the notes of the chord that is due, for its root in the bass, and for its dominant's notes."""
_BASS = len(VOICES) - 1
_CLASSES = pitch_classes(np.arange(PITCH_INDEX_COUNT, dtype=np.int32))


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """The wish for a step, and nats `[voice, pitch index]` that make what is wished for likelier to be drawn."""

    wish: StepWish
    bias: Floats | None = None


@dataclass(frozen=True, slots=True)
class LastNote:
    """The last note of a phrase: its steps, from `begin` to before `end`, and its close."""

    begin: int
    end: int
    close: Close


def plan_steps(
    given: Ints,
    onsets: Bools,
    *,
    position: Ints,
    steps_per_bar: Ints,
    phrase_ends: Sequence[int],
    key: Key | None,
    seed: int,
) -> list[PlannedStep]:
    """Return the plan for each step of `given[step, voice]` (-1: to be chosen).

    Step `t` lies `position[t]` steps into a bar of `steps_per_bar[t]`. `phrase_ends` are the steps at which the last
    notes of phrases begin; others than those of a note are left out. The last note of all ends a phrase too.
    """
    steps = len(given)
    beats = beat_steps(given, onsets, position, steps_per_bar)
    on_beat = position % beats == 0
    moving_nats = np.where(beats == DOTTED_BEAT_STEPS, np.where(on_beat, -ACCENT_NATS, ACCENT_NATS), 0)
    plan = [
        PlannedStep(StepWish(is_on_beat=bool(on_beat[step]), moving_nats=moving_nats[step])) for step in range(steps)
    ]
    for last_note in find_last_notes(given, onsets, phrase_ends, key, np.random.default_rng([seed, 7])):
        for step in range(max(0, last_note.begin - STEPS_PER_BEAT), last_note.end):
            plan[step] = _step_of_close(last_note, step, is_on_beat=bool(on_beat[step]))
    return plan


def _step_of_close(last_note: LastNote, step: int, *, is_on_beat: bool) -> PlannedStep:
    """Return the plan for a step near or in the last note of a phrase."""
    close, begin = last_note.close, last_note.begin
    if step > begin:
        is_early = last_note.end - begin > STEPS_PER_BEAT and 2 * (step - begin) < last_note.end - begin
        return PlannedStep(StepWish(is_on_beat=is_on_beat, moving_nats=_EARLY_NATS if is_early else _REST_NATS))
    was_near = step > max(0, begin - STEPS_PER_BEAT)
    wish = StepWish(is_on_beat=is_on_beat, close=close, is_closing=step == begin, was_near=was_near)
    return PlannedStep(wish, _closing_bias(close, is_closing=wish.is_closing))


def _closing_bias(close: Close, *, is_closing: bool) -> Floats | None:
    """Nats for the notes of the chord that the close would take best, or of its dominant before it."""
    root, minor, authentic = close.target
    if not is_closing and not authentic:
        return None
    chord, bass = ((0, 3 if minor else 4, 7), root) if is_closing else ((7, 11, 2), (root + 7) % 12)
    bias = np.zeros((len(VOICES), PITCH_INDEX_COUNT), np.float32)
    bias[:, np.isin(_CLASSES, [(root + degree) % 12 for degree in chord])] = (
        _CHORD_NATS if is_closing else _DOMINANT_NATS
    )
    bias[_BASS, bass == _CLASSES] += _ROOT_NATS
    bias[:, REST] = 0
    return bias


def find_last_notes(
    given: Ints, onsets: Bools, phrase_ends: Sequence[int], key: Key | None, rng: np.random.Generator
) -> list[LastNote]:
    """Return the last notes of the phrases in the voice that leads, which is the highest one given.

    The arguments are those of `plan_steps`.
    """
    sounding = np.flatnonzero((given > REST).any(axis=0))
    if not len(sounding):
        return []
    voice = int(sounding[0])
    line = given[:, voice]
    begins = onsets[:, voice] & (line > REST)
    begins[1:] |= (line[1:] != line[:-1]) & (line[1:] > REST)
    begins[0] = line[0] > REST
    edges = np.append(np.flatnonzero(begins | (line <= REST)), len(line))
    last = int(np.flatnonzero(begins)[-1])
    wanted = sorted({last, *(step for step in phrase_ends if 0 <= step < len(line) and begins[step])})
    after = _belief_after(line, begins, key)
    belief = _piece_belief(after, key, int(_CLASSES[line[last]]))
    found: list[LastNote] = []
    for step in wanted:
        pitch_class = int(_CLASSES[line[step]])
        if voice == _BASS:
            shares = closing_shares_over_bass(after, pitch_class)
        elif step == last:
            home = key or home_of_melody(after, pitch_class)
            shares = final_shares(home, pitch_class, has_raised_third=draw_raised_third(rng))
        else:
            shares = closing_shares(belief, pitch_class)
        end = int(edges[np.searchsorted(edges, step, side="right")])
        found.append(LastNote(step, end, draw_close(shares, rng)))
    return found


def _belief_after(line: Ints, begins: Bools, key: Key | None) -> Weights:
    """Return the belief in the key after the line."""
    if key is not None:
        return certain_belief(key).probabilities
    return NO_BELIEF.after_line(line, begins).probabilities


def _piece_belief(after: Weights, key: Key | None, last_pitch_class: int) -> Weights:
    """Return the belief in the key of the piece: half of it from how it ends, which tells it best."""
    if key is not None:
        return after
    home = home_of_melody(after, last_pitch_class)
    return 0.5 * certain_belief(home).probabilities + 0.5 * after
