"""Backends and devices: JAX against TensorFlow, several devices against one, options that do not fit."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from bachbridge.cli.main import EXTRA_BY_MODULE
from bachbridge.errors import ConfigError
from bachbridge_training.datasets.splits import DataOrigin
from bachbridge_training.recipe import ChoraleRecipe
from bachbridge_training.runs import devices as run_devices
from bachbridge_training.runs import overfit, run_data, step
from bachbridge_training.runs.devices import DevicePlan, Devices
from tests.training.runs import backend_losses

Losses = dict[str, list[float]]


QUICK = ("chorale-lstm", "coconet", "play-bach-heads")
"""The networks that have all kinds of layers; a child process compiles each for some seconds."""


def losses_under_tensorflow(weights: Path, names: tuple[str, ...]) -> Losses:
    """Return the losses and the gradients' norms, and write the weights from which they came."""
    arrays: dict[str, np.ndarray] = {}
    tf.config.run_functions_eagerly(True)  # tracing and compiling takes much longer than one step
    try:
        losses = {name: backend_losses.first_step(name, arrays) for name in names}
    finally:
        tf.config.run_functions_eagerly(False)
    np.savez(weights, allow_pickle=False, **arrays)
    return losses


def losses_under_jax(weights: Path, *options: str) -> Losses:
    pytest.importorskip("jax")
    paths = os.pathsep.join(path for path in sys.path if path)
    flags = "--xla_backend_optimization_level=0"  # compiles more quickly
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": paths, "XLA_FLAGS": flags}
    command = [sys.executable, backend_losses.__file__, str(weights), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("names", [QUICK, pytest.param(backend_losses.NAMES, marks=pytest.mark.soak)])
def test_jax_gives_the_losses_of_tensorflow(names: tuple[str, ...], tmp_path: Path) -> None:
    losses = losses_under_tensorflow(tmp_path / "weights.npz", names)
    theirs = losses_under_jax(tmp_path / "weights.npz", *names)
    assert theirs.keys() == losses.keys()
    for name, expected in losses.items():
        assert theirs[name] == pytest.approx(expected, rel=1e-5, abs=1e-4), name
        assert min(expected) > 0.01


@pytest.mark.soak
def test_two_devices_give_the_losses_of_one(tmp_path: Path) -> None:
    names = ("chorale-lstm", "play-bach-heads")
    losses = losses_under_tensorflow(tmp_path / "weights.npz", names)
    theirs = losses_under_jax(tmp_path / "weights.npz", *names, "--devices", "2")
    assert theirs == {name: pytest.approx(losses[name], rel=1e-5, abs=1e-4) for name in names}


def test_plan_devices_counts_processes_from_one() -> None:
    assert run_devices.plan_devices(None, None, None) == DevicePlan()
    plan = run_devices.plan_devices(2, "[::1]:7733", "2/4")
    assert plan == DevicePlan(2, "[::1]:7733", 1, 4)
    assert plan.total == 8


@pytest.mark.parametrize(
    ("coordinator", "process", "complaint"),
    [
        ("node:1", "3/2", "there is no process 3/2"),
        ("node:1", "0/2", "there is no process 0/2"),
        ("node:1", "1/0", "there is no process 1/0"),
        ("node:1", "2", "write it as 2/4"),
        ("node:1", "a/b", "write it as 2/4"),
        ("node:1", "²/3", "write it as 2/4"),
        ("node:1", "-1/2", "write it as 2/4"),
        ("node:1", None, "belong together"),
        (None, "1/2", "belong together"),
        ("node", "1/2", "is no address"),
        (":80", "1/2", "is no address"),
        ("node:70000", "1/2", "is no address"),
        ("node:0", "1/2", "is no address"),
    ],
)
def test_plan_devices_refuses_options_that_do_not_fit(coordinator: str, process: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        run_devices.plan_devices(None, coordinator, process)


def test_choose_backend_refuses_what_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    two = DevicePlan(2)
    with pytest.raises(ConfigError, match="not under torch: choose one with --backend"):
        run_devices.choose_backend("torch")
    with pytest.raises(ConfigError, match="several devices are trained on under JAX"):
        run_devices.choose_backend("tensorflow", two)
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(ConfigError, match="not under theano"):
        run_devices.choose_backend(None)
    loaded = SimpleNamespace(config=SimpleNamespace(backend=lambda: "tensorflow"))
    monkeypatch.setitem(sys.modules, "keras", loaded)
    pytest.importorskip("jax")
    with pytest.raises(ConfigError, match="already runs on tensorflow"):
        run_devices.choose_backend(None, two)
    monkeypatch.delenv("KERAS_BACKEND")
    assert run_devices.choose_backend(None) == "tensorflow" == os.environ["KERAS_BACKEND"]


def test_choose_backend_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError) as raised:
        run_devices.choose_backend("jax")
    assert (raised.value.name, EXTRA_BY_MODULE["jax"]) == ("jax", "jax")


def test_devices_share_out_a_batch_equally() -> None:
    arrays = [np.arange(12), np.arange(24).reshape(12, 2)]
    parts = [Devices(DevicePlan(2, "node:1", process, 3)).own_rows(arrays) for process in range(3)]
    assert [part[0].tolist() for part in parts] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    for whole, joined in zip(arrays, zip(*parts, strict=True), strict=True):
        np.testing.assert_array_equal(whole, np.concatenate(joined))
    Devices(DevicePlan(4)).check_batch(32)
    with pytest.raises(ConfigError, match="equally to 3 devices: use 1, 2, 4, 8, 16 or 32 of them"):
        Devices(DevicePlan(3)).check_batch(32)


def test_connect_says_that_no_coordinator_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_devices, "CONNECT_TIMEOUT_S", -1)
    with pytest.raises(ConfigError, match=r"the coordinator 127\.0\.0\.1:1 cannot be reached .*--process 1/N"):
        run_devices.await_coordinator("127.0.0.1:1", run_devices.CONNECT_TIMEOUT_S)


def test_overfit_batch_has_a_clear_verdict(toy: ChoraleRecipe) -> None:
    pieces = backend_losses.toy_pieces("chorale-lstm")
    its_data = run_data.RunData(pieces, pieces, step.build_task, DataOrigin("", None, "", {}, {}))
    small = overfit.overfit_recipe(replace(toy, units=24, head=24, batch=2, window=8, dropout=0.3), steps=100)
    assert getattr(small, "dropout", None) == 0
    verdict = overfit.overfit_batch(replace(small, learning_rate=3e-2), its_data)
    assert verdict.endswith("the network can learn a batch by heart")
    with pytest.raises(ConfigError, match="look for a mistake in the network"):
        overfit.overfit_batch(replace(small, learning_rate=0.0, steps=2), its_data)
    with pytest.raises(ConfigError, match="check the recipe of the network below"):
        overfit.overfit_recipe(replace(toy, pointer=True))
