"""Names of files that keep a secret from a glance, but not from the page: which of two is Bach's.

A name is eight hexadecimal digits, drawn at random. Their sum is even for Bach's own music and odd for the model's. In
the alphabetical order of their names, the two versions of a piece therefore follow each other by chance.
"""

from random import Random

_DIGITS = 8


def draw_names(random: Random, known: frozenset[str]) -> tuple[str, str]:
    """Return a new name for Bach's version and one for the model's, neither of them among `known`."""
    bach = _draw_name(random, known, is_bach=True)
    return bach, _draw_name(random, known, is_bach=False)


def names_bach(name: str) -> bool:
    """Return True if the name says that the music is Bach's."""
    return sum(int(digit, 16) for digit in name) % 2 == 0


def _draw_name(random: Random, known: frozenset[str], *, is_bach: bool) -> str:
    while True:
        name = f"{random.getrandbits(4 * _DIGITS):0{_DIGITS}x}"
        if names_bach(name) == is_bach and name not in known:
            return name
