"""The names of MIDI ports: how one is found by a part of it."""

import re
from collections.abc import Sequence

from bachbridge.errors import PortError

_ALSA_NUMBERS = re.compile(r"\s+\d+:\d+$")
"""ALSA's client and port numbers at the end of a name; they change whenever a device is plugged in."""


def strip_alsa_numbers(name: str) -> str:
    """Return a port's name without ALSA's numbers."""
    return _ALSA_NUMBERS.sub("", name)


def strip_port_numbers(names: Sequence[str]) -> list[str]:
    """Return the names of a list of ports without the numbers that the MIDI system or rtmidi has added.

    On Windows rtmidi adds to each name its place in the list, which changes like ALSA's numbers. A name that several
    ports have keeps it.
    """
    bare = strip_places(names)
    if bare == list(names):
        return [strip_alsa_numbers(name) for name in names]
    return [name if bare.count(name) == 1 else full for name, full in zip(bare, names, strict=True)]


def strip_places(names: Sequence[str]) -> list[str]:
    """Return the names without rtmidi's numbers, if each name ends with its place in the list."""
    if not all(name.endswith(f" {place}") for place, name in enumerate(names)):
        return list(names)
    return [name.removesuffix(f" {place}").rstrip() for place, name in enumerate(names)]


def match_port(wanted: str, names: Sequence[str], kind: str) -> str:
    """Return the name that equals `wanted`, or else the only name that contains it.

    Case is ignored, and so are the numbers of ALSA and rtmidi unless `wanted` has them. Raises `PortError` if no name
    or several names match; `kind` is "input" or "output", for its message.
    """
    pattern = wanted.strip().casefold()
    full_names = {name: name.casefold() for name in names}
    bare_names = {name: bare.casefold() for name, bare in zip(names, strip_port_numbers(names), strict=True)}
    matches = [name for name in names if pattern == bare_names[name]]
    matches = matches or [name for name in names if pattern == full_names[name]]
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
