"""How much of what a network writes is ABC: tunes that can be read, bars that add up.

Two counts, which know nothing of each other. The first reads a tune word by word in exact fractions
(`codecs.abctune`), however wrong its bars are: a bar is right if it is as long as the meter says; the tune's first bar
and those beside a repeat, a double bar or an ending may be shorter. The second is music21's parser: whether it reads
the tune, and how long its measures are; of a tune of two bars it makes none, and none are counted. A tune that cannot
be read counts as one bar that is wrong.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bachbridge.codecs.abc import normal_form
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.bars import JOINS, LINES
from bachbridge.codecs.abc.reader import STEPS, header_of, words_of
from bachbridge.errors import TuneError


@dataclass(frozen=True, slots=True)
class Validity:
    """Of `tunes` so many are `read` and so many `whole` (every bar right); of `bars` so many are `right`."""

    tunes: int = 0
    read: int = 0
    whole: int = 0
    bars: int = 0
    right: int = 0

    def plus(self, lengths: list[tuple[bool, bool]] | None) -> "Validity":
        """With one more tune, of whose bars it is told whether they are full and whether they may be short."""
        if lengths is None:
            return Validity(self.tunes + 1, self.read, self.whole, self.bars + 1, self.right)
        right = sum(full or short for full, short in lengths)
        whole = self.whole + (0 < len(lengths) == right)
        return Validity(self.tunes + 1, self.read + 1, whole, self.bars + len(lengths), self.right + right)

    @property
    def tunes_read(self) -> float:
        """The share of tunes that are read."""
        return self.read / self.tunes if self.tunes else 0.0

    @property
    def bars_right(self) -> float:
        """The share of bars that add up."""
        return self.right / self.bars if self.bars else 0.0


def counted(texts: Iterable[str]) -> Validity:
    """By our own reading."""
    validity = Validity()
    for text in texts:
        validity = validity.plus(_bars(text))
    return validity


def by_music21(texts: Iterable[str]) -> Validity:
    """By music21's."""
    validity = Validity()
    for text in texts:
        validity = validity.plus(_measures(text))
    return validity


def _bars(text: str) -> list[tuple[bool, bool]] | None:
    """Of each bar whether it is full, and whether it is one that may be short, and is; None: it cannot be read."""
    try:
        header, body = header_of(normal_form.normal(text))
    except TuneError:
        return None
    reading = header.reading()
    bar, begun, joined = header.meter * STEPS, Fraction(0), True
    found: list[tuple[bool, bool]] = []
    for word in (*words_of(body), "|]"):
        reading.hear(word)
        if word.startswith("M:"):
            bar = (abc_tokens.meter(word[2:]) or header.meter) * STEPS
        if word not in LINES and not re.fullmatch(r"\[\d", word):
            continue
        length, join = reading.at - begun, word in JOINS or word[0] == "["
        if length:
            found.append((length == bar, length < bar and (joined or join)))
        joined, begun = join or (joined and not length), reading.at
    return found or None


def _measures(text: str) -> list[tuple[bool, bool]] | None:
    """The same by music21's measures."""
    from music21 import converter, stream

    try:
        score: Any = converter.parseData("X:1\n" + re.sub(r"(?m)^X:.*\n", "", text), format="abc")
    except Exception:  # noqa: BLE001 # music21 raises whatever comes, from its own kinds to plain TypeErrors
        return None
    measures: list[Any] = list(score.recurse().getElementsByClass(stream.Measure))
    sounding = [measure for measure in measures if measure.highestTime > 0]
    ends = [_joined(measure.rightBarline) for measure in sounding]
    begins = [_joined(measure.leftBarline) for measure in sounding]
    found: list[tuple[bool, bool]] = []
    for index, measure in enumerate(sounding):
        length, bar = Fraction(measure.highestTime), Fraction(measure.barDuration.quarterLength)
        beside = index == 0 or begins[index] or ends[index] or ends[index - 1]
        last = index + 1 == len(sounding) or begins[index + 1]
        found.append((abs(length - bar) < _SLACK, length < bar and (beside or last)))
    return found if measures or score.recurse().notesAndRests else None


_SLACK = Fraction(1, 1000)
"""music21 rounds what is no whole part of its grid."""


def _joined(line: Any) -> bool:
    return line is not None and str(getattr(line, "type", "regular")) != "regular"
