"""The child process that reads files: whatever a file does to it, its worker lives on.

It gets a line of JSON for each file, its path and its name, and answers with a block of msgpack, the records of the
file. It ends itself if a file takes too long or needs too much memory (`bachbridge.process.limits`), and when its
worker has ended.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from bachbridge.process import limits
from bachbridge.process.ipc import read_lines, standard_pipes
from bachbridge_training.collection.reading import piece_records
from bachbridge_training.collection.reading.piece_records import AnyRecord
from bachbridge_training.datasets.suitability import CONVERTERS

MAX_MEMORY_BYTES = 1 << 30
HEADER_BYTES = 8
"""Bytes of the number in front of each block, which says how long it is."""


def main() -> None:
    """Read the files that are named on standard input; the arguments are a codec and the seconds for each file."""
    reader, writer = standard_pipes()
    converter, seconds = CONVERTERS[sys.argv[1]], float(sys.argv[2])
    limits.limit_memory(MAX_MEMORY_BYTES)
    with suppress(BrokenPipeError), os.fdopen(writer, "wb") as output:  # the worker may end first
        for line in read_lines(reader):
            path, name = msgspec.json.decode(line, type=tuple[str, str])
            with limits.time_limit(seconds):
                block = msgspec.msgpack.encode(piece_records.read_records(Path(path), name, converter))
            output.write(len(block).to_bytes(HEADER_BYTES))
            output.write(block)
            output.flush()


def decode_blocks(stream: Iterator[bytes]) -> Iterator[list[AnyRecord]]:
    """Yield the records of each file from the blocks of a pipe, which may be of any size."""
    decoder = msgspec.msgpack.Decoder(list[AnyRecord])
    waiting = bytearray()
    for received in stream:
        waiting += received
        while len(waiting) >= HEADER_BYTES:
            end = HEADER_BYTES + int.from_bytes(waiting[:HEADER_BYTES])
            if len(waiting) < end:
                break
            yield decoder.decode(memoryview(waiting)[HEADER_BYTES:end].tobytes())
            del waiting[:end]


if __name__ == "__main__":
    main()
