"""Scores of a network that fills cells in any order: frame-wise negative log-likelihoods, and those of masked cells.

*Frame-wise*, after C.-Z. A. Huang et al., "Counterpoint by Convolution", ISMIR 2017: several random orders of a piece's
frames are drawn. In each order a frame is scored with the frames before it known (the true ones) and all others masked.
Inside the frame the voices come in random order: the score is the log-probability of the true pitch index, and the
network's own likeliest one is filled in for the voices that follow. The scores of a frame in all orders are averaged as
probabilities. This is no likelihood of the piece: the best-informed of a frame's orders outweighs the others, so never
compare it with the nats per frame of a network that goes from left to right.

The network sees `CONTEXT_STEPS` steps around a frame. It was never trained on music as long as whole pieces, and does
worse on it. Windows as short as coconet's training had (96 steps) take a quarter less time, but a frame then costs as
much or a little more: 0.001 ± 0.002 nats on 12 pieces of valid at 16ths, 0.001 ± 0.006 at 8ths, and with a single
order 0.09 and 0.05. Windows of 64 steps cost 0.011 and 0.014.

The frames of an order do not depend on one another, since visited frames hold the true pitch indices. So many of them
are scored at once, each on its own copy of the music around it; only a frame's four voices follow one another.

*Masked cells* are what such networks are trained on: in a window of four bars a number of cells, drawn uniformly, is
masked, and each is scored given the others. Averaged by window, this is the expected loss of a cell when all cells come
one after another in random order (B. Uria, I. Murray and H. Larochelle, ICML 2014).

Attacks are never given: a held cell would reveal its masked neighbour. Where the beat is not given, it is inferred from
the cells that are known at that moment (`codecs.infill_beat`): for a frame from the whole piece, and not from the
`CONTEXT_STEPS` alone.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bachbridge.codecs import infill_beat, infill_grid
from bachbridge.music.frames import Bools, Floats, Ints
from bachbridge.music.notes import VOICES
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation.loss import nats_and_correct

Doubles = NDArray[np.float64]
PlaceInfo = Literal["nothing", "count", "bars"]

SEED = 1
ORDERS = 5
WINDOW_STEPS = 64
"""Steps of a window: four bars of 4/4 at 16ths."""
CONTEXT_STEPS = 128
"""Steps around a frame that the network sees."""
_WINDOWS_PER_PIECE = 32
"""Windows of masked cells per piece."""
_STEPS_PER_CALL = 1024
"""Steps of all copies together in one call, a size at which onnxruntime is quick on one core."""


class ScoredInfillNet(Protocol):
    """A network that is scored (see `bachbridge.inference.runtime.onnx_nets`)."""

    def predict(self, seen: Any, attacks: Any, place: Any, wanted: Any = None) -> tuple[Any, Any]:
        """Return pitch logits and onset logits for `seen`, `attacks` `[b, t, voice]` and `place[b, t, field]`.

        The logits are used only at the steps `wanted[b, t]`, by default those with masked cells.
        """
        ...


@dataclass(frozen=True, slots=True)
class NllSettings:
    """The settings of a score: the grid (8ths: every second frame), the place features given, and the random draws.

    `place_info`: "count" gives a frame's number in the piece modulo a beat, which a network that sees where the piece
    begins could find out by itself; "bars" gives the bar lines. `orders`: random orders per piece. `steps_per_call`:
    steps of all copies in one call, which changes nothing but the time; on a GPU it can be larger.
    """

    grid: int = infill_grid.SIXTEENTHS
    place_info: PlaceInfo = "nothing"
    seed: int = SEED
    orders: int = ORDERS
    steps_per_call: int = _STEPS_PER_CALL


@dataclass(frozen=True, slots=True)
class InfillNll:
    """The losses of one piece: frame-wise `frames[step]` in nats, and four arrays `[cell]` of the masked cells.

    These are the cell's `nats`, its `window`, `correct` (the likeliest pitch index was the true one) and `moves` (the
    voice moves there; always true in the first step).
    """

    name: str
    frames: Doubles
    nats: Doubles
    window: Ints
    correct: Bools
    moves: Bools


@dataclass(frozen=True, slots=True)
class GridMusic:
    """A piece on its grid: `pitch_indices[step, voice]` and `place[step, field]`."""

    pitch_indices: Ints
    place: Ints

    @classmethod
    def from_piece(cls, piece: FourPartPiece, settings: NllSettings) -> "GridMusic":
        part = slice(None, None, infill_grid.steps_per_cell(settings.grid))
        position = piece.position[part].astype(np.int32) if settings.place_info == "bars" else None
        bar, phase = piece.bar[part].astype(np.int32), 0 if settings.place_info == "count" else None
        return cls(
            four_part_windows.pitch_indices_of(piece.pitches[part]),
            infill_grid.place_features(position, bar, phase=phase, grid=settings.grid),
        )


def piece_nll(net: ScoredInfillNet, piece: FourPartPiece, settings: NllSettings = NllSettings()) -> InfillNll:
    """Score one piece frame by frame and by masked cells."""
    return InfillNll(piece.name, framewise_nll(net, piece, settings), *_masked_nll(net, piece, settings))


def framewise_nll(net: ScoredInfillNet, piece: FourPartPiece, settings: NllSettings = NllSettings()) -> Doubles:
    """Return the frame-wise nats `[step]` of one piece."""
    music = GridMusic.from_piece(piece, settings)
    steps = len(music.pitch_indices)
    rng = _piece_rng(piece, settings, 0)
    orders = np.array([rng.permutation(steps) for _ in range(settings.orders)])
    voice_orders = rng.permuted(np.tile(np.arange(len(VOICES)), (settings.orders * steps, 1)), axis=1)
    hidden = np.repeat(np.argsort(orders, axis=1), steps, axis=0)  # rank of each frame, on a copy per frame
    hidden = hidden >= hidden[np.arange(len(hidden)), np.tile(np.arange(steps), settings.orders)][:, None]
    frames = np.tile(np.arange(steps, dtype=np.int32), settings.orders)
    logs = np.empty(len(frames))
    for copies in _copy_slices(len(frames), min(CONTEXT_STEPS, steps), settings.steps_per_call):
        logs[copies] = _frame_log_probabilities(net, music, frames[copies], hidden[copies], voice_orders[copies])
    return np.log(settings.orders) - np.logaddexp.reduce(logs.reshape(settings.orders, steps), axis=0)


def _frame_log_probabilities(
    net: ScoredInfillNet, music: GridMusic, frames: Ints, hidden: Bools, voice_orders: Ints
) -> Doubles:
    """Return the log-probabilities of `frames[copy]` with `hidden[copy, step]` masked.

    `voice_orders[copy, :]` are the voices in the order in which they are filled in.
    """
    rows, steps = np.arange(len(frames)), hidden.shape[1]
    length = min(CONTEXT_STEPS, steps)
    begin = np.clip(frames - length // 2, 0, steps - length)
    shown, at = begin[:, None] + np.arange(length), frames - begin
    whole = infill_grid.mask_cells(music.pitch_indices, hidden[..., None])
    given_place = np.broadcast_to(music.place, (len(frames), *music.place.shape))
    places = infill_beat.with_inferred_beat(whole, given_place, whole_pieces=True)
    seen, place = whole[rows[:, None], shown], places[rows[:, None], shown]
    wanted = at[:, None] == np.arange(length)
    total = np.zeros(len(frames))
    for voices in voice_orders.T:
        logs = _log_probabilities(_logits(net, seen, place, wanted)[rows, at, voices])
        total += logs[rows, music.pitch_indices[frames, voices]]
        seen[rows, at, voices] = logs.argmax(axis=-1)
    return total


def _masked_nll(
    net: ScoredInfillNet, piece: FourPartPiece, settings: NllSettings
) -> tuple[Doubles, Ints, Bools, Bools]:
    """Score the masked cells of random windows of a piece; return the last four fields of `InfillNll`."""
    music, rng = GridMusic.from_piece(piece, settings), _piece_rng(piece, settings, 1)
    moves = np.ones(music.pitch_indices.shape, bool)
    moves[1:] = music.pitch_indices[1:] != music.pitch_indices[:-1]
    length = min(WINDOW_STEPS // infill_grid.steps_per_cell(settings.grid), len(music.pitch_indices))
    first = rng.integers(len(music.pitch_indices) - length + 1, size=_WINDOWS_PER_PIECE)
    steps = first[:, None] + np.arange(length)
    target = music.pitch_indices[steps]
    masked = draw_masks(rng, _WINDOWS_PER_PIECE, np.ones((length, len(VOICES)), bool))
    logits = _logits(net, infill_grid.mask_cells(target, masked), music.place[steps])
    nats, correct = nats_and_correct(logits.astype(np.float64), target)
    window = np.nonzero(masked)[0].astype(np.int32)
    return nats[masked], window, correct[masked], moves[steps][masked]


def draw_masks(rng: np.random.Generator, count: int, maskable: Bools) -> Bools:
    """Draw `mask[n, step, voice]` of cells of `maskable[step, voice]`; how many is uniform from 1, as in training."""
    cells = int(maskable.sum())
    ranks = rng.permuted(np.tile(np.arange(cells), (count, 1)), axis=1)
    mask = np.zeros((count, *maskable.shape), bool)
    mask[:, maskable] = ranks < rng.integers(1, cells + 1, size=(count, 1))
    return mask


def expected_nll(
    net: ScoredInfillNet,
    pitch_indices: Ints,
    place: Ints,
    maskable: Bools,
    rng: np.random.Generator,
    mask_count: int = _WINDOWS_PER_PIECE,
) -> float:
    """Return the expected nats of a cell of `maskable[step, voice]` if these are filled in random order."""
    nats: list[float] = []
    masks = draw_masks(rng, mask_count, maskable)
    for rows in _copy_slices(mask_count, len(pitch_indices), _STEPS_PER_CALL):
        masked = masks[rows]
        target = np.broadcast_to(pitch_indices, masked.shape)
        logits = _logits(net, infill_grid.mask_cells(target, masked), place)
        cells, _ = nats_and_correct(logits.astype(np.float64), target)
        nats += ((cells * masked).sum(axis=(1, 2)) / masked.sum(axis=(1, 2))).tolist()
    return float(np.mean(nats))


def _logits(net: ScoredInfillNet, seen: Ints, place: Ints, wanted: Bools | None = None) -> Floats:
    """Return logits `[copy, step, voice, index]`; `place` may be without the axis of copies."""
    place = np.ascontiguousarray(np.broadcast_to(place, (*seen.shape[:2], infill_grid.PLACE_FIELD_COUNT)))
    return net.predict(seen, np.full_like(seen, infill_grid.ATTACK_UNKNOWN), place, wanted)[0]


def _log_probabilities(logits: Floats) -> Doubles:
    exact = logits.astype(np.float64)
    return exact - np.logaddexp.reduce(exact, axis=-1, keepdims=True)


def _copy_slices(count: int, steps: int, steps_per_call: int) -> list[slice]:
    """Divide `count` copies of `steps` steps each among calls of about `steps_per_call` steps."""
    size = max(1, steps_per_call // steps)
    return [slice(begin, begin + size) for begin in range(0, count, size)]


def _piece_rng(piece: FourPartPiece, settings: NllSettings, purpose: int) -> np.random.Generator:
    """Return a generator that depends on the piece, whichever other pieces are scored."""
    return np.random.default_rng([settings.seed, crc32(os.fsencode(piece.name)), settings.grid, purpose])


# ---------------------------------------------------------------- summaries


def summary(scores: Sequence[InfillNll], grid: int = infill_grid.SIXTEENTHS) -> dict[str, float | None]:
    """Return the mean scores of pieces on one grid; errors are standard errors over the pieces."""
    mark = "_8th" if grid == infill_grid.EIGHTHS else ""
    frames = [float(score.frames.mean()) for score in scores]
    nats = np.concatenate([score.nats for score in scores])
    correct = np.concatenate([score.correct for score in scores])
    moves = np.concatenate([score.moves for score in scores])
    return {
        f"framewise_nll{mark}": float(np.mean(frames)),
        f"framewise_nll{mark}_se": standard_error(frames),
        f"masked_nll{mark}": float(nats.mean()),
        f"masked_nll{mark}_by_window": float(np.mean(np.concatenate([_by_window(score) for score in scores]))),
        f"accuracy{mark}": float(correct.mean()),
        f"accuracy{mark}_moving": float(correct[moves].mean()) if moves.any() else None,
    }


def standard_error(values: Sequence[float]) -> float | None:
    """Return the standard error of the mean; None for a single value."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def _by_window(score: InfillNll) -> Doubles:
    return np.bincount(score.window, score.nats) / np.bincount(score.window)
