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

from bachbridge.codecs import infill_grid, satb
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge_training.datasets.chorale_grids import Piece
from bachbridge_training.datasets.four_part_windows import Pool, classes_of
from bachbridge_training.recipe import InfillRecipe

_FEW = 1.5
"""Exponent by which few open steps are more frequent than many."""
_PARTLY = 0.5
"""Share of the open steps with some voice given after all."""
_STRIKES = 0.25
"""Weight of the strikes' loss."""
_VOICES = len(VOICES)

Draw = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True, slots=True)
class Blanks:
    """What the trainer takes, all `[b, t, ...]`: the network's inputs, then what is to be found and how it counts."""

    seen: np.ndarray
    attacks: np.ndarray
    place: np.ndarray
    classes: np.ndarray
    weight: np.ndarray
    struck: np.ndarray
    strike_weight: np.ndarray
    mistuned: np.ndarray | None = None
    """By how many semitones each window's key is mistaken, `[b]`; None: by none."""

    @property
    def by(self) -> np.ndarray:
        """By how many semitones the network sees each window moved, `[b]`."""
        by = infill_grid.tuning(self.seen)
        return by if self.mistuned is None else infill_grid.nearest_move(by + self.mistuned)

    @property
    def inputs(self) -> list[np.ndarray]:
        """Of the whole network (`infilling.Parts`)."""
        return infill_grid.inputs(self.seen, self.attacks, self.place, self.by)

    @property
    def truth(self) -> np.ndarray:
        """The classes, among the network's."""
        return infill_grid.tuned(self.classes, self.by)

    @property
    def all(self) -> list[np.ndarray]:
        """Of the trainer."""
        by = self.by
        moved = *infill_grid.inputs(self.seen, self.attacks, self.place, by), infill_grid.tuned(self.classes, by)
        return [*moved, self.weight, self.struck, self.strike_weight]


def cells(rng: np.random.Generator, steps: int) -> np.ndarray:
    """`open[step, voice]`: any number of cells."""
    mask = np.zeros(steps * _VOICES, bool)
    mask[rng.permutation(len(mask))[: rng.integers(1, len(mask) + 1)]] = True
    return mask.reshape(steps, _VOICES)


def frames(rng: np.random.Generator, steps: int) -> np.ndarray:
    """`open[step, voice]`: whole steps, some of them with one to three voices given."""
    mask = np.zeros((steps, _VOICES), bool)
    chosen = rng.permutation(steps)[: 1 + int((steps - 1) * rng.random() ** _FEW)]
    mask[chosen] = True
    for step in chosen[rng.random(len(chosen)) < _PARTLY]:
        mask[step, rng.permutation(_VOICES)[: rng.integers(1, _VOICES)]] = False
    return mask


def voices(rng: np.random.Generator, steps: int) -> np.ndarray:
    """`open[step, voice]`: one to three voices, of which single cells or whole steps are given."""
    mask = np.zeros((steps, _VOICES), bool)
    chosen = rng.permutation(_VOICES)[: rng.integers(1, _VOICES)]
    mask[:, chosen] = True
    given = rng.random((steps, 1) if rng.random() < 0.5 else mask.shape) < 0.9 * rng.random()
    mask &= ~given
    mask[rng.integers(steps), chosen] = True
    return mask


def span(rng: np.random.Generator, steps: int) -> np.ndarray:
    """`open[step, voice]`: a stretch in all voices."""
    mask = np.zeros((steps, _VOICES), bool)
    begin = int(rng.integers(steps))
    mask[begin : begin + 1 + int(rng.integers(steps))] = True
    return mask


WAYS: tuple[tuple[Draw, float], ...] = ((cells, 0.25), (frames, 0.45), (voices, 0.2), (span, 0.1))
"""The ways of leaving cells open and how often each is taken."""


class Windows:
    """Random windows of the training pieces; batch `n` depends on the seed and `n` alone."""

    def __init__(self, pieces: Sequence[Piece], recipe: InfillRecipe) -> None:
        self._pool, self._recipe = Pool(pieces), recipe

    def batch(self, number: int) -> Blanks:
        rng, size = np.random.default_rng([self._recipe.seed, number]), self._recipe.batch
        batch = stacked([self._window(rng) for _ in range(size)], self._recipe.window)
        wrong = rng.random(size) < self._recipe.mistuned
        return replace(batch, mistuned=np.where(wrong, rng.integers(12, size=size), 0))

    def _window(self, rng: np.random.Generator) -> Blanks:
        recipe = self._recipe
        piece, shifts = self._pool.draw(rng)
        grid = infill_grid.EIGHTHS if rng.random() < recipe.eighths else infill_grid.SIXTEENTHS
        steps = slice(int(rng.integers(2)), None, 2) if grid == infill_grid.EIGHTHS else slice(None)
        part = _part(rng, piece, steps, recipe.window)
        way = WAYS[int(rng.choice(len(WAYS), p=[share for _, share in WAYS]))][0]
        shift = int(rng.choice(shifts))
        place = _place(piece, part, grid, told=rng.random() >= recipe.unknown, beat=rng.random() < 0.5)
        attacks = (rng.random(_VOICES) < 0.5) & (rng.random() >= recipe.unknown)
        return blanked(piece, part, way(rng, len(part)), shift=shift, place=place, attacks=attacks, grid=grid)


def _part(rng: np.random.Generator, piece: Piece, steps: slice, window: int) -> np.ndarray:
    """Indices of a window's steps: often the piece's beginning or its end."""
    index = np.arange(len(piece.pitches))[steps]
    last = max(0, len(index) - window)
    begin = int(np.clip(rng.integers(-window // 3, last + window // 4 + 1), 0, last))
    return index[begin : begin + window]


def _place(piece: Piece, part: np.ndarray, grid: int, *, told: bool, beat: bool) -> np.ndarray:
    """`canvas.places` of the steps; where the bar lines are not `told`, the beat may be."""
    phase = int(piece.position[part[0]]) % STEPS_PER_BEAT if beat else None
    return infill_grid.places(piece.position[part] if told else None, piece.bar[part], phase=phase, grid=grid)


def blanked(
    piece: Piece,
    part: np.ndarray,
    mask: np.ndarray,
    *,
    shift: int = 0,
    place: np.ndarray,
    attacks: np.ndarray | None = None,
    grid: int = infill_grid.SIXTEENTHS,
) -> Blanks:
    """Steps `part` of a piece with the cells of `mask[step, voice]` open (no batch axis).

    `place` of the steps is as `canvas.places` gives it; `attacks[voice]`: whose attacks are told.
    """
    classes = classes_of(piece.pitches[part], shift)
    heard = np.zeros(_VOICES, bool) if attacks is None else attacks
    known = ~mask & heard
    kept = np.zeros(classes.shape, bool)
    kept[1:] = (classes[1:] == classes[:-1]) & (classes[1:] > satb.REST) & ~known[1:]
    struck = piece.struck[part]
    if grid == infill_grid.EIGHTHS and len(part) > 1:
        between = np.minimum(part + 1, len(piece.struck) - 1)
        struck = struck | (piece.struck[between] & (piece.pitches[between] == piece.pitches[part]))
    return Blanks(
        infill_grid.seen(classes, mask),
        infill_grid.attacks(struck, known),
        place,
        classes,
        (mask * (_VOICES / mask.sum())).astype(np.float32),
        struck.astype(np.float32),
        (kept * (_STRIKES * _VOICES / max(1, kept.sum()))).astype(np.float32),
    )


def stacked(items: Sequence[Blanks], steps: int) -> Blanks:
    """Pad single windows to `steps` and stack them."""

    def pad(name: str, value: int = 0) -> np.ndarray:
        rows = [getattr(item, name) for item in items]
        return np.stack(
            [np.pad(row, [(0, steps - len(row)), (0, 0)], constant_values=value).astype(row.dtype) for row in rows]
        )

    return Blanks(
        pad("seen", infill_grid.OUTSIDE),
        *(pad(name) for name in ("attacks", "place", "classes", "weight", "struck", "strike_weight")),
    )


def examples(
    pieces: Sequence[Piece], count: int, *, told: bool, window: int = 128, grid: int = infill_grid.SIXTEENTHS
) -> Iterator[Blanks]:
    """`count` windows in original keys with open steps, always the same ones, to score a network in training.

    `told`: whether bar lines and attacks are.
    """
    for number in range(count):
        rng = np.random.default_rng([number, 11])
        piece = pieces[number % len(pieces)]
        steps = np.arange(len(piece.pitches))[:: infill_grid.stride(grid)]
        begin = int(rng.integers(max(1, len(steps) - window + 1)))
        part = steps[begin : begin + window]
        place = _place(piece, part, grid, told=told, beat=False)
        mask = frames(rng, len(part))
        yield blanked(piece, part, mask, place=place, attacks=np.full(_VOICES, told), grid=grid)
