"""What rtmidi does not tell of JACK: whether a server answers, and that it has died.

When a JACK server dies, rtmidi's ports still count as open, take messages and list the names of before. The truth is
in `libjack` itself, so this module talks to the copy of it that rtmidi is linked with, through ctypes, which (unlike
rtmidi) lets other threads run meanwhile. A `Lifeline` is a client without ports, invisible in patch bays, that is
told of the server's end. No server is ever started behind a person's back; `DummyServer` is started by name, for
measurements and tests.
"""

import contextlib
import ctypes
import importlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bachbridge.errors import PortError

_NO_START_SERVER = 1
_NAME_ARRAY = ctypes.POINTER(ctypes.c_char_p)
_SHUTDOWN = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_START_S, _POLL_S, _RETRY_S = 15.0, 0.05, 0.5


@cache
def _library() -> ctypes.CDLL | None:
    """The libjack that rtmidi has loaded, made silent; None where there is none."""
    if sys.platform != "linux":
        return None
    with contextlib.suppress(ImportError):
        importlib.import_module("rtmidi")
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    path = next((line.split(maxsplit=5)[5] for line in maps if "libjack" in line), None)
    if path is None:
        return None
    library = ctypes.CDLL(path)
    library.jack_client_open.restype = ctypes.c_void_p
    library.jack_client_open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
    library.jack_on_shutdown.argtypes = [ctypes.c_void_p, _SHUTDOWN, ctypes.c_void_p]
    library.jack_client_close.argtypes = [ctypes.c_void_p]
    library.jack_get_ports.restype = _NAME_ARRAY
    library.jack_get_ports.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong]
    library.jack_port_by_name.restype = ctypes.c_void_p
    library.jack_port_by_name.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.jack_port_get_all_connections.restype = _NAME_ARRAY
    library.jack_port_get_all_connections.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.jack_free.restype = None
    library.jack_free.argtypes = [ctypes.c_void_p]
    _silence_logging(library)
    return library


def _silence_logging(library: ctypes.CDLL) -> None:
    """Let libjack print nothing on stderr.

    The sink is a C function without effect: one of Python's would want the interpreter's lock, for which a thread of
    libjack could wait forever.
    """
    sink = ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p)
    for setter in (library.jack_set_error_function, library.jack_set_info_function):
        setter.restype = None
        setter.argtypes = [ctypes.c_void_p]
        setter(sink)


class ServerWatch:
    """A client of the server that `JACK_DEFAULT_SERVER` names; out of libjack's reach it believes in its life."""

    def __init__(self) -> None:
        self.is_alive = True
        library = _library()
        self._client = library.jack_client_open(b"BachBridge watch", _NO_START_SERVER, None) if library else None
        self._callback = _SHUTDOWN(self._on_shutdown)
        if library:
            if self._client is None:
                raise PortError("No JACK server answers: start one.")
            library.jack_on_shutdown(self._client, self._callback, None)

    def close(self) -> None:
        library, client, self._client = _library(), self._client, None
        if library and client is not None:
            library.jack_client_close(client)

    def connection_count(self, name: str) -> int:
        """How many ports are connected to the ports of that name; -1 where nobody can tell (0.1 ms).

        JACK does not say whose a port is: with several BachBridges on a server each counts for all.
        """
        library, client = _library(), self._client
        if library is None or client is None or not self.is_alive:
            return -1
        pattern = f":{re.escape(name)}$".encode()
        ours = _copy_names(library, library.jack_get_ports(client, pattern, None, 0))
        ports = [library.jack_port_by_name(client, port) for port in ours]
        found = [_copy_names(library, library.jack_port_get_all_connections(client, port)) for port in ports if port]
        return sum(map(len, found)) if found else -1

    def _on_shutdown(self, _: int | None) -> None:
        self.is_alive = False


def _copy_names(library: ctypes.CDLL, names: Any) -> list[bytes]:
    """The names in an array of libjack's that ends with a null pointer (or is one); the array is given back."""
    if not names:
        return []
    taken = [*itertools.takewhile(lambda name: name is not None, names)]
    library.jack_free(names)
    return taken


def is_server_running() -> bool:
    """Whether a JACK server answers (10 to 30 ms)."""
    try:
        ServerWatch().close()
    except PortError:
        return False
    return True


class DummyServer:
    """A JACK server without sound card, as a context; `JACK_DEFAULT_SERVER` names it meanwhile."""

    def __init__(self, name: str, period_frames: int = 64) -> None:
        """`period`: frames at 48 kHz; JACK keeps MIDI for up to two of them."""
        self.name = name
        self._arguments = ["jackd", "-r", "-S", "-n", name, "-d", "dummy", "-r", "48000", "-p", str(period_frames)]
        # -S: asynchronous servers lose events under load.
        self._process: subprocess.Popen[bytes] | None = None
        self._previous_server = os.environ.get("JACK_DEFAULT_SERVER")

    @staticmethod
    def is_available() -> bool:
        return shutil.which("jackd") is not None

    def __enter__(self) -> Self:
        os.environ["JACK_DEFAULT_SERVER"] = self.name
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        if self._previous_server is None:
            os.environ.pop("JACK_DEFAULT_SERVER", None)
        else:
            os.environ["JACK_DEFAULT_SERVER"] = self._previous_server

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        deadline_s = time.monotonic() + _START_S
        self._launch()
        while not is_server_running():
            if time.monotonic() > deadline_s:
                self.stop()
                raise PortError(f"The JACK server {self.name} does not start: try `{' '.join(self._arguments)}`.")
            time.sleep(_POLL_S)
            if self._process is None or self._process.poll() is not None:
                # What the server before it has left behind takes a moment to go away.
                time.sleep(_RETRY_S)
                self._launch()

    def _launch(self) -> None:
        null = subprocess.DEVNULL
        self._process = subprocess.Popen(self._arguments, stdin=null, stdout=null, stderr=null, start_new_session=True)

    def stop(self) -> None:
        """End this very process, nothing else."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
