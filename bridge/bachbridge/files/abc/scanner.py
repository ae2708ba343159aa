"""Tokens of the music of a tune in ABC.

The signs are those of the ABC standard 2.1, section 4. Everything that is no token of its own is passed over: spaces,
beams' back-ticks, line breaks of old programs (`*`, a single `!`), `y` and the signs that the standard reserves.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from bachbridge.errors import TuneError

_LENGTH = r"\d*/*\d*"
_ACCIDENTAL = r"\^\^?|__?|="
NOTE = re.compile(rf"({_ACCIDENTAL})?([A-Ga-g])([,']*)({_LENGTH})")
"""Accidental, letter, octave marks and length of a note."""
CHORD_MEMBER = re.compile(rf"(?:({_ACCIDENTAL})?([A-Ga-g])([,']*)|([zx]))({_LENGTH})(\s*-)?")
"""Accidental, letter, octave marks, rest, length and tie of a note of a chord."""
_TOKEN = re.compile(
    rf"""
      (?P<note>(?:{_ACCIDENTAL})?[A-Ga-g][,']*{_LENGTH})
    | (?P<bar>\.?(?:\[\|\]?|:*\|[|:\]]*|::+|:\])(?:\d[\d,\-]*)?)
    | (?P<line_ending>^\d[\d,\-]*)
    | (?P<tie>-)
    | (?P<rest>[zx]{_LENGTH})
    | (?P<broken>[<>]+)
    | (?P<quote>"[^"]*"?)
    | (?P<field>\[[A-Za-z]:[^\[\]]*\])
    | (?P<ending>\[\s*\d[\d,\-]*)
    | (?P<chord>\[[^\[\]|]*\]{_LENGTH})
    | (?P<tuplet>\(\d+(?::\d*){{0,2}})
    | (?P<grace>\{{[^}}]*\}}?)
    | (?P<decoration>![^!\s|\[\]]{{1,32}}! | \+[^+\s|\[\]]{{1,32}}\+ | [H-WSh-w~](?=[^:]))
    | (?P<bars_rest>[ZX]\d*)
    | (?P<long_overlay>\(& | &\))
    | (?P<overlay>&)
    | (?P<microtone>[\^_]\d*/\d*[A-Ga-g])
    | (?P<open_bracket>\[(?=\s*[\^_=A-Ga-g\[]))
    """,
    re.VERBOSE,
)
_MAX_DIGITS = 4
_MAX_OCTAVE_MARKS = 6


def scan(line: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of each token of a line of music."""
    for found in _TOKEN.finditer(line):
        yield str(found.lastgroup), found[0]


@lru_cache(maxsize=4096)
def parse_length(word: str) -> Fraction:
    """Return a length in units: "2", "/", "3/2", "//" (a quarter); raise `TuneError` if it makes no sense."""
    if not word:
        return Fraction(1)
    numerator, slashes, denominator = re.fullmatch(r"(\d*)(/*)(\d*)", word).groups()  # pyright: ignore[reportOptionalMemberAccess] # tokens match it
    if max(len(numerator), len(slashes), len(denominator)) > _MAX_DIGITS:
        raise TuneError(f"the tune has a length that is too long or too short ({word[:12]}…): correct it.")
    below = int(denominator) << (len(slashes) - 1) if denominator else 1 << len(slashes)
    if not below or (numerator and not int(numerator)):
        raise TuneError(f"the tune has a length that makes no sense ({word}): correct it.")
    return Fraction(int(numerator or 1), below)


@lru_cache(maxsize=1024)
def parse_octaves(letter: str, marks: str) -> int:
    """Return the octave of a note above middle C's; raise `TuneError` if it is far from any instrument."""
    if len(marks) > _MAX_OCTAVE_MARKS:
        raise TuneError(f"the tune has a note with {len(marks)} octave marks ({letter}{marks[:6]}…): correct it.")
    return marks.count("'") - marks.count(",") + letter.islower()


def parse_ending_numbers(text: str) -> frozenset[int]:
    """Return the numbers of an ending: "1", "1,3" or "1-3"."""
    numbers: set[int] = set()
    for first, last in re.findall(r"(\d{1,3})(?:-(\d{1,3}))?", text):
        numbers.update(range(int(first), min(int(last or first), int(first) + 99) + 1))
    return frozenset(numbers)
