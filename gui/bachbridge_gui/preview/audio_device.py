"""The sound device, by miniaudio, which brings its own way to every system's sound.

The device asks for samples on a thread of its own, every 10 ms while it runs; stopped, it costs nothing. miniaudio's
own choice would fall back on a device that nobody hears, so the ways are named here: having none is an error.
"""

import os
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from bachbridge.errors import BachBridgeError
from bachbridge.files.wav import RATE_HZ
from bachbridge_gui.preview.synth import Synth

_BACKENDS = {
    "win32": ("WASAPI", "DSOUND", "WINMM"),
    "darwin": ("COREAUDIO",),
    "linux": ("PULSEAUDIO", "ALSA", "JACK"),
}
_PERIOD_MS, _PERIOD_COUNT = 10, 3
_STALLED_S = 5.0


def load_miniaudio() -> Any:
    """The library; raises `BachBridgeError` where it is not installed."""
    try:
        import miniaudio as library  # pyright: ignore[reportMissingImports] # it comes with the extra "gui"
    except ImportError as error:
        raise BachBridgeError(
            f'The preview sound needs miniaudio ({error}): install it with "pip install miniaudio".'
        ) from error
    return library


def _open_device(backends: Sequence[str]) -> Any:
    """A device by the first way that has one: miniaudio itself would stop at the first way that is installed."""
    library = load_miniaudio()
    for name in backends:
        with suppress(library.MiniaudioError), _stderr_silenced():
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
        "No sound device was found: plug in or switch on a loudspeaker or headphones, then switch the preview sound "
        "on again."
    )


@contextmanager
def _stderr_silenced() -> Generator[None]:
    """The sound libraries tell on stderr at length what they have tried."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class AudioDevice:
    """Plays what the synthesizer renders, while it runs. All methods belong to one thread."""

    def __init__(self, synth: Synth, backend: str | None = None) -> None:
        """`way`: one of miniaudio's backends ("null" is heard by nobody); `BachBridgeError` if there is no device."""
        names = (backend.upper(),) if backend else _BACKENDS.get(sys.platform, _BACKENDS["linux"])
        self._device = _open_device(names)
        self._synth = synth
        self._sample_source = self._generate_samples()
        next(self._sample_source)
        self._last_sound_ns = 0
        """When something sounded last."""
        self._last_request_ns = 0
        self.running = False

    @property
    def backend(self) -> str:
        """By which of the system's ways it sounds."""
        return str(self._device.backend)

    @property
    def silent_s(self) -> float:
        """For how long nothing has sounded."""
        return (time.monotonic_ns() - self._last_sound_ns) / 1e9

    @property
    def stalled(self) -> bool:
        """It runs but no longer asks for samples: it was unplugged."""
        return self.running and time.monotonic_ns() - self._last_request_ns > _STALLED_S * 1e9

    def start(self) -> None:
        """Raises `BachBridgeError` where the device is gone."""
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
        """On the device's thread: is sent a number of frames, gives as many."""
        frames = yield b""
        while True:
            self._last_request_ns = time.monotonic_ns()
            if self._synth.sounding_count:
                self._last_sound_ns = self._last_request_ns
            frames = yield self._synth.render(frames).tobytes()
