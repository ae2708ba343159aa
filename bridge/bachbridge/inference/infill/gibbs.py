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
from bachbridge.codecs import satb
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill.joint_sampling import Manner, drawn, evened
from bachbridge.inference.infill.remasking import notes_at, spans
from bachbridge.inference.runtime.style import Style, lean
from bachbridge.music.notes import VOICES
from bachbridge.music.voice_leading import Bools, Floats, Ints, judge


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a canvas is filled: in pass `n` of `passes` a share `opened(n)` of the open cells is masked (first, all).

    They are masked in spans of `span` steps of a voice. The style's temperature is multiplied by `warm` in the first
    pass, by `cool` in the last, and by what lies between in the others.
    """

    passes: int
    most: float = 0.9
    least: float = 0.03
    share: float = 0.85
    span: int = 4
    warm: float = 1.0
    cool: float = 1.0
    repairs: int = 6
    """Passes at most for notes that do what is forbidden."""
    manner: Manner = field(default_factory=Manner)

    def opened(self, number: int) -> float:
        """The share of the open cells that is masked in pass `number`."""
        return max(self.least, self.most - number * (self.most - self.least) / (self.share * self.passes))

    def warmth(self, number: int) -> float:
        """By what the style's temperature is multiplied in pass `number`."""
        return self.warm + (self.cool - self.warm) * number / max(1, self.passes - 1)


FAST = Schedule(16, least=0.1, warm=0.6, cool=0.6)
SLOW = Schedule(128, least=0.1, warm=0.8, cool=0.9)
"""The more passes, the nearer to what the temperature alone would give, which lies still where it is cool."""


class Nets(Protocol):
    """The infilling network (see `nets.py`)."""

    def fill(self, seen: Ints, attacks: Ints, place: Ints) -> tuple[Floats, Floats]:
        """`seen[chain, step, voice]`, `attacks` likewise, `place[chain, step, field]` → pitch and strike logits."""
        ...


@dataclass(frozen=True, slots=True)
class Filled:
    """A canvas without open cells: `classes[step, voice]`, `struck[step, voice]`.

    `nats`: what the network charges for an open cell on the mean, half of the others being known. `forbidden` things
    and the `penalty` of lesser evils are counted over all of it, given cells included.
    """

    classes: Ints
    struck: Bools
    nats: float
    forbidden: int
    penalty: float


def at_once(filling: Iterator[Filled | None]) -> Filled:
    """What it comes to in the end, without a rest between passes."""
    *_, last = filling
    if last is None:
        raise ValueError("filling ended without a result: give the iterator of `filled`.")
    return last


def filled(
    nets: Nets, canvas: Canvas, schedule: Schedule, style: Style, *, candidates: int, seed: int
) -> Iterator[Filled | None]:
    """Fill the canvas: None after every pass of the network, at last the best of so many candidates.

    Of the style count temperature and nucleus (of every draw), rules, key, position and repeat. An open cell for
    which nothing is allowed is a ValueError.
    """
    rng = np.random.default_rng(seed)
    work = _Work(nets, canvas, style, rng)
    if not canvas.open.any():
        yield work.finished(canvas.classes, canvas.struck, 0.0)
        return
    masked = np.repeat(canvas.open[None], max(1, candidates), axis=0)
    chains = np.repeat(canvas.classes[None], len(masked), axis=0)
    for number in range(schedule.passes):
        if number:
            masked = spans(canvas.open, masked, schedule.opened(number), schedule.span, work.second, rng)
        chains, _ = work.passed(chains, masked, schedule.warmth(number), schedule.manner)
        yield None
    nats = work.read(chains)
    yield None
    best = work.best(chains, nats)
    classes = yield from _repaired(work, chains[best], len(chains), schedule, rng)
    struck = work.strikes(classes)
    yield None
    yield work.finished(classes, struck, float(nats[best] / canvas.open.sum()))


def _repaired(
    work: "_Work", classes: Ints, chains: int, schedule: Schedule, rng: np.random.Generator
) -> Generator[None, None, Ints]:
    """`classes[step, voice]` with the notes that do what is forbidden drawn again, several times abreast."""
    for _ in range(schedule.repairs):
        wrong = work.wrong(classes)
        if not wrong.any():
            break
        masked = np.repeat(notes_at(classes, wrong, rng)[None] & work.open, chains, axis=0)
        again = np.repeat(classes[None], chains, axis=0)
        again, nats = work.passed(again, masked, schedule.cool, schedule.manner)
        classes = min(classes, again[work.best(again, nats)], key=work.forbidden)
        yield None
    return classes


class _Work:
    """A canvas being filled: `chains[chain, step, voice]` go in and come out of its methods."""

    __slots__ = ("_attacks", "_canvas", "_nets", "_rng", "_style", "_wish", "open", "second")

    def __init__(self, nets: Nets, canvas: Canvas, style: Style, rng: np.random.Generator) -> None:
        self._nets, self._canvas, self._style, self._rng = nets, canvas, style, rng
        self.open = canvas.open
        self.second = codec.second(canvas.place)
        """Which steps are the second 16th of an 8th, `[step]`; none where nobody knows."""
        self._attacks = codec.attacks(canvas.struck, ~self.open)
        self._wish: Floats = canvas.allowed + _leant(style, canvas.classes)
        """Nats on what the network says, `[step, voice, class]`."""
        barren = self.open & (self._wish.max(axis=2, initial=-np.inf) == -np.inf)
        if barren.any():
            step, voice = np.argwhere(barren)[0].tolist()
            raise ValueError(f"step {step} of voice {voice} is open, but nothing is allowed there: allow it a class.")

    def passed(self, chains: Ints, masked: Bools, warmth: float, manner: Manner) -> tuple[Ints, Floats]:
        """One pass: the masked cells predicted and drawn; and the nats `[chain]` that the network charges for them."""
        pitch, _ = self._fill(chains, masked)
        style = replace(self._style, temperature=self._style.temperature * warmth)
        wishes: Floats = pitch + self._wish
        if manner.eighths:
            wishes = evened(wishes, masked, self.second)
        chains = drawn(wishes, chains, masked, style, manner, self._rng)
        return chains, _nats(pitch, chains, masked)

    def read(self, chains: Ints) -> Floats:
        """What the open cells cost under the network, `nats[chain]`, half of the others being known."""
        some = self._rng.random(self.open.shape) < 1 / 2
        twice = np.concatenate([chains, chains])
        masked = np.repeat(np.stack([some & self.open, ~some & self.open]), len(chains), axis=0)
        pitch, _ = self._fill(twice, masked)
        return _nats(pitch, twice, masked).reshape(2, -1).sum(axis=0)

    def best(self, chains: Ints, nats: Floats) -> int:
        """The number of the best chain: the fewest forbidden things, then the least nats and penalties."""
        judged = [self._judged(classes) for classes in chains]
        merit = [(forbidden.sum(), one + evil.sum()) for one, (forbidden, evil) in zip(nats, judged, strict=True)]
        return min(range(len(chains)), key=merit.__getitem__)

    def forbidden(self, classes: Ints) -> int:
        """How many forbidden things `classes[step, voice]` do."""
        return int(self._judged(classes)[0].sum())

    def wrong(self, classes: Ints) -> Bools:
        """At which steps something forbidden is done that the given cells do not do by themselves, `[step]`."""
        alone = np.where(self.open, satb.REST, classes)
        return self._judged(classes)[0] > self._judged(alone)[0]

    def strikes(self, classes: Ints) -> Bools:
        """Who is struck, `[step, voice]`: of open cells all that are new, and of those that stay whom `repeat` says."""
        canvas, sung = self._canvas, classes > satb.REST
        new = np.ones(classes.shape, bool)
        new[1:] = classes[1:] != classes[:-1]
        _, logits = self._fill(classes[None], np.zeros((1, *classes.shape), bool))
        match self._style.repeat:
            case "hold":
                again = np.zeros(classes.shape, bool)
            case "strike":
                again = (canvas.struck & ~self.open).any(axis=1, keepdims=True)
            case "model":
                # One luck for a step: voices that are equally sure are struck together.
                again = self._rng.logistic(size=(len(classes), 1)) < logits[0]
        return np.where(self.open, sung & (new | again), canvas.struck)

    def finished(self, classes: Ints, struck: Bools, nats: float) -> Filled:
        """The result with its verdict."""
        forbidden, penalty = self._judged(classes)
        return Filled(classes, struck, nats, int(forbidden.sum()), float(penalty.sum()))

    def _judged(self, classes: Ints) -> tuple[Ints, Floats]:
        """Forbidden things and penalties of each step, `[step]`."""
        before = np.concatenate([np.zeros_like(classes[:1]), classes[:-1]])
        verdict = judge(before, classes, self._style.rules, self._style.key)
        return verdict.forbidden, verdict.penalty

    def _fill(self, chains: Ints, masked: Bools) -> tuple[Floats, Floats]:
        told = np.broadcast_to(self._attacks, chains.shape)
        place = np.broadcast_to(self._canvas.place, (len(chains), *self._canvas.place.shape))
        return self._nets.fill(codec.seen(chains, masked), told, place)


def _leant(style: Style, classes: Ints) -> Floats:
    """The style's wish for close or wide position, `nats[step, voice, class]`."""
    still = replace(style, cadence=False)
    return np.stack([lean(still, voice, None, classes) for voice in range(len(VOICES))], axis=1)


def _nats(pitch: Floats, chains: Ints, masked: Bools) -> Floats:
    """The nats `[chain]` that the network's logits charge for the masked cells."""
    logits = pitch[masked]
    logits = logits - logits.max(axis=1, keepdims=True)
    taken = np.take_along_axis(logits, chains[masked][:, None], axis=1)[:, 0]
    nats = np.zeros(masked.shape, np.float32)
    nats[masked] = np.log(np.exp(logits).sum(axis=1)) - taken
    return nats.sum(axis=(1, 2))
