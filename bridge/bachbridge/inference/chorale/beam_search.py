"""Harmonies with the future known: several hypotheses advance in parallel, and the melody's course decides among them.

A hypothesis is one harmony so far with the network's state after it. At every step each one branches into a few
frames (`candidates.rank_frames`, as in live play), and the best `width` branches go on. They are ranked by how well
they make the given notes expected: by the network's log probability of the given voice, which is highest for a harmony
that leads where the melody goes. The likelihood of the harmony itself counts the more, the further `Style.randomness`
is below 1, and not at all at 1, because the likeliest harmony hardly moves. Rule violations weigh more than anything.

As long as any rule is in force, phrases close and dissonances resolve as is wished for (`closing.phrase_plan`).

The frame `lag` steps back is decided by the best hypothesis, and hypotheses that disagree with it end there, so that
memory does not grow with the piece. Hypotheses whose last `lag` steps are the same count as one.
(Source of the idea: the beam search of B. Lowerre, "The Harpy speech recognition system", 1976, with the fixed lag of
particle smoothing: G. Kitagawa, Journal of Computational and Graphical Statistics 5, 1996.)
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs import satb
from bachbridge.inference.chorale.candidates import RankedFrames, StepView, rank_frames
from bachbridge.inference.chorale.step_guides import StepGuide, guide_steps
from bachbridge.inference.runtime.protocols import FrameNet
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Bools, Floats, Frame, Ints
from bachbridge.music.notes import VOICES
from bachbridge.music.phrasing.closing.resolution import sevenths_after
from bachbridge.protocol.style import Style

_BRANCHES = 3
"""Frames with which each hypothesis goes on."""
_BRANCH_PENALTY_NATS = 1.0
"""Nats by which a branch other than the first drawn must be better to displace another hypothesis."""
_FORBIDDEN_NATS = 8.0
"""Nats against each rule violation."""


@dataclass(frozen=True, slots=True)
class _Hypotheses:
    """n harmonies so far: `state[.., n, unit]` and contexts before the next step, `weight[n]` in nats.

    `pitch_indices[n, recent, voice]` and `onsets[n, recent, voice]` are the frames that are not yet decided, and
    `sevenths[n, voice]` the voices that hold a seventh that has still to fall.
    """

    contexts: tuple[satb.FrameContext, ...]
    state: Floats
    weight: Floats
    pitch_indices: Ints
    onsets: Bools
    sevenths: Bools

    def select(self, rows: np.ndarray) -> "_Hypotheses":
        contexts = tuple(self.contexts[int(row)] for row in rows)
        return _Hypotheses(
            contexts,
            self.state[:, rows],
            self.weight[rows],
            self.pitch_indices[rows],
            self.onsets[rows],
            self.sevenths[rows],
        )


def final_harmony(
    steps: Iterator[tuple[Ints, Bools] | None], progress: Callable[[int], None] | None = None
) -> tuple[Ints, Bools]:
    """Run `harmonize_steps` to its end and return the harmony; `progress` is called with each step that is done."""
    for step, harmony in enumerate(steps):
        if harmony is not None:
            return harmony
        if progress:
            progress(step)
    raise AssertionError("harmonize_steps ends with the harmony")


def harmonize_steps(
    net: FrameNet,
    voice_order: Sequence[int],
    given: Ints,
    given_onsets: Bools,
    *,
    position: Ints | int | None,
    steps_per_bar: Ints | int,
    style: Style,
    width: int = 8,
    lag: int = 16,
    seed: int,
    phrase_ends: Sequence[int] = (),
) -> Iterator[tuple[Ints, Bools] | None]:
    """Harmonize `given[step, voice]` (-1: to be chosen): yield None after each step, and finally the whole harmony.

    The harmony is `pitch_indices[step, voice]` and `onsets[step, voice]`; given cells are kept. Step `t` lies
    `position[t]` steps into a bar of `steps_per_bar[t]`; single numbers give the first step's position and the length
    of all bars. At the steps `phrase_ends` the last notes of phrases begin. A key in `style` holds throughout, with a
    cost for notes beside it as in live harmony; without one the key follows the given notes.
    """
    steps = len(given)
    with_position = _bar_placer(position, steps_per_bar, steps)
    guides = guide_steps(
        given,
        given_onsets,
        position=position,
        steps_per_bar=steps_per_bar,
        style=style,
        phrase_ends=phrase_ends,
        seed=seed,
    )
    pitch_indices, onsets = np.zeros((steps, len(VOICES)), np.int32), np.zeros((steps, len(VOICES)), bool)
    decoder = _StepDecoder(net, voice_order, width, np.random.default_rng(seed))
    beam = _initial_beam(net)
    decided = 0
    for step in range(steps):
        beam = replace(beam, contexts=tuple(with_position(context) for context in beam.contexts))
        beam = decoder.advance(beam, given[step], given_onsets[step], guides[step])
        if beam.pitch_indices.shape[1] > lag:
            pitch_indices[decided], onsets[decided] = beam.pitch_indices[0, 0], beam.onsets[0, 0]
            decided += 1
            beam = _agreeing_with_best(beam)
        yield None
    pitch_indices[decided:], onsets[decided:] = beam.pitch_indices[:1].reshape(-1, len(VOICES)), beam.onsets[0]
    yield pitch_indices, onsets


def _initial_beam(net: FrameNet) -> _Hypotheses:
    """Return one hypothesis without any frames."""
    no_frames = np.zeros((1, 0, len(VOICES)), np.int32)
    weight = np.zeros(1, np.float32)
    sevenths = np.zeros((1, len(VOICES)), bool)
    return _Hypotheses((satb.FrameContext(),), net.initial_state(), weight, no_frames, no_frames.astype(bool), sevenths)


def _bar_placer(
    position: Ints | int | None, steps_per_bar: Ints | int, steps: int
) -> Callable[[satb.FrameContext], satb.FrameContext]:
    """Return a function that sets a context's position in its bar."""
    bars = np.broadcast_to(np.asarray(steps_per_bar, np.int32), steps)
    if position is None:
        return lambda context: replace(context, steps_per_bar=int(bars[context.step]))
    positions = (position + np.arange(steps)) % bars if isinstance(position, int) else position

    def with_position(context: satb.FrameContext) -> satb.FrameContext:
        bar = int(bars[context.step])
        return replace(context, position=int(positions[context.step] - context.step) % bar, steps_per_bar=bar)

    return with_position


# ---------------------------------------------------------------- one step


@dataclass(frozen=True, slots=True)
class _StepDecoder:
    """Advances a beam of at most `width` hypotheses."""

    net: FrameNet
    voice_order: Sequence[int]
    width: int
    rng: np.random.Generator

    def advance(self, beam: _Hypotheses, given: Ints, onsets: Bools, guide: StepGuide) -> _Hypotheses:
        """Return the best hypotheses after one step more with `given[voice]` and `onsets[voice]`, the best first."""
        hidden, state = self.net.core(np.concatenate([context.feature_ids() for context in beam.contexts]), beam.state)
        previous = _previous_frames(beam)
        chosen = self._branches(
            StepView(self.net, self.voice_order, hidden, previous, beam.sevenths), given, onsets, guide
        )
        weight, handicap = _branch_weights(chosen, beam.weight + self._given_log_p(hidden, given), guide.style)
        parents, branches = np.unravel_index(np.argsort(handicap - weight, axis=None, kind="stable"), weight.shape)
        pitch_indices = np.concatenate(
            [beam.pitch_indices[parents], chosen.pitch_indices[parents, branches][:, None]], axis=1
        )
        kept = _distinct_rows(pitch_indices, np.isfinite(weight[parents, branches]), self.width)
        parents, branches, pitch_indices = parents[kept], branches[kept], pitch_indices[kept]

        new_onsets = np.where(given != UNKNOWN, onsets, chosen.onsets[parents, branches])
        kept_weight = weight[parents, branches]
        sevenths = beam.sevenths[parents]
        if previous is not None:
            is_on_beat = guide.wish is not None and guide.wish.is_on_beat
            sevenths = sevenths_after(sevenths, previous[parents], pitch_indices[:, -1], is_on_beat=is_on_beat)
        return _Hypotheses(
            tuple(
                beam.contexts[int(parent)].after(Frame(tuple(frame.tolist()), tuple(frame_onsets.tolist())))
                for parent, frame, frame_onsets in zip(parents, pitch_indices[:, -1], new_onsets, strict=True)
            ),
            state[:, parents],
            kept_weight - kept_weight.max(),  # only differences matter
            pitch_indices,
            np.concatenate([beam.onsets[parents], new_onsets[:, None]], axis=1),
            sevenths,
        )

    def _branches(self, view: StepView, given: Ints, onsets: Bools, guide: StepGuide) -> RankedFrames:
        """Return the frames with which each hypothesis may go on."""
        rows = len(view.hidden)
        given_rows = np.broadcast_to(given, (rows, len(VOICES))).astype(np.int32)
        return rank_frames(
            view,
            given_rows,
            guide.style,
            self.rng,
            keep=self.width if rows == 1 or guide.is_closing else min(_BRANCHES, self.width),
            onsets=np.broadcast_to(onsets, given_rows.shape),
            bias=_row_bias(guide, rows, view.previous_frames(rows)),
            wish=guide.wish,
        )

    def _given_log_p(self, hidden: Floats, given: Ints) -> Floats:
        """Nats of the given notes under each view `hidden[n, unit]`, each after those before it in the chain."""
        nats = np.zeros(len(hidden), np.float32)
        known = np.full((len(hidden), len(VOICES)), UNKNOWN, np.int32)
        for voice in self.voice_order:
            if given[voice] > REST:
                pitch, _ = self.net.heads(hidden, known)
                logits = pitch[:, voice] - pitch[:, voice].max(axis=1, keepdims=True)
                nats += logits[:, given[voice]] - np.log(np.exp(logits).sum(axis=1))
                known[:, voice] = given[voice]
        return nats


def _row_bias(guide: StepGuide, rows: int, previous: Ints | None) -> Floats | None:
    """Return the guide's bias for each row, with what is wished against motion on the notes before."""
    moving_nats = guide.wish.moving_nats if guide.wish else 0.0
    if guide.bias is None and not moving_nats:
        return None
    bias = np.zeros((rows, len(VOICES), PITCH_INDEX_COUNT), np.float32)
    if guide.bias is not None:
        bias += guide.bias
    if moving_nats and previous is not None:
        bias[np.arange(rows)[:, None], np.arange(len(VOICES)), previous] += moving_nats
    return bias


def _previous_frames(beam: _Hypotheses) -> Ints | None:
    """Return the last frame of each hypothesis; None before the first."""
    frames = [context.previous_frame.pitch_indices for context in beam.contexts if context.previous_frame]
    return np.array(frames, np.int32) if frames else None


def _branch_weights(chosen: RankedFrames, weight: Floats, style: Style) -> tuple[Floats, Floats]:
    """Each branch's weight, and a handicap that counts in this choice alone, both `[n, branch]` in nats."""
    is_distinct = np.isfinite(chosen.score)
    likelihood = (1 - style.randomness) * (np.where(is_distinct, chosen.score, 0) - chosen.wished)
    nats = likelihood + chosen.wished - _FORBIDDEN_NATS * chosen.violations
    carried = np.where(is_distinct, weight[:, None] + nats, -np.inf)
    handicap = np.zeros(carried.shape, np.float32)
    handicap[:, 1:] = style.randomness * _BRANCH_PENALTY_NATS
    return carried.astype(np.float32), handicap


def _distinct_rows(pitch_indices: Ints, is_alive: np.ndarray, width: int) -> np.ndarray:
    """Return the first `width` rows of `pitch_indices[row, recent, voice]` that are alive and unlike earlier ones."""
    seen: dict[bytes, int] = {}
    for row in np.flatnonzero(is_alive).tolist():
        seen.setdefault(pitch_indices[row].tobytes(), row)
        if len(seen) == width:
            break
    return np.array(list(seen.values()), np.int64)


def _agreeing_with_best(beam: _Hypotheses) -> _Hypotheses:
    """Return the hypotheses that agree with the best on the oldest step, without that step, which is decided now."""
    rows = np.flatnonzero((beam.pitch_indices[:, 0] == beam.pitch_indices[0, 0]).all(axis=1))
    kept = beam.select(rows)
    return replace(kept, pitch_indices=kept.pitch_indices[:, 1:], onsets=kept.onsets[:, 1:])
