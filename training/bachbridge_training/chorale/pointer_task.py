"""The training of a pointer on top of a finished causal network, whose weights stay as they are.

The network's own logits never change, so they are computed once for every piece, transposed to a random legal key and
with onsets and bar lines hidden in a share of the pieces. Each piece also comes with its beginning written twice, as
where a repeat is written out. A batch holds frames drawn at random from those that have copies; nowhere else does the
pointer change anything.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import keras
import numpy as np

from bachbridge.codecs import satb, satb_copies
from bachbridge.errors import ConfigError
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST
from bachbridge.music.notes import VOICES
from bachbridge_training.chorale.net import ChoraleNetwork, pointer_model, window_model
from bachbridge_training.chorale.pointer import FramePointer
from bachbridge_training.chorale.task import validate_chorales
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.recipe import ChoraleRecipe

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

_PIECES_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class PointerFrames:
    """Frames, the first axis of all arrays: the inputs of `FramePointer`, and the truth `pitch_indices[n, voice]`."""

    logits: np.ndarray
    copies: np.ndarray
    known: np.ndarray
    before: np.ndarray
    pitch_indices: np.ndarray

    @property
    def trainer_inputs(self) -> list[np.ndarray]:
        return list(astuple(self))

    def select(self, rows: np.ndarray) -> "PointerFrames":
        return PointerFrames(*(values[rows] for values in astuple(self)))


class PointerBatches:
    """Random frames; batch `n` depends only on the seed and `n`."""

    def __init__(self, frames: PointerFrames, recipe: ChoraleRecipe) -> None:
        self._frames, self._recipe = frames, recipe

    def batch(self, number: int) -> PointerFrames:
        rng = np.random.default_rng([self._recipe.seed, number])
        count = self._recipe.batch * self._recipe.window
        return self._frames.select(rng.integers(len(self._frames.logits), size=count))


class PointerTask:
    """The pointer of a `ChoraleRecipe` that has one (see `runs.tasks.TrainingTask`)."""

    jit_compile = False

    def __init__(self, recipe: ChoraleRecipe) -> None:
        self.recipe = recipe
        self.network = ChoraleNetwork(recipe)
        assert self.network.pointer
        self.initial_model = window_model(self.network)
        self.model = pointer_model(self.network.pointer, self.initial_model)
        self.loss_model = _loss_model(self.network.pointer)

    def make_export(self) -> Any:
        from bachbridge_training.chorale.export import ChoraleExport

        return ChoraleExport(self.network)

    def make_batches(self, pieces: Sequence[FourPartPiece]) -> PointerBatches:
        """Return batches of the frames that have copies; raises `ConfigError` if the pieces repeat nothing."""
        frames = network_frames(self.initial_model, pieces, self.recipe)
        if not len(frames.logits):
            raise ConfigError(
                "the music holds nothing that a pointer could copy: give music with repetitions, or export the run as "
                "it is, which takes the weights of the stage before."
            )
        return PointerBatches(frames, self.recipe)

    def validate(self, pieces: Sequence[FourPartPiece]) -> dict[str, float]:
        """Return the same scores as for a network without a pointer."""
        return validate_chorales(self.model, pieces)


def _loss_model(pointer: FramePointer) -> keras.Model:
    """Return the model that gives each frame's share of the mean loss; its inputs are those of `PointerFrames`."""
    voices = len(VOICES)
    logits: Any = keras.Input((voices, PITCH_INDEX_COUNT), name="logits")
    copies: Any = keras.Input((satb_copies.COPY_COUNT, satb_copies.COPY_FIELDS), dtype="int32", name="copies")
    known: Any = keras.Input((voices, voices), dtype="int32", name="known")
    before: Any = keras.Input((voices,), dtype="int32", name="before")
    pitch_indices: Any = keras.Input((voices,), dtype="int32", name="pitch_indices")
    log_p = pointer(logits, copies, known, before)
    true = ops.one_hot(pitch_indices, PITCH_INDEX_COUNT, dtype="float32")
    nats = -ops.sum(log_p * true, axis=(1, 2))
    return keras.Model([logits, copies, known, before, pitch_indices], nats / ops.sum(ops.ones_like(nats)))


def network_frames(model: keras.Model, pieces: Sequence[FourPartPiece], recipe: ChoraleRecipe) -> PointerFrames:
    """Return the frames of the pieces that have copies, with the logits of the window model `model`."""
    rng = np.random.default_rng(recipe.seed)
    limits = four_part_windows.voice_ranges(pieces)
    items: list[four_part_windows.ChoraleBatch] = []
    for piece in pieces:
        shifts = four_part_windows.legal_transpositions(piece, limits)
        for variant in (piece, four_part_windows.repeat_beginning(piece, rng)):
            whole = slice(0, len(variant.pitches))
            items.append(four_part_windows.random_view(variant, whole, shifts, recipe, rng, with_copies=True))
    items.sort(key=lambda item: len(item.weight))
    parts = [
        part
        for begin in range(0, len(items), _PIECES_AT_ONCE)
        for part in _frames_with_copies(model, items[begin : begin + _PIECES_AT_ONCE])
    ]
    return PointerFrames(*(np.concatenate(arrays) for arrays in zip(*map(astuple, parts), strict=True)))


def _frames_with_copies(model: keras.Model, items: Sequence[four_part_windows.ChoraleBatch]) -> list[PointerFrames]:
    batch = four_part_windows.stack_windows(items, len(items[-1].weight))
    pitch, _ = model.predict_on_batch([batch.ids, batch.known, batch.pitch_indices])
    found: list[PointerFrames] = []
    for logits, item in zip(pitch, items, strict=True):
        assert item.copies is not None
        before = np.maximum(satb.previous_pitch_indices(item.ids), REST)
        frames = PointerFrames(logits[: len(item.weight)], item.copies, item.known, before, item.pitch_indices)
        has_copies = (item.copies[:, :, len(VOICES)] != satb_copies.NO_COPY).any(axis=1)
        found.append(frames.select(np.flatnonzero(has_copies)))
    return found
