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
from bachbridge.codecs.abc.bars import BAR_LINES, SECTION_BAR_LINES
from bachbridge.codecs.abc.reader import STEPS_PER_WHOLE_NOTE, split_header, split_tokens
from bachbridge.errors import TuneError


@dataclass(frozen=True, slots=True)
class AbcValidity:
    """Of `tunes` so many are `read` and so many `whole` (every bar right); of `bars` so many are `right`."""

    tunes: int = 0
    readable: int = 0
    all_bars_right: int = 0
    bars: int = 0
    right_bars: int = 0

    def with_tune(self, lengths: list[tuple[bool, bool]] | None) -> "AbcValidity":
        """With one more tune, of whose bars it is told whether they are full and whether they may be short."""
        if lengths is None:
            return AbcValidity(self.tunes + 1, self.readable, self.all_bars_right, self.bars + 1, self.right_bars)
        right = sum(full or short for full, short in lengths)
        whole = self.all_bars_right + (0 < len(lengths) == right)
        return AbcValidity(self.tunes + 1, self.readable + 1, whole, self.bars + len(lengths), self.right_bars + right)

    @property
    def readable_share(self) -> float:
        """The share of tunes that are read."""
        return self.readable / self.tunes if self.tunes else 0.0

    @property
    def right_bar_share(self) -> float:
        """The share of bars that add up."""
        return self.right_bars / self.bars if self.bars else 0.0


def check_tunes(texts: Iterable[str]) -> AbcValidity:
    """By our own reading."""
    validity = AbcValidity()
    for text in texts:
        validity = validity.with_tune(_bar_checks(text))
    return validity


def check_with_music21(texts: Iterable[str]) -> AbcValidity:
    """By music21's."""
    validity = AbcValidity()
    for text in texts:
        validity = validity.with_tune(_measure_checks(text))
    return validity


def _bar_checks(text: str) -> list[tuple[bool, bool]] | None:
    """Of each bar whether it is full, and whether it is one that may be short, and is; None: it cannot be read."""
    try:
        header, body = split_header(normal_form.normalize(text))
    except TuneError:
        return None
    reading = header.make_reader()
    bar, begun, joined = header.meter * STEPS_PER_WHOLE_NOTE, Fraction(0), True
    found: list[tuple[bool, bool]] = []
    for word in (*split_tokens(body), "|]"):
        reading.read_token(word)
        if word.startswith("M:"):
            bar = (abc_tokens.meter_length(word[2:]) or header.meter) * STEPS_PER_WHOLE_NOTE
        if word not in BAR_LINES and not re.fullmatch(r"\[\d", word):
            continue
        length, join = reading.step - begun, word in SECTION_BAR_LINES or word[0] == "["
        if length:
            found.append((length == bar, length < bar and (joined or join)))
        joined, begun = join or (joined and not length), reading.step
    return found or None


def _measure_checks(text: str) -> list[tuple[bool, bool]] | None:
    """The same by music21's measures."""
    from music21 import converter, stream

    try:
        score: Any = converter.parseData("X:1\n" + re.sub(r"(?m)^X:.*\n", "", text), format="abc")
    except Exception:  # noqa: BLE001 # music21 raises whatever comes, from its own kinds to plain TypeErrors
        return None
    measures: list[Any] = list(score.recurse().getElementsByClass(stream.Measure))
    sounding = [measure for measure in measures if measure.highestTime > 0]
    ends = [_is_special_barline(measure.rightBarline) for measure in sounding]
    begins = [_is_special_barline(measure.leftBarline) for measure in sounding]
    found: list[tuple[bool, bool]] = []
    for index, measure in enumerate(sounding):
        length, bar = Fraction(measure.highestTime), Fraction(measure.barDuration.quarterLength)
        beside = index == 0 or begins[index] or ends[index] or ends[index - 1]
        last = index + 1 == len(sounding) or begins[index + 1]
        found.append((abs(length - bar) < _LENGTH_TOLERANCE, length < bar and (beside or last)))
    return found if measures or score.recurse().notesAndRests else None


_LENGTH_TOLERANCE = Fraction(1, 1000)
"""music21 rounds what is no whole part of its grid."""


def _is_special_barline(line: Any) -> bool:
    return line is not None and str(getattr(line, "type", "regular")) != "regular"
