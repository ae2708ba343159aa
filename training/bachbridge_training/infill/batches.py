"""Windows of chorales with masked cells, for the infilling network.

The masked cells are drawn by one of several methods. The loss is the mean over the masked cells, so that every number
of unknowns counts the same (the orderless training of B. Uria, I. Murray, H. Larochelle, "A deep and tractable density
estimator", ICML 2014):

- *cells*: any number of cells anywhere;
- *frames*: any number of whole steps, more often few than many, with some of their voices given after all;
- *voices*: one to three voices throughout, with some of their cells given;
- *span*: all voices of a stretch of steps.
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
"""Exponent that makes few masked steps more frequent than many."""
_PARTLY_GIVEN_SHARE = 0.5
"""Share of the masked steps with some voice given after all."""
_ONSET_LOSS_WEIGHT = 0.25
"""Weight of the loss of the onsets."""
_VOICE_COUNT = len(VOICES)

MaskDraw = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True, slots=True)
class InfillBatch:
    """A batch, all fields `[b, t, ...]`: the network's inputs, then the truth and its weights in the loss."""

    seen: np.ndarray
    attacks: np.ndarray
    place: np.ndarray
    pitch_indices: np.ndarray
    weight: np.ndarray
    onsets: np.ndarray
    onset_weight: np.ndarray
    tuning_error: np.ndarray | None = None
    """Semitones `[b]` by which each window's key is mistaken; None: every key is right."""

    @property
    def tuning_shift(self) -> np.ndarray:
        """Return the semitones `[b]` by which the network sees each window transposed."""
        shift = infill_grid.key_shifts(self.seen)
        return shift if self.tuning_error is None else infill_grid.nearest_shift(shift + self.tuning_error)

    @property
    def model_inputs(self) -> list[np.ndarray]:
        """Return the inputs of the whole network (`InfillNetwork.model`)."""
        return infill_grid.network_inputs(self.seen, self.attacks, self.place, self.tuning_shift)

    @property
    def target(self) -> np.ndarray:
        """Return the true pitch indices as the network sees them, transposed."""
        return infill_grid.transpose_cells(self.pitch_indices, self.tuning_shift)

    @property
    def trainer_inputs(self) -> list[np.ndarray]:
        """Return the inputs of the loss model."""
        return [*self.model_inputs, self.target, self.weight, self.onsets, self.onset_weight]


def draw_cell_mask(rng: np.random.Generator, steps: int) -> np.ndarray:
    """Return `mask[step, voice]` with any number of cells."""
    mask = np.zeros(steps * _VOICE_COUNT, bool)
    mask[rng.permutation(len(mask))[: rng.integers(1, len(mask) + 1)]] = True
    return mask.reshape(steps, _VOICE_COUNT)


def draw_frame_mask(rng: np.random.Generator, steps: int) -> np.ndarray:
    """Return `mask[step, voice]` with whole steps, some of them with one to three voices given."""
    mask = np.zeros((steps, _VOICE_COUNT), bool)
    chosen = rng.permutation(steps)[: 1 + int((steps - 1) * rng.random() ** _FEW_STEPS_EXPONENT)]
    mask[chosen] = True
    for step in chosen[rng.random(len(chosen)) < _PARTLY_GIVEN_SHARE]:
        mask[step, rng.permutation(_VOICE_COUNT)[: rng.integers(1, _VOICE_COUNT)]] = False
    return mask


def draw_voice_mask(rng: np.random.Generator, steps: int) -> np.ndarray:
    """Return `mask[step, voice]` with one to three voices, of which single cells or whole steps are given."""
    mask = np.zeros((steps, _VOICE_COUNT), bool)
    chosen = rng.permutation(_VOICE_COUNT)[: rng.integers(1, _VOICE_COUNT)]
    mask[:, chosen] = True
    given = rng.random((steps, 1) if rng.random() < 0.5 else mask.shape) < 0.9 * rng.random()
    mask &= ~given
    mask[rng.integers(steps), chosen] = True
    return mask


def draw_span_mask(rng: np.random.Generator, steps: int) -> np.ndarray:
    """Return `mask[step, voice]` with a stretch of steps in all voices."""
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
"""The methods of masking, and the share of windows that each is used for."""


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
        draw_mask = MASK_DRAWS[int(rng.choice(len(MASK_DRAWS), p=[share for _, share in MASK_DRAWS]))][0]
        shift = int(rng.choice(shifts))
        place = _window_places(
            piece, part, grid, bar_lines_given=rng.random() >= recipe.unknown, beat_given=rng.random() < 0.5
        )
        onsets_given = (rng.random(_VOICE_COUNT) < 0.5) & (rng.random() >= recipe.unknown)
        mask = draw_mask(rng, len(part))
        return mask_window(piece, part, mask, shift=shift, place=place, onsets_given=onsets_given, grid=grid)


def _draw_steps(rng: np.random.Generator, piece: FourPartPiece, steps: slice, window: int) -> np.ndarray:
    """Draw the indices of a window's steps; the beginning and the end of a piece are drawn often."""
    index = np.arange(len(piece.pitches))[steps]
    last = max(0, len(index) - window)
    begin = int(np.clip(rng.integers(-window // 3, last + window // 4 + 1), 0, last))
    return index[begin : begin + window]


def _window_places(
    piece: FourPartPiece, part: np.ndarray, grid: int, *, bar_lines_given: bool, beat_given: bool
) -> np.ndarray:
    """Return `infill_grid.place_features` of the steps; without the bar lines, the beat may still be given."""
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
    """Return the steps `part` of a piece with the cells of `mask[step, voice]` masked, without a batch axis.

    `place` is from `infill_grid.place_features`; `onsets_given[voice]`: the voice's attacks are given. Onsets count in
    the loss where a voice keeps its pitch and its attack is not given.
    """
    pitch_indices = pitch_indices_of(piece.pitches[part], shift)
    known = ~mask & (np.zeros(_VOICE_COUNT, bool) if onsets_given is None else onsets_given)
    kept = np.zeros(pitch_indices.shape, bool)
    kept[1:] = (pitch_indices[1:] == pitch_indices[:-1]) & (pitch_indices[1:] > REST) & ~known[1:]
    onsets = piece.onsets[part]
    if grid == infill_grid.EIGHTHS and len(part) > 1:
        between = np.minimum(part + 1, len(piece.onsets) - 1)
        onsets = onsets | (piece.onsets[between] & (piece.pitches[between] == piece.pitches[part]))
    return InfillBatch(
        infill_grid.mask_cells(pitch_indices, mask),
        infill_grid.attack_values(onsets, known),
        place,
        pitch_indices,
        (mask * (_VOICE_COUNT / mask.sum())).astype(np.float32),
        onsets.astype(np.float32),
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
    """Yield `window_count` windows in original keys with masked steps, always the same ones, to score a network.

    `timing_given`: with bar lines and attacks given.
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
