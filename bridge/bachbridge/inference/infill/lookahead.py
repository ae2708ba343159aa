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

from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill import gibbs
from bachbridge.inference.infill.budget import sweep_budget
from bachbridge.inference.runtime.style import Style
from bachbridge.music import voice_leading
from bachbridge.music.frames import REST, UNKNOWN, Bools, Ints
from bachbridge.music.notes import HARD_RULES, STEPS_PER_BEAT, VOICES, key_from_number
from bachbridge.protocol.events import Plan, PlanRequest

_CONTEXT_BARS = 2
BUDGET_NS = 25_000_000
"""What a look ahead may take, all its passes together: a quarter of a 16th at 150 bpm."""
_VOICE_BITS = 1 << np.arange(len(VOICES))


@dataclass(frozen=True, slots=True)
class _ImaginedBar:
    """What is imagined from step `first` on: `classes[step, voice]`, `struck[step, voice]`."""

    first_step: int
    pitch_indices: Ints
    onsets: Bools

    def __contains__(self, step: int) -> bool:
        return self.first_step <= step < self.first_step + len(self.pitch_indices)

    def frame_at(self, step: int) -> tuple[Ints, Bools]:
        """The frame of a step of the bar."""
        return self.pitch_indices[step - self.first_step], self.onsets[step - self.first_step]


class LookAhead:
    """Used on one thread of the model's process."""

    __slots__ = ("_bar", "_first_step", "_frames", "_is_outdated", "_net", "_pending_bar", "_request", "_sweep_ns")

    def __init__(self, net: gibbs.MaskedNet, sweep_ns: int) -> None:
        self._net, self._sweep_ns = net, sweep_ns
        self._request: PlanRequest | None = None
        """What was told last."""
        self._first_step = 0
        """The step of the first frame that is kept."""
        self._frames: list[tuple[int, ...]] = []
        self._bar: _ImaginedBar | None = None
        self._is_outdated = False
        """Whether something was sung that what is imagined does not know of."""
        self._pending_bar: Iterator[_ImaginedBar | None] | None = None
        """The bar that is being imagined."""

    # ------------------------------------------------------------ what is sung

    def follow(self, request: PlanRequest) -> None:
        """Take in what was sung."""
        before, self._request = self._request, request
        known = self._first_step <= request.step <= self._next_step
        if before is None or (before.piece, before.given) != (request.piece, request.given) or not known:
            self._first_step, self._frames, self._bar, self._is_outdated, self._pending_bar = (
                request.step,
                [],
                None,
                False,
                None,
            )
        elif _relevant_settings(before) != _relevant_settings(request):
            self._bar, self._is_outdated, self._pending_bar = None, True, None
        del self._frames[request.step - self._first_step :]
        self._frames += request.frames
        excess = max(0, len(self._frames) - _CONTEXT_BARS * request.steps_per_bar)
        self._first_step += excess
        del self._frames[:excess]
        struck = any(frame[len(VOICES)] >> request.given & 1 for frame in request.frames)
        if struck:
            self._is_outdated, self._pending_bar = True, None
        elif self._pending_bar is None and not self._player_follows(self._next_step - 1):
            self._is_outdated = True

    @property
    def _next_step(self) -> int:
        """The step that comes."""
        return self._first_step + len(self._frames)

    def _player_follows(self, until: int) -> bool:
        """Whether the player has sung what was imagined, up to step `until`, and the bar still lies ahead."""
        bar, foresee = self._bar, self._request
        if bar is None or foresee is None or self._next_step not in bar:
            return False
        sung = [
            frame[foresee.given]
            for frame in self._frames[max(0, bar.first_step - self._first_step) : until - self._first_step]
        ]
        imagined = bar.pitch_indices[max(0, self._first_step - bar.first_step) :, foresee.given]
        return sung == imagined[: len(sung)].tolist()

    # ------------------------------------------------------------ what is imagined

    def idle_work(self) -> bool:
        """Imagine the coming bar, one pass of the network further; whether there was anything to be done."""
        if self._pending_bar is None:
            if not self._is_outdated or self._request is None or not any(map(any, self._frames)):
                return False
            self._is_outdated, self._pending_bar = False, self._imagine(self._request)
        work, self._pending_bar = self._pending_bar, None  # so that what fails is not gone on with
        bar = next(work)
        if bar is None:
            self._pending_bar = work
        else:
            self._bar = bar
        return True

    def _imagine(self, request: PlanRequest) -> Iterator[_ImaginedBar | None]:
        """None after each pass of the network, then the bar."""
        first, context = self._next_step, len(self._frames)
        task = self._make_canvas(request.steps_per_bar)
        made = sweep_budget(self._sweep_ns, len(task.pitch_indices), BUDGET_NS)
        style = Style(
            temperature=request.temperature,
            top_p=request.top_p,
            rules=voice_leading.parse_rules(request.rules),
            key=key_from_number(request.key),
            position=request.position,
        )
        seed = request.seed + first
        for filled in gibbs.fill_canvas(self._net, task, made.schedule, style, candidates=made.candidates, seed=seed):
            yield filled and _ImaginedBar(first, filled.pitch_indices[context:], filled.onsets[context:])

    def _make_canvas(self, bar_steps: int) -> Canvas:
        """What was sung, and a bar that is open in all voices."""
        frames = np.array(self._frames, np.int32)
        steps = len(frames) + bar_steps
        classes = np.full((steps, len(VOICES)), UNKNOWN, np.int32)
        struck = np.zeros(classes.shape, bool)
        classes[: len(frames)] = frames[:, : len(VOICES)]
        struck[: len(frames)] = frames[:, len(VOICES) :] & _VOICE_BITS > 0
        place = infill_grid.place_features(
            None, np.full(steps, bar_steps, np.int32), phase=self._first_step % STEPS_PER_BEAT
        )
        return Canvas(classes, struck & (classes > REST), place, infill_grid.voice_range_mask(steps))

    # ------------------------------------------------------------ the plan

    def merge_into(self, plan: Plan, request: PlanRequest) -> Plan:
        """The causal plan, with the imagined chord in the row of the note that the player is expected to sing."""
        if request.cadence or self._bar is None or plan.step != self._next_step or not self._player_follows(plan.step):
            return plan
        classes, struck = self._bar.frame_at(plan.step)
        before = np.array(self._frames[-1][: len(VOICES)], np.int32)
        key = key_from_number(plan.key)
        rules = voice_leading.parse_rules(request.rules) & frozenset(HARD_RULES)
        if voice_leading.check_rules(before, classes[None], rules, key).violations[0]:
            return plan
        sung = int(classes[request.given])
        goes_on = sung == request.held and not struck[request.given]
        *rows, last = plan.rows
        moved = classes != before
        if goes_on:
            return replace(plan, rows=(*rows, (sung, *classes.tolist(), int(moved @ _VOICE_BITS))))
        again = {"hold": moved, "strike": np.ones(len(VOICES), bool)}.get(request.repeat, moved | struck)
        again[request.given] = True
        chord = (sung, *classes.tolist(), int(again @ _VOICE_BITS))
        return replace(plan, rows=(*(chord if row[0] == sung else row for row in rows), last))


def _relevant_settings(request: PlanRequest) -> tuple[object, ...]:
    """All that a person can set and that what is imagined depends on."""
    return (
        *(request.steps_per_bar, request.temperature, request.top_p, request.seed),
        *(request.rules, request.key, request.position),
    )
