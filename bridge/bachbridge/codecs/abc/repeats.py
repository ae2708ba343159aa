"""A tune in ABC as it is played: its repeats written out, its meters with their times, and where its last bar stands.

A tune with a pickup ends with a bar that is as much shorter: what follows it begins within a bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from bachbridge.codecs.abc import normal_form
from bachbridge.codecs.abc.bars import SECTION_BAR_LINES
from bachbridge.codecs.abc.reader import (
    STEPS_PER_WHOLE_NOTE,
    TuneHeader,
    TuneNote,
    drop_superseded,
    repeat_spans,
    split_header,
    split_tokens,
    unroll_repeats,
)

_HEADER_FIELDS = {"K": "key", "L": "unit_word", "M": "meter_word"}


@dataclass(frozen=True, slots=True)
class UnrolledTune:
    """Times are in steps; a meter is as it is written."""

    notes: tuple[TuneNote, ...]
    end: Fraction
    pickup: Fraction
    """How long the first bar is, if it is short."""
    last_bar_steps: Fraction
    """How much of a bar the last one fills; 0: all of it."""
    meters: tuple[tuple[Fraction, str], ...]
    """From when on each holds."""
    first_header: TuneHeader
    last_header: TuneHeader
    """What holds at the end."""


def unroll_tune(tune: str) -> UnrolledTune:
    """How a tune is played; raises `TuneError`."""
    opening, body = split_header(normal_form.normalize(tune))
    reading, closing = opening.make_reader(), opening
    sung: list[TuneNote] = []
    marks: list[tuple[Fraction, str]] = []
    lines = [Fraction(0)]
    changes = [(Fraction(0), opening.meter_word)]
    for word in split_tokens(body):
        sung += reading.read_token(word)
        if word in ("[1", "[2", *SECTION_BAR_LINES):
            marks.append((reading.step, word))
        if word in ("|", *SECTION_BAR_LINES):
            lines.append(reading.step)
        elif word[:1] in _HEADER_FIELDS and word[1:2] == ":":
            closing = replace(closing, **{_HEADER_FIELDS[word[0]]: word[2:]})
            changes += [(reading.step, word[2:])] * (word[0] == "M")
    passes = repeat_spans(marks, reading.step)
    bars = [(begin, end) for begin, end in pairwise([*lines, reading.step]) if end > begin]
    return UnrolledTune(
        notes=tuple(unroll_repeats(drop_superseded(sung + list(reading.flush())), passes)),
        end=sum((end - begin for begin, end in passes), Fraction(0)),
        pickup=_pickup_steps(bars, opening),
        last_bar_steps=(bars[-1][1] - bars[-1][0]) % (closing.meter * STEPS_PER_WHOLE_NOTE) if bars else Fraction(0),
        meters=_unrolled_meters(changes, passes),
        first_header=opening,
        last_header=closing,
    )


def _pickup_steps(bars: Sequence[tuple[Fraction, Fraction]], header: TuneHeader) -> Fraction:
    first = bars[0][1] - bars[0][0] if len(bars) > 1 else Fraction(0)
    return first if first < header.meter * STEPS_PER_WHOLE_NOTE else Fraction(0)


def _unrolled_meters(
    changes: Sequence[tuple[Fraction, str]], spans: Sequence[tuple[Fraction, Fraction]]
) -> tuple[tuple[Fraction, str], ...]:
    """The changes of meter as they come with the repeats."""
    found: list[tuple[Fraction, str]] = []
    at = Fraction(0)
    for begin, end in spans:
        for since, word in changes:
            following = next((other for other, _ in changes if other > since), end)
            if since < end and following > begin and (not found or found[-1][1] != word):
                found.append((at + max(since, begin) - begin, word))
        at += end - begin
    return tuple(found)
