"""Look-ahead harmony: the coming bar is imagined in all four voices, and used where the player plays what was imagined.

A causal model harmonizes a note without knowing where the melody goes. Here the infilling network continues what has
sounded by a bar, the player's own line too, so that each of its chords leads somewhere. While the player keeps to the
imagined line, each step's plan has the imagined chord for that one note in place of the causal one, if it breaks no
hard rule against the frame before. As soon as the player leaves the line, the causal plan stands alone until the coming
bar has been imagined again: after every note, a sweep at a time in idle moments, so that no plan ever waits. A cadence
that was asked for is left to the causal model, which knows how to lead there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill import gibbs
from bachbridge.inference.infill.budget import sweep_budget
from bachbridge.inference.runtime.protocols import MaskedNet
from bachbridge.music import voice_leading
from bachbridge.music.frames import REST, UNKNOWN, Bools, Ints
from bachbridge.music.notes import HARD_RULES, STEPS_PER_BEAT, VOICES, Key, key_from_number
from bachbridge.protocol.effects import PlanRequest
from bachbridge.protocol.events import Plan

_CONTEXT_BARS = 2
BUDGET_NS = 25_000_000
"""Time for a look-ahead, all its sweeps together: a quarter of a 16th at 150 bpm."""
_VOICE_BITS = 1 << np.arange(len(VOICES))


@dataclass(frozen=True, slots=True)
class _ImaginedBar:
    """The imagined frames from `first_step` on: `pitch_indices[step, voice]`, `onsets[step, voice]`."""

    first_step: int
    pitch_indices: Ints
    onsets: Bools

    def __contains__(self, step: int) -> bool:
        return self.first_step <= step < self.first_step + len(self.pitch_indices)

    def frame_at(self, step: int) -> tuple[Ints, Bools]:
        """The frame of a step of the bar."""
        return self.pitch_indices[step - self.first_step], self.onsets[step - self.first_step]


class LookAhead:
    """Imagines the coming bar of one piece at a time. Used on the main thread of the model process."""

    __slots__ = (
        "_bar", "_first_step", "_frames", "_is_outdated", "_key", "_net", "_pending_bar", "_request", "_sweep_ns",
    )  # fmt: skip

    def __init__(self, net: MaskedNet, sweep_ns: int) -> None:
        self._net, self._sweep_ns = net, sweep_ns
        self._request: PlanRequest | None = None
        """The latest request."""
        self._key: Key | None = None
        """The key of the causal model's latest plan."""
        self._first_step = 0
        """The step of the first frame that is kept."""
        self._frames: list[tuple[int, ...]] = []
        self._bar: _ImaginedBar | None = None
        self._is_outdated = False
        """True if something has sounded that the imagined bar does not take into account."""
        self._pending_bar: Iterator[_ImaginedBar | None] | None = None
        """The bar that is being imagined."""

    # ------------------------------------------------------------ what sounded

    def follow(self, request: PlanRequest) -> None:
        """Take in the frames that sounded."""
        previous, self._request = self._request, request
        is_known = self._first_step <= request.step <= self._next_step
        if previous is None or (previous.piece, previous.given) != (request.piece, request.given) or not is_known:
            self._first_step, self._frames = request.step, []
            self._bar, self._is_outdated, self._pending_bar, self._key = None, False, None, None
        elif _relevant_settings(previous) != _relevant_settings(request):
            self._bar, self._is_outdated, self._pending_bar = None, True, None
        del self._frames[request.step - self._first_step :]
        self._frames += request.frames
        excess = max(0, len(self._frames) - _CONTEXT_BARS * request.steps_per_bar)
        self._first_step += excess
        del self._frames[:excess]
        has_onset = any(frame[len(VOICES)] >> request.given & 1 for frame in request.frames)
        if has_onset:
            self._is_outdated, self._pending_bar = True, None
        elif self._pending_bar is None and not self._player_follows(self._next_step - 1):
            self._is_outdated = True

    @property
    def _next_step(self) -> int:
        return self._first_step + len(self._frames)

    def _player_follows(self, until: int) -> bool:
        """True if the player has kept to the imagined line up to step `until`, and some of the bar lies ahead."""
        bar, request = self._bar, self._request
        if bar is None or request is None or self._next_step not in bar:
            return False
        begin, end = max(0, bar.first_step - self._first_step), until - self._first_step
        played = [frame[request.given] for frame in self._frames[begin:end]]
        imagined = bar.pitch_indices[max(0, self._first_step - bar.first_step) :, request.given]
        return played == imagined[: len(played)].tolist()

    # ------------------------------------------------------------ the imagined bar

    def idle_work(self) -> bool:
        """Make one sweep of the network for the coming bar; False if there was nothing to do."""
        if self._pending_bar is None:
            if not self._is_outdated or self._request is None or not any(map(any, self._frames)):
                return False
            self._is_outdated, self._pending_bar = False, self._imagine(self._request)
        work, self._pending_bar = self._pending_bar, None  # dropped if it fails
        bar = next(work)
        if bar is None:
            self._pending_bar = work
        else:
            self._bar = bar
        return True

    def _imagine(self, request: PlanRequest) -> Iterator[_ImaginedBar | None]:
        """Yield None after each sweep of the network, then the bar."""
        first_step, context_steps = self._next_step, len(self._frames)
        canvas = self._make_canvas(request.steps_per_bar)
        budget = sweep_budget(self._sweep_ns, len(canvas.pitch_indices), BUDGET_NS)
        # Density, cadences and repeated notes are the causal model's part.
        key = request.style.key or self._key
        style = replace(request.style, key=key, density=0.0, cadence=False, repeat="model")
        seed = request.seed + first_step
        for filled in gibbs.fill_canvas(
            self._net, canvas, budget.schedule, style, candidates=budget.candidates, seed=seed
        ):
            yield filled and _ImaginedBar(
                first_step, filled.pitch_indices[context_steps:], filled.onsets[context_steps:]
            )

    def _make_canvas(self, bar_steps: int) -> Canvas:
        """Return a canvas with the frames that sounded, and after them a bar that is masked in all voices."""
        frames = np.array(self._frames, np.int32)
        steps = len(frames) + bar_steps
        pitch_indices = np.full((steps, len(VOICES)), UNKNOWN, np.int32)
        onsets = np.zeros(pitch_indices.shape, bool)
        pitch_indices[: len(frames)] = frames[:, : len(VOICES)]
        onsets[: len(frames)] = frames[:, len(VOICES) :] & _VOICE_BITS > 0
        place = infill_grid.place_features(
            None, np.full(steps, bar_steps, np.int32), phase=self._first_step % STEPS_PER_BEAT
        )
        return Canvas(pitch_indices, onsets & (pitch_indices > REST), place, infill_grid.voice_range_mask(steps))

    # ------------------------------------------------------------ the plan

    def merge_into(self, plan: Plan, request: PlanRequest) -> Plan:
        """Return the causal plan with the imagined chord in the row of the note that the player is expected to play."""
        self._key = key_from_number(plan.key)
        if request.style.cadence or request.lane or self._bar is None or plan.step != self._next_step:
            return plan
        if not self._player_follows(plan.step):
            return plan
        pitch_indices, onsets = self._bar.frame_at(plan.step)
        previous = np.array(self._frames[-1][: len(VOICES)], np.int32)
        rules = request.style.rules & frozenset(HARD_RULES)
        if voice_leading.check_rules(previous, pitch_indices[None], rules, self._key).violations[0]:
            return plan
        given_pitch = int(pitch_indices[request.given])
        goes_on = given_pitch == request.held and not onsets[request.given]
        *rows, last = plan.rows
        has_moved = pitch_indices != previous
        if goes_on:
            held_chord = (given_pitch, *pitch_indices.tolist(), int(has_moved @ _VOICE_BITS))
            return replace(plan, rows=(*rows, held_chord))
        repeat = request.style.repeat
        chord_onsets = {"hold": has_moved, "strike": np.ones(len(VOICES), bool)}.get(repeat, has_moved | onsets)
        chord_onsets[request.given] = True
        chord = (given_pitch, *pitch_indices.tolist(), int(chord_onsets @ _VOICE_BITS))
        return replace(plan, rows=(*(chord if row[0] == given_pitch else row for row in rows), last))


def _relevant_settings(request: PlanRequest) -> tuple[object, ...]:
    """Return the settings on which the imagined bar depends."""
    style = request.style
    return request.steps_per_bar, request.seed, style.temperature, style.top_p, style.rules, style.key, style.position
