"""The octaves in which the voices sound when the tune lies outside the range of the voice that it is played for.

The model is shown such a tune some octaves higher or lower, and plans its chord there. Each voice then sounds in the
octave in which a keyboard arranger would put it: between a floor and a ceiling, with no close intervals in the depth,
upper neighbours within an octave, and on its own side of the tune where there is room. Under a high tune the voices
follow it up; with a low tune the upper voices go above it. Of all placements the cheapest is chosen. Leaps and changes
of the octave cost more than a poor spacing, so a tune that goes to and fro over the border of its range moves nothing.

Other octaves make other parallels than those that the model has avoided, so they are looked for in what sounds. If no
octaves avoid them, voices exchange their notes.

A poor placement is not kept for ever: what it has cost beyond the best one is saved up, and pays for a change.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise, permutations, product
from math import inf

from bachbridge.music.frames import REST, midi_pitch
from bachbridge.music.notes import VOICE_RANGES, VOICES

_FLOORS, _CEILINGS = (55, 48, 43, 28), (93, 86, 79, 64)
"""Lowest and highest pitch of each sounding voice."""
_BASS = len(VOICES) - 1
_LOWEST_OF_INTERVAL = (0, 52, 51, 48, 48, 46, 47, 34, 43, 43, 41, 41)
"""Lowest pitch on which each interval within an octave (semitones) sounds clear: a rule of thumb of arrangers."""
_MUDDY_COST, _MUDDY_SEMITONE_COST = 4.0, 0.5
_LOW_BASS, _LOW_BASS_COST, _LOW_BASS_SEMITONE_COST = 36, 2.0, 0.25
"""Below this pitch the bass is deep: it has a cost, and one for each semitone further down."""
_OTHER_SIDE_COST, _CROSSING_COST, _OUTSIDE_SEMITONE_GAIN = 4.0, 20.0, 2.5
"""Costs of a voice on the other side of a tune: far outside its voice's range and inside; less with each semitone."""
_LOWEST_TUNE_COST, _INVERSION_COST = 3.0, 7.0
"""Costs of a tune below the bass: on the pitch class of the bass, and on another one."""
_SPAN, _CROWDED_SEMITONE_COST = 14, 0.3
"""A bass nearer to a tune above it is crowded: cost of each semitone."""
_UNISON_COST, _DOUBLED_TUNE_COST = 3.0, 1.5
"""Costs of a unison, and of one with the tune besides."""
_WIDE_SEMITONE_COST, _WIDE_BASS_SEMITONE_COST, _VERY_WIDE_BASS_SEMITONE_COST = 0.7, 0.2, 1.5
_MAX_UPPER_GAP, _MAX_BASS_GAP, _VERY_WIDE_BASS_GAP = 12, 19, 24
_OCTAVE = 12
_LEAP, _LEAP_SEMITONE_COST, _OCTAVE_CHANGE_COST, _HELD_VOICE_COST = 7, 1.0, 2.0, 6.0
_OCTAVE_FROM_PLAN_COST = 0.5
_TOLERATED_COST = 3.0
"""Cost beyond that of the best placement that is borne without end."""
_PARALLEL_COST = 30.0
_PERFECT = (0, 7)

Pitches = Mapping[int, int]
"""MIDI pitch of each voice that does not rest."""


@dataclass(frozen=True, slots=True)
class _Chord:
    """Sounding pitches, with the tune, and those that the model has planned."""

    sounding: Pitches = field(default_factory=dict[int, int])
    planned: Pitches = field(default_factory=dict[int, int])


class Registers:
    """The placement of the voices of one piece, step by step. Used on the engine's thread only."""

    __slots__ = ("_before", "_now", "_savings", "_savings_before", "_step")

    def __init__(self) -> None:
        self._before = self._now = _Chord()
        """The chords of the step before and of the current one."""
        self._step: int = -1
        self._savings = self._savings_before = 0.0
        """Costs that may be spent on changes: after the current step, and before it."""

    def clear(self) -> None:
        """Forget what has sounded."""
        self._before = self._now = _Chord()
        self._step = -1
        self._savings = self._savings_before = 0.0

    def move_tune(self, step: int, own: int, pitch: int, pitch_index: int) -> None:
        """Note that the tune has a new note, over the chord that sounds."""
        self._begin_step(step)
        sounding, planned = {**self._now.sounding, own: pitch}, {**self._now.planned, own: midi_pitch(pitch_index)}
        self._now = _Chord(sounding, planned)

    def place(self, step: int, frame: Sequence[int], own: int, pitch: int) -> Pitches:
        """Return the pitches of the voices of `frame[voice]` (pitch indices); the tune is `own` and sounds at `pitch`.

        The model has seen the tune in some other octave if `frame[own]` is not its pitch.
        """
        self._begin_step(step)
        planned = {voice: midi_pitch(index) for voice, index in enumerate(frame[: len(VOICES)]) if index != REST}
        if planned == self._now.planned and self._now.sounding.get(own) == pitch:
            return self._now.sounding
        placed = {**planned, own: pitch}
        if planned.get(own) != pitch or self._before.sounding != self._before.planned:
            situation = _Situation(own, pitch, planned, self._before, self._savings_before)
            chosen = _best_placement(situation)
            placed, self._savings = chosen.placed, situation.savings_after(chosen)
        self._now = _Chord(placed, planned)
        return placed

    def _begin_step(self, step: int) -> None:
        if step != self._step:
            self._step, self._before, self._savings_before = step, self._now, self._savings


@dataclass(frozen=True, slots=True)
class _Situation:
    """The tune, which voice `own` plays at `pitch`, the planned pitches, and the chord before."""

    own: int
    pitch: int
    planned: Pitches
    before: _Chord
    savings: float

    @property
    def others(self) -> list[int]:
        return [voice for voice in self.planned if voice != self.own]

    @property
    def upper_voices(self) -> list[int]:
        return [voice for voice in self.others if voice != _BASS]

    def cost_alone(self, placed: Pitches) -> float:
        """Return the cost of a placement, whatever went before."""
        return self._side_cost(placed) + _spacing_cost(placed.values())

    def cost_of_change(self, placed: Pitches) -> float:
        """Return the further cost of a placement after the chord before."""
        motion = max(0.0, self._motion_cost(placed) - self.savings)
        return motion + _PARALLEL_COST * count_parallels(self.before.sounding, placed)

    def savings_after(self, chosen: "_Choice") -> float:
        """Return the savings after a placement: it is compared with the best one, and an octave's change uses all."""
        before = self.before.sounding
        if any(voice in before and abs(chosen.placed[voice] - before[voice]) >= _OCTAVE for voice in self.others):
            return 0.0
        return max(0.0, self.savings + chosen.cost_alone - chosen.best_cost_alone - _TOLERATED_COST)

    def _side_cost(self, placed: Pitches) -> float:
        """Return the cost of voices that lie on the other side of the tune than planned, or very low."""
        low, high = VOICE_RANGES[self.own]
        outside = max(low - self.pitch, self.pitch - high, 0)
        other_side = max(_OTHER_SIDE_COST, _CROSSING_COST - _OUTSIDE_SEMITONE_GAIN * outside)
        cost = 0.0
        for voice in self.others:
            above = placed[voice] - self.pitch
            cost += 0 if above else _DOUBLED_TUNE_COST
            if above and (above > 0) != (voice < self.own):
                is_bass = voice == _BASS and other_side == _OTHER_SIDE_COST
                cost += other_side if not is_bass else _INVERSION_COST if above % 12 else _LOWEST_TUNE_COST
            cost += _OCTAVE_FROM_PLAN_COST * abs(placed[voice] - self.planned[voice]) / 12
        if self.own != _BASS and _BASS in placed:
            depth = _LOW_BASS - placed[_BASS]
            cost += _LOW_BASS_COST + _LOW_BASS_SEMITONE_COST * depth if depth > 0 else 0
            cost += _CROWDED_SEMITONE_COST * min(max(0, _SPAN - self.pitch + placed[_BASS]), _SPAN)
        return cost

    def _motion_cost(self, placed: Pitches) -> float:
        """Return the cost of leaps, and of voices that do not move as planned."""
        cost = 0.0
        for voice in self.others:
            before, planned_before = self.before.sounding.get(voice), self.before.planned.get(voice)
            if before is None or planned_before is None:
                continue
            motion, planned_motion = placed[voice] - before, self.planned[voice] - planned_before
            cost += _LEAP_SEMITONE_COST * max(0, abs(motion) - _LEAP)
            if motion != planned_motion:
                cost += _OCTAVE_CHANGE_COST if planned_motion else _HELD_VOICE_COST
        return cost


@dataclass(frozen=True, slots=True)
class _Choice:
    """A placement with its cost, the part of it that does not depend on the chord before, and the least such part."""

    cost: float
    placed: Pitches
    cost_alone: float
    best_cost_alone: float


def _best_placement(situation: _Situation) -> _Choice:
    """Return the cheapest placement; voices exchange notes only if all others have parallels: the bass at last."""
    best = _cheapest(situation, [situation.planned])
    for voices in (situation.upper_voices, situation.others):
        if best.cost < _PARALLEL_COST:
            break
        best = min(best, _cheapest(situation, _exchanges(situation, voices)), key=lambda choice: choice.cost)
    return best


def _cheapest(situation: _Situation, plans: Iterable[Pitches]) -> _Choice:
    """Return the cheapest placement of the plans' pitch classes; voices other than the tune do not cross."""
    placements = [
        placed | {situation.own: situation.pitch} for planned in plans for placed in _octaves(planned, situation.others)
    ]
    costs = [situation.cost_alone(placed) for placed in placements]
    least = min(costs)
    best = _Choice(inf, situation.planned, inf, least)
    for cost, placed in sorted(zip(costs, placements, strict=True), key=lambda pair: pair[0]):
        if cost >= best.cost:
            break
        best = min(best, _Choice(cost + situation.cost_of_change(placed), placed, cost, least), key=lambda c: c.cost)
    return best


def _octaves(planned: Pitches, voices: Sequence[int]) -> Iterator[dict[int, int]]:
    """Yield the placements of the voices in all octaves between floor and ceiling in which they do not cross."""
    options = [
        range(_FLOORS[voice] + (planned[voice] - _FLOORS[voice]) % 12, _CEILINGS[voice] + 1, 12) for voice in voices
    ]
    for pitches in product(*options):
        if all(upper >= lower for upper, lower in pairwise(pitches)):
            yield dict(zip(voices, pitches, strict=True))


def _exchanges(situation: _Situation, voices: Sequence[int]) -> Iterator[Pitches]:
    """Yield the plan with the notes of these voices in every order."""
    for order in permutations(voices):
        exchanged = {voice: situation.planned[source] for voice, source in zip(voices, order, strict=True)}
        yield {**situation.planned, **exchanged}


def _spacing_cost(pitches: Iterable[int]) -> float:
    """Return the cost of close intervals in the depth, of unisons and of wide gaps."""
    cost = 0.0
    for number, (lower, upper) in enumerate(pairwise(sorted(pitches))):
        gap = upper - lower
        if gap == 0:
            cost += _UNISON_COST
        elif gap < len(_LOWEST_OF_INTERVAL):
            depth = _LOWEST_OF_INTERVAL[gap] - lower
            cost += _MUDDY_COST + _MUDDY_SEMITONE_COST * depth if depth > 0 else 0
        elif number:
            cost += _WIDE_SEMITONE_COST * max(0, gap - _MAX_UPPER_GAP)
        else:
            cost += _WIDE_BASS_SEMITONE_COST * max(0, gap - _MAX_BASS_GAP)
            cost += _VERY_WIDE_BASS_SEMITONE_COST * max(0, gap - _VERY_WIDE_BASS_GAP)
    return cost


def count_parallels(before: Pitches, now: Pitches) -> int:
    """Count the pairs of voices that go in one direction from a fifth, an octave or a unison into the same."""
    count = 0
    for upper, lower in combinations(sorted(now.keys() & before.keys()), 2):
        motions = now[upper] - before[upper], now[lower] - before[lower]
        if motions[0] * motions[1] <= 0:
            continue
        then, interval = before[upper] - before[lower], now[upper] - now[lower]
        is_same = interval % 12 == then % 12 or abs(interval) % 12 == abs(then) % 12
        count += is_same and (interval % 12 in _PERFECT or abs(interval) % 12 in _PERFECT)
    return count
