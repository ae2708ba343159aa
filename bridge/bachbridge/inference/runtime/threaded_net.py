"""The chains of an infilling network in several threads, for work on files.

onnxruntime lets other threads of Python run while it computes. Chains do not depend on one another, so the number of
threads changes nothing but the time. Live play keeps one thread: the engine's process needs the other cores.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bachbridge.inference.runtime.protocols import MaskedNet
from bachbridge.music.frames import Floats, Ints


class ThreadedNet:
    """A `MaskedNet` that predicts with another one, each thread some of the chains."""

    __slots__ = ("_net", "_pool", "_threads")

    def __init__(self, net: MaskedNet, threads: int) -> None:
        """`threads` counts the calling thread, which computes too; `net` must be usable from several threads."""
        self._net, self._threads = net, threads
        self._pool = ThreadPoolExecutor(max(1, threads - 1), "chains")

    def predict(self, seen: Ints, attacks: Ints, place: Ints) -> tuple[Floats, Floats]:
        """Return the pitch logits and the onset logits of all chains; arguments are those of `MaskedNet.predict`."""
        count = min(self._threads, len(seen))
        if count < 2:
            return self._net.predict(seen, attacks, place)
        first, *others = zip(*(np.array_split(values, count) for values in (seen, attacks, place)), strict=True)
        waiting = [self._pool.submit(self._net.predict, *part) for part in others]
        parts = [self._net.predict(*first), *(each.result() for each in waiting)]
        pitch, onset = (np.concatenate(values) for values in zip(*parts, strict=True))
        return pitch, onset
