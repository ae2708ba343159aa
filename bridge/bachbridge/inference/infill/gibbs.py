"""A canvas filled by annealed blocked Gibbs sampling: from the infilling network's predictions to music.

All open cells begin masked. In every pass the network predicts all masked cells at once, they are drawn (jointly, see
`drawing`), and a share of the open cells, less and less of them, is masked again, the rest being context for the next
pass (C.-Z. Huang et al., "Counterpoint by convolution", ISMIR 2017; the falling share after L. Yao et al., "On the
equivalence between deep NADE and generative stochastic networks", 2014). What is masked are spans of a voice: one 16th
of a note whose neighbours are known would only be copied from them.

Several chains walk abreast, `candidates` of them, one call of the network for all. At the end each open cell is
predicted once more with half of the others known; the chain with the fewest forbidden things is taken, and among
those the one with the least nats and penalties. Where forbidden things are left in it, the notes that do them are
drawn again a few times. Last the network says which notes that stay are struck again.

Given cells are kept whatever rules they break. All chance comes from the seed; the same seed with another number of
candidates is another result.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from bachbridge.codecs import infill_grid as codec
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill.joint_sampling import DrawOptions, average_eighths, draw_cells
from bachbridge.inference.infill.remasking import mask_notes_at, mask_spans
from bachbridge.inference.runtime.style import Style, logit_bias
from bachbridge.music.frames import REST, Bools, Floats, Ints
from bachbridge.music.notes import VOICES
from bachbridge.music.voice_leading import check_rules


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a canvas is filled: in pass `n` of `passes` a share `opened(n)` of the open cells is masked (first, all).

    They are masked in spans of `span` steps of a voice. The style's temperature is multiplied by `warm` in the first
    pass, by `cool` in the last, and by what lies between in the others.
    """

    sweeps: int
    max_masked_share: float = 0.9
    min_masked_share: float = 0.03
    annealed_share: float = 0.85
    span_steps: int = 4
    first_temperature_scale: float = 1.0
    last_temperature_scale: float = 1.0
    max_repairs: int = 6
    """Passes at most for notes that do what is forbidden."""
    draw_options: DrawOptions = field(default_factory=DrawOptions)

    def masked_share(self, sweep: int) -> float:
        """The share of the open cells that is masked in pass `number`."""
        return max(
            self.min_masked_share,
            self.max_masked_share
            - sweep * (self.max_masked_share - self.min_masked_share) / (self.annealed_share * self.sweeps),
        )

    def temperature_scale(self, sweep: int) -> float:
        """By what the style's temperature is multiplied in pass `number`."""
        return self.first_temperature_scale + (
            self.last_temperature_scale - self.first_temperature_scale
        ) * sweep / max(1, self.sweeps - 1)


FAST_SCHEDULE = Schedule(16, min_masked_share=0.1, first_temperature_scale=0.6, last_temperature_scale=0.6)
SLOW_SCHEDULE = Schedule(128, min_masked_share=0.1, first_temperature_scale=0.8, last_temperature_scale=0.9)
"""The more passes, the nearer to what the temperature alone would give, which lies still where it is cool."""


class MaskedNet(Protocol):
    """The infilling network (see `nets.py`)."""

    def predict(self, seen: Ints, attacks: Ints, place: Ints) -> tuple[Floats, Floats]:
        """`seen[chain, step, voice]`, `attacks` likewise, `place[chain, step, field]` → pitch and strike logits."""
        ...


@dataclass(frozen=True, slots=True)
class FilledCanvas:
    """A canvas without open cells: `classes[step, voice]`, `struck[step, voice]`.

    `nats`: what the network charges for an open cell on the mean, half of the others being known. `forbidden` things
    and the `penalty` of lesser evils are counted over all of it, given cells included.
    """

    pitch_indices: Ints
    onsets: Bools
    nats_per_cell: float
    violations: int
    penalty: float


def final_result(filling: Iterator[FilledCanvas | None]) -> FilledCanvas:
    """What it comes to in the end, without a rest between passes."""
    *_, last = filling
    if last is None:
        raise ValueError("filling ended without a result: give the iterator of `filled`.")
    return last


def fill_canvas(
    net: MaskedNet, canvas: Canvas, schedule: Schedule, style: Style, *, candidates: int, seed: int
) -> Iterator[FilledCanvas | None]:
    """Fill the canvas: None after every pass of the network, at last the best of so many candidates.

    Of the style count temperature and nucleus (of every draw), rules, key, position and repeat. An open cell for
    which nothing is allowed is a ValueError.
    """
    rng = np.random.default_rng(seed)
    work = _Sampler(net, canvas, style, rng)
    if not canvas.masked.any():
        yield work.with_verdict(canvas.pitch_indices, canvas.onsets, 0.0)
        return
    masked = np.repeat(canvas.masked[None], max(1, candidates), axis=0)
    chains = np.repeat(canvas.pitch_indices[None], len(masked), axis=0)
    for number in range(schedule.sweeps):
        if number:
            masked = mask_spans(
                canvas.masked, masked, schedule.masked_share(number), schedule.span_steps, work.is_second_sixteenth, rng
            )
        chains, _ = work.sweep(chains, masked, schedule.temperature_scale(number), schedule.draw_options)
        yield None
    nats = work.score_chains(chains)
    yield None
    best = work.best_chain(chains, nats)
    classes = yield from _repair(work, chains[best], len(chains), schedule, rng)
    struck = work.choose_onsets(classes)
    yield None
    yield work.with_verdict(classes, struck, float(nats[best] / canvas.masked.sum()))


def _repair(
    sampler: "_Sampler", pitch_indices: Ints, chain_count: int, schedule: Schedule, rng: np.random.Generator
) -> Generator[None, None, Ints]:
    """`classes[step, voice]` with the notes that do what is forbidden drawn again, several times abreast."""
    for _ in range(schedule.max_repairs):
        wrong = sampler.violation_steps(pitch_indices)
        if not wrong.any():
            break
        masked = np.repeat(mask_notes_at(pitch_indices, wrong, rng)[None] & sampler.to_fill, chain_count, axis=0)
        again = np.repeat(pitch_indices[None], chain_count, axis=0)
        again, nats = sampler.sweep(again, masked, schedule.last_temperature_scale, schedule.draw_options)
        pitch_indices = min(pitch_indices, again[sampler.best_chain(again, nats)], key=sampler.count_violations)
        yield None
    return pitch_indices


class _Sampler:
    """A canvas being filled: `chains[chain, step, voice]` go in and come out of its methods."""

    __slots__ = ("_attacks", "_canvas", "_logit_bias", "_net", "_rng", "_style", "is_second_sixteenth", "to_fill")

    def __init__(self, net: MaskedNet, canvas: Canvas, style: Style, rng: np.random.Generator) -> None:
        self._net, self._canvas, self._style, self._rng = net, canvas, style, rng
        self.to_fill = canvas.masked
        self.is_second_sixteenth = codec.is_second_sixteenth(canvas.place)
        """Which steps are the second 16th of an 8th, `[step]`; none where nobody knows."""
        self._attacks = codec.attack_values(canvas.onsets, ~self.to_fill)
        self._logit_bias: Floats = canvas.logit_mask + _position_bias(style, canvas.pitch_indices)
        """Nats on what the network says, `[step, voice, class]`."""
        barren = self.to_fill & (self._logit_bias.max(axis=2, initial=-np.inf) == -np.inf)
        if barren.any():
            step, voice = np.argwhere(barren)[0].tolist()
            raise ValueError(f"step {step} of voice {voice} is open, but nothing is allowed there: allow it a class.")

    def sweep(
        self, chains: Ints, masked: Bools, temperature_scale: float, draw_options: DrawOptions
    ) -> tuple[Ints, Floats]:
        """One pass: the masked cells predicted and drawn; and the nats `[chain]` that the network charges for them."""
        pitch, _ = self._predict(chains, masked)
        style = replace(self._style, temperature=self._style.temperature * temperature_scale)
        wishes: Floats = pitch + self._logit_bias
        if draw_options.average_eighths:
            wishes = average_eighths(wishes, masked, self.is_second_sixteenth)
        chains = draw_cells(wishes, chains, masked, style, draw_options, self._rng)
        return chains, _masked_nats(pitch, chains, masked)

    def score_chains(self, chains: Ints) -> Floats:
        """What the open cells cost under the network, `nats[chain]`, half of the others being known."""
        some = self._rng.random(self.to_fill.shape) < 1 / 2
        twice = np.concatenate([chains, chains])
        masked = np.repeat(np.stack([some & self.to_fill, ~some & self.to_fill]), len(chains), axis=0)
        pitch, _ = self._predict(twice, masked)
        return _masked_nats(pitch, twice, masked).reshape(2, -1).sum(axis=0)

    def best_chain(self, chains: Ints, nats: Floats) -> int:
        """The number of the best chain: the fewest forbidden things, then the least nats and penalties."""
        judged = [self._judge_steps(classes) for classes in chains]
        merit = [(forbidden.sum(), one + evil.sum()) for one, (forbidden, evil) in zip(nats, judged, strict=True)]
        return min(range(len(chains)), key=merit.__getitem__)

    def count_violations(self, pitch_indices: Ints) -> int:
        """How many forbidden things `classes[step, voice]` do."""
        return int(self._judge_steps(pitch_indices)[0].sum())

    def violation_steps(self, pitch_indices: Ints) -> Bools:
        """At which steps something forbidden is done that the given cells do not do by themselves, `[step]`."""
        alone = np.where(self.to_fill, REST, pitch_indices)
        return self._judge_steps(pitch_indices)[0] > self._judge_steps(alone)[0]

    def choose_onsets(self, pitch_indices: Ints) -> Bools:
        """Who is struck, `[step, voice]`: of open cells all that are new, and of those that stay whom `repeat` says."""
        canvas, sung = self._canvas, pitch_indices > REST
        new = np.ones(pitch_indices.shape, bool)
        new[1:] = pitch_indices[1:] != pitch_indices[:-1]
        _, logits = self._predict(pitch_indices[None], np.zeros((1, *pitch_indices.shape), bool))
        match self._style.repeat:
            case "hold":
                again = np.zeros(pitch_indices.shape, bool)
            case "strike":
                again = (canvas.onsets & ~self.to_fill).any(axis=1, keepdims=True)
            case "model":
                # One luck for a step: voices that are equally sure are struck together.
                again = self._rng.logistic(size=(len(pitch_indices), 1)) < logits[0]
        return np.where(self.to_fill, sung & (new | again), canvas.onsets)

    def with_verdict(self, pitch_indices: Ints, onsets: Bools, nats_per_cell: float) -> FilledCanvas:
        """The result with its verdict."""
        forbidden, penalty = self._judge_steps(pitch_indices)
        return FilledCanvas(pitch_indices, onsets, nats_per_cell, int(forbidden.sum()), float(penalty.sum()))

    def _judge_steps(self, pitch_indices: Ints) -> tuple[Ints, Floats]:
        """Forbidden things and penalties of each step, `[step]`."""
        before = np.concatenate([np.zeros_like(pitch_indices[:1]), pitch_indices[:-1]])
        verdict = check_rules(before, pitch_indices, self._style.rules, self._style.key)
        return verdict.violations, verdict.penalty

    def _predict(self, chains: Ints, masked: Bools) -> tuple[Floats, Floats]:
        told = np.broadcast_to(self._attacks, chains.shape)
        place = np.broadcast_to(self._canvas.place, (len(chains), *self._canvas.place.shape))
        return self._net.predict(codec.mask_cells(chains, masked), told, place)


def _position_bias(style: Style, pitch_indices: Ints) -> Floats:
    """The style's wish for close or wide position, `nats[step, voice, class]`."""
    still = replace(style, cadence=False)
    return np.stack([logit_bias(still, voice, None, pitch_indices) for voice in range(len(VOICES))], axis=1)


def _masked_nats(pitch: Floats, chains: Ints, masked: Bools) -> Floats:
    """The nats `[chain]` that the network's logits charge for the masked cells."""
    logits = pitch[masked]
    logits = logits - logits.max(axis=1, keepdims=True)
    taken = np.take_along_axis(logits, chains[masked][:, None], axis=1)[:, 0]
    nats = np.zeros(masked.shape, np.float32)
    nats[masked] = np.log(np.exp(logits).sum(axis=1)) - taken
    return nats.sum(axis=(1, 2))
