"""A network that no other program can reach, so that tests with Ableton Link neither hear nor disturb anybody.

Link finds every program with Link on the machine and on the local network. A test must not change the tempo of somebody
who is making music, nor meet another run of the tests.
"""

import ctypes
import fcntl
import os
import socket
import struct
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x1 | 0x40


@contextmanager
def private_network() -> Generator[bool]:
    """Give this thread, and the threads that it starts, a network of their own with nothing but the loopback interface.

    Yields False if the system does not allow that (it takes Linux and root). Then only other runs of the tests on this
    machine are kept out.
    """
    with (Path(tempfile.gettempdir()) / "bachbridge-link-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shared_network = _enter_new_network()
        try:
            yield shared_network is not None
        finally:
            if shared_network is not None:
                assert ctypes.CDLL(None).setns(shared_network, _CLONE_NEWNET) == 0
                os.close(shared_network)


def _enter_new_network() -> int | None:
    """Return a descriptor of the network that was left, or None if it could not be left."""
    try:
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    except OSError:
        return None
    if ctypes.CDLL(None).unshare(_CLONE_NEWNET) != 0:
        os.close(before)
        return None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP_RUNNING))
    return before
