"""The validity of the ABC that a network writes: tunes that can be read, bars that add up.

There are two independent counts. The first reads a tune token by token in exact fractions (`codecs.abc.reader`),
however wrong its bars are. A bar is right if it is as long as the meter says; the tune's first bar and those beside a
repeat, a double bar or an ending may be shorter. The second is music21's parser: it counts whether the tune can be read
and how long its measures are. It makes no measures of a tune of two bars, so none are counted. A tune that cannot be
read counts as one wrong bar.
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

_LENGTH_TOLERANCE = Fraction(1, 1000)
"""music21 rounds lengths that are not on its grid."""


@dataclass(frozen=True, slots=True)
class AbcValidity:
    """Counts over some tunes: how many are readable or have all bars right, and how many of their bars are right."""

    tunes: int = 0
    readable: int = 0
    all_bars_right: int = 0
    bars: int = 0
    right_bars: int = 0

    def with_tune(self, lengths: list[tuple[bool, bool]] | None) -> "AbcValidity":
        """Return the counts with one more tune.

        `lengths` holds for each bar whether it is full, and whether it is short where that is allowed; None: the tune
        cannot be read.
        """
        if lengths is None:
            return AbcValidity(self.tunes + 1, self.readable, self.all_bars_right, self.bars + 1, self.right_bars)
        right = sum(full or short for full, short in lengths)
        whole = self.all_bars_right + (0 < len(lengths) == right)
        return AbcValidity(self.tunes + 1, self.readable + 1, whole, self.bars + len(lengths), self.right_bars + right)

    @property
    def readable_share(self) -> float:
        """The share of tunes that are readable."""
        return self.readable / self.tunes if self.tunes else 0.0

    @property
    def right_bar_share(self) -> float:
        """The share of bars that add up."""
        return self.right_bars / self.bars if self.bars else 0.0


def check_tunes(texts: Iterable[str]) -> AbcValidity:
    """Check the tunes with our own reader."""
    validity = AbcValidity()
    for text in texts:
        validity = validity.with_tune(_bar_checks(text))
    return validity


def check_with_music21(texts: Iterable[str]) -> AbcValidity:
    """Check the tunes with music21's parser."""
    validity = AbcValidity()
    for text in texts:
        validity = validity.with_tune(_measure_checks(text))
    return validity


def _bar_checks(text: str) -> list[tuple[bool, bool]] | None:
    """Return `lengths` as in `AbcValidity.with_tune`, by our own reader."""
    try:
        header, body = split_header(normal_form.normalize(text))
    except TuneError:
        return None
    reading = header.make_reader()
    bar, bar_start, at_section = header.meter * STEPS_PER_WHOLE_NOTE, Fraction(0), True
    lengths: list[tuple[bool, bool]] = []
    for token in (*split_tokens(body), "|]"):
        reading.read_token(token)
        if token.startswith("M:"):
            bar = (abc_tokens.meter_length(token[2:]) or header.meter) * STEPS_PER_WHOLE_NOTE
        if token not in BAR_LINES and not re.fullmatch(r"\[\d", token):
            continue
        length, ends_section = reading.step - bar_start, token in SECTION_BAR_LINES or token[0] == "["
        if length:
            lengths.append((length == bar, length < bar and (at_section or ends_section)))
        at_section, bar_start = ends_section or (at_section and not length), reading.step
    return lengths or None


def _measure_checks(text: str) -> list[tuple[bool, bool]] | None:
    """Return `lengths` as in `AbcValidity.with_tune`, by music21's measures."""
    from music21 import converter, stream

    try:
        score: Any = converter.parseData("X:1\n" + re.sub(r"(?m)^X:.*\n", "", text), format="abc")
    except Exception:  # noqa: BLE001  music21 raises anything from its own exceptions to plain TypeErrors
        return None
    measures: list[Any] = list(score.recurse().getElementsByClass(stream.Measure))
    sounding = [measure for measure in measures if measure.highestTime > 0]
    ends = [_is_special_barline(measure.rightBarline) for measure in sounding]
    begins = [_is_special_barline(measure.leftBarline) for measure in sounding]
    lengths: list[tuple[bool, bool]] = []
    for index, measure in enumerate(sounding):
        length, bar = Fraction(measure.highestTime), Fraction(measure.barDuration.quarterLength)
        beside = index == 0 or begins[index] or ends[index] or ends[index - 1]
        last = index + 1 == len(sounding) or begins[index + 1]
        lengths.append((abs(length - bar) < _LENGTH_TOLERANCE, length < bar and (beside or last)))
    return lengths if measures or score.recurse().notesAndRests else None


def _is_special_barline(line: Any) -> bool:
    return line is not None and str(getattr(line, "type", "regular")) != "regular"
