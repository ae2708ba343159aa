"""Where and how an answer closes: the places of its last two chords, and the chords that are due there.

A close is a short plan. The last chord begins on a strong beat, at least a beat before the end, and sounds to the end;
the chord before it takes the beat before; and some beats earlier the music is led home. With a *cadence* the two chords
are the dominant and the tonic, in root position; *open* closes on the dominant, after a chord that is not the dominant
(a half close). In a minor key the tonic's third is raised as often as Bach raises it (the Picardy third).

The plan says which chord is due; how strongly it is wished for is the decoder's affair (see `close_bias` for voices).
"""

from dataclasses import dataclass

import numpy as np

from bachbridge.music.notes import STEPS_PER_BEAT, Key
from bachbridge.music.phrasing.closing.closing_chords import draw_raised_third

CLOSES = ("cadence", "open", "music")
_FOUR_BEATS, _SIX_BEATS = 4 * STEPS_PER_BEAT, 6 * STEPS_PER_BEAT
_APPROACH_BEATS, _APPROACH_SHARE = 8, 1 / 3
"""Beats before the last two chords in which the music is led home, and the most that they take of an answer."""
_DOMINANT_DEGREES, _LEADING_NOTE = (7, 11, 2), 11


@dataclass(frozen=True, slots=True)
class DueChord:
    """A chord by its `root` and its pitch classes; notes that may join it are `passing`."""

    root: int
    pitch_classes: frozenset[int]
    passing: frozenset[int] = frozenset()

    @property
    def allowed(self) -> frozenset[int]:
        return self.pitch_classes | self.passing


@dataclass(frozen=True, slots=True)
class ClosePlan:
    """A close in `key`, in an answer of `steps` steps.

    The music is led home from step `approach` on; the chord before the last one begins at step `penultimate`, and the
    last one at step `final`. Where the answer is too short for it, the chord before the last has no step.
    """

    key: Key
    is_open: bool
    has_raised_third: bool
    approach: int
    penultimate: int
    final: int
    steps: int

    @property
    def dominant(self) -> DueChord:
        """The dominant with its leading note, which the seventh may join."""
        tonic = self.key[0]
        chord = frozenset((tonic + degree) % 12 for degree in _DOMINANT_DEGREES)
        return DueChord((tonic + _DOMINANT_DEGREES[0]) % 12, chord, frozenset({(tonic + 5) % 12}))

    @property
    def last_chord(self) -> DueChord:
        """The chord on which the answer ends."""
        if self.is_open:
            return DueChord(self.dominant.root, self.dominant.pitch_classes)
        tonic, minor = self.key
        third = 3 if minor and not self.has_raised_third else 4
        return DueChord(tonic, frozenset((tonic + degree) % 12 for degree in (0, third, 7)))

    @property
    def leading_note(self) -> int:
        """The pitch class a semitone below the tonic."""
        return (self.key[0] + _LEADING_NOTE) % 12

    def holds(self, step: int) -> bool:
        """Return True after the step on which the last chord begins: it sounds on."""
        return step > self.final


def has_raised_third(seed: int) -> bool:
    """Return whether the answer with this seed ends on a major chord if it is in minor."""
    return draw_raised_third(np.random.default_rng([seed, 6]))


def plan_close(
    close: str,
    key: Key | None,
    steps: int,
    *,
    position: int | None,
    steps_per_bar: int,
    has_raised_third: bool = False,
) -> ClosePlan | None:
    """Return the plan for an answer of `steps` steps that begins `position` steps into a bar (None: on a beat).

    `close` is one of `CLOSES`; there is no plan for "music", without a key or without a beat's length.
    """
    if close not in CLOSES:
        raise ValueError(f"there is no close {close!r}: give one of {', '.join(CLOSES)}.")
    if close == "music" or key is None or steps < 1:
        return None
    final = last_chord_step(steps, position, steps_per_bar)
    penultimate = max(0, final - STEPS_PER_BEAT)
    approach = max(0, penultimate - min(_APPROACH_BEATS * STEPS_PER_BEAT, int(_APPROACH_SHARE * steps)))
    return ClosePlan(key, close == "open", has_raised_third, approach, penultimate, final, steps)


def last_chord_step(steps: int, position: int | None, steps_per_bar: int) -> int:
    """Return the step of the strong beat on which a last chord begins that lasts to the end, at least a beat.

    Bars of four and six beats have a strong beat in the middle too. Where no strong beat is left, it is a weak one.
    """
    first = position or 0
    half = steps_per_bar // 2 if steps_per_bar in (_FOUR_BEATS, _SIX_BEATS) else steps_per_bar
    beat = STEPS_PER_BEAT if steps_per_bar % STEPS_PER_BEAT == 0 else steps_per_bar
    latest = max(0, steps - STEPS_PER_BEAT)
    for unit in (half, beat, 1):
        step = latest - (first + latest) % unit
        if step > 0 or (step == 0 and unit == 1):
            return step
    return 0
