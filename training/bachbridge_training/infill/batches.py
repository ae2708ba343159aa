"""Windows of chorales with cells left open, for the infilling network.

Which cells are open is drawn in one of several ways, and the loss is the mean over the open cells, so that every
number of unknowns counts the same (the orderless training of B. Uria, I. Murray, H. Larochelle, "A deep and tractable
density estimator", ICML 2014):

- *cells*: any number of cells anywhere;
- *frames*: any number of whole steps, more often few than many, some of their voices given after all;
- *voices*: one to three voices throughout, some of their cells given;
- *span*: all voices of a stretch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs import infill_grid
from bachbridge.music.frames import REST
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.four_part_windows import PiecePool, pitch_indices_of
from bachbridge_training.recipe import InfillRecipe

_FEW_STEPS_EXPONENT = 1.5
"""Exponent by which few open steps are more frequent than many."""
_PARTLY_GIVEN_SHARE = 0.5
"""Share of the open steps with some voice given after all."""
_ONSET_LOSS_WEIGHT = 0.25
"""Weight of the strikes' loss."""
_VOICE_COUNT = len(VOICES)

MaskDraw = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True, slots=True)
class InfillBatch:
    """What the trainer takes, all `[b, t, ...]`: the network's inputs, then what is to be found and how it counts."""

    seen: np.ndarray
    attacks: np.ndarray
    place: np.ndarray
    pitch_indices: np.ndarray
    weight: np.ndarray
    onsets: np.ndarray
    onset_weight: np.ndarray
    tuning_error: np.ndarray | None = None
    """By how many semitones each window's key is mistaken, `[b]`; None: by none."""

    @property
    def tuning_shift(self) -> np.ndarray:
        """By how many semitones the network sees each window moved, `[b]`."""
        by = infill_grid.key_shifts(self.seen)
        return by if self.tuning_error is None else infill_grid.nearest_shift(by + self.tuning_error)

    @property
    def model_inputs(self) -> list[np.ndarray]:
        """Of the whole network (`infilling.Parts`)."""
        return infill_grid.network_inputs(self.seen, self.attacks, self.place, self.tuning_shift)

    @property
    def target(self) -> np.ndarray:
        """The classes, among the network's."""
        return infill_grid.transpose_cells(self.pitch_indices, self.tuning_shift)

    @property
    def trainer_inputs(self) -> list[np.ndarray]:
        """Of the trainer."""
        by = self.tuning_shift
        moved = (
            *infill_grid.network_inputs(self.seen, self.attacks, self.place, by),
            infill_grid.transpose_cells(self.pitch_indices, by),
        )
        return [*moved, self.weight, self.onsets, self.onset_weight]


def draw_cell_mask(rng: np.random.Generator, steps: int) -> np.ndarray:
    """`open[step, voice]`: any number of cells."""
    mask = np.zeros(steps * _VOICE_COUNT, bool)
    mask[rng.permutation(len(mask))[: rng.integers(1, len(mask) + 1)]] = True
    return mask.reshape(steps, _VOICE_COUNT)


def draw_frame_mask(rng: np.random.Generator, steps: int) -> np.ndarray:
    """`open[step, voice]`: whole steps, some of them with one to three voices given."""
    mask = np.zeros((steps, _VOICE_COUNT), bool)
    chosen = rng.permutation(steps)[: 1 + int((steps - 1) * rng.random() ** _FEW_STEPS_EXPONENT)]
    mask[chosen] = True
    for step in chosen[rng.random(len(chosen)) < _PARTLY_GIVEN_SHARE]:
        mask[step, rng.permutation(_VOICE_COUNT)[: rng.integers(1, _VOICE_COUNT)]] = False
    return mask


def draw_voice_mask(rng: np.random.Generator, steps: int) -> np.ndarray:
    """`open[step, voice]`: one to three voices, of which single cells or whole steps are given."""
    mask = np.zeros((steps, _VOICE_COUNT), bool)
    chosen = rng.permutation(_VOICE_COUNT)[: rng.integers(1, _VOICE_COUNT)]
    mask[:, chosen] = True
    given = rng.random((steps, 1) if rng.random() < 0.5 else mask.shape) < 0.9 * rng.random()
    mask &= ~given
    mask[rng.integers(steps), chosen] = True
    return mask


def draw_span_mask(rng: np.random.Generator, steps: int) -> np.ndarray:
    """`open[step, voice]`: a stretch in all voices."""
    mask = np.zeros((steps, _VOICE_COUNT), bool)
    begin = int(rng.integers(steps))
    mask[begin : begin + 1 + int(rng.integers(steps))] = True
    return mask


MASK_DRAWS: tuple[tuple[MaskDraw, float], ...] = (
    (draw_cell_mask, 0.25),
    (draw_frame_mask, 0.45),
    (draw_voice_mask, 0.2),
    (draw_span_mask, 0.1),
)
"""The ways of leaving cells open and how often each is taken."""


class InfillBatches:
    """Random windows of the training pieces; batch `n` depends on the seed and `n` alone."""

    def __init__(self, pieces: Sequence[FourPartPiece], recipe: InfillRecipe) -> None:
        self._pool, self._recipe = PiecePool(pieces), recipe

    def batch(self, number: int) -> InfillBatch:
        rng, size = np.random.default_rng([self._recipe.seed, number]), self._recipe.batch
        batch = stack_windows([self._draw_window(rng) for _ in range(size)], self._recipe.window)
        wrong = rng.random(size) < self._recipe.mistuned
        return replace(batch, tuning_error=np.where(wrong, rng.integers(12, size=size), 0))

    def _draw_window(self, rng: np.random.Generator) -> InfillBatch:
        recipe = self._recipe
        piece, shifts = self._pool.draw(rng)
        grid = infill_grid.EIGHTHS if rng.random() < recipe.eighths else infill_grid.SIXTEENTHS
        steps = slice(int(rng.integers(2)), None, 2) if grid == infill_grid.EIGHTHS else slice(None)
        part = _draw_steps(rng, piece, steps, recipe.window)
        way = MASK_DRAWS[int(rng.choice(len(MASK_DRAWS), p=[share for _, share in MASK_DRAWS]))][0]
        shift = int(rng.choice(shifts))
        place = _window_places(
            piece, part, grid, bar_lines_given=rng.random() >= recipe.unknown, beat_given=rng.random() < 0.5
        )
        attacks = (rng.random(_VOICE_COUNT) < 0.5) & (rng.random() >= recipe.unknown)
        return mask_window(piece, part, way(rng, len(part)), shift=shift, place=place, onsets_given=attacks, grid=grid)


def _draw_steps(rng: np.random.Generator, piece: FourPartPiece, steps: slice, window: int) -> np.ndarray:
    """Indices of a window's steps: often the piece's beginning or its end."""
    index = np.arange(len(piece.pitches))[steps]
    last = max(0, len(index) - window)
    begin = int(np.clip(rng.integers(-window // 3, last + window // 4 + 1), 0, last))
    return index[begin : begin + window]


def _window_places(
    piece: FourPartPiece, part: np.ndarray, grid: int, *, bar_lines_given: bool, beat_given: bool
) -> np.ndarray:
    """`canvas.places` of the steps; where the bar lines are not `told`, the beat may be."""
    phase = int(piece.position[part[0]]) % STEPS_PER_BEAT if beat_given else None
    return infill_grid.place_features(
        piece.position[part] if bar_lines_given else None, piece.bar[part], phase=phase, grid=grid
    )


def mask_window(
    piece: FourPartPiece,
    part: np.ndarray,
    mask: np.ndarray,
    *,
    shift: int = 0,
    place: np.ndarray,
    onsets_given: np.ndarray | None = None,
    grid: int = infill_grid.SIXTEENTHS,
) -> InfillBatch:
    """Steps `part` of a piece with the cells of `mask[step, voice]` open (no batch axis).

    `place` of the steps is as `canvas.places` gives it; `attacks[voice]`: whose attacks are told.
    """
    classes = pitch_indices_of(piece.pitches[part], shift)
    heard = np.zeros(_VOICE_COUNT, bool) if onsets_given is None else onsets_given
    known = ~mask & heard
    kept = np.zeros(classes.shape, bool)
    kept[1:] = (classes[1:] == classes[:-1]) & (classes[1:] > REST) & ~known[1:]
    struck = piece.onsets[part]
    if grid == infill_grid.EIGHTHS and len(part) > 1:
        between = np.minimum(part + 1, len(piece.onsets) - 1)
        struck = struck | (piece.onsets[between] & (piece.pitches[between] == piece.pitches[part]))
    return InfillBatch(
        infill_grid.mask_cells(classes, mask),
        infill_grid.attack_values(struck, known),
        place,
        classes,
        (mask * (_VOICE_COUNT / mask.sum())).astype(np.float32),
        struck.astype(np.float32),
        (kept * (_ONSET_LOSS_WEIGHT * _VOICE_COUNT / max(1, kept.sum()))).astype(np.float32),
    )


def stack_windows(items: Sequence[InfillBatch], steps: int) -> InfillBatch:
    """Pad single windows to `steps` and stack them."""

    def pad(name: str, value: int = 0) -> np.ndarray:
        rows = [getattr(item, name) for item in items]
        return np.stack(
            [np.pad(row, [(0, steps - len(row)), (0, 0)], constant_values=value).astype(row.dtype) for row in rows]
        )

    return InfillBatch(
        pad("seen", infill_grid.OUTSIDE),
        *(pad(name) for name in ("attacks", "place", "pitch_indices", "weight", "onsets", "onset_weight")),
    )


def validation_windows(
    pieces: Sequence[FourPartPiece],
    window_count: int,
    *,
    timing_given: bool,
    window: int = 128,
    grid: int = infill_grid.SIXTEENTHS,
) -> Iterator[InfillBatch]:
    """`count` windows in original keys with open steps, always the same ones, to score a network in training.

    `told`: whether bar lines and attacks are.
    """
    for number in range(window_count):
        rng = np.random.default_rng([number, 11])
        piece = pieces[number % len(pieces)]
        steps = np.arange(len(piece.pitches))[:: infill_grid.steps_per_cell(grid)]
        begin = int(rng.integers(max(1, len(steps) - window + 1)))
        part = steps[begin : begin + window]
        place = _window_places(piece, part, grid, bar_lines_given=timing_given, beat_given=False)
        mask = draw_frame_mask(rng, len(part))
        yield mask_window(piece, part, mask, place=place, onsets_given=np.full(_VOICE_COUNT, timing_given), grid=grid)
