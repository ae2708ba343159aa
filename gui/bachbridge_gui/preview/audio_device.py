"""The sound device, through miniaudio, which contains a backend for the sound of every system.

The device asks for samples on its own thread, every 10 ms while it runs; it costs nothing while it is stopped. The
automatic choice of miniaudio would fall back on a null device that nobody hears, so the backends are named here: having
none is an error.
"""

import os
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bachbridge.errors import BachBridgeError
from bachbridge.files.sound.instruments import RATE_HZ
from bachbridge.install_advice import install_advice

_BACKENDS = {
    "win32": ("WASAPI", "DSOUND", "WINMM"),
    "darwin": ("COREAUDIO",),
    "linux": ("PULSEAUDIO", "ALSA", "JACK"),
}
_PERIOD_MS, _PERIOD_COUNT = 10, 3
_STALLED_S = 5.0


def load_miniaudio() -> Any:
    """Import miniaudio; `BachBridgeError` if it is not installed."""
    try:
        import miniaudio as library  # pyright: ignore[reportMissingImports] # installed by the extra "gui" only
    except ImportError as error:
        raise BachBridgeError(f"The preview sound needs miniaudio ({error}): {install_advice('gui')}.") from error
    return library


def _open_device(backends: Sequence[str]) -> Any:
    """Open a device of the first backend that has one; miniaudio itself would stop at the first installed backend."""
    library = load_miniaudio()
    for name in backends:
        with suppress(library.MiniaudioError), stderr_silenced():
            return library.PlaybackDevice(
                output_format=library.SampleFormat.FLOAT32,
                nchannels=2,
                sample_rate=RATE_HZ,
                buffersize_msec=_PERIOD_MS,
                callback_periods=_PERIOD_COUNT,
                backends=[library.Backend[name]],
                app_name="BachBridge preview",
            )
    raise BachBridgeError(
        "No sound device was found: plug in or switch on loudspeakers or headphones, then switch the preview sound "
        "on again."
    )


@contextmanager
def stderr_silenced() -> Generator[None]:
    """Silence stderr, where the sound libraries report at length what they have tried."""
    stderr, devnull = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(devnull)


class Renderer(Protocol):
    """A source of sound; `render` is called on the device's thread."""

    @property
    def sounding_count(self) -> int: ...

    def render(self, frames: int) -> NDArray[np.float32]: ...


class AudioDevice:
    """Plays what the source renders, while it runs. Call all methods on one thread."""

    def __init__(self, source: Renderer, backend: str | None = None) -> None:
        """Open the device of one of miniaudio's backends ("null": a silent one); `BachBridgeError` if there is none."""
        names = (backend.upper(),) if backend else _BACKENDS.get(sys.platform, _BACKENDS["linux"])
        self._device = _open_device(names)
        self._source = source
        self._sample_source = self._generate_samples()
        next(self._sample_source)
        self._last_sound_ns = 0
        """Time of the last block with a sounding note."""
        self._last_request_ns = 0
        self.running = False

    @property
    def backend(self) -> str:
        """Name of the backend in use."""
        return str(self._device.backend)

    @property
    def silent_s(self) -> float:
        """Time since a note sounded."""
        return (time.monotonic_ns() - self._last_sound_ns) / 1e9

    @property
    def stalled(self) -> bool:
        """True if the device runs but no longer asks for samples, because it was unplugged."""
        return self.running and time.monotonic_ns() - self._last_request_ns > _STALLED_S * 1e9

    def start(self) -> None:
        """Start the device; `BachBridgeError` if it is gone."""
        self._last_request_ns = self._last_sound_ns = time.monotonic_ns()
        try:
            self._device.start(self._sample_source)
        except load_miniaudio().MiniaudioError as error:
            raise BachBridgeError("The sound device is gone: switch the preview sound on again.") from error
        self.running = True

    def stop(self) -> None:
        if self.running:
            self._device.stop()
            self.running = False

    def close(self) -> None:
        self.running = False
        self._device.close()

    def _generate_samples(self) -> Generator[bytes, int]:
        """Yield as many frames as are requested by `send`. Runs on the device's thread."""
        frames = yield b""
        while True:
            self._last_request_ns = time.monotonic_ns()
            if self._source.sounding_count:
                self._last_sound_ns = self._last_request_ns
            frames = yield self._source.render(frames).tobytes()
