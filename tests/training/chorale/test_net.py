"""The graphs of one step, whose heads look up in common tables, against the graph over whole windows."""

from dataclasses import replace

import numpy as np

from bachbridge.codecs import satb
from bachbridge.music.frames import PITCH_INDEX_COUNT, UNKNOWN
from bachbridge.music.notes import VOICES
from bachbridge_training.chorale import net as chorale_net
from bachbridge_training.chorale.net import ChoraleNetwork, window_model
from bachbridge_training.chorale.task import ChoraleTask
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.recipe import ChoraleRecipe
from bachbridge_training.runs import step as training_step

_STEPS = 12


def test_steps_give_the_logits_of_a_window(toy: ChoraleRecipe) -> None:
    """Check every step with some voices chosen; a head does not see its own voice, whether it is chosen or not."""
    rng = np.random.default_rng(2)
    network = ChoraleNetwork(toy)
    window = window_model(network)
    for weight in window.trainable_weights:
        weight.assign(rng.normal(0, 0.3, weight.shape))
    frames = rng.integers(0, PITCH_INDEX_COUNT, (_STEPS, len(VOICES))).astype(np.int32)
    onsets = rng.random(frames.shape) < 0.5
    ids = satb.feature_ids(frames, onsets, None, np.full(_STEPS, 16, np.int32))
    known = np.where(rng.random(frames.shape) < 0.6, frames, UNKNOWN).astype(np.int32)
    seen = np.where(np.eye(len(VOICES), dtype=bool), UNKNOWN, known[:, None])
    pitch, onset = window([ids[None], seen[None], known[None]])
    state = np.zeros((2 * toy.layers, 1, toy.units), np.float32)
    for step in range(_STEPS):
        hidden, state = chorale_net.core(network, ids[step : step + 1], state)
        step_pitch, step_onset = chorale_net.heads(network, hidden, known[[step, 0, step]])
        for row in (0, 2):
            np.testing.assert_allclose(step_pitch[row], pitch[0, step], rtol=1e-4, atol=1e-4)
            np.testing.assert_allclose(step_onset[row], onset[0, step], rtol=1e-4, atol=1e-4)


def test_intervals_stay_zero_in_a_stage_without_them(toy: ChoraleRecipe, phrases: list[FourPartPiece]) -> None:
    run = training_step.start_run(replace(toy, units=16, embedding=16, head=16, pointer=False, intervals=False))
    assert isinstance(run.task, ChoraleTask)
    batches, outputs = run.task.make_batches(phrases), run.task.network.head_output
    before: list[list[np.ndarray]] = [layer.get_weights() for layer in outputs]
    for number in range(3):
        training_step.train_step(run, batches.batch(number))
    after: list[list[np.ndarray]] = [layer.get_weights() for layer in outputs]
    for (kernel, _), (new_kernel, new_bias) in zip(before, after, strict=True):
        assert not new_kernel[:, PITCH_INDEX_COUNT:].any()
        assert not new_bias[PITCH_INDEX_COUNT:].any()
        assert not np.allclose(new_kernel[:, :PITCH_INDEX_COUNT], kernel[:, :PITCH_INDEX_COUNT])
