"""The names of MIDI ports: how one is found by a part of it."""

import re
from collections.abc import Sequence

from bachbridge.errors import PortError

_ALSA_NUMBERS = re.compile(r"\s+\d+:\d+$")
"""ALSA's client and port numbers at the end of a name; they change whenever a device is plugged in."""


def strip_alsa_numbers(name: str) -> str:
    """Return a port's name without ALSA's numbers."""
    return _ALSA_NUMBERS.sub("", name)


def match_port(wanted: str, names: Sequence[str], kind: str) -> str:
    """Return the name that equals `wanted`, or else the only name that contains it.

    Case is ignored, and so are ALSA's numbers unless `wanted` has them. Raises `PortError` if no name or several names
    match; `kind` is "input" or "output", for its message.
    """
    pattern = wanted.strip().casefold()
    full_names = {name: name.casefold() for name in names}
    bare_names = {name: strip_alsa_numbers(name).casefold() for name in names}
    matches = [name for name in names if pattern in (full_names[name], bare_names[name])]
    if pattern and not matches:
        searched = full_names if _ALSA_NUMBERS.search(pattern) else bare_names
        matches = [name for name in names if pattern in searched[name]]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise PortError(
            f'Several {kind} ports match "{wanted}": give more of the name to choose {_alternatives(matches)}.'
        )
    if names:
        raise PortError(f'No {kind} port matches "{wanted}": choose {_alternatives(names)}.')
    raise PortError(f'No {kind} port matches "{wanted}" because there are none: start the DAW or plug in the device.')


def _alternatives(names: Sequence[str]) -> str:
    return " or ".join(f'"{name}"' for name in names)
