"""A tune in ABC as it is played: its repeats written out, its meters with their times, and where its last bar stands.

A tune with a pickup ends with a bar that is as much shorter: what follows it begins within a bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from bachbridge.codecs.abc import normal_form
from bachbridge.codecs.abc.bars import JOINS
from bachbridge.codecs.abc.reader import STEPS, Header, Sung, header_of, longest_of, passes_of, unrolled, words_of

_AWAY = {"K": "key", "L": "unit_word", "M": "meter_word"}


@dataclass(frozen=True, slots=True)
class Playing:
    """Times are in steps; a meter is as it is written."""

    notes: tuple[Sung, ...]
    end: Fraction
    pickup: Fraction
    """How long the first bar is, if it is short."""
    into: Fraction
    """How much of a bar the last one fills; 0: all of it."""
    meters: tuple[tuple[Fraction, str], ...]
    """From when on each holds."""
    opening: Header
    closing: Header
    """What holds at the end."""


def playing(tune: str) -> Playing:
    """How a tune is played; raises `TuneError`."""
    opening, body = header_of(normal_form.normal(tune))
    reading, closing = opening.reading(), opening
    sung: list[Sung] = []
    marks: list[tuple[Fraction, str]] = []
    lines = [Fraction(0)]
    changes = [(Fraction(0), opening.meter_word)]
    for word in words_of(body):
        sung += reading.hear(word)
        if word in ("[1", "[2", *JOINS):
            marks.append((reading.at, word))
        if word in ("|", *JOINS):
            lines.append(reading.at)
        elif word[:1] in _AWAY and word[1:2] == ":":
            closing = replace(closing, **{_AWAY[word[0]]: word[2:]})
            changes += [(reading.at, word[2:])] * (word[0] == "M")
    passes = passes_of(marks, reading.at)
    bars = [(begin, end) for begin, end in pairwise([*lines, reading.at]) if end > begin]
    return Playing(
        notes=tuple(unrolled(longest_of(sung + list(reading.rest())), passes)),
        end=sum((end - begin for begin, end in passes), Fraction(0)),
        pickup=_pickup(bars, opening),
        into=(bars[-1][1] - bars[-1][0]) % (closing.meter * STEPS) if bars else Fraction(0),
        meters=_meters(changes, passes),
        opening=opening,
        closing=closing,
    )


def _pickup(bars: Sequence[tuple[Fraction, Fraction]], header: Header) -> Fraction:
    first = bars[0][1] - bars[0][0] if len(bars) > 1 else Fraction(0)
    return first if first < header.meter * STEPS else Fraction(0)


def _meters(
    changes: Sequence[tuple[Fraction, str]], passes: Sequence[tuple[Fraction, Fraction]]
) -> tuple[tuple[Fraction, str], ...]:
    """The changes of meter as they come with the repeats."""
    found: list[tuple[Fraction, str]] = []
    at = Fraction(0)
    for begin, end in passes:
        for since, word in changes:
            following = next((other for other, _ in changes if other > since), end)
            if since < end and following > begin and (not found or found[-1][1] != word):
                found.append((at + max(since, begin) - begin, word))
        at += end - begin
    return tuple(found)
