"""Choosing a frame: candidates drawn from the model along its chain of voices, the best that breaks no rule taken.

The recurrent state is shared by all candidates of a moment, so that drawing many costs little: a few calls of the
heads, each on the distinct rows only. Of what was drawn, the candidate with the fewest forbidden things comes first
(`voiceleading.judge`), and among those the one with the highest score, which is the model's log probability minus the
penalties plus the steering.

Taking the best of many each time would make the music lie still, for holding a note is nearly always the likeliest
single choice. So with `Style.chance` 1 the order is that of a draw without replacement from the model's own
distribution, as changed by penalties and steering: scores over the temperature, minus what the drawing already
favoured, plus Gumbel noise (W. Kool, H. van Hoof, M. Welling, "Stochastic beams and where to find them", ICML 2019).
With `chance` 0 the highest score wins. All chance comes from the generator that is handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bachbridge.codecs import satb
from bachbridge.inference.runtime.style import Style, lean
from bachbridge.music.notes import RANGES, VOICES
from bachbridge.music.voice_leading import Bools, Floats, Ints, barred, judge

_COOLEST = 0.02
"""The lowest temperature that is told from this one."""
_BARRED = -20.0
"""Nats while drawing on what the voices chosen so far forbid; not minus infinity, for all may be forbidden."""
_BASE = satb.CLASSES + 1
_DIGITS = _BASE ** np.arange(len(VOICES), dtype=np.int64)


class Heads(Protocol):
    """The chain of voices inside a step (see `nets.py`); one row of `hidden` serves all rows of `known`."""

    def heads(self, hidden: Floats, known: Ints) -> tuple[Floats, Floats]: ...


@dataclass(frozen=True, slots=True)
class Chosen:
    """For each of n rows, m frames, best first: `classes[n, m, voice]`, `struck[n, m, voice]`.

    `log_p[n, m]` are the nats of the drawn voices under the model at temperature 1, `score[n, m]` the same minus
    penalties plus steering, `forbidden[n, m]` how many forbidden things each does. Where there are fewer than m
    distinct candidates, the places left over repeat some and have the score minus infinity.
    """

    classes: Ints
    struck: Bools
    log_p: Floats
    score: Floats
    forbidden: Ints


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Candidates `known[row, voice]`, with nats `[row]`: the model's, the steering's, and those of being drawn."""

    known: Ints
    log_p: Floats
    lean: Floats
    log_q: Floats


def choose(
    nets: Heads,
    order: Sequence[int],
    hidden: Floats,
    before: Sequence[int] | Ints | None,
    given: Ints,
    style: Style,
    rng: np.random.Generator,
    *,
    keep: int = 1,
    struck: Bools | None = None,
) -> Chosen:
    """The `keep` best frames for each row of `given[n, voice]` (-1: open).

    `hidden` is one view `[1, unit]` for all rows, with `before[voice]`, or one for each, `[n, unit]`, with
    `before[n, voice]`. `struck[n, voice]`: where the given voices are struck, if that is known.
    """
    given = np.asarray(given, np.int32)
    rows, tries = len(given), max(style.candidates, keep, 1)
    then = None if before is None else np.broadcast_to(np.asarray(before, np.int32), given.shape)
    source = np.repeat(np.arange(rows), tries)
    drawn = _draw(nets, order, hidden, then, given, source, style, rng)
    verdict = judge(None if then is None else then[source], drawn.known, style.rules, style.key)
    score = drawn.log_p + drawn.lean - verdict.penalty

    same = _same((drawn.known @ _DIGITS).reshape(rows, tries))
    first = ~np.tril(same, -1).any(axis=2)
    merit = score / max(style.temperature, _COOLEST) + style.chance * (rng.gumbel(size=len(source)) - drawn.log_q)
    merit = merit.reshape(rows, tries) + style.chance * np.log(same.sum(axis=2))
    forbidden = verdict.forbidden.reshape(rows, tries)
    best = np.lexsort((-merit, forbidden, ~first), axis=-1)[:, :keep]

    picked = best + tries * np.arange(rows)[:, None]
    classes = drawn.known[picked]
    score = np.where(np.take_along_axis(first, best, axis=1), score[picked], -np.inf).astype(np.float32)
    strikes = _strikes(nets, hidden, then, classes, style, rng, _struck_given(given, struck))
    return Chosen(classes, strikes, drawn.log_p[picked], score, verdict.forbidden[picked])


def _same(codes: np.ndarray) -> Bools:
    """Which candidates of a row are the same frame, `[row, candidate, candidate]`."""
    return codes[:, :, None] == codes[:, None, :]


# ---------------------------------------------------------------- drawing


def _draw(
    nets: Heads,
    order: Sequence[int],
    hidden: Floats,
    before: Ints | None,
    given: Ints,
    source: np.ndarray,
    style: Style,
    rng: np.random.Generator,
) -> _Drawn:
    """Draw candidate `i` for the row `source[i]`, voice by voice along the chain."""
    known = given[source]
    log_p, leant, log_q = (np.zeros(len(source), np.float32) for _ in range(3))
    mask = _mask(style)
    for voice in order:
        open_ = np.flatnonzero(known[:, voice] == satb.UNKNOWN)
        if not len(open_):
            continue
        _, some, which = np.unique(_code(known[open_], source[open_]), return_index=True, return_inverse=True)
        asked, at = known[open_[some]], source[open_[some]]
        pitch, _ = nets.heads(hidden if len(hidden) == 1 else hidden[at], asked)
        logits = pitch[:, voice]
        wish = lean(style, voice, None if before is None else before[at], given[at])
        wish += mask[voice]
        bar = barred(None if before is None else before[at], asked, voice, style.rules)
        wish[(given[at] > satb.REST).any(axis=1), satb.REST] = -np.inf
        taken, nats = _nucleus(logits + wish + _BARRED * bar, style, which, rng.random(len(source))[open_])
        known[open_, voice] = taken
        log_p[open_] += _log_softmax(logits)[which, taken]
        leant[open_] += wish[which, taken]
        log_q[open_] += nats
    return _Drawn(known, log_p, leant, log_q)


def _code(known: Ints, source: np.ndarray) -> np.ndarray:
    """A number for all that the logits of a row and its steering depend on."""
    return (known + 1) @ _DIGITS + source * (_DIGITS[-1] * _BASE)


def _mask(style: Style) -> Floats:
    """Minus infinity where a voice must not go, `mask[voice, class]`."""
    mask = np.zeros((len(VOICES), satb.CLASSES), np.float32)
    if "range" in style.rules:
        for voice, (low, high) in enumerate(RANGES):
            mask[voice, satb.REST + 1 : satb.class_of(low)] = -np.inf
            mask[voice, satb.class_of(high) + 1 :] = -np.inf
    return mask


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _nucleus(logits: Floats, style: Style, which: np.ndarray, luck: np.ndarray) -> tuple[Ints, Floats]:
    """For each row `i` a class from the nucleus of `logits[which[i]]`, and the nats of drawing just that."""
    weights = np.exp((logits - logits.max(axis=1, keepdims=True)) / max(style.temperature, _COOLEST))
    falling = np.argsort(-weights, axis=1, kind="stable")
    weights = np.take_along_axis(weights, falling, axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    cut = (np.cumsum(weights, axis=1) - weights) < style.top_p
    cut[:, 0] = True
    weights = np.where(cut, weights, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    reached = np.cumsum(weights, axis=1)[which]
    place = np.minimum((reached <= luck[:, None]).sum(axis=1), cut.sum(axis=1)[which] - 1)
    return falling[which, place].astype(np.int32), np.log(weights[which, place]).astype(np.float32)


# ---------------------------------------------------------------- who is struck


def _struck_given(given: Ints, struck: Bools | None) -> np.ndarray:
    """Whether a given voice of the row is struck, `[n, 1]`; taken to be so where nobody said."""
    if struck is None:
        return np.ones((len(given), 1), bool)
    return np.any(struck & (given > satb.REST), axis=1, keepdims=True)


def _strikes(
    nets: Heads,
    hidden: Floats,
    before: Ints | None,
    classes: Ints,
    style: Style,
    rng: np.random.Generator,
    played: np.ndarray,
) -> Bools:
    """Which notes of `classes[n, m, voice]` begin: all that are new, and of those that stay whom `repeat` says."""
    sung = classes > satb.REST
    if before is None:
        return sung
    moved = classes != before[:, None]
    match style.repeat:
        case "hold":
            again = np.zeros(classes.shape, bool)
        case "strike":
            again = np.broadcast_to(played[:, :, None], classes.shape)
        case "model":
            rows, kept, voices = classes.shape
            views = hidden if len(hidden) == 1 else np.repeat(hidden, kept, axis=0)
            _, strike = nets.heads(views, classes.reshape(rows * kept, voices))
            again = rng.random(classes.shape) < 1 / (1 + np.exp(-strike.reshape(classes.shape)))
    return sung & (moved | again)
