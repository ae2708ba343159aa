"""Scores of a network that fills cells in any order: frame-wise negative log-likelihoods, and the masked cells' own.

Frame-wise, after C.-Z. A. Huang et al., "Counterpoint by Convolution", ISMIR 2017: for each of several random orders
of a piece's frames, a frame is scored with all frames before it in the order known (the true ones) and all others
masked. Inside the frame the voices come in random order: the score is the log-probability of the true class, and what
is filled in for the voices to come is the network's own likeliest class. The orders' scores of a frame are averaged as
probabilities. That is no likelihood of the piece: the best-informed of a frame's orders outweighs the others, so it
must never be compared with nats a frame of a network that walks from left to right.

The network looks at `SEEN` steps around a frame: music as long as whole pieces it was never trained on, and does worse.

The frames of an order do not depend on one another, since those visited hold the true classes; so many of them are
scored at once, each on its own copy of the music around it, and only a frame's four voices follow one another.

The masked cells' own score is what such networks are trained on: in a window of four bars a number of cells, drawn
uniformly, is erased, and each is scored given the others. Averaged window by window it is the expected surprise at a
cell when all come one after another in random order (B. Uria, I. Murray and H. Larochelle, ICML 2014).

Attacks are never told: whether a cell is held would give away its masked neighbour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bachbridge.codecs import infill_grid
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
"""Steps of four bars of 4/4 at 16ths."""
CONTEXT_STEPS = 128
"""Steps around a frame that the network is shown."""
_WINDOWS_PER_PIECE = 32
"""Windows of each piece."""
_STEPS_PER_CALL = 2048
"""Steps of all copies together in one pass, a size at which onnxruntime is quick on one core."""


class ScoredInfillNet(Protocol):
    """What is scored (see `bachbridge.inference.runtime.onnx_nets`)."""

    def predict(self, seen: Any, attacks: Any, place: Any, wanted: Any = None) -> tuple[Any, Any]:
        """`seen[b, t, voice]`, `attacks[b, t, voice]`, `place[b, t, field]` → pitch logits over classes, strikes.

        Nobody reads the logits of steps that are not `wanted[b, t]`; by default those with open cells are.
        """
        ...


@dataclass(frozen=True, slots=True)
class NllSettings:
    """How pieces are scored: the `grid` (8ths: every second frame), what is `told` of places, and the chance.

    "count" tells a frame's number in the piece modulo a beat, which a network that sees where the piece begins could
    find out by itself; "bars" tells the bar lines.
    `at_once`: how many steps of copies go into a pass, which changes nothing but the time; more on a graphics card.
    """

    grid: int = infill_grid.SIXTEENTHS
    place_info: PlaceInfo = "nothing"
    seed: int = SEED
    orders: int = ORDERS
    steps_per_call: int = _STEPS_PER_CALL


@dataclass(frozen=True, slots=True)
class InfillNll:
    """Of one piece: frame-wise `frames[step]` in nats; and of each masked cell its `nats`, its `window`, whether the
    likeliest class was the `right` one and whether the voice `moves` there (in the first step, always).
    """

    name: str
    frames: Doubles
    nats: Doubles
    window: Ints
    correct: Bools
    moves: Bools


@dataclass(frozen=True, slots=True)
class GridMusic:
    """A piece on its grid: `classes[step, voice]` and `place[step, field]`."""

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
    """Both scores of one piece."""
    return InfillNll(piece.name, framewise_nll(net, piece, settings), *_masked_nll(net, piece, settings))


def framewise_nll(net: ScoredInfillNet, piece: FourPartPiece, settings: NllSettings = NllSettings()) -> Doubles:
    """Frame-wise nats, `nats[step]`."""
    music = GridMusic.from_piece(piece, settings)
    steps = len(music.pitch_indices)
    rng = _piece_rng(piece, settings, 0)
    orders = np.array([rng.permutation(steps) for _ in range(settings.orders)])
    turns = rng.permuted(np.tile(np.arange(len(VOICES)), (settings.orders * steps, 1)), axis=1)
    hidden = np.repeat(np.argsort(orders, axis=1), steps, axis=0)  # each frame's rank, on a copy for every frame
    hidden = hidden >= hidden[np.arange(len(hidden)), np.tile(np.arange(steps), settings.orders)][:, None]
    frames = np.tile(np.arange(steps, dtype=np.int32), settings.orders)
    found = np.empty(len(frames))
    for copies in _copy_slices(len(frames), min(CONTEXT_STEPS, steps), settings.steps_per_call):
        found[copies] = _frame_log_probabilities(net, music, frames[copies], hidden[copies], turns[copies])
    return np.log(settings.orders) - np.logaddexp.reduce(found.reshape(settings.orders, steps), axis=0)


def _frame_log_probabilities(
    net: ScoredInfillNet, music: GridMusic, frames: Ints, hidden: Bools, voice_orders: Ints
) -> Doubles:
    """Log-probabilities of `frames[copy]` with the frames `hidden[copy, step]`, voices as in `turns[copy, :]`."""
    rows, steps = np.arange(len(frames)), hidden.shape[1]
    length = min(CONTEXT_STEPS, steps)
    begin = np.clip(frames - length // 2, 0, steps - length)
    shown, at = begin[:, None] + np.arange(length), frames - begin
    seen = infill_grid.mask_cells(music.pitch_indices[shown], hidden[rows[:, None], shown][..., None])
    place, wanted = music.place[shown], at[:, None] == np.arange(length)
    found = np.zeros(len(frames))
    for voices in voice_orders.T:
        logs = _log_probabilities(_logits(net, seen, place, wanted)[rows, at, voices])
        found += logs[rows, music.pitch_indices[frames, voices]]
        seen[rows, at, voices] = logs.argmax(axis=-1)
    return found


def _masked_nll(
    net: ScoredInfillNet, piece: FourPartPiece, settings: NllSettings
) -> tuple[Doubles, Ints, Bools, Bools]:
    """The masked cells of random windows of a piece (the fields of `Score`)."""
    music, rng = GridMusic.from_piece(piece, settings), _piece_rng(piece, settings, 1)
    moves = np.ones(music.pitch_indices.shape, bool)
    moves[1:] = music.pitch_indices[1:] != music.pitch_indices[:-1]
    length = min(WINDOW_STEPS // infill_grid.steps_per_cell(settings.grid), len(music.pitch_indices))
    first = rng.integers(len(music.pitch_indices) - length + 1, size=_WINDOWS_PER_PIECE)
    steps = first[:, None] + np.arange(length)
    classes, open_ = (
        music.pitch_indices[steps],
        draw_masks(rng, _WINDOWS_PER_PIECE, np.ones((length, len(VOICES)), bool)),
    )
    nats, right = nats_and_correct(
        _logits(net, infill_grid.mask_cells(classes, open_), music.place[steps]).astype(np.float64), classes
    )
    window = np.nonzero(open_)[0].astype(np.int32)
    return nats[open_], window, right[open_], moves[steps][open_]


def draw_masks(rng: np.random.Generator, count: int, maskable: Bools) -> Bools:
    """`mask[n, step, voice]` over the cells `among[step, voice]`, as in training: how many is uniform from 1."""
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
    """The expected nats of a cell of `among[step, voice]` when they come in random order, given all others."""
    nats: list[float] = []
    drawn = draw_masks(rng, mask_count, maskable)
    for rows in _copy_slices(mask_count, len(pitch_indices), _STEPS_PER_CALL):
        open_ = drawn[rows]
        truth = np.broadcast_to(pitch_indices, open_.shape)
        cells, _ = nats_and_correct(_logits(net, infill_grid.mask_cells(truth, open_), place).astype(np.float64), truth)
        nats += ((cells * open_).sum(axis=(1, 2)) / open_.sum(axis=(1, 2))).tolist()
    return float(np.mean(nats))


def _logits(net: ScoredInfillNet, seen: Ints, place: Ints, wanted: Bools | None = None) -> Floats:
    """Logits `[copy, step, voice, class]`; `place` may be the same for all copies."""
    place = np.ascontiguousarray(np.broadcast_to(place, (*seen.shape[:2], infill_grid.PLACE_FIELD_COUNT)))
    return net.predict(seen, np.full_like(seen, infill_grid.ATTACK_UNKNOWN), place, wanted)[0]


def _log_probabilities(logits: Floats) -> Doubles:
    """Log-probabilities."""
    exact = logits.astype(np.float64)
    return exact - np.logaddexp.reduce(exact, axis=-1, keepdims=True)


def _copy_slices(count: int, steps: int, steps_per_call: int) -> list[slice]:
    """Copies of a piece of so many steps, as many at once as are quick."""
    size = max(1, steps_per_call // steps)
    return [slice(begin, begin + size) for begin in range(0, count, size)]


def _piece_rng(piece: FourPartPiece, settings: NllSettings, purpose: int) -> np.random.Generator:
    """A piece's own chance, whichever other pieces are scored."""
    return np.random.default_rng([settings.seed, crc32(piece.name.encode()), settings.grid, purpose])


# ---------------------------------------------------------------- summaries


def summary(scores: Sequence[InfillNll], grid: int = infill_grid.SIXTEENTHS) -> dict[str, float | None]:
    """The scores of pieces on one grid; errors are standard errors over the pieces."""
    mark = "_8th" if grid == infill_grid.EIGHTHS else ""
    frames = [float(its.frames.mean()) for its in scores]
    nats, right, moves = (
        np.concatenate([getattr(its, name) for its in scores]) for name in ("nats", "correct", "moves")
    )
    return {
        f"framewise_nll{mark}": float(np.mean(frames)),
        f"framewise_nll{mark}_se": standard_error(frames),
        f"masked_nll{mark}": float(nats.mean()),
        f"masked_nll{mark}_by_window": float(np.mean(np.concatenate([_by_window(its) for its in scores]))),
        f"accuracy{mark}": float(right.mean()),
        f"accuracy{mark}_moving": float(right[moves].mean()) if moves.any() else None,
    }


def standard_error(values: Sequence[float]) -> float | None:
    """Of the mean; None of a single value."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def _by_window(its: InfillNll) -> Doubles:
    return np.bincount(its.window, its.nats) / np.bincount(its.window)
