"""The beat of music on the infilling network's grid, inferred from the given cells where nobody says where it lies.

The network predicts better if it is told where in the beat each step lies. The given cells tell: voices move on beats,
less often on the 8ths between them, and hardly ever on the second and fourth 16th. Two given cells of a voice with no
given one between them show whether it has moved there. For each phase that the first step may have, `_CHANGE_SHARES`
says how likely that is, as if all steps and voices were independent. Since voices move together, what they show counts
by `_EVIDENCE_SHARE` only. A piece most likely begins on a beat; other windows begin anywhere.
The beat stays unknown unless one phase has a probability of `_MIN_PROBABILITIES`.

`scripts/figures/beat_figures.py` computes the shares, and how often the beat is found and is the right one.
"""

from functools import lru_cache

import numpy as np

from bachbridge.codecs.infill_grid import EIGHTHS, MASKED, SIXTEENTHS, phase_values, steps_per_cell
from bachbridge.music.frames import Floats, Ints
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES

_CHANGE_SHARES = np.array(
    [
        [0.697, 0.616, 0.654, 0.839],
        [0.002, 0.002, 0.003, 0.002],
        [0.089, 0.221, 0.236, 0.270],
        [0.007, 0.018, 0.022, 0.003],
    ],
    np.float32,
)
"""`[phase, voice]`: at which share of the steps of the training chorales the voice leaves its pitch; at least 0.002."""
_EVIDENCE_SHARE = 0.5
_MIN_PROBABILITIES = {SIXTEENTHS: 0.6, EIGHTHS: 0.9}
"""At 8ths a beat that is known gains less, and a wrong one costs more."""
_PIECES_ON_BEAT = 0.99
"""Share of pieces that begin on a beat; 247 of the 248 training chorales do."""
_MAX_GAP = 3
"""Two given cells further apart, in steps, show nothing."""
_PHASE_FIELD, _GRID_FIELD = 0, 3


def with_inferred_beat(seen: Ints, place: Ints, *, whole_pieces: bool = False) -> Ints:
    """Return `place[b, t, field]` with the beats of windows whose beats are unknown, as far as `seen` tells them.

    `seen[b, t, voice]` are the values of cells in the keys of the music (see `infill_grid`). `whole_pieces`: the
    windows begin where their pieces begin, most likely on a beat.
    """
    unknown = ~place[..., _PHASE_FIELD].any(axis=1)
    if not unknown.any():
        return place
    told = place.copy()
    for grid, min_probability in _MIN_PROBABILITIES.items():
        rows = np.flatnonzero(unknown & (place[:, 0, _GRID_FIELD] == grid))
        if not len(rows):
            continue
        phase_count = STEPS_PER_BEAT // steps_per_cell(grid)
        probabilities = _phase_probabilities(seen[rows], _prior(phase_count, whole_pieces=whole_pieces))
        sure = probabilities.max(axis=1) >= min_probability
        first_phase = steps_per_cell(grid) * probabilities.argmax(axis=1).astype(np.int32)
        told[rows[sure], :, _PHASE_FIELD] = phase_values(first_phase[sure], seen.shape[1], grid)
    return told


def _prior(phase_count: int, *, whole_pieces: bool) -> Floats:
    """Return the probabilities `[phase]` of the phases of the first step before a note is known."""
    if not whole_pieces:
        return np.full(phase_count, 1 / phase_count, np.float32)
    prior = np.full(phase_count, (1 - _PIECES_ON_BEAT) / (phase_count - 1), np.float32)
    prior[0] = _PIECES_ON_BEAT
    return prior


def _phase_probabilities(seen: Ints, prior: Floats) -> Floats:
    """Return the probability `[b, phase]` of each phase of the first step of `seen[b, t, voice]`."""
    given, phase_count = seen < MASKED, len(prior)
    nats = np.zeros((len(seen), phase_count), np.float32)
    between = np.zeros_like(given[:, 1:])
    for gap in range(1, min(_MAX_GAP, seen.shape[1] - 1) + 1):
        compared = given[:, gap:] & given[:, :-gap] & ~between
        moved = compared & (seen[:, gap:] != seen[:, :-gap])
        for residue in range(phase_count):
            steps = slice((residue - gap) % phase_count, None, phase_count)
            moves = moved[:, steps].sum(axis=1)
            stays_nats, moves_nats = _gap_nats(phase_count, gap)[:, residue]
            nats += moves @ moves_nats.T + (compared[:, steps].sum(axis=1) - moves) @ stays_nats.T
        between = between[:, :-1] | given[:, gap:-1]
    likelihoods = prior * np.exp(_EVIDENCE_SHARE * (nats - nats.max(axis=1, keepdims=True)))
    return likelihoods / likelihoods.sum(axis=1, keepdims=True)


@lru_cache(maxsize=8)
def _gap_nats(phase_count: int, gap: int) -> Floats:
    """Return `nats[(stays, moves), residue, phase, voice]` of two cells of a voice that are `gap` steps apart.

    `residue` is the second one's step modulo the beat, and `phase` is that of the first step of the window.
    """
    shares = _CHANGE_SHARES[:: STEPS_PER_BEAT // phase_count]
    nats = np.empty((2, phase_count, phase_count, len(VOICES)), np.float32)
    for residue, phase in np.ndindex(phase_count, phase_count):
        passed = (residue + phase - np.arange(gap)) % phase_count
        stays = np.prod(1 - shares[passed], axis=0)
        nats[:, residue, phase] = np.log(stays), np.log(1 - stays)
    return nats
