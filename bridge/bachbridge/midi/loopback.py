"""The loopback of Windows that takes the place of virtual ports: which of its ends are ours, and which are the DAW's.

Windows lets no program create MIDI ports. Two kinds of loopback connect programs instead, and both are recognised by
their names, as rtmidi lists them:

- A *pair* goes both ways: what is sent to its end (A) arrives at its end (B), and the other way round. Windows MIDI
  Services brings "Default App Loopback (A)" and "(B)". We take one end for input and output, the DAW takes the other.
- A *loop* goes one way: what is sent to it arrives at the port of the same name. loopMIDI, LoopBe, MIDI Yoke and the
  "basic" loopbacks of Windows MIDI Services are loops. Two are needed, or each of us would hear itself.

A device with an input and an output of one name cannot be told from a loop by more than its name, so ports without a
known word in their names are left alone: they can be named by `--in` and `--out`. Sources: the documentation of
Windows MIDI Services (MIDI Loopback Setup), and lists of ports that users of rtmidi have published.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bachbridge.midi.port_names import strip_places

_PAIR_END = re.compile(r"(?P<stem>.*\S)\s*[(\uff08]\s*(?P<end>[AB])\s*[)\uff09]", re.IGNORECASE)
_LOOP_PAIR_END = re.compile(r"(?P<stem>.*loop.*?)(?P<end>[AB])", re.IGNORECASE)
"""An end of a pair whose two names were chosen one by one, such as "LoopA"."""
_ONE_WAY_DRIVER = re.compile(r"loopmidi|loopbe", re.IGNORECASE)
_LOOP_WORD = re.compile(r"loop(?!er|\s?station)|bachbridge|midi yoke|internal midi", re.IGNORECASE)
"""Words in the names of loops; looper pedals are none."""
_OUR_NAME = "bachbridge"
_YOKE_DIRECTION = re.compile(r"(in from|out to)\s+(?=midi yoke)", re.IGNORECASE)
_FOR_INPUT = re.compile(r"\bin(put)?\b|\bto bachbridge\b|\bfrom daw\b", re.IGNORECASE)
_FOR_OUTPUT = re.compile(r"\bout(put)?\b|\bfrom bachbridge\b|\bto daw\b", re.IGNORECASE)

CREATE_STEPS = (
    "On Windows 11, open *MIDI Loopback Setup* or *Windows MIDI Settings* and create the default loopback: its two "
    "ends are “Default App Loopback (A)” and “(B)”. On other versions, install loopMIDI and create two ports in it: "
    "“BachBridge In” and “BachBridge Out”."
)
"""Two ways to have a loopback; words between asterisks are on the screen."""
_CREATE_ADVICE = (
    'create the default loopback in "MIDI Loopback Setup" or "Windows MIDI Settings" of Windows 11, or two ports named '
    '"BachBridge In" and "BachBridge Out" in loopMIDI'
)


@dataclass(frozen=True, slots=True)
class LoopbackPorts:
    """A loopback: the ports that we open, and those that the DAW opens, without rtmidi's numbers."""

    input: str
    output: str
    daw_output: str
    """The port to which the DAW sends, so that it arrives at our `input`."""
    daw_input: str
    """The port at which the DAW receives what we play."""


def find_loopback(inputs: Sequence[str], outputs: Sequence[str]) -> LoopbackPorts | None:
    """Return the best loopback among the listed ports; None if there is none that goes both ways."""
    sources, sinks = _bare_names(inputs), _bare_names(outputs)
    pairs = _pairs(sources, sinks)
    if pairs:
        first, second = min(pairs, key=_pair_rank)
        return LoopbackPorts(first, first, second, second)
    loops = _loops(sources, sinks)
    if len(loops) < 2:
        return None
    ours, theirs = _assign_directions(list(loops))
    return LoopbackPorts(loops[ours][0], loops[theirs][1], loops[ours][1], loops[theirs][0])


def complete_ports(
    input_name: str | None, output_name: str | None, inputs: Sequence[str], outputs: Sequence[str]
) -> tuple[str, str] | None:
    """Return our two ports, of which either may have been named; None if a loopback is needed and not there.

    To the named end of a pair belongs the same end; to a named loop another loop.
    """
    if input_name is not None and output_name is not None:
        return input_name, output_name
    named = input_name if input_name is not None else output_name
    if named is None:
        found = find_loopback(inputs, outputs)
        return (found.input, found.output) if found else None
    other = _other_port(named, _bare_names(inputs), _bare_names(outputs), wants_output=output_name is None)
    if other is None:
        return None
    return (named, other) if output_name is None else (other, named)


def _other_port(named: str, sources: list[str], sinks: list[str], *, wants_output: bool) -> str | None:
    """Return the port for the other direction, if one direction's port was named."""
    pattern = named.casefold()
    for pair in _pairs(sources, sinks):
        for end in pair:
            if pattern == end.casefold():
                return end
    left = [[name for name in names if pattern not in name.casefold()] for names in (sources, sinks)]
    if found := find_loopback(*left):
        return found.output if wants_output else found.input
    loops = _loops(*left)
    return next((sink if wants_output else source for source, sink in loops.values()), None)


def is_loopback(name: str) -> bool:
    """Return True for the name of a loopback, which is open even if nobody is connected."""
    return bool(_match_end(name) or _LOOP_WORD.search(name))


def daw_ports(input_name: str, output_name: str) -> tuple[str, str]:
    """Return the ports that the DAW plays to and listens to, by the names of our input and our output."""
    return _far_end(input_name), _far_end(output_name)


def loopback_text(inputs: Sequence[str], outputs: Sequence[str]) -> str:
    """Return a sentence on the loopback that there is, or on how to have one."""
    found = find_loopback(inputs, outputs)
    if found:
        return (
            f'BachBridge listens to "{found.input}" and plays to "{found.output}": in the DAW, send to '
            f'"{found.daw_output}" and listen to "{found.daw_input}".'
        )
    loops = list(_loops(_bare_names(inputs), _bare_names(outputs)).values())
    if loops:
        return (
            f'"{loops[0][0]}" goes one way only: create a second port like it for the answer, or the default loopback '
            'in "Windows MIDI Settings" of Windows 11.'
        )
    return f"Windows has no MIDI ports between programs yet: {_CREATE_ADVICE}."


def _bare_names(names: Sequence[str]) -> list[str]:
    """Return the names without numbers. Of two ports with one name nobody knows which belong together: both go."""
    bare = strip_places(names)
    counts = Counter(bare)
    return [name for name in bare if counts[name] == 1]


def _pairs(sources: Sequence[str], sinks: Sequence[str]) -> list[tuple[str, str]]:
    """Return the ends (A) and (B) of the pairs that are listed in both directions, in the order of the list."""
    both = [name for name in dict.fromkeys(sources) if name in sinks]
    ends = {key: name for name in both if (key := _pair_key(name))}
    return [(name, ends[stem, "b"]) for (stem, end), name in ends.items() if end == "a" and (stem, "b") in ends]


def _pair_key(name: str) -> tuple[str, str] | None:
    match = _match_end(name)
    return (match["stem"].strip().casefold(), match["end"].casefold()) if match else None


def _match_end(name: str) -> re.Match[str] | None:
    """Return the match of the name of a pair's end; None for other names."""
    if _ONE_WAY_DRIVER.search(name):
        return None
    return _PAIR_END.fullmatch(name) or _LOOP_PAIR_END.fullmatch(name)


def _pair_rank(pair: tuple[str, str]) -> tuple[bool, bool]:
    """Sort pairs that are named after us before others, and those that are called loopbacks before the rest."""
    name = pair[0].casefold()
    return _OUR_NAME not in name, "loop" not in name


def _loops(sources: Sequence[str], sinks: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the loops by a name without direction: the port that receives and the port that sends."""
    by_key = {_YOKE_DIRECTION.sub("", name): name for name in sinks}
    found: dict[str, tuple[str, str]] = {}
    for name in sources:
        key = _YOKE_DIRECTION.sub("", name)
        if key in by_key and _LOOP_WORD.search(key) and not _match_end(name):
            found[key] = name, by_key[key]
    ours_first = sorted(found, key=lambda key: _OUR_NAME not in key.casefold())
    return {key: found[key] for key in ours_first}


def _assign_directions(loops: list[str]) -> tuple[str, str]:
    """Return the loop to us and the loop to the DAW, by words such as "In" and "Out", or else by their order."""

    def pick(candidates: list[str], wanted: re.Pattern[str], other: re.Pattern[str]) -> str:
        fitting = [name for name in candidates if wanted.search(name)]
        neutral = [name for name in candidates if not other.search(name)]
        return (fitting or neutral or candidates)[0]

    ours = pick(loops, _FOR_INPUT, _FOR_OUTPUT)
    return ours, pick([name for name in loops if name != ours], _FOR_OUTPUT, _FOR_INPUT)


def _far_end(name: str) -> str:
    """Return the port at the other end of a loopback; the name itself for all other ports."""
    if _YOKE_DIRECTION.match(name):
        swapped = "Out To " if name.casefold().startswith("in from") else "In From "
        return _YOKE_DIRECTION.sub(swapped, name)
    match = _match_end(name)
    if match is None:
        return name
    start, end = match.span("end")
    return name[:start] + name[start:end].translate(str.maketrans("ABab", "BAba")) + name[end:]
