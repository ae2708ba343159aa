"""Look-ahead harmony: the coming bar imagined in all four voices, and taken where the player sings what was imagined.

A causal model harmonises a note without knowing where the line goes. Here the infilling network continues what has
been sung by a bar, the player's own line too, so that each of its chords leads somewhere. While the player keeps to
the imagined line, each step's plan has for that one note the imagined chord in place of the causal one, if it breaks
no rule against the frame before. As soon as the player leaves the line, the causal plan stands alone until the coming
bar has been imagined again: after every note, a pass at a time in idle moments, so that no plan ever waits. A cadence
that was asked for is the causal model's, which knows how to lead there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs import infill_grid, satb
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill import gibbs
from bachbridge.inference.infill.budget import pace
from bachbridge.inference.runtime.style import Style
from bachbridge.music import voice_leading
from bachbridge.music.notes import FORBIDDING, STEPS_PER_BEAT, VOICES, key_numbered
from bachbridge.music.voice_leading import Bools, Ints
from bachbridge.protocol.events import Foresee, Plan

_CONTEXT_BARS = 2
BUDGET_NS = 25_000_000
"""What a look ahead may take, all its passes together: a quarter of a 16th at 150 bpm."""
_BITS = 1 << np.arange(len(VOICES))


@dataclass(frozen=True, slots=True)
class _Bar:
    """What is imagined from step `first` on: `classes[step, voice]`, `struck[step, voice]`."""

    first: int
    classes: Ints
    struck: Bools

    def __contains__(self, step: int) -> bool:
        return self.first <= step < self.first + len(self.classes)

    def at(self, step: int) -> tuple[Ints, Bools]:
        """The frame of a step of the bar."""
        return self.classes[step - self.first], self.struck[step - self.first]


class LookAhead:
    """Used on one thread of the model's process."""

    __slots__ = ("_bar", "_first", "_foresee", "_frames", "_nets", "_news", "_pass_ns", "_work")

    def __init__(self, nets: gibbs.Nets, pass_ns: int) -> None:
        self._nets, self._pass_ns = nets, pass_ns
        self._foresee: Foresee | None = None
        """What was told last."""
        self._first = 0
        """The step of the first frame that is kept."""
        self._frames: list[tuple[int, ...]] = []
        self._bar: _Bar | None = None
        self._news = False
        """Whether something was sung that what is imagined does not know of."""
        self._work: Iterator[_Bar | None] | None = None
        """The bar that is being imagined."""

    # ------------------------------------------------------------ what is sung

    def follow(self, foresee: Foresee) -> None:
        """Take in what was sung."""
        before, self._foresee = self._foresee, foresee
        known = self._first <= foresee.step <= self._coming
        if before is None or (before.piece, before.given) != (foresee.piece, foresee.given) or not known:
            self._first, self._frames, self._bar, self._news, self._work = foresee.step, [], None, False, None
        elif _wishes(before) != _wishes(foresee):
            self._bar, self._news, self._work = None, True, None
        del self._frames[foresee.step - self._first :]
        self._frames += foresee.frames
        excess = max(0, len(self._frames) - _CONTEXT_BARS * foresee.steps_per_bar)
        self._first += excess
        del self._frames[:excess]
        struck = any(frame[len(VOICES)] >> foresee.given & 1 for frame in foresee.frames)
        if struck:
            self._news, self._work = True, None
        elif self._work is None and not self._holds(self._coming - 1):
            self._news = True

    @property
    def _coming(self) -> int:
        """The step that comes."""
        return self._first + len(self._frames)

    def _holds(self, until: int) -> bool:
        """Whether the player has sung what was imagined, up to step `until`, and the bar still lies ahead."""
        bar, foresee = self._bar, self._foresee
        if bar is None or foresee is None or self._coming not in bar:
            return False
        sung = [frame[foresee.given] for frame in self._frames[max(0, bar.first - self._first) : until - self._first]]
        imagined = bar.classes[max(0, self._first - bar.first) :, foresee.given]
        return sung == imagined[: len(sung)].tolist()

    # ------------------------------------------------------------ what is imagined

    def ponder(self) -> bool:
        """Imagine the coming bar, one pass of the network further; whether there was anything to be done."""
        if self._work is None:
            if not self._news or self._foresee is None or not any(map(any, self._frames)):
                return False
            self._news, self._work = False, self._imagining(self._foresee)
        work, self._work = self._work, None  # so that what fails is not gone on with
        bar = next(work)
        if bar is None:
            self._work = work
        else:
            self._bar = bar
        return True

    def _imagining(self, foresee: Foresee) -> Iterator[_Bar | None]:
        """None after each pass of the network, then the bar."""
        first, context = self._coming, len(self._frames)
        task = self._canvas(foresee.steps_per_bar)
        made = pace(self._pass_ns, len(task.classes), BUDGET_NS)
        style = Style(
            temperature=foresee.temperature,
            top_p=foresee.top_p,
            rules=voice_leading.rules_of(foresee.rules),
            key=key_numbered(foresee.key),
            position=foresee.position,
        )
        seed = foresee.seed + first
        for filled in gibbs.filled(self._nets, task, made.schedule, style, candidates=made.candidates, seed=seed):
            yield filled and _Bar(first, filled.classes[context:], filled.struck[context:])

    def _canvas(self, bar: int) -> Canvas:
        """What was sung, and a bar that is open in all voices."""
        frames = np.array(self._frames, np.int32)
        steps = len(frames) + bar
        classes = np.full((steps, len(VOICES)), satb.UNKNOWN, np.int32)
        struck = np.zeros(classes.shape, bool)
        classes[: len(frames)] = frames[:, : len(VOICES)]
        struck[: len(frames)] = frames[:, len(VOICES) :] & _BITS > 0
        place = infill_grid.places(None, np.full(steps, bar, np.int32), phase=self._first % STEPS_PER_BEAT)
        return Canvas(classes, struck & (classes > satb.REST), place, infill_grid.within_ranges(steps))

    # ------------------------------------------------------------ the plan

    def joined(self, plan: Plan, foresee: Foresee) -> Plan:
        """The causal plan, with the imagined chord in the row of the note that the player is expected to sing."""
        if foresee.cadence or self._bar is None or plan.step != self._coming or not self._holds(plan.step):
            return plan
        classes, struck = self._bar.at(plan.step)
        before = np.array(self._frames[-1][: len(VOICES)], np.int32)
        key = key_numbered(plan.key)
        rules = voice_leading.rules_of(foresee.rules) & frozenset(FORBIDDING)
        if voice_leading.judge(before, classes[None], rules, key).forbidden[0]:
            return plan
        sung = int(classes[foresee.given])
        goes_on = sung == foresee.held and not struck[foresee.given]
        *rows, last = plan.rows
        moved = classes != before
        if goes_on:
            return replace(plan, rows=(*rows, (sung, *classes.tolist(), int(moved @ _BITS))))
        again = {"hold": moved, "strike": np.ones(len(VOICES), bool)}.get(foresee.repeat, moved | struck)
        again[foresee.given] = True
        chord = (sung, *classes.tolist(), int(again @ _BITS))
        return replace(plan, rows=(*(chord if row[0] == sung else row for row in rows), last))


def _wishes(foresee: Foresee) -> tuple[object, ...]:
    """All that a person can set and that what is imagined depends on."""
    return (
        *(foresee.steps_per_bar, foresee.temperature, foresee.top_p, foresee.seed),
        *(foresee.rules, foresee.key, foresee.position),
    )
