"""The pointer: a distribution for each voice, which follows the copies, and agrees with Keras once it is exported."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bachbridge.codecs import satb_copies
from bachbridge.errors import ConfigError
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.notes import VOICES
from bachbridge_training import onnx_export, recipe
from bachbridge_training.chorale.pointer import FramePointer
from bachbridge_training.chorale.pointer_task import PointerTask, network_frames
from bachbridge_training.cli.train import train_recipe
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.recipe import ChoraleRecipe
from bachbridge_training.runs import step as training_step

_CALIBRATION = 1.25


@pytest.fixture
def pointed(toy: ChoraleRecipe) -> ChoraleRecipe:
    return replace(toy, pointer=True, calibration=_CALIBRATION, window=1, batch=16)


@pytest.fixture(scope="module")
def piece() -> FourPartPiece:
    """Six bars of moving chords, of which the last three are the first three again."""
    chords = np.array([67, 62, 59, 43]) + np.random.default_rng(1).integers(-4, 5, (12, 4))
    pitches = np.tile(np.repeat(chords, 4, axis=0), (2, 1)).astype(np.int16)
    steps = np.arange(len(pitches), dtype=np.int16)
    onsets = np.repeat((steps % 4 == 0)[:, None], len(VOICES), axis=1)
    return FourPartPiece("twice", pitches, onsets, steps % 16, np.full(len(pitches), 16, np.int16))


def _mixed(pointer: FramePointer, piece: FourPartPiece, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities `[step, voice, pitch index]` over a flat network, and the copies."""
    indices = four_part_windows.pitch_indices_of(piece.pitches)
    copies = four_part_windows.window_copies(piece, slice(None))
    before = np.concatenate([np.zeros((1, len(VOICES)), np.int32), indices[:-1]])
    logits = np.zeros((len(indices), len(VOICES), PITCH_INDEX_COUNT), np.float32)
    return np.exp(np.asarray(pointer(logits, copies, known[:, None], before))), copies


def test_pointer_gives_distributions_that_follow_copies(piece: FourPartPiece) -> None:
    indices = four_part_windows.pitch_indices_of(piece.pitches)
    pointer = FramePointer(1.0)
    pointer.sentinel.assign(np.zeros(pointer.sentinel.shape, np.float32))
    shares, copies = _mixed(pointer, piece, np.full_like(indices, -1))
    np.testing.assert_allclose(shares.sum(axis=-1), 1, atol=1e-5)
    late = len(indices) - 2
    assert (shares[late].argmax(axis=-1) == copies[late, 0, : len(VOICES)]).all()
    assert np.allclose(shares[1], 1 / PITCH_INDEX_COUNT)


def test_pointer_ignores_a_voice_in_its_own_head(piece: FourPartPiece) -> None:
    indices = four_part_windows.pitch_indices_of(piece.pitches)
    known, pointer = np.full_like(indices, -1), FramePointer(1.0)
    nothing, _ = _mixed(pointer, piece, known)
    known[:, 3] = indices[:, 3]
    bass, _ = _mixed(pointer, piece, known)
    np.testing.assert_allclose(bass[:, 3], nothing[:, 3], atol=1e-6)
    true = np.take_along_axis(bass - nothing, indices[..., None], axis=-1)[-20:, :3]
    assert (true >= -1e-6).all()
    assert true.max() > 0


def test_pointer_learns_and_its_network_does_not(pointed: ChoraleRecipe, piece: FourPartPiece) -> None:
    run = training_step.start_run(pointed)
    assert isinstance(run.task, PointerTask)
    frozen = [np.asarray(weight.value).copy() for weight in run.task.initial_model.weights]
    frames = network_frames(run.task.initial_model, [piece], pointed)
    assert (frames.copies[:, :, len(VOICES)] != satb_copies.NO_COPY).any(axis=1).all()
    batches = run.task.make_batches([piece])
    training_step.train_step(run, batches.batch(0))
    assert all((a == np.asarray(b.value)).all() for a, b in zip(frozen, run.task.initial_model.weights, strict=True))
    assert run.task.network.pointer
    assert np.asarray(run.task.network.pointer.match.value).any()
    assert {id(w) for w in run.task.model.weights[: len(frozen)]} == {id(w) for w in run.task.initial_model.weights}


def test_pointer_refuses_music_without_repetitions(pointed: ChoraleRecipe, piece: FourPartPiece) -> None:
    chord = replace(
        piece, pitches=piece.pitches[:4], onsets=piece.onsets[:4], position=piece.position[:4], bar=piece.bar[:4]
    )
    task = PointerTask(pointed)
    with pytest.raises(ConfigError, match="holds nothing that a pointer could copy"):
        task.make_batches([chord])


@pytest.mark.soak
def test_pointer_is_exported_and_plays(pointed: ChoraleRecipe, piece: FourPartPiece, tmp_path: Path) -> None:
    """Check the files, the card, and states of several pasts at once; `test_formats` converts such a model."""
    model_export = training_step.start_run(pointed).task.make_export()
    onnx_export.export_model(model_export, tmp_path / "toy", held_out_piece=piece)
    card = library.read_card(tmp_path / "toy")
    assert card.facts["pointer"] == {"calibration": _CALIBRATION}
    net = onnx_nets.load_chorale_net(card)
    item = four_part_windows.whole_piece(piece, with_onsets=True, with_position=True)
    alone, both = net.initial_state(), np.repeat(net.initial_state(), 2, axis=1)
    hidden = pair = np.zeros((0, 0), np.float32)
    for ids in item.ids:
        hidden, alone = net.core(ids[None], alone)
        pair, both = net.core(np.stack([ids, ids]), both)
    np.testing.assert_allclose(pair, np.repeat(hidden, 2, axis=0), atol=1e-5)
    known = np.full((3, len(VOICES)), -1, np.int32)
    pitch, _ = net.heads(hidden, known)
    np.testing.assert_allclose(np.exp(pitch).sum(axis=-1), 1, atol=1e-4)


def test_pointer_needs_the_run_of_a_network(pointed: ChoraleRecipe, tmp_path: Path) -> None:
    recipe.write_recipe(pointed, tmp_path / "pointer.toml")
    with pytest.raises(ConfigError, match="--from"):
        train_recipe(
            str(tmp_path / "pointer.toml"), epochs=1, limit=1, seed=None, output=tmp_path / "run", resume=False
        )
