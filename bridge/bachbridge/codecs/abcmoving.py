"""Tunes in ABC in other keys: the same text with other letters, so that a network meets all keys.

A tune goes to the key of the same mode with the fewest signs. Every letter moves by as many places on the staff as the
tonic does, and a sign says the same of the new key as it said of the old: what was raised is raised. Chord symbols and
changes of key move along. All else in the text stays as it is, so the tune may be in any form.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bachbridge.codecs import abcspelling, abcwords

_LETTERS = "CDEFGAB"
_SIGNS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_WRITTEN = {alteration: sign for sign, alteration in _SIGNS.items()}
_SUFFIXES = {0: "", 1: "#", -1: "b"}
_MOST_SIGNS = 6


@dataclass(frozen=True, slots=True)
class _Move:
    """By so many semitones and places on the staff, from a key with some alterations to another."""

    semitones: int
    places: int
    old: str
    new: str

    def place(self, letter: str, octave: int) -> tuple[str, int]:
        """Where a letter comes to lie."""
        octaves, index = divmod(_LETTERS.index(letter) + self.places, len(_LETTERS))
        return _LETTERS[index], octave + octaves

    def note(self, found: re.Match[str]) -> str:
        """A note's new sign, letter and octave marks."""
        sign, letter, marks, length = found.groups()
        octave = marks.count("'") - marks.count(",") + letter.islower()
        name, octave = self.place(letter.upper(), octave)
        if sign:
            more = _SIGNS[sign] - _altered(self.old).get(letter.upper(), 0)
            sign = _WRITTEN[max(-2, min(2, _altered(self.new).get(name, 0) + more))]
        spelled = name.lower() + "'" * (octave - 1) if octave > 0 else name + "," * -octave
        return (sign or "") + spelled + length

    def root(self, name: str) -> str:
        """The new name of a chord's root or bass; a double sign is written as the next letter."""
        letter, sharp = name[0].upper(), {"#": 1, "+": 1, "b": -1}.get(name[1:], 0)
        moved = self.place(letter, 0)[0]
        pitch = abcwords.natural(letter) + sharp + self.semitones
        away = (pitch - abcwords.natural(moved) + 6) % 12 - 6
        if abs(away) > 1:
            plain = [other for other in _LETTERS if (pitch - abcwords.natural(other)) % 12 in (0, 1)]
            moved, away = plain[0], (pitch - abcwords.natural(plain[0])) % 12
        return (moved if name[0].isupper() else moved.lower()) + _SUFFIXES[away]

    def chord(self, text: str) -> str:
        """A chord symbol without its quotes."""
        root, slash, bass = text.partition("/")
        end = 2 if root[1:2] in ("#", "b") else 1
        return self.root(root[:end]) + root[end:] + slash + (self.root(bass) if bass else "")


@lru_cache(maxsize=256)
def _altered(key: str) -> dict[str, int]:
    return abcwords.altered(abcwords.signature(key) or 0)


def transpositions(tune: str, semitones: Iterable[int]) -> dict[int, str]:
    """The tune moved by each number of semitones, where that can be written."""
    moved = {by: moved_by(tune, by) for by in semitones}
    return {by: text for by, text in moved.items() if text is not None}


def moved_by(tune: str, semitones: int) -> str | None:
    """The tune moved by some semitones; None where that cannot be written."""
    if not semitones:
        return tune
    move: _Move | None = None
    lines: list[str] = []
    for line in tune.split("\n"):
        if re.match(r"K:", line):
            move = _next(move, line[2:].partition("%")[0].strip(), semitones)
            if move is None:
                return None
            lines.append(f"K:{move.new}")
        elif move is None or re.match(r"[A-Za-z]:[^|:]?|%", line):
            lines.append(line)
        else:
            lines.append(abcspelling.TOKEN.sub(lambda found, move=move: _word(found, move), line))
    return "\n".join(lines) if move else None


def _next(before: _Move | None, key: str, semitones: int) -> _Move | None:
    """How the notes after a line with a key move."""
    old = abcwords.key_word(key)
    if old is None:
        return None
    if before is None:
        new = _key_near(old, semitones)
    else:
        tonic = old[:2] if old[1:2] in ("#", "b") else old[:1]
        new = before.root(tonic) + old[len(tonic) :]
    if new is None or abcwords.signature(new) is None:
        return None
    places = before.places if before else _places(old, new, semitones)
    wanted = before.place(old[0], 0)[0] if before else new[0]
    return _Move(semitones, places, old, new) if new[0] == wanted else None


def _key_near(old: str, semitones: int) -> str | None:
    """The key of the same mode so many semitones higher that has the fewest signs."""
    mode = old[1:].lstrip("#b")
    tonic = (abcwords.tonic(old) + semitones) % 12
    keys = [key for key in abcwords.KEYS if abcwords.tonic(key) == tonic and key[1:].lstrip("#b") == mode]
    few = [key for key in keys if abs(abcwords.signature(key) or 0) <= _MOST_SIGNS]
    return min(few, key=lambda key: abs(abcwords.signature(key) or 0), default=None)


def _places(old: str, new: str, semitones: int) -> int:
    """The places on the staff from one tonic to the other, in the direction of the semitones."""
    steps = (_LETTERS.index(new[0]) - _LETTERS.index(old[0])) % len(_LETTERS)
    return min((steps + 7 * octave for octave in range(-3, 3)), key=lambda at: abs(at * 12 - semitones * 7))


def _word(found: re.Match[str], move: _Move) -> str:
    word, kind = found[0], found.lastgroup
    match kind:
        case "note" | "stack" | "grace":
            return abcspelling.NOTE.sub(move.note, word)
        case "quote" if abcwords.is_chord(word.strip('"() ')):
            symbol = word.strip('"() ')
            return word.replace(symbol, move.chord(symbol))
        case _:
            return word
