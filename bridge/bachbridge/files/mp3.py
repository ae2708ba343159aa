"""Sound as MP3, which every browser plays, encoded by libsndfile (the library soundfile).

The file has half the sampling rate of the samples, since neither the organ nor the harpsichord needs more, and an
eighth of the size that WAV would have at that rate.
"""

import importlib
import io
from typing import Any

from bachbridge.errors import BachBridgeError
from bachbridge.files.sound.instruments import RATE_HZ
from bachbridge.files.wav import Samples

_MP3_RATE_HZ = RATE_HZ // 2
_SMALLNESS = 0.6
"""Between 0, the best and largest sound, and 1."""


def require_encoder() -> None:
    """Import the library, so that a missing one is reported before the work begins; raises `ModuleNotFoundError`."""
    importlib.import_module("soundfile")


def encode_mp3(samples: Samples) -> bytes:
    """Return the file of samples[frame, side], -1 to 1, at `RATE_HZ`; raises `BachBridgeError`."""
    soundfile: Any = importlib.import_module("soundfile")
    pairs = samples[: len(samples) // 2 * 2].reshape(-1, 2, samples.shape[1])
    file = io.BytesIO()
    try:
        soundfile.write(
            file, pairs.mean(axis=1), _MP3_RATE_HZ, format="MP3", compression_level=_SMALLNESS, bitrate_mode="VARIABLE"
        )
    except (soundfile.LibsndfileError, ValueError, TypeError) as error:
        raise BachBridgeError(f"the sound cannot be encoded ({error}): install soundfile 0.13 or newer.") from error
    return file.getvalue()
