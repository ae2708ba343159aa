"""Choosing a frame: draw candidates from the model along its chain of voices, and take the best that breaks no rule.

The recurrent state is shared by all candidates of a step, so drawing many costs little: a few calls of the heads, each
on the distinct rows only. The candidate with the fewest rule violations comes first (`voice_leading.check_rules`), and
among those the one with the highest score, which is the model's log probability minus the penalties plus the style's
logit bias and what is wished for at the step (`music.phrasing.closing.wishes`).

Taking the best of many each time would make the music lie still, because holding a note is nearly always the likeliest
single choice. So with `Style.randomness` 1 the order is that of a draw without replacement from the model's own
distribution as changed by penalties and bias:

    merit = score / temperature + randomness * (gumbel - log q) + randomness * log(copies)

where q is the probability with which the candidate was drawn, and `copies` counts how often it was (W. Kool, H. van
Hoof, M. Welling, "Stochastic beams and where to find them", ICML 2019). With `randomness` 0 the highest score wins. All
random numbers come from the generator that is passed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.inference.runtime.protocols import VoiceHeads
from bachbridge.inference.runtime.sampling import MIN_TEMPERATURE, sample_nucleus_rows
from bachbridge.inference.runtime.style import logit_bias
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Bools, Floats, Ints, pitch_index
from bachbridge.music.notes import VOICE_RANGES, VOICES
from bachbridge.music.phrasing.closing.live_wishes import LiveWish
from bachbridge.music.phrasing.closing.wishes import StepWish
from bachbridge.music.voice_leading import check_rules, forbidden_pitches
from bachbridge.protocol.style import Style

_RELEASED_NATS = 2.0
"""Nats against the player's note once he has let go of it: the network thinks that it is held."""
_FORBIDDEN_NATS = -20.0
"""Nats while drawing on pitches that the voices chosen so far forbid; not minus infinity: all may be forbidden."""
_CODE_BASE = PITCH_INDEX_COUNT + 1
_CODE_DIGITS = _CODE_BASE ** np.arange(len(VOICES), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class StepView:
    """A network's view of the next step, after the frames `previous`.

    Either one view serves all rows (`hidden[1, unit]`, `previous[voice]`), or each row has its own (`hidden[n, unit]`,
    `previous[n, voice]`). `previous` is None before the first step. The voices are chosen in `voice_order`.
    `sevenths`, in the shape of `previous`, are the voices that hold a seventh which has still to fall.
    """

    net: VoiceHeads
    voice_order: Sequence[int]
    hidden: Floats
    previous: Sequence[int] | Ints | None
    sevenths: Bools | None = None

    def heads(self, rows: np.ndarray, known: Ints) -> tuple[Floats, Floats]:
        """Pitch logits `[k, voice, pitch_index]` and onset logits `[k, voice]` of `known[k, voice]` in `rows[k]`."""
        return self.net.heads(self.hidden if len(self.hidden) == 1 else self.hidden[rows], known)

    def previous_frames(self, row_count: int) -> Ints | None:
        """Return the frames before the step, `previous[row, voice]`."""
        if self.previous is None:
            return None
        return np.broadcast_to(np.asarray(self.previous, np.int32), (row_count, len(VOICES)))


@dataclass(frozen=True, slots=True)
class RankedFrames:
    """For each of n rows, m frames, best first: `pitch_indices[n, m, voice]`, `onsets[n, m, voice]`.

    `log_p[n, m]` are the nats of the drawn voices under the model at temperature 1, `score[n, m]` the same minus
    penalties plus the style's bias and what is wished for, `violations[n, m]` the number of rule violations, and
    `wished[n, m]` the nats of the wishes alone. If there are fewer than m distinct candidates, the remaining places
    repeat some and have the score minus infinity.
    """

    pitch_indices: Ints
    onsets: Bools
    log_p: Floats
    score: Floats
    violations: Ints
    wished: Floats


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Candidates `known[row, voice]`, with nats `[row]`: the model's, the style's, and those of being drawn."""

    known: Ints
    log_p: Floats
    logit_bias: Floats
    log_q: Floats


def rank_frames(
    view: StepView,
    given: Ints,
    style: Style,
    rng: np.random.Generator,
    *,
    keep: int = 1,
    onsets: Bools | None = None,
    bias: Floats | None = None,
    wish: StepWish | LiveWish | None = None,
) -> RankedFrames:
    """Return the `keep` best frames for each row of `given[n, voice]` (-1: to be chosen).

    `onsets[n, voice]` tells which given voices have an onset, if that is known. `bias[n, voice, pitch_index]` is added
    to the style's bias, `wish` to the candidates' scores.
    """
    given = np.asarray(given, np.int32)
    rows, tries = len(given), max(style.candidates, keep, 1)
    previous = view.previous_frames(rows)
    source = np.repeat(np.arange(rows), tries)
    drawn = _draw_candidates(view, given, source, style, rng, bias)
    verdict = check_rules(None if previous is None else previous[source], drawn.known, style.rules, style.key)
    wished = np.zeros(len(source), np.float32)
    if wish is not None:
        sevenths = None if view.sevenths is None else np.broadcast_to(view.sevenths, given.shape)[source]
        wished = wish.nats(None if previous is None else previous[source], drawn.known, source, sevenths)
    score = drawn.log_p + drawn.logit_bias - verdict.penalty + wished

    same = _same_frames((drawn.known @ _CODE_DIGITS).reshape(rows, tries))
    is_first = ~np.tril(same, -1).any(axis=2)
    merit = score / max(style.temperature, MIN_TEMPERATURE) + style.randomness * (
        rng.gumbel(size=len(source)) - drawn.log_q
    )
    merit = merit.reshape(rows, tries) + style.randomness * np.log(same.sum(axis=2))
    violations = verdict.violations.reshape(rows, tries)
    best = np.lexsort((-merit, violations, ~is_first), axis=-1)[:, :keep]

    picked = best + tries * np.arange(rows)[:, None]
    pitch_indices = drawn.known[picked]
    score = np.where(np.take_along_axis(is_first, best, axis=1), score[picked], -np.inf).astype(np.float32)
    chosen_onsets = _choose_onsets(view, pitch_indices, style, rng, _has_given_onset(given, onsets))
    violations = verdict.violations[picked]
    return RankedFrames(pitch_indices, chosen_onsets, drawn.log_p[picked], score, violations, wished[picked])


def next_note_shares(view: StepView, given_voice: int, held: int) -> Floats:
    """Return the probability of each pitch index as the player's next note.

    `held` is a note that he has let go of; `REST`: none.
    """
    anything = np.full((1, len(VOICES)), UNKNOWN, np.int32)
    logits = view.heads(np.zeros(1, np.int64), anything)[0][0, given_voice].copy()
    logits[REST] = -np.inf
    logits[held] -= _RELEASED_NATS
    shares = np.exp(logits - logits.max())
    return np.asarray(shares / shares.sum(), np.float32)


def _same_frames(codes: np.ndarray) -> Bools:
    """Tell which candidates of a row are the same frame, `[row, candidate, candidate]`."""
    return codes[:, :, None] == codes[:, None, :]


# ---------------------------------------------------------------- drawing


def _draw_candidates(
    view: StepView,
    given: Ints,
    source: np.ndarray,
    style: Style,
    rng: np.random.Generator,
    row_bias: Floats | None,
) -> _Candidates:
    """Draw candidate `i` for the row `source[i]`, voice by voice along the chain."""
    known, previous = given[source], view.previous_frames(len(given))
    log_p, bias_nats, log_q = (np.zeros(len(source), np.float32) for _ in range(3))
    range_mask = _range_mask(style)
    for voice in view.voice_order:
        unknown = np.flatnonzero(known[:, voice] == UNKNOWN)
        if not len(unknown):
            continue
        code = _context_code(known[unknown], source[unknown])
        _, distinct, row_index = np.unique(code, return_index=True, return_inverse=True)
        known_rows, source_rows = known[unknown[distinct]], source[unknown[distinct]]
        previous_rows = None if previous is None else previous[source_rows]
        logits = view.heads(source_rows, known_rows)[0][:, voice]
        bias = logit_bias(style, voice, previous_rows, given[source_rows])
        bias += range_mask[voice]
        if row_bias is not None:
            bias += row_bias[source_rows, voice]
        forbidden = forbidden_pitches(previous_rows, known_rows, voice, style.rules)
        bias[(given[source_rows] > REST).any(axis=1), REST] = -np.inf
        uniforms = rng.random(len(source))[unknown]
        drawn, nats = sample_nucleus_rows(
            logits + bias + _FORBIDDEN_NATS * forbidden, style.temperature, style.top_p, row_index, uniforms
        )
        known[unknown, voice] = drawn
        log_p[unknown] += _log_softmax(logits)[row_index, drawn]
        bias_nats[unknown] += bias[row_index, drawn]
        log_q[unknown] += nats
    return _Candidates(known, log_p, bias_nats, log_q)


def _context_code(known: Ints, source: np.ndarray) -> np.ndarray:
    """Return a number that is different wherever a row's logits or bias may differ."""
    return (known + 1) @ _CODE_DIGITS + source * (_CODE_DIGITS[-1] * _CODE_BASE)


def _range_mask(style: Style) -> Floats:
    """`mask[voice, pitch_index]`: minus infinity outside a voice's range, if the rules include the ranges."""
    mask = np.zeros((len(VOICES), PITCH_INDEX_COUNT), np.float32)
    if "range" in style.rules:
        for voice, (low, high) in enumerate(VOICE_RANGES):
            mask[voice, REST + 1 : pitch_index(low)] = -np.inf
            mask[voice, pitch_index(high) + 1 :] = -np.inf
    return mask


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


# ---------------------------------------------------------------- onsets


def _has_given_onset(given: Ints, onsets: Bools | None) -> np.ndarray:
    """Tell which rows have an onset in a given voice, `[n, 1]`; all of them if the onsets are not known."""
    if onsets is None:
        return np.ones((len(given), 1), bool)
    return np.any(onsets & (given > REST), axis=1, keepdims=True)


def _choose_onsets(
    view: StepView, pitch_indices: Ints, style: Style, rng: np.random.Generator, has_given_onset: np.ndarray
) -> Bools:
    """Onsets of `pitch_indices[n, m, voice]`: every note that is new, and repeated ones as `Style.repeat` says."""
    rows, kept = len(pitch_indices), pitch_indices.shape[1]
    sounding = pitch_indices > REST
    previous = view.previous_frames(rows)
    if previous is None:
        return sounding
    has_moved = pitch_indices != previous[:, None]
    match style.repeat:
        case "hold":
            repeated = np.zeros(pitch_indices.shape, bool)
        case "strike":
            repeated = np.broadcast_to(has_given_onset[:, :, None], pitch_indices.shape)
        case "model":
            source = np.repeat(np.arange(rows), kept)
            _, onset_logits = view.heads(source, pitch_indices.reshape(rows * kept, len(VOICES)))
            probabilities = 1 / (1 + np.exp(-onset_logits.reshape(pitch_indices.shape)))
            repeated = rng.random(pitch_indices.shape) < probabilities
    return sounding & (has_moved | repeated)
