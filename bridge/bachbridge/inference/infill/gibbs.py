"""A canvas filled by annealed blocked Gibbs sampling: from the infilling network's predictions to music.

All cells to fill begin masked. In every sweep the network predicts all masked cells at once, they are drawn jointly
(see `joint_sampling`), and a share of the cells to fill is masked again, the rest being context for the next sweep
(C.-Z. Huang et al., "Counterpoint by Convolution", ISMIR 2017). The share falls linearly from sweep to sweep (L. Yao et
al., "On the equivalence between deep NADE and generative stochastic networks", 2014):

    share(n) = max(min_share, max_share - n * (max_share - min_share) / (annealed_share * sweeps))

Spans of a voice are masked rather than single cells: a single 16th within a note would only be copied from its
neighbours.

Several chains run in parallel, `candidates` of them, with one call of the network for all. At the end each filled cell
is predicted once more with half of the others known. The chain with the fewest rule violations is taken, and among
those the one with the least nats and penalties. If violations are left in it, the notes that cause them are drawn
again a few times. Finally the network decides which repeated notes have an onset.

Where the canvas wants a step held, its filled cells are those of the step before after every sweep.

Given cells are kept whatever rules they break. All random numbers come from the seed; the same seed with another
number of candidates gives another result.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from bachbridge.codecs import infill_grid as codec
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill.joint_sampling import DrawOptions, average_eighths, draw_cells
from bachbridge.inference.infill.remasking import mask_notes_at, mask_spans
from bachbridge.inference.runtime.protocols import MaskedNet
from bachbridge.inference.runtime.style import logit_bias
from bachbridge.music.frames import REST, Bools, Floats, Ints, changed_pitches
from bachbridge.music.notes import VOICES
from bachbridge.music.phrasing.closing.resolution import held_sevenths, resolution_nats
from bachbridge.music.voice_leading import check_rules
from bachbridge.protocol.style import Style

_RESOLUTION_WEIGHT = 1.0
"""Weight of the nats for how dissonances resolve among the penalties."""
_MAX_RESOLVING = 3
"""The most sweeps that draw dissonances again because they do not resolve."""
_FAULT_NATS = 0.7
"""Nats from which on a step is drawn again: leading notes and roots alone are no reason."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Order of masking: in sweep `n` of `sweeps`, `masked_share(n)` of the cells to fill are masked (first, all).

    They are masked in spans of `span_steps` steps of a voice. The style's temperature is multiplied by
    `first_temperature_scale` in the first sweep, by `last_temperature_scale` in the last, and linearly between.
    """

    sweeps: int
    max_masked_share: float = 0.9
    min_masked_share: float = 0.03
    annealed_share: float = 0.85
    span_steps: int = 4
    first_temperature_scale: float = 1.0
    last_temperature_scale: float = 1.0
    max_repairs: int = 6
    """The most sweeps that draw notes again because they violate a rule."""
    draw_options: DrawOptions = field(default_factory=DrawOptions)

    def masked_share(self, sweep: int) -> float:
        """The share of the cells to fill that is masked in a sweep, counted from 0."""
        return max(
            self.min_masked_share,
            self.max_masked_share
            - sweep * (self.max_masked_share - self.min_masked_share) / (self.annealed_share * self.sweeps),
        )

    def temperature_scale(self, sweep: int) -> float:
        """The factor of the style's temperature in a sweep, counted from 0."""
        return self.first_temperature_scale + (
            self.last_temperature_scale - self.first_temperature_scale
        ) * sweep / max(1, self.sweeps - 1)


FAST_SCHEDULE = Schedule(16, min_masked_share=0.1, first_temperature_scale=0.7, last_temperature_scale=0.7)
SLOW_SCHEDULE = Schedule(128, min_masked_share=0.1, first_temperature_scale=0.8, last_temperature_scale=0.9)
"""With more sweeps the result comes nearer to what the temperature alone would give, and a cool result moves little."""


@dataclass(frozen=True, slots=True)
class FilledCanvas:
    """A canvas without masked cells: `pitch_indices[step, voice]`, `onsets[step, voice]`.

    `nats_per_cell` is the network's mean negative log probability of a filled cell with half of the others known.
    `violations` of rules and the `penalty` of lesser faults are counted over all of it, given cells included.
    """

    pitch_indices: Ints
    onsets: Bools
    nats_per_cell: float
    violations: int
    penalty: float


def final_result(filling: Iterator[FilledCanvas | None]) -> FilledCanvas:
    """Run `fill_canvas` (or `windows.fill_windows`) to its end and return the filled canvas."""
    *_, last = filling
    if last is None:
        raise ValueError("filling ended without a result: pass the iterator of `fill_canvas`.")
    return last


def fill_canvas(
    net: MaskedNet, canvas: Canvas, schedule: Schedule, style: Style, *, candidates: int, seed: int
) -> Iterator[FilledCanvas | None]:
    """Fill the canvas: yield None after every sweep of the network, and finally the best of the candidates.

    The style's temperature and top_p (of every draw), rules, key, position and repeat are used. Raises `ValueError`
    if nothing is allowed in a masked cell.
    """
    rng = np.random.default_rng(seed)
    sampler = _Sampler(net, canvas, style, rng)
    if not canvas.masked.any():
        yield sampler.with_verdict(canvas.pitch_indices, canvas.onsets, 0.0)
        return
    masked = np.repeat(canvas.masked[None], max(1, candidates), axis=0)
    chains = np.repeat(canvas.pitch_indices[None], len(masked), axis=0)
    for sweep in range(schedule.sweeps):
        if sweep:
            share = schedule.masked_share(sweep)
            masked = mask_spans(canvas.masked, masked, share, schedule.span_steps, sampler.is_second_sixteenth, rng)
        chains, _ = sampler.sweep(chains, masked, schedule.temperature_scale(sweep), schedule.draw_options)
        yield None
    nats = sampler.score_chains(chains)
    yield None
    best = sampler.best_chain(chains, nats)
    pitch_indices = yield from _repair(sampler, chains[best], len(chains), schedule, rng)
    onsets = sampler.choose_onsets(pitch_indices)
    yield None
    yield sampler.with_verdict(pitch_indices, onsets, float(nats[best] / canvas.masked.sum()))


def _repair(
    sampler: "_Sampler", pitch_indices: Ints, chain_count: int, schedule: Schedule, rng: np.random.Generator
) -> Generator[None, None, Ints]:
    """Draw the notes of `pitch_indices[step, voice]` that violate rules again, in several chains at once.

    Once there are none, dissonances that do not resolve are drawn again, though not many times: where all of them are
    gone, the music has hardly any left.
    """
    resolving = 0
    for _ in range(schedule.max_repairs):
        is_faulty = sampler.violation_steps(pitch_indices)
        if not is_faulty.any() and resolving < _MAX_RESOLVING:
            is_faulty, resolving = sampler.unresolved_steps(pitch_indices), resolving + 1
        if not is_faulty.any():
            break
        masked = mask_notes_at(pitch_indices, is_faulty, rng)[None] & sampler.to_fill
        masked = np.repeat(masked, chain_count, axis=0)
        chains = np.repeat(pitch_indices[None], chain_count, axis=0)
        chains, pitch = sampler.sweep(chains, masked, schedule.last_temperature_scale, schedule.draw_options)
        best = sampler.best_chain(chains, _masked_nats(pitch, chains, masked))
        pitch_indices = min(pitch_indices, chains[best], key=sampler.count_faults)
        yield None
    return pitch_indices


class _Sampler:
    """A canvas being filled; its methods take and return `chains[chain, step, voice]` of pitch indices."""

    __slots__ = ("_attacks", "_canvas", "_logit_bias", "_net", "_rng", "_style", "is_second_sixteenth", "to_fill")

    def __init__(self, net: MaskedNet, canvas: Canvas, style: Style, rng: np.random.Generator) -> None:
        self._net, self._canvas, self._style, self._rng = net, canvas, style, rng
        self.to_fill = canvas.masked
        self.is_second_sixteenth = codec.is_second_sixteenth(canvas.place)
        """`[step]`: True for the second 16th of an 8th; nowhere True if the beat is unknown."""
        self._attacks = codec.attack_values(canvas.onsets, ~self.to_fill)
        self._logit_bias: Floats = canvas.logit_mask + _position_bias(style, canvas.pitch_indices)
        """Nats added to the network's logits, `[step, voice, pitch_index]`."""
        is_empty = self.to_fill & (self._logit_bias.max(axis=2, initial=-np.inf) == -np.inf)
        if is_empty.any():
            step, voice = np.argwhere(is_empty)[0].tolist()
            raise ValueError(
                f"step {step} of voice {voice} is masked, but nothing is allowed there: allow at least one pitch."
            )

    def sweep(
        self, chains: Ints, masked: Bools, temperature_scale: float, draw_options: DrawOptions
    ) -> tuple[Ints, Floats]:
        """Predict and draw the masked cells; return the chains and the network's pitch logits."""
        pitch, _ = self._predict(chains, masked)
        style = replace(self._style, temperature=self._style.temperature * temperature_scale)
        logits: Floats = pitch + self._logit_bias
        if draw_options.average_eighths:
            logits = average_eighths(logits, masked, self.is_second_sixteenth)
        return self._hold(draw_cells(logits, chains, masked, style, draw_options, self._rng)), pitch

    def _hold(self, chains: Ints) -> Ints:
        """Return the chains with the steps held that the canvas wants held."""
        if self._canvas.holds is None or not self._canvas.holds.any():
            return chains
        steps = np.arange(len(self._canvas.holds))
        source = np.maximum.accumulate(np.where(self._canvas.holds & (steps > 0), 0, steps))
        return np.where(self.to_fill & (source != steps)[:, None], chains[:, source], chains)

    def score_chains(self, chains: Ints) -> Floats:
        """`nats[chain]` of the filled cells under the network, half of the others being known."""
        half = self._rng.random(self.to_fill.shape) < 1 / 2
        doubled = np.concatenate([chains, chains])
        masked = np.repeat(np.stack([half & self.to_fill, ~half & self.to_fill]), len(chains), axis=0)
        pitch, _ = self._predict(doubled, masked)
        return _masked_nats(pitch, doubled, masked).reshape(2, -1).sum(axis=0)

    def best_chain(self, chains: Ints, nats: Floats) -> int:
        """The number of the chain with the fewest violations, and among those the least nats and penalties."""
        verdicts = [self._judge_steps(chain) for chain in chains]
        merit = [
            (violations.sum(), chain_nats + penalty.sum())
            for chain_nats, (violations, penalty) in zip(nats, verdicts, strict=True)
        ]
        return min(range(len(chains)), key=merit.__getitem__)

    def count_faults(self, pitch_indices: Ints) -> tuple[int, float]:
        """The number of rule violations in `pitch_indices[step, voice]`, and the nats against what does not resolve."""
        return int(self._judge_steps(pitch_indices)[0].sum()), -float(self._resolution(pitch_indices).sum())

    def unresolved_steps(self, pitch_indices: Ints) -> Bools:
        """`[step]`: True where a dissonance does not resolve as it should."""
        return np.asarray(self._resolution(pitch_indices) < -_FAULT_NATS, bool)

    def _resolution(self, pitch_indices: Ints) -> Floats:
        """Nats of how dissonances resolve, at most 0, `[step]`; 0 without any rules."""
        if not self._style.rules:
            return np.zeros(len(pitch_indices), np.float32)
        is_on_beat = self._canvas.place[:, 0] == 1
        previous = np.concatenate([np.zeros_like(pitch_indices[:1]), pitch_indices[:-1]])
        sevenths = held_sevenths(previous, np.concatenate([is_on_beat[:1], is_on_beat[:-1]]))
        return resolution_nats(previous, pitch_indices, sevenths, is_on_beat=is_on_beat)

    def violation_steps(self, pitch_indices: Ints) -> Bools:
        """`[step]`: True where a rule is violated that the given cells alone do not violate."""
        given_only = np.where(self.to_fill, REST, pitch_indices)
        return self._judge_steps(pitch_indices)[0] > self._judge_steps(given_only)[0]

    def choose_onsets(self, pitch_indices: Ints) -> Bools:
        """Onsets `[step, voice]`: of filled cells all that are new, and repeated ones as `Style.repeat` says."""
        canvas, sounding = self._canvas, pitch_indices > REST
        is_new = changed_pitches(pitch_indices)
        _, onset_logits = self._predict(pitch_indices[None], np.zeros((1, *pitch_indices.shape), bool))
        match self._style.repeat:
            case "hold":
                repeated = np.zeros(pitch_indices.shape, bool)
            case "strike":
                repeated = (canvas.onsets & ~self.to_fill).any(axis=1, keepdims=True)
            case "model":
                # One random number for a step: voices with equal probabilities repeat together.
                repeated = self._rng.logistic(size=(len(pitch_indices), 1)) < onset_logits[0]
        return np.where(self.to_fill, sounding & (is_new | repeated), canvas.onsets)

    def with_verdict(self, pitch_indices: Ints, onsets: Bools, nats_per_cell: float) -> FilledCanvas:
        """Return the filled canvas with its violations and penalty."""
        violations, penalty = self._judge_steps(pitch_indices)
        return FilledCanvas(pitch_indices, onsets, nats_per_cell, int(violations.sum()), float(penalty.sum()))

    def _judge_steps(self, pitch_indices: Ints) -> tuple[Ints, Floats]:
        """Violations and penalties of each step, `[step]`; dissonances that do not resolve are penalized."""
        previous = np.concatenate([np.zeros_like(pitch_indices[:1]), pitch_indices[:-1]])
        verdict = check_rules(previous, pitch_indices, self._style.rules, self._style.key)
        penalty = verdict.penalty - _RESOLUTION_WEIGHT * self._resolution(pitch_indices)
        return verdict.violations, np.asarray(penalty, np.float32)

    def _predict(self, chains: Ints, masked: Bools) -> tuple[Floats, Floats]:
        attacks = np.broadcast_to(self._attacks, chains.shape)
        place = np.broadcast_to(self._canvas.place, (len(chains), *self._canvas.place.shape))
        return self._net.predict(codec.mask_cells(chains, masked), attacks, place)


def _position_bias(style: Style, pitch_indices: Ints) -> Floats:
    """The style's preference for close or open position, `nats[step, voice, pitch_index]`."""
    without_cadence = replace(style, cadence=False)
    return np.stack([logit_bias(without_cadence, voice, None, pitch_indices) for voice in range(len(VOICES))], axis=1)


def _masked_nats(pitch: Floats, chains: Ints, masked: Bools) -> Floats:
    """The negative log probability `[chain]` of the masked cells under the network's logits."""
    logits = pitch[masked]
    logits = logits - logits.max(axis=1, keepdims=True)
    drawn = np.take_along_axis(logits, chains[masked][:, None], axis=1)[:, 0]
    nats = np.zeros(masked.shape, np.float32)
    nats[masked] = np.log(np.exp(logits).sum(axis=1)) - drawn
    return nats.sum(axis=(1, 2))
