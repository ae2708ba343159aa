"""Training windows of chorales: legally transposed, with onsets and bar lines hidden in a share of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from bachbridge.codecs import satb, satb_copies
from bachbridge.music.frames import LOWEST_PITCH, PITCH_INDEX_COUNT, REST, UNKNOWN
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.recipe import ChoraleRecipe

VOICE_ORDER = (0, 3, 1, 2)
"""Soprano, bass, alto, tenor: the order in which the voices of a step are chosen."""


_BAR_LINE_SHARE = 0.6
"""Share of the windows with onsets (which a player always gives) that also give the bar lines."""
_MIN_REPEATED_STEPS, _MAX_REPEATED_STEPS = 32, 160
"""Lengths of the sections that are written twice."""


@dataclass(frozen=True, slots=True)
class ChoraleBatch:
    """The inputs of `chorale.net.window_model`, and `weight[batch, step]`: 0 beyond a piece's end.

    `copies[batch, step, copy, field]` are those of `codecs.satb_copies`, for a network with a pointer.
    """

    ids: np.ndarray
    known: np.ndarray
    pitch_indices: np.ndarray
    onsets: np.ndarray
    weight: np.ndarray
    copies: np.ndarray | None = None

    @property
    def model_inputs(self) -> list[np.ndarray]:
        inputs = [self.ids, self.known, self.pitch_indices]
        return inputs if self.copies is None else [*inputs, self.copies]

    @property
    def trainer_inputs(self) -> list[np.ndarray]:
        return [*self.model_inputs, self.onsets, self.weight]


def pitch_indices_of(pitches: np.ndarray, shift: int = 0) -> np.ndarray:
    """Return the pitch indices of MIDI pitches (-1 = rest), transposed by `shift` semitones."""
    return np.where(pitches < 0, REST, pitches + shift - LOWEST_PITCH + 1).astype(np.int32)


def voice_ranges(pieces: Sequence[FourPartPiece]) -> np.ndarray:
    """Return `ranges[voice, (lowest, highest)]` over all pieces."""
    sounding = [np.concatenate([p.pitches[:, v][p.pitches[:, v] >= 0] for p in pieces]) for v in range(len(VOICES))]
    return np.array([(voice.min(), voice.max()) for voice in sounding])


def legal_transpositions(piece: FourPartPiece, limits: np.ndarray) -> list[int]:
    """Return the transpositions within a tritone, in semitones, that keep every voice in its range."""
    sounding = [piece.pitches[:, voice][piece.pitches[:, voice] >= 0] for voice in range(len(VOICES))]
    room = [(limits[v, 0] - line.min(), limits[v, 1] - line.max()) for v, line in enumerate(sounding) if len(line)]
    shifts = [shift for shift in range(-6, 7) if all(down <= shift <= up for down, up in room)]
    return shifts or [0]


def known_pitches(pitch_indices: np.ndarray, voice_order: Sequence[int]) -> np.ndarray:
    """Return `known[step, voice, other]`: the other's pitch index if it comes earlier in `voice_order`, else -1."""
    rank = np.argsort(voice_order)
    earlier = rank[None, :] < rank[:, None]
    return np.where(earlier[None], pitch_indices[:, None, :], UNKNOWN).astype(np.int32)


def feature_ids(
    piece: FourPartPiece, begin: int, pitch_indices: np.ndarray, *, with_onsets: bool, with_position: bool
) -> np.ndarray:
    """Return the feature ids of a window that begins at step `begin`, with or without onsets and bar lines."""
    part = slice(begin, begin + len(pitch_indices))
    return satb.feature_ids(
        pitch_indices,
        piece.onsets[part] if with_onsets else None,
        piece.position[part] if with_position else None,
        piece.bar[part],
        phase=int(piece.position[begin]) % STEPS_PER_BEAT,
        first_index=satb.PIECE_START if begin == 0 else satb.UNKNOWN_PAST,
    )


@lru_cache(maxsize=1 << 12)
def _untransposed_copies(content: bytes) -> np.ndarray:
    """Return the copies of a whole piece, whose pitch indices are the bytes `content`; they take a while to find."""
    pitch_indices = np.frombuffer(content, np.int32).reshape(-1, len(VOICES))
    return satb_copies.piece_copies(pitch_indices).astype(np.int16)


def window_copies(piece: FourPartPiece, part: slice, shift: int = 0) -> np.ndarray:
    """Return the copies `[step, copy, field]` of a window, which look back to the piece's beginning."""
    copies = _untransposed_copies(pitch_indices_of(piece.pitches).tobytes())[part].astype(np.int32)
    pitches = copies[..., : len(VOICES)]
    shifted = np.where(pitches > REST, pitches + shift, REST)
    is_out = ((shifted > REST) != (pitches > REST)) | (shifted >= PITCH_INDEX_COUNT)
    is_lost = is_out.any(axis=-1)
    pitches[...] = np.where(is_lost[..., None], REST, shifted)
    copies[is_lost, len(VOICES)] = satb_copies.NO_COPY
    return copies


def repeat_beginning(piece: FourPartPiece, rng: np.random.Generator) -> FourPartPiece:
    """Write a section of two to ten bars at the beginning twice, as where a repeat is written out."""
    ends = np.flatnonzero(piece.position == piece.position[0])
    ends = ends[(ends >= _MIN_REPEATED_STEPS) & (ends <= _MAX_REPEATED_STEPS)]
    if not len(ends):
        return piece
    steps = np.concatenate([np.arange(rng.choice(ends)), np.arange(len(piece.pitches))])
    return replace(
        piece,
        pitches=piece.pitches[steps],
        onsets=piece.onsets[steps],
        position=piece.position[steps],
        bar=piece.bar[steps],
    )


class PiecePool:
    """Pieces with their legal transpositions; the chance of a piece is proportional to its length."""

    def __init__(self, pieces: Sequence[FourPartPiece]) -> None:
        limits = voice_ranges(pieces)
        self._pieces = [(piece, legal_transpositions(piece, limits)) for piece in pieces]
        lengths = np.array([len(piece.pitches) for piece in pieces], dtype=np.float64)
        self._shares = lengths / lengths.sum()

    def draw(self, rng: np.random.Generator) -> tuple[FourPartPiece, list[int]]:
        """Return a random piece and its legal transpositions in semitones."""
        return self._pieces[int(rng.choice(len(self._pieces), p=self._shares))]


class ChoraleBatches:
    """Random windows of the training pieces; batch `n` depends only on the seed and `n`."""

    def __init__(self, pieces: Sequence[FourPartPiece], recipe: ChoraleRecipe) -> None:
        self._pool, self._recipe = PiecePool(pieces), recipe

    def batch(self, number: int) -> ChoraleBatch:
        rng = np.random.default_rng([self._recipe.seed, number])
        return stack_windows([self._draw_window(rng) for _ in range(self._recipe.batch)], self._recipe.window)

    def _draw_window(self, rng: np.random.Generator) -> ChoraleBatch:
        recipe = self._recipe
        piece, shifts = self._pool.draw(rng)
        length = len(piece.pitches)
        begin = 0 if rng.random() < 1 / 3 else int(rng.integers(max(1, length - recipe.window // 2)))
        return random_view(piece, slice(begin, begin + recipe.window), shifts, recipe, rng)


def random_view(
    piece: FourPartPiece,
    part: slice,
    shifts: Sequence[int],
    recipe: ChoraleRecipe,
    rng: np.random.Generator,
    *,
    with_copies: bool = False,
) -> ChoraleBatch:
    """Return a part of a piece in one of the transpositions `shifts`, with an order and given facts drawn at random."""
    shift = int(rng.choice(shifts))
    pitch_indices = pitch_indices_of(piece.pitches[part], shift)
    with_onsets = rng.random() >= recipe.unknown
    with_position = with_onsets and rng.random() < _BAR_LINE_SHARE
    order = rng.permutation(len(VOICES)) if rng.random() < recipe.free_order else VOICE_ORDER
    ids = feature_ids(piece, part.start, pitch_indices, with_onsets=with_onsets, with_position=with_position)
    known = known_pitches(pitch_indices, [int(voice) for voice in order])
    onsets, weight = piece.onsets[part].astype(np.float32), np.ones(len(pitch_indices), np.float32)
    return ChoraleBatch(
        ids, known, pitch_indices, onsets, weight, window_copies(piece, part, shift) if with_copies else None
    )


def whole_piece(
    piece: FourPartPiece, *, with_onsets: bool, with_position: bool, with_copies: bool = False
) -> ChoraleBatch:
    """Return a piece from its first step, untransposed, with the voices in `VOICE_ORDER` (no batch axis)."""
    pitch_indices = pitch_indices_of(piece.pitches)
    ids = feature_ids(piece, 0, pitch_indices, with_onsets=with_onsets, with_position=with_position)
    weight = np.ones(len(pitch_indices), np.float32)
    known, onsets = known_pitches(pitch_indices, VOICE_ORDER), piece.onsets.astype(np.float32)
    copies = window_copies(piece, slice(None)) if with_copies else None
    return ChoraleBatch(ids, known, pitch_indices, onsets, weight, copies)


def stack_windows(items: Sequence[ChoraleBatch], steps: int) -> ChoraleBatch:
    """Pad single windows to `steps` and stack them."""

    def pad(name: str) -> np.ndarray:
        rows = [getattr(item, name)[:steps] for item in items]
        return np.stack([np.pad(row, [(0, steps - len(row))] + [(0, 0)] * (row.ndim - 1)) for row in rows])

    names = ("ids", "known", "pitch_indices", "onsets", "weight", *(() if items[0].copies is None else ("copies",)))
    return ChoraleBatch(*(pad(name) for name in names))
