"""Chains that are predicted in several threads are the same as in one."""

import threading

import numpy as np
import pytest

from bachbridge.inference.runtime.threaded_net import ThreadedNet
from bachbridge.music.frames import Floats, Ints


class SlowNet:
    """A network whose logits are sums of its inputs; it notes which threads call it and with how many chains."""

    def __init__(self, meet: int = 1) -> None:
        self.calls: list[tuple[int, int]] = []
        self._meeting = threading.Barrier(meet)

    def predict(self, seen: Ints, attacks: Ints, place: Ints) -> tuple[Floats, Floats]:
        self.calls.append((threading.get_ident(), len(seen)))
        self._meeting.wait(10)
        total = (seen + attacks + place.sum(axis=2, keepdims=True)).astype(np.float32)
        return np.repeat(total[..., None], 3, axis=3), total


def inputs(chains: int) -> tuple[Ints, Ints, Ints]:
    rng = np.random.default_rng(chains)
    seen, attacks = rng.integers(0, 40, (2, chains, 6, 4), np.int32)
    return seen, attacks, rng.integers(0, 4, (chains, 6, 4), np.int32)


@pytest.mark.parametrize(("chains", "threads", "calls"), [(4, 2, [2, 2]), (3, 2, [1, 2]), (2, 8, [1, 1]), (1, 2, [1])])
def test_threads_share_the_chains_in_order(chains: int, threads: int, calls: list[int]) -> None:
    net = SlowNet(meet=len(calls))
    pitch, onset = ThreadedNet(net, threads).predict(*inputs(chains))
    expected_pitch, expected_onset = SlowNet().predict(*inputs(chains))
    assert np.array_equal(pitch, expected_pitch)
    assert np.array_equal(onset, expected_onset)
    assert sorted(count for _, count in net.calls) == calls
    assert len({thread for thread, _ in net.calls}) == len(calls), "all of them compute at the same time"


def test_one_thread_predicts_in_the_caller() -> None:
    net = SlowNet()
    ThreadedNet(net, 1).predict(*inputs(4))
    assert net.calls == [(threading.get_ident(), 4)]


def test_error_in_a_thread_reaches_the_caller() -> None:
    class BrokenNet:
        def predict(self, seen: Ints, attacks: Ints, place: Ints) -> tuple[Floats, Floats]:
            raise ValueError(f"no logits for {len(seen)} chains")

    with pytest.raises(ValueError, match="no logits"):
        ThreadedNet(BrokenNet(), 2).predict(*inputs(4))
