"""The state of the JACK server, which rtmidi does not report.

When a JACK server dies, rtmidi's ports still count as open, accept messages and list the former names. Only `libjack`
itself knows better. This module calls, through ctypes, the copy of libjack that rtmidi is linked with; unlike rtmidi,
ctypes lets other threads run meanwhile. A `ServerWatch` is a client without ports, invisible in patch bays, that
libjack notifies when the server ends. No server is ever started without the user's knowledge: `DummyServer` is started
explicitly, for measurements and tests.
"""

import contextlib
import ctypes
import errno
import importlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from bachbridge.errors import PortError

_NO_START_SERVER = 1
_MAX_PERIODS_WAIT_S, _PERIODS_POLL_S = 0.5, 0.001
_NAME_ARRAY = ctypes.POINTER(ctypes.c_char_p)
_SHUTDOWN = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_START_S, _POLL_S, _RETRY_S = 15.0, 0.05, 0.5
_SHARED_MEMORY = Path("/dev", "shm")
_TABLE_FULL = re.compile(r"too\s+many\s+servers", re.IGNORECASE)


@cache
def _library() -> ctypes.CDLL | None:
    """Return the libjack that rtmidi has loaded, with its logging silenced; None if there is none."""
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
    library.jack_connect.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    library.jack_port_disconnect.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.jack_last_frame_time.restype = library.jack_get_buffer_size.restype = ctypes.c_uint32
    library.jack_last_frame_time.argtypes = library.jack_get_buffer_size.argtypes = [ctypes.c_void_p]
    library.jack_free.restype = None
    library.jack_free.argtypes = [ctypes.c_void_p]
    _silence_logging(library)
    return library


def _silence_logging(library: ctypes.CDLL) -> None:
    """Stop libjack from printing on stderr.

    The callback is a C function without effect. A Python function would need the interpreter's lock, for which a
    thread of libjack could wait forever.
    """
    sink = ctypes.cast(ctypes.CDLL(None).labs, ctypes.c_void_p)
    for setter in (library.jack_set_error_function, library.jack_set_info_function):
        setter.restype = None
        setter.argtypes = [ctypes.c_void_p]
        setter(sink)


def elapsed_frames(first: int, last: int) -> int:
    """Return the frames from one reading of the server's 32-bit frame counter to a later one."""
    return (last - first) & 0xFFFFFFFF


class ServerWatch:
    """A client of the server that `JACK_DEFAULT_SERVER` names. Without libjack, the server counts as alive."""

    def __init__(self) -> None:
        self.is_alive = True
        library = _library()
        self._client = library.jack_client_open(b"BachBridge watch", _NO_START_SERVER, None) if library else None
        self._callback = _SHUTDOWN(self._on_shutdown)
        if library:
            if self._client is None:
                raise PortError("No JACK server answers: start one and try again.")
            library.jack_on_shutdown(self._client, self._callback, None)

    def close(self) -> None:
        library, client, self._client = _library(), self._client, None
        if library and client is not None:
            library.jack_client_close(client)

    def _live(self) -> tuple[ctypes.CDLL, int] | None:
        """Return libjack and this client; None without libjack, or if the server or the client is gone."""
        library, client = _library(), self._client
        return (library, client) if library is not None and client is not None and self.is_alive else None

    def connected_ports(self, name: str) -> tuple[str, ...] | None:
        """Return the full names of the ports connected to the ports of this name; None if unknown. Takes 0.1 ms.

        JACK does not say who owns a port: if several BachBridges share a server, each sees the connections of all.
        """
        if (live := self._live()) is None:
            return None
        library, client = live
        ports = [library.jack_port_by_name(client, full_name) for full_name in self._full_names(name)]
        connected = [
            _copy_names(library, library.jack_port_get_all_connections(client, port)) for port in ports if port
        ]
        return tuple(other.decode() for others in connected for other in others) if connected else None

    def frame_clock(self) -> tuple[int, int]:
        """Return the first frame of the present period (32 bits) and the period's length; (0, 1) without a server."""
        if (live := self._live()) is None:
            return 0, 1
        library, client = live
        return library.jack_last_frame_time(client), library.jack_get_buffer_size(client)

    def wait_for_periods(self, count: int) -> None:
        """Wait until the server has begun `count` more periods, or is gone, but for half a second at most."""
        first_frame, period = self.frame_clock()
        deadline_s = time.monotonic() + _MAX_PERIODS_WAIT_S
        while self.is_alive and elapsed_frames(first_frame, self.frame_clock()[0]) < count * period:
            if time.monotonic() > deadline_s:
                return
            time.sleep(_PERIODS_POLL_S)

    def has_port(self, name: str) -> bool:
        """Return True if a port of this name is there."""
        return bool(self.ports_named(name))

    def connect(self, source: str, destination: str) -> bool:
        """Connect two ports, each given by its full name or the part after the client's; False if that fails."""
        if (live := self._live()) is None:
            return False
        library, client = live
        sources, destinations = self._full_names(source), self._full_names(destination)
        if not sources or not destinations:
            return False
        return library.jack_connect(client, sources[0], destinations[0]) in (0, errno.EEXIST)

    def ports_named(self, name: str) -> frozenset[str]:
        """Return the full names, with the client's, of the ports that have this name or full name."""
        if self._live() is None:
            return frozenset()
        return frozenset(full_name.decode() for full_name in self._full_names(name))

    def disconnect(self, full_name: str) -> None:
        """Take away all connections of a port; nothing happens if it is gone."""
        if (live := self._live()) is None:
            return
        library, client = live
        if port := library.jack_port_by_name(client, full_name.encode()):
            library.jack_port_disconnect(client, port)

    def _full_names(self, name: str) -> list[bytes]:
        """Return the full names of the ports that have this full name, or this name after their client's."""
        library = _library()
        if library is None:
            return []
        pattern = f"^(.*:)?{re.escape(name)}$".encode()
        return _copy_names(library, library.jack_get_ports(self._client, pattern, None, 0))

    def _on_shutdown(self, _: int | None) -> None:
        self.is_alive = False


def _copy_names(library: ctypes.CDLL, names: Any) -> list[bytes]:
    """Return the names in an array of libjack's, and free it. It ends with a null pointer, or is one if empty."""
    if not names:
        return []
    copied = [*itertools.takewhile(lambda name: name is not None, names)]
    library.jack_free(names)
    return copied


def is_server_running() -> bool:
    """Return True if a JACK server answers. Takes 10 to 30 ms."""
    try:
        ServerWatch().close()
    except PortError:
        return False
    return True


class DummyServer:
    """A JACK server without a sound card, as a context manager; `JACK_DEFAULT_SERVER` names it inside the context."""

    def __init__(self, name: str, period_frames: int = 64, *, realtime: bool = False) -> None:
        """`period_frames`: frames per period at 48 kHz; JACK delays MIDI by up to two periods.

        A server with `realtime` keeps time within 0.2 % on a busy machine, without it within 3 %. JACK goes on without
        if the system does not allow it. The server is synchronous: an asynchronous one loses events under load, and
        sends the last event of a client that was killed again and again. A synchronous one takes no request for 5 s
        for each client of a process that was killed.
        """
        self.name = name
        priority = ["-R", "-P", "60", "-t", "5000"] if realtime else ["-r"]
        self._arguments = ["jackd", *priority, "-S", "-n", name, "-d", "dummy", "-r", "48000", "-p", str(period_frames)]
        self._process: subprocess.Popen[bytes] | None = None
        self._previous_server = os.environ.get("JACK_DEFAULT_SERVER")

    @staticmethod
    def is_available() -> bool:
        return shutil.which("jackd") is not None

    def __enter__(self) -> Self:
        os.environ["JACK_DEFAULT_SERVER"] = self.name
        try:
            self.start()
        except PortError:
            self._restore_environment()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        self._restore_environment()

    def _restore_environment(self) -> None:
        if self._previous_server is None:
            os.environ.pop("JACK_DEFAULT_SERVER", None)
        else:
            os.environ["JACK_DEFAULT_SERVER"] = self._previous_server

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it answers; raises `PortError` with its reason if it does not.

        If JACK's table of servers is full, a place of a killed server of ours is freed first.
        """
        reason = self._start()
        if _TABLE_FULL.search(reason) and self._free_place():
            reason = self._start()
        if reason:
            command = " ".join(self._arguments)
            raise PortError(f"The JACK server {self.name} does not start ({reason}): run `{command}` to see more.")

    def _start(self) -> str:
        """Start the server and wait until it answers; return why it does not, or ""."""
        deadline_s, reason = time.monotonic() + _START_S, "no answer"
        with tempfile.TemporaryFile() as messages:
            self._launch(messages)
            while not is_server_running():
                if time.monotonic() > deadline_s or _TABLE_FULL.search(reason):
                    self.stop()
                    return reason
                time.sleep(_POLL_S)
                if self._process is None or self._process.poll() is not None:
                    reason = _read_reason(messages)
                    # The remains of the server before this one take a moment to disappear.
                    time.sleep(_RETRY_S)
                    self._launch(messages)
        return ""

    def _launch(self, messages: IO[bytes]) -> None:
        null = subprocess.DEVNULL
        self._process = subprocess.Popen(
            self._arguments, stdin=null, stdout=null, stderr=messages, start_new_session=True
        )

    def _free_place(self) -> bool:
        """Free a place in JACK's table, which has eight, that a killed server of ours has left; False if none has.

        Only a server of the same name frees it, as it ends.
        """
        for name in sorted(_names_of_killed_servers()):
            with contextlib.suppress(PortError), _Successor(name):
                return True
        return False

    def stop(self) -> None:
        """End this server, and no other."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _read_reason(messages: IO[bytes]) -> str:
    """Return why a server has ended, of its messages the last but one: the last says only that it did not open."""
    messages.seek(0)
    lines = [line.strip() for line in messages.read().decode(errors="replace").splitlines()]
    return next(iter([line for line in lines if line][-2:]), "no message")


class _Successor(DummyServer):
    """A server with the name of a killed one. It frees no other place than that one's."""

    def _free_place(self) -> bool:
        return False


def _names_of_killed_servers() -> set[str]:
    """Return the names of this user's servers whose socket is there, but not the program that started them."""
    socket = re.compile(rf"jack_(bachbridge-[\w-]*?(\d+))_{os.getuid()}_0")
    found = [socket.fullmatch(path.name) for path in _SHARED_MEMORY.glob("jack_*")]
    return {each[1] for each in found if each and not Path("/proc", each[2]).exists()}
