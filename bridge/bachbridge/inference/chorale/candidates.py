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

from bachbridge.inference.runtime.style import Style, logit_bias
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Bools, Floats, Ints, pitch_index
from bachbridge.music.notes import VOICE_RANGES, VOICES
from bachbridge.music.voice_leading import check_rules, forbidden_pitches

_MIN_TEMPERATURE = 0.02
"""The lowest temperature that is told from this one."""
_FORBIDDEN_NATS = -20.0
"""Nats while drawing on what the voices chosen so far forbid; not minus infinity, for all may be forbidden."""
_CODE_BASE = PITCH_INDEX_COUNT + 1
_CODE_DIGITS = _CODE_BASE ** np.arange(len(VOICES), dtype=np.int64)


class VoiceHeads(Protocol):
    """The chain of voices inside a step (see `nets.py`); one row of `hidden` serves all rows of `known`."""

    def heads(self, hidden: Floats, known: Ints) -> tuple[Floats, Floats]: ...


@dataclass(frozen=True, slots=True)
class RankedFrames:
    """For each of n rows, m frames, best first: `classes[n, m, voice]`, `struck[n, m, voice]`.

    `log_p[n, m]` are the nats of the drawn voices under the model at temperature 1, `score[n, m]` the same minus
    penalties plus steering, `forbidden[n, m]` how many forbidden things each does. Where there are fewer than m
    distinct candidates, the places left over repeat some and have the score minus infinity.
    """

    pitch_indices: Ints
    onsets: Bools
    log_p: Floats
    score: Floats
    violations: Ints


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Candidates `known[row, voice]`, with nats `[row]`: the model's, the steering's, and those of being drawn."""

    known: Ints
    log_p: Floats
    logit_bias: Floats
    log_q: Floats


def rank_frames(
    net: VoiceHeads,
    voice_order: Sequence[int],
    hidden: Floats,
    previous: Sequence[int] | Ints | None,
    given: Ints,
    style: Style,
    rng: np.random.Generator,
    *,
    keep: int = 1,
    onsets: Bools | None = None,
) -> RankedFrames:
    """The `keep` best frames for each row of `given[n, voice]` (-1: open).

    `hidden` is one view `[1, unit]` for all rows, with `before[voice]`, or one for each, `[n, unit]`, with
    `before[n, voice]`. `struck[n, voice]`: where the given voices are struck, if that is known.
    """
    given = np.asarray(given, np.int32)
    rows, tries = len(given), max(style.candidates, keep, 1)
    then = None if previous is None else np.broadcast_to(np.asarray(previous, np.int32), given.shape)
    source = np.repeat(np.arange(rows), tries)
    drawn = _draw_candidates(net, voice_order, hidden, then, given, source, style, rng)
    verdict = check_rules(None if then is None else then[source], drawn.known, style.rules, style.key)
    score = drawn.log_p + drawn.logit_bias - verdict.penalty

    same = _same_frames((drawn.known @ _CODE_DIGITS).reshape(rows, tries))
    first = ~np.tril(same, -1).any(axis=2)
    merit = score / max(style.temperature, _MIN_TEMPERATURE) + style.randomness * (
        rng.gumbel(size=len(source)) - drawn.log_q
    )
    merit = merit.reshape(rows, tries) + style.randomness * np.log(same.sum(axis=2))
    forbidden = verdict.violations.reshape(rows, tries)
    best = np.lexsort((-merit, forbidden, ~first), axis=-1)[:, :keep]

    picked = best + tries * np.arange(rows)[:, None]
    classes = drawn.known[picked]
    score = np.where(np.take_along_axis(first, best, axis=1), score[picked], -np.inf).astype(np.float32)
    strikes = _choose_onsets(net, hidden, then, classes, style, rng, _has_given_onset(given, onsets))
    return RankedFrames(classes, strikes, drawn.log_p[picked], score, verdict.violations[picked])


def _same_frames(codes: np.ndarray) -> Bools:
    """Which candidates of a row are the same frame, `[row, candidate, candidate]`."""
    return codes[:, :, None] == codes[:, None, :]


# ---------------------------------------------------------------- drawing


def _draw_candidates(
    net: VoiceHeads,
    voice_order: Sequence[int],
    hidden: Floats,
    previous: Ints | None,
    given: Ints,
    source: np.ndarray,
    style: Style,
    rng: np.random.Generator,
) -> _Candidates:
    """Draw candidate `i` for the row `source[i]`, voice by voice along the chain."""
    known = given[source]
    log_p, leant, log_q = (np.zeros(len(source), np.float32) for _ in range(3))
    mask = _range_mask(style)
    for voice in voice_order:
        open_ = np.flatnonzero(known[:, voice] == UNKNOWN)
        if not len(open_):
            continue
        _, some, which = np.unique(_context_code(known[open_], source[open_]), return_index=True, return_inverse=True)
        asked, at = known[open_[some]], source[open_[some]]
        pitch, _ = net.heads(hidden if len(hidden) == 1 else hidden[at], asked)
        logits = pitch[:, voice]
        wish = logit_bias(style, voice, None if previous is None else previous[at], given[at])
        wish += mask[voice]
        bar = forbidden_pitches(None if previous is None else previous[at], asked, voice, style.rules)
        wish[(given[at] > REST).any(axis=1), REST] = -np.inf
        taken, nats = _sample_nucleus(
            logits + wish + _FORBIDDEN_NATS * bar, style, which, rng.random(len(source))[open_]
        )
        known[open_, voice] = taken
        log_p[open_] += _log_softmax(logits)[which, taken]
        leant[open_] += wish[which, taken]
        log_q[open_] += nats
    return _Candidates(known, log_p, leant, log_q)


def _context_code(known: Ints, source: np.ndarray) -> np.ndarray:
    """A number for all that the logits of a row and its steering depend on."""
    return (known + 1) @ _CODE_DIGITS + source * (_CODE_DIGITS[-1] * _CODE_BASE)


def _range_mask(style: Style) -> Floats:
    """Minus infinity where a voice must not go, `mask[voice, class]`."""
    mask = np.zeros((len(VOICES), PITCH_INDEX_COUNT), np.float32)
    if "range" in style.rules:
        for voice, (low, high) in enumerate(VOICE_RANGES):
            mask[voice, REST + 1 : pitch_index(low)] = -np.inf
            mask[voice, pitch_index(high) + 1 :] = -np.inf
    return mask


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _sample_nucleus(logits: Floats, style: Style, row_index: np.ndarray, uniforms: np.ndarray) -> tuple[Ints, Floats]:
    """For each row `i` a class from the nucleus of `logits[which[i]]`, and the nats of drawing just that."""
    weights = np.exp((logits - logits.max(axis=1, keepdims=True)) / max(style.temperature, _MIN_TEMPERATURE))
    falling = np.argsort(-weights, axis=1, kind="stable")
    weights = np.take_along_axis(weights, falling, axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    cut = (np.cumsum(weights, axis=1) - weights) < style.top_p
    cut[:, 0] = True
    weights = np.where(cut, weights, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    reached = np.cumsum(weights, axis=1)[row_index]
    place = np.minimum((reached <= uniforms[:, None]).sum(axis=1), cut.sum(axis=1)[row_index] - 1)
    return falling[row_index, place].astype(np.int32), np.log(weights[row_index, place]).astype(np.float32)


# ---------------------------------------------------------------- who is struck


def _has_given_onset(given: Ints, onsets: Bools | None) -> np.ndarray:
    """Whether a given voice of the row is struck, `[n, 1]`; taken to be so where nobody said."""
    if onsets is None:
        return np.ones((len(given), 1), bool)
    return np.any(onsets & (given > REST), axis=1, keepdims=True)


def _choose_onsets(
    net: VoiceHeads,
    hidden: Floats,
    previous: Ints | None,
    pitch_indices: Ints,
    style: Style,
    rng: np.random.Generator,
    has_given_onset: np.ndarray,
) -> Bools:
    """Which notes of `classes[n, m, voice]` begin: all that are new, and of those that stay whom `repeat` says."""
    sung = pitch_indices > REST
    if previous is None:
        return sung
    moved = pitch_indices != previous[:, None]
    match style.repeat:
        case "hold":
            again = np.zeros(pitch_indices.shape, bool)
        case "strike":
            again = np.broadcast_to(has_given_onset[:, :, None], pitch_indices.shape)
        case "model":
            rows, kept, voices = pitch_indices.shape
            views = hidden if len(hidden) == 1 else np.repeat(hidden, kept, axis=0)
            _, strike = net.heads(views, pitch_indices.reshape(rows * kept, voices))
            again = rng.random(pitch_indices.shape) < 1 / (1 + np.exp(-strike.reshape(pitch_indices.shape)))
    return sung & (moved | again)
