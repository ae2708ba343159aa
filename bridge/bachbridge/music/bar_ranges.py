"""Bars by their numbers and voices by their names, as people give them; positions of steps in bars.

Bars are numbered as in a score: from 1, and a pick-up before bar 1 is bar 0.
"""

import re
from collections.abc import Sequence

import numpy as np

from bachbridge.errors import ConfigError
from bachbridge.music.frames import Bools, Ints
from bachbridge.music.notes import VOICES
from bachbridge.music.timeline import Bar, missing_pickup_steps

_BAR_RANGE = re.compile(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?")


def bar_number(bars: Sequence[Bar], step: int) -> int:
    """Return the number of the bar in which `step` lies."""
    return first_bar_number(bars) - 1 + sum(bar.start <= step for bar in bars)


def first_bar_number(bars: Sequence[Bar]) -> int:
    """Return the number of the first bar: 0 if it is a pick-up, else 1."""
    return 0 if missing_pickup_steps(bars) else 1


def parse_bars(text: str, bars: Sequence[Bar]) -> Bools:
    """Return `wanted[step]`, True in the bars that "3-6" or "1-2,7" stands for; raise `ConfigError`."""
    first, last = first_bar_number(bars), first_bar_number(bars) + len(bars) - 1
    wanted = np.zeros(bars[-1].end, np.bool_)
    for part in text.split(","):
        match = _BAR_RANGE.fullmatch(part)
        if match is None:
            raise ConfigError(f"cannot read the bars {text!r}: give numbers and ranges, such as 3-6 or 1-2,7.")
        begin = int(match[1])
        end = int(match[2] or begin)
        if end < begin:
            raise ConfigError(f"there are no bars {begin}-{end}: give the first bar and then the last, {end}-{begin}.")
        if not first <= begin <= end <= last:
            outside = begin if not first <= begin <= last else end
            raise ConfigError(f"there is no bar {outside}: the piece has the bars {first} to {last}.")
        wanted[bars[begin - first].start : bars[end - first].end] = True
    return wanted


def describe_bars(text: str) -> str:
    """Return the text that `parse_bars` reads as words for a sentence: "bar 3", "bars 3-6"."""
    return f"bar {text.strip()}" if text.strip().isdigit() else f"bars {text}"


def parse_voices(text: str) -> tuple[int, ...]:
    """Return the voices that "alto,tenor" stands for, in order; raise `ConfigError`."""
    names = [name.strip().lower() for name in text.split(",")]
    for name in names:
        if name not in VOICES:
            raise ConfigError(f"there is no voice {name!r}: give {', '.join(VOICES[:-1])} or {VOICES[-1]}.")
    return tuple(sorted({VOICES.index(name) for name in names}))


def bar_positions(bars: Sequence[Bar]) -> tuple[Ints, Ints]:
    """Return each step's position in its bar and that bar's length, both `[step]` in steps.

    A short first bar is a pick-up: its steps are the last ones of a whole bar.
    """
    position = np.concatenate([np.arange(bar.end - bar.start) for bar in bars]).astype(np.int32)
    lengths = np.repeat([bar.meter.steps_per_bar for bar in bars], [bar.end - bar.start for bar in bars]).astype(
        np.int32
    )
    if missing := missing_pickup_steps(bars):
        position[: bars[0].end] += missing
        lengths[: bars[0].end] = bars[1].meter.steps_per_bar
    return position, lengths
