"""Tunes in ABC as they are played: repeats written out, meters with their times, and the length of the last bar.

A tune with a pickup ends with a bar that is shorter by as much, so music that follows it begins within a bar.
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
    """Tune with its repeats written out; times are in steps, meters as they are written."""

    notes: tuple[TuneNote, ...]
    end: Fraction
    pickup: Fraction
    """Length of the first bar if it is short; else 0."""
    last_bar_steps: Fraction
    """Length of the last bar if it is short; 0 if it is full."""
    meters: tuple[tuple[Fraction, str], ...]
    """Each meter with the time from which it holds."""
    first_header: TuneHeader
    last_header: TuneHeader
    """Header values that hold at the end."""


def unroll_tune(tune: str) -> UnrolledTune:
    """Return a tune with its repeats written out; raise `TuneError`."""
    first_header, body = split_header(normal_form.normalize(tune))
    reader, last_header = first_header.make_reader(), first_header
    notes: list[TuneNote] = []
    marks: list[tuple[Fraction, str]] = []
    bar_lines = [Fraction(0)]
    changes = [(Fraction(0), first_header.meter_word)]
    for token in split_tokens(body):
        notes += reader.read_token(token)
        if token in ("[1", "[2", *SECTION_BAR_LINES):
            marks.append((reader.step, token))
        if token in ("|", *SECTION_BAR_LINES):
            bar_lines.append(reader.step)
        elif token[:1] in _HEADER_FIELDS and token[1:2] == ":":
            last_header = replace(last_header, **{_HEADER_FIELDS[token[0]]: token[2:]})
            changes += [(reader.step, token[2:])] * (token[0] == "M")
    spans = repeat_spans(marks, reader.step)
    bars = [(begin, end) for begin, end in pairwise([*bar_lines, reader.step]) if end > begin]
    return UnrolledTune(
        notes=tuple(unroll_repeats(drop_superseded([*notes, *reader.flush()]), spans)),
        end=sum((end - begin for begin, end in spans), Fraction(0)),
        pickup=_pickup_steps(bars, first_header),
        last_bar_steps=_last_bar_steps(bars, last_header),
        meters=_unrolled_meters(changes, spans),
        first_header=first_header,
        last_header=last_header,
    )


def _pickup_steps(bars: Sequence[tuple[Fraction, Fraction]], header: TuneHeader) -> Fraction:
    first = bars[0][1] - bars[0][0] if len(bars) > 1 else Fraction(0)
    return first if first < header.meter * STEPS_PER_WHOLE_NOTE else Fraction(0)


def _last_bar_steps(bars: Sequence[tuple[Fraction, Fraction]], header: TuneHeader) -> Fraction:
    return (bars[-1][1] - bars[-1][0]) % (header.meter * STEPS_PER_WHOLE_NOTE) if bars else Fraction(0)


def _unrolled_meters(
    changes: Sequence[tuple[Fraction, str]], spans: Sequence[tuple[Fraction, Fraction]]
) -> tuple[tuple[Fraction, str], ...]:
    """Return the changes of meter with the repeats written out."""
    found: list[tuple[Fraction, str]] = []
    at = Fraction(0)
    for begin, end in spans:
        for since, word in changes:
            following = next((other for other, _ in changes if other > since), end)
            if since < end and following > begin and (not found or found[-1][1] != word):
                found.append((at + max(since, begin) - begin, word))
        at += end - begin
    return tuple(found)
