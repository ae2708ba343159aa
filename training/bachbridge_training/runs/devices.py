"""The devices on which the steps of a run are done: one, several of this machine, or those of several processes.

Keras trains on one device under TensorFlow or JAX. On several it trains under JAX alone: `keras.distribution` keeps a
copy of the weights on each device and gives each one an equal part of every batch, and `jax.distributed` joins the
processes. The step is compiled for all devices together, so that sums over the batch are sums over all of its parts:
the loss and the weights are those of one device, within rounding.

Each process runs the same program on the same folder of the run. The first one, whose address is the coordinator's,
alone writes into it.
"""

import importlib.util
import os
import socket
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bachbridge.errors import ConfigError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Backend = Literal["jax", "tensorflow"]

BACKENDS: tuple[Backend, ...] = ("tensorflow", "jax")
CONNECT_TIMEOUT_S = 300
"""Seconds within which all processes of a run have to start."""
_HEARTBEAT_TIMEOUT_S = 60
_BACKEND_VARIABLE = "KERAS_BACKEND"
_PEER_ERROR_WORDS = ("Gloo", "NCCL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "coordination service")


class PeerError(ConfigError):
    """Another process of the run has stopped. JAX cannot be left in order any more."""

    def __init__(self) -> None:
        super().__init__(
            "another process of this run has stopped: start all of them again with --resume; nothing but the steps "
            "since the last checkpoint is lost."
        )

    def __reduce__(self) -> tuple[type["PeerError"], tuple[()]]:
        return PeerError, ()


class ApartError(ConfigError):
    """The processes of a run were not all started in time."""

    def __init__(self) -> None:
        super().__init__(
            f"the processes of this run did not come together within {CONNECT_TIMEOUT_S} s: start all of them, each "
            "with its own --process, and see that the port is free."
        )

    def __reduce__(self) -> tuple[type["ApartError"], tuple[()]]:
        return ApartError, ()


def is_peer_error(text: str) -> bool:
    """Return True if a message of JAX's is about another process."""
    return any(word in text for word in _PEER_ERROR_WORDS)


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """The options about devices: how many each process uses, and which of the processes this is."""

    devices: int = 1
    coordinator: str = ""
    """Address and port of the first process; empty if there is one process."""
    process: int = 0
    """Number of this process, counted from 0."""
    processes: int = 1

    @property
    def total(self) -> int:
        return self.devices * self.processes


def plan_devices(devices: int | None, coordinator: str | None, process: str | None) -> DevicePlan:
    """Return the plan of the options, of which `process` is like "2/4"; raises `ConfigError` if they do not fit."""
    if (coordinator is None) != (process is None):
        raise ConfigError(
            "--coordinator and --process belong together: name the first process's address and, as in --process 2/4, "
            "which of how many processes this is."
        )
    plan = DevicePlan(devices or 1)
    if coordinator is None or process is None:
        return plan
    _split_address(coordinator)
    number, _, count = process.partition("/")
    if not (number.isascii() and number.isdigit() and count.isascii() and count.isdigit()):
        raise ConfigError(f"--process {process} is not understood: write it as 2/4, the second of four processes.")
    if not 1 <= int(number) <= int(count):
        raise ConfigError(f"there is no process {process}: the first number runs from 1 to the second.")
    return DevicePlan(plan.devices, coordinator, int(number) - 1, int(count))


def _split_address(coordinator: str) -> tuple[str, int]:
    host, _, port = coordinator.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 1 << 16:
        raise ConfigError(f"--coordinator {coordinator} is no address: write host and port, as in node1:7733.")
    return host, int(port)


def choose_backend(wanted: str | None, plan: DevicePlan | None = None) -> Backend:
    """Choose what Keras runs on, before it is loaded: `wanted`, else what the environment says, else TensorFlow.

    Several devices need JAX, which they get unless another one is wanted. Raises `ConfigError` if that cannot be, and
    `ModuleNotFoundError` if it is not installed.
    """
    shared = plan is not None and (plan.total > 1 or bool(plan.coordinator))
    chosen = wanted or ("jax" if shared else os.environ.get(_BACKEND_VARIABLE) or BACKENDS[0])
    if chosen not in BACKENDS:
        known = " or ".join(BACKENDS)
        raise ConfigError(f"networks are trained under {known}, not under {chosen}: choose one with --backend.")
    if shared and chosen != "jax":
        raise ConfigError(f"several devices are trained on under JAX, not under {chosen}: leave --backend out.")
    if importlib.util.find_spec(chosen) is None:
        raise ModuleNotFoundError(f"no module named {chosen}", name=chosen)
    loaded = sys.modules.get("keras")
    if loaded is not None and loaded.config.backend() != chosen:
        raise ConfigError(f"Keras already runs on {loaded.config.backend()} in this program: begin another program.")
    os.environ[_BACKEND_VARIABLE] = chosen
    return chosen


class Devices:
    """The devices of a run, and what its processes have to agree on. One device and one process need nothing."""

    def __init__(self, plan: DevicePlan | None = None, distribution: Any = None) -> None:
        self.plan = plan or DevicePlan()
        self._distribution = distribution

    @property
    def writes(self) -> bool:
        """True if this process writes the files of the run."""
        return self.plan.process == 0

    def scope(self) -> "AbstractContextManager[None]":
        """Return the context in which variables and batches are spread over the devices."""
        return nullcontext() if self._distribution is None else self._distribution.scope()

    def spread(self, values: np.ndarray) -> Any:
        """Return `values`, the same in every process, as an array on all devices."""
        if self._distribution is None:
            return values
        import jax

        mesh = self._distribution.device_mesh.backend_mesh
        everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
        return jax.make_array_from_process_local_data(everywhere, values, values.shape)

    def own_rows(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return this process's part of a batch, whose arrays have the windows as their first axis."""
        part = len(arrays[0]) // self.plan.processes
        rows = slice(part * self.plan.process, part * (self.plan.process + 1))
        return [array[rows] for array in arrays]

    def check_batch(self, windows: int) -> None:
        """Raise `ConfigError` if a batch cannot be shared out equally."""
        if windows % self.plan.total:
            fitting = [count for count in range(1, windows + 1) if windows % count == 0]
            raise ConfigError(
                f"a batch of {windows} windows cannot be shared out equally to {self.plan.total} devices: use "
                f"{', '.join(map(str, fitting[:-1]))} or {fitting[-1]} of them, or change the recipe's batch."
            )

    def wait_for_all(self, place: str) -> None:
        """Return when every process has come to this `place`."""
        if self.plan.processes > 1:
            from jax.experimental import multihost_utils

            with peer_errors():
                multihost_utils.sync_global_devices(place)

    def check_same(self, what: str, value: int) -> None:
        """Raise `ConfigError` in every process if `value` is not the same in all."""
        values = self._gather(value % (1 << 31))
        if (values != values[0]).any():
            other = int(np.flatnonzero(values != values[0])[0]) + 1
            raise ConfigError(
                f"process {other} of {self.plan.processes} has another {what} than process 1: start all of them "
                "with the same options, on a folder that all of them see."
            )

    def raise_in_all(self, error: ConfigError | None) -> None:
        """Raise this process's `error`; if it has none but another process has, raise a `ConfigError` that says so."""
        failed = self._gather(error is not None)
        if error:
            raise error
        if failed.any():
            raise ConfigError(
                f"process {int(np.flatnonzero(failed)[0]) + 1} of {self.plan.processes} cannot go on: its last line "
                "says why."
            )

    def _gather(self, value: int) -> np.ndarray:
        """Return the `value` of each process, in order: below 2³¹, `[process]`."""
        if self.plan.processes == 1:
            return np.array([value], np.int32)
        from jax.experimental import multihost_utils

        with peer_errors():
            return np.asarray(multihost_utils.process_allgather(np.array(value, np.int32)))

    def close(self) -> None:
        """Leave the other processes."""
        if self.plan.processes > 1:
            import jax

            with peer_errors():
                jax.distributed.shutdown()


@contextmanager
def peer_errors() -> Generator[None]:
    """Context manager that turns JAX's errors about other processes into a `PeerError`."""
    if "jax" not in sys.modules:
        yield
        return
    import jax

    try:
        yield
    except (jax.errors.JaxRuntimeError, ValueError) as error:
        if is_peer_error(str(error)):
            raise PeerError from error
        raise


def connect(plan: DevicePlan) -> Devices:
    """Join the other processes and return the devices; raises `ConfigError` if they do not come or are too few.

    Nothing else may have used JAX in this program before.
    """
    if plan.total == 1 and not plan.coordinator:
        return Devices(plan)
    import jax

    jax.config.update("jax_num_cpu_devices", plan.devices)
    if plan.processes > 1:
        _connect_processes(plan)
    import keras

    return Devices(plan, keras.distribution.DataParallel(devices=_chosen_devices(plan)))


def _connect_processes(plan: DevicePlan) -> None:
    import jax

    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    if plan.process:
        await_coordinator(plan.coordinator, CONNECT_TIMEOUT_S)
    try:
        jax.distributed.initialize(
            plan.coordinator,
            plan.processes,
            plan.process,
            initialization_timeout=CONNECT_TIMEOUT_S,
            heartbeat_timeout_seconds=_HEARTBEAT_TIMEOUT_S,
        )
    except (jax.errors.JaxRuntimeError, RuntimeError) as error:
        raise ApartError from error


def await_coordinator(coordinator: str, timeout_s: float) -> None:
    """Return when the first process accepts connections; raises `ConfigError` if it does not in time."""
    host, port = _split_address(coordinator)
    until = time.monotonic() + timeout_s
    while True:
        try:
            socket.create_connection((host.strip("[]"), port), timeout=5).close()
        except OSError as error:
            if time.monotonic() > until or isinstance(error, socket.gaierror):
                raise ConfigError(
                    f"the coordinator {coordinator} cannot be reached ({error.strerror or error}): start the first "
                    "process there, with --process 1/N and the same --coordinator."
                ) from error
            time.sleep(0.5)
        else:
            return


def _chosen_devices(plan: DevicePlan) -> list[Any]:
    import jax

    chosen: list[Any] = []
    for process in range(plan.processes):
        its_devices = [device for device in jax.devices() if device.process_index == process]
        if len(its_devices) < plan.devices:
            raise ConfigError(
                f"process {process + 1} has {len(its_devices)} of {plan.devices} devices: choose fewer with --devices."
            )
        chosen += its_devices[: plan.devices]
    return chosen
