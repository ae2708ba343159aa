"""The connections of an engine that was killed, left for the next one of the same name.

They lie in a file in the user's cache folder, which is read once. JACK alone names connections that can be restored.
"""

import contextlib
import json
import time
from pathlib import Path

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import BachBridgeError
from bachbridge.midi.connections import Link

_MAX_AGE_S = 120.0
"""Later, somebody has connected the ports anew."""
_MAX_BYTES = 1 << 16


def leave_links(client: str, links: list[Link]) -> None:
    """Write the connections down, or nothing if there are none or the folder cannot be written."""
    if not links:
        return
    path = _path(client)
    with contextlib.suppress(OSError, BachBridgeError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with atomic_output(path, private=True) as scratch:
            scratch.write_text(json.dumps(links), encoding="utf-8")


def find_left_links(client: str) -> list[Link]:
    """Return the connections that were left a moment ago, and remove them; none if there are none."""
    path = _path(client)
    links: list[Link] = []
    with contextlib.suppress(OSError, ValueError, TypeError):
        status = path.stat()
        if status.st_size <= _MAX_BYTES and 0 <= time.time() - status.st_mtime <= _MAX_AGE_S:
            links = [(str(own), str(other)) for own, other in json.loads(path.read_text(encoding="utf-8"))]
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    return links


def _path(client: str) -> Path:
    from platformdirs import user_cache_path

    name = "".join(letter if letter.isalnum() else "-" for letter in client)
    return user_cache_path("bachbridge", appauthor=False) / f"connections-{name}.json"
