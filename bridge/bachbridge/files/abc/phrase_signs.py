"""The signs of a voice in ABC that a phrase ends: decorations, and the punctuation of the words (`w:`).

A decoration stands before its note (ABC standard 2.1, section 4.14); before a rest or a bar line it belongs to the
note before. The words of a line of music are aligned as section 5.1 says; of several verses the first is read.
"""

import re
from bisect import bisect_left
from fractions import Fraction

from bachbridge.music.phrasing.marks import Sign, sign_of_syllable

_DECORATIONS: dict[str, Sign] = {
    "fermata": "fermata",
    "invertedfermata": "fermata",
    "breath": "breath",
    "shortphrase": "breath",
    "mediumphrase": "breath",
    "longphrase": "breath",
    "caesura": "caesura",
}
_BEFORE_BAR_LINE = Fraction(1, 16)
_WORD = re.compile(r"[|*_-]|(?:\\-|[^\s|*_-])+")


class PhraseSigns:
    """The signs of a voice in the order in which they are read, each with the step of its note or of a later place."""

    __slots__ = ("_bar_firsts", "_has_words", "_previous_had_words", "_sung", "_waiting", "signs")

    def __init__(self) -> None:
        self.signs: list[tuple[Fraction, Sign]] = []
        self._waiting: list[Sign] = []
        self._sung: list[Fraction] = []
        """Steps of the notes of the line of music."""
        self._bar_firsts: list[int] = []
        """Indices in `_sung` at which bars begin."""
        self._has_words = self._previous_had_words = False

    def add_decoration(self, name: str) -> None:
        """Keep a decoration for the next note; one that shows no end is left out."""
        if name in _DECORATIONS:
            self._waiting.append(_DECORATIONS[name])

    def begin_note(self, step: Fraction, *, is_sung: bool) -> None:
        """Add what waits to the note or the rest at `step`; a rest and an overlay are not sung."""
        self._place_waiting(step)
        if is_sung:
            if self._previous_had_words and not self._sung:
                self.signs.append((step, "syllable"))  # the last syllable of the line before ends
            self._sung.append(step)

    def end_bar(self, step: Fraction) -> None:
        """Add what waits to the note before the bar line at `step`."""
        self._place_waiting(step - _BEFORE_BAR_LINE)
        self._bar_firsts.append(len(self._sung))

    def _place_waiting(self, step: Fraction) -> None:
        for sign in self._waiting:
            self.signs.append((step, sign))
        self._waiting = []

    def begin_line(self) -> None:
        """Begin a line of music."""
        self._previous_had_words, self._has_words = self._has_words, False
        self._sung, self._bar_firsts = [], []

    def read_words(self, text: str) -> None:
        """Read the words below the line of music; those of a second verse are left out."""
        if self._has_words:
            return
        self._has_words = True
        index, end = 0, -1
        for found in _WORD.finditer(text):
            word, is_joined = found[0], found.start() == end
            if word == "|":
                place = bisect_left(self._bar_firsts, index)
                index = self._bar_firsts[place] if place < len(self._bar_firsts) else len(self._sung)
            elif word == "-" and is_joined:
                continue
            else:
                if index < len(self._sung) and word not in ("_", "-"):
                    self.signs.append((self._sung[index], sign_of_syllable(word)))
                index += 1
                end = found.end() if word not in ("*", "_", "-") else -1
        if index < len(self._sung):
            self.signs.append((self._sung[index], "syllable"))
