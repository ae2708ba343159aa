"""Harmonies with the future known: several hypotheses walk the causal network abreast, and the melody's course decides.

A hypothesis is one harmony so far with the network's state after it. At every step each one branches into a few
frames (`ranking.choose`, the decoder of live play), and the best `width` branches go on. What ranks them is how well
they make the given notes expected: the network's log probability of the given voice, which a harmony that leads where
the melody goes wins. The likelihood of the harmony itself joins in only as far as `Style.chance` is below 1, for the
likeliest harmony of all hardly moves; and what is forbidden weighs more than anything.

Under the last given note a triad over its root is wished for, as long as any rule holds.

What was chosen `lag` steps back is decided by the best hypothesis, and those of another opinion end there, so that
memory does not grow with the piece. Hypotheses whose last `lag` steps are the same count as one.
(The source of the idea: the beam search of B. Lowerre, "The Harpy speech recognition system", 1976, with the fixed lag
of particle smoothing: G. Kitagawa, Journal of Computational and Graphical Statistics 5, 1996.)
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from bachbridge.codecs import satb
from bachbridge.inference.chorale import candidates
from bachbridge.inference.runtime.style import Style
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge.music.voice_leading import Bools, Floats, Ints, Key, key_of

_BRANCHES = 3
"""Frames that each hypothesis goes on with."""
_SPLIT = 1.0
"""Nats that a branch other than the first drawn must be better by to push out another hypothesis."""
_FORBIDDEN = 8.0
"""Nats against each forbidden thing."""
_OPEN_END = 2.0
"""Nats, for each step of the last given note, against a chord that is no triad over its root: pieces end on one."""
_TRIADS = ((0, 4, 7), (0, 3, 7))
_KEY_STEPS = 48
"""Steps before and after a moment whose given notes tell its key."""
_TELLING = 4
"""Distinct pitch classes that it takes to tell a key."""


class Nets(candidates.Heads, Protocol):
    """A causal network over frames (see `nets.py`)."""

    def initial_state(self) -> Floats: ...
    def core(self, ids: Ints, state: Floats) -> tuple[Floats, Floats]: ...


@dataclass(frozen=True, slots=True)
class _Hypotheses:
    """n harmonies so far: `state[.., n, unit]` and contexts before the next step, `weight[n]` in nats.

    `classes[n, recent, voice]` and `struck[n, recent, voice]` are what is not yet decided.
    """

    contexts: tuple[satb.Context, ...]
    state: Floats
    weight: Floats
    classes: Ints
    struck: Bools

    def picked(self, rows: np.ndarray) -> "_Hypotheses":
        contexts = tuple(self.contexts[int(row)] for row in rows)
        return _Hypotheses(contexts, self.state[:, rows], self.weight[rows], self.classes[rows], self.struck[rows])


def harmonized(
    nets: Nets,
    order: Sequence[int],
    given: Ints,
    struck_given: Bools,
    *,
    position: Ints | int | None,
    steps_per_bar: Ints | int,
    style: Style,
    width: int = 8,
    lag: int = 16,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> tuple[Ints, Bools]:
    """What `harmonizing` comes to, without a rest; `progress` is told each step that is done."""
    walk = harmonizing(
        nets,
        order,
        given,
        struck_given,
        position=position,
        steps_per_bar=steps_per_bar,
        style=style,
        width=width,
        lag=lag,
        seed=seed,
    )
    for step, found in enumerate(walk):
        if found is not None:
            return found
        if progress:
            progress(step)
    raise AssertionError("the walk has an end")


def harmonizing(
    nets: Nets,
    order: Sequence[int],
    given: Ints,
    struck_given: Bools,
    *,
    position: Ints | int | None,
    steps_per_bar: Ints | int,
    style: Style,
    width: int = 8,
    lag: int = 16,
    seed: int,
) -> Iterator[tuple[Ints, Bools] | None]:
    """All voices, `classes[step, voice]` and `struck[step, voice]`, with `given[step, voice]` (-1: open) kept.

    None after each step, at last the whole. Step `t` lies `position[t]` steps into a bar of `steps_per_bar[t]`; as
    numbers, the first step's place and the length of all bars. A key in `style` holds throughout; without one it
    follows the given notes.
    """
    steps = len(given)
    contexts = _places(position, steps_per_bar, steps)
    keys = [style.key] * steps if style.key is not None else _keys(given)
    classes, struck = np.zeros((steps, len(VOICES)), np.int32), np.zeros((steps, len(VOICES)), bool)
    rng = np.random.default_rng(seed)
    nothing = np.zeros((1, 0, len(VOICES)), np.int32)
    beam = _Hypotheses((satb.Context(),), nets.initial_state(), np.zeros(1, np.float32), nothing, nothing.astype(bool))
    decided, last = 0, _last_onset(given, struck_given)
    for step in range(steps):
        beam = replace(beam, contexts=tuple(contexts(context) for context in beam.contexts))
        now = replace(style, key=keys[step])
        beam = _stepped(nets, order, beam, given[step], struck_given[step], now, width, rng, ending=step >= last)
        if beam.classes.shape[1] > lag:
            classes[decided], struck[decided] = beam.classes[0, 0], beam.struck[0, 0]
            decided += 1
            beam = _agreeing(beam)
        yield None
    classes[decided:], struck[decided:] = beam.classes[:1].reshape(-1, len(VOICES)), beam.struck[0]
    yield classes, struck


def _places(
    position: Ints | int | None, steps_per_bar: Ints | int, steps: int
) -> Callable[[satb.Context], satb.Context]:
    """What gives a context its step's place in its bar."""
    bars = np.broadcast_to(np.asarray(steps_per_bar, np.int32), steps)
    if position is None:
        return lambda context: replace(context, steps_per_bar=int(bars[context.step]))
    places = (position + np.arange(steps)) % bars if isinstance(position, int) else position

    def placed(context: satb.Context) -> satb.Context:
        bar = int(bars[context.step])
        return replace(context, position=int(places[context.step] - context.step) % bar, steps_per_bar=bar)

    return placed


def _keys(given: Ints) -> list[Key | None]:
    """The key at each step, of the given notes around it; None where they do not tell one."""
    sung = given > satb.REST
    weights = np.zeros((len(given) + 1, 12))
    for pitch_class in range(12):
        of_it = sung & ((given + satb.LOWEST - 1) % 12 == pitch_class)
        weights[1:, pitch_class] = np.cumsum(of_it.sum(axis=1))
    keys: list[Key | None] = []
    for step in range(len(given)):
        if step % STEPS_PER_BEAT == 0 or not keys:
            around = weights[min(step + _KEY_STEPS, len(given))] - weights[max(step - _KEY_STEPS, 0)]
            keys.append(key_of(around) if np.count_nonzero(around) >= _TELLING else None)
        else:
            keys.append(keys[-1])
    return keys


def _last_onset(given: Ints, struck: Bools) -> int:
    """The step at which the last given note begins."""
    sung = given > satb.REST
    fresh: Bools = struck & sung
    fresh[1:] |= (given[1:] != given[:-1]) & sung[1:]
    return int(np.argwhere(fresh)[:, 0].max(initial=0))


# ---------------------------------------------------------------- one step


def _stepped(
    nets: Nets,
    order: Sequence[int],
    beam: _Hypotheses,
    given: Ints,
    struck: Bools,
    style: Style,
    width: int,
    rng: np.random.Generator,
    *,
    ending: bool,
) -> _Hypotheses:
    """The best `width` hypotheses one step on, the best first."""
    rows = len(beam.contexts)
    hidden, state = nets.core(np.concatenate([context.ids() for context in beam.contexts]), beam.state)
    then = [context.before.classes for context in beam.contexts if context.before]
    before = np.array(then, np.int32) if then else None
    told = np.broadcast_to(given, (rows, len(VOICES))).astype(np.int32)
    keep = width if rows == 1 or ending else min(_BRANCHES, width)
    chosen = candidates.choose(
        nets, order, hidden, before, told, style, rng, keep=keep, struck=np.broadcast_to(struck, told.shape)
    )
    weight = beam.weight + _expected(nets, order, hidden, given)
    carried, split = _weighed(chosen, weight, style)
    if ending and style.rules:
        carried -= _OPEN_END * ~_closed(chosen.classes)
    parents, branches = np.unravel_index(np.argsort(split - carried, axis=None, kind="stable"), carried.shape)
    classes = np.concatenate([beam.classes[parents], chosen.classes[parents, branches][:, None]], axis=1)
    kept = _different(classes, np.isfinite(carried[parents, branches]), width)
    parents, branches, classes = parents[kept], branches[kept], classes[kept]

    struck_now = np.where(given != satb.UNKNOWN, struck, chosen.struck[parents, branches])
    contexts = tuple(
        beam.contexts[int(parent)].after(satb.Frame(tuple(frame.tolist()), tuple(strikes.tolist())))
        for parent, frame, strikes in zip(parents, classes[:, -1], struck_now, strict=True)
    )
    ahead = carried[parents, branches]
    return _Hypotheses(
        contexts,
        state[:, parents],
        ahead - ahead.max(),  # only differences matter
        classes,
        np.concatenate([beam.struck[parents], struck_now[:, None]], axis=1),
    )


def _weighed(chosen: candidates.Chosen, weight: Floats, style: Style) -> tuple[Floats, Floats]:
    """What each branch's weight will be, and what counts against it in this choice alone, both `[n, branch]`."""
    real = np.isfinite(chosen.score)
    likely = (1 - style.chance) * np.where(real, chosen.score, 0)
    carried = np.where(real, weight[:, None] + likely - _FORBIDDEN * chosen.forbidden, -np.inf)
    split = np.zeros(carried.shape, np.float32)
    split[:, 1:] = style.chance * _SPLIT
    return carried.astype(np.float32), split


def _closed(classes: Ints) -> Bools:
    """Which frames `classes[.., voice]` are a major or minor triad, or a part of one, over its root."""
    above = (classes - classes[..., -1:]) % 12
    fits = np.any([np.all(np.isin(above, triad), axis=-1) for triad in _TRIADS], axis=0)
    return np.asarray(fits | np.any(classes <= satb.REST, axis=-1), bool)


def _expected(nets: Nets, order: Sequence[int], hidden: Floats, given: Ints) -> Floats:
    """Nats of the given notes under each view `hidden[n, unit]`, each note after those before it in the chain."""
    nats = np.zeros(len(hidden), np.float32)
    known = np.full((len(hidden), len(VOICES)), satb.UNKNOWN, np.int32)
    for voice in order:
        if given[voice] > satb.REST:
            pitch, _ = nets.heads(hidden, known)
            logits = pitch[:, voice] - pitch[:, voice].max(axis=1, keepdims=True)
            nats += logits[:, given[voice]] - np.log(np.exp(logits).sum(axis=1))
            known[:, voice] = given[voice]
    return nats


def _different(classes: Ints, alive: np.ndarray, width: int) -> np.ndarray:
    """The first `width` rows of `classes[row, recent, voice]` that are alive and not like an earlier one."""
    seen: dict[bytes, int] = {}
    for row in np.flatnonzero(alive).tolist():
        seen.setdefault(classes[row].tobytes(), row)
        if len(seen) == width:
            break
    return np.array(list(seen.values()), np.int64)


def _agreeing(beam: _Hypotheses) -> _Hypotheses:
    """The hypotheses that agree with the best on the oldest step, which is thereby decided."""
    rows = np.flatnonzero((beam.classes[:, 0] == beam.classes[0, 0]).all(axis=1))
    kept = beam.picked(rows)
    return replace(kept, classes=kept.classes[:, 1:], struck=kept.struck[:, 1:])
