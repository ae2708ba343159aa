"""A stand-in for the process that owns the ports: it sends back what it gets, and dies or fails when told.

Usage: `python fake_port_broker.py echo|fail|FILE`. In "echo", a MIDI message of one byte 0xFF ends it at once. With the
name of a file it dies without a word, as often as the file has bytes, and then echoes.
"""

import os
import sys
import time
from pathlib import Path

from bachbridge.engine.ports import frames
from bachbridge.protocol.events import PortsChanged
from bachbridge.protocol.wire import dumps


def write(kind: bytes, payload: bytes) -> None:
    os.write(1, frames.encode_frame(kind, payload))


def main(behaviour: str) -> None:
    reader = frames.FrameReader()
    if behaviour == "fail":
        write(frames.FAILED, b"no port here")
        return
    if behaviour != "echo":
        deaths_left = Path(behaviour).read_bytes()
        Path(behaviour).write_bytes(deaths_left[1:])
        if deaths_left:
            return
    write(frames.REPORT, dumps(PortsChanged("in", "out")).encode())
    while block := os.read(0, 1 << 16):
        for kind, payload in reader.feed(block):
            if kind == frames.CLOSE or payload == b"\xff":
                return
            if kind == frames.CONFIGURE:
                write(frames.CLIENT, b"BachBridge 2")
                write(frames.LINKS, b'[["BachBridge Out", "DAW:in"]]')
                os.write(1, frames.encode_arrival(time.monotonic_ns(), payload))
            if kind == frames.MIDI:
                os.write(1, frames.encode_arrival(time.monotonic_ns(), payload))


if __name__ == "__main__":
    main(sys.argv[1])
