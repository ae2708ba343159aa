"""The names that people give to keys, in letters, signs and words of several languages: the one parser of them.

"F# minor", "F#m", "F sharp minor", "f♯ min", "Fis-Moll" and "fa dièse mineur" are one key. In German, B is the note
below H: "H-Dur" is B major and "B-Dur" B flat major, whereas "B" and "B major" are English. A small letter alone, as in
"g", is G minor by an old custom; since not everybody knows it, `key_remark` has a sentence about it. A mode ("D
dorian") is the major key with the same notes, which rests on another tone.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from bachbridge.music.notes import Key, key_name

CHURCH_MODES = {"dorian": 2, "phrygian": 4, "lydian": 5, "mixolydian": 7, "aeolian": 9, "ionian": 0}
"""Semitones from the tonic of the major key with the same notes up to each mode's final."""
_LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
_SYLLABLES = {"do": 0, "re": 2, "mi": 4, "fa": 5, "sol": 7, "so": 7, "la": 9, "si": 11}
_SHARPS = ("#", "♯", "sharp", "is", "diese", "diesis", "sostenido")
_FLATS = ("b", "♭", "flat", "es", "s", "bemol", "bemolle")
_GERMAN_MODES = {
    "dur": "major",
    "moll": "minor",
    "dorisch": "dorian",
    "phrygisch": "phrygian",
    "lydisch": "lydian",
    "mixolydisch": "mixolydian",
    "aolisch": "aeolian",
    "ionisch": "ionian",
    "lokrisch": "locrian",
}
"""Modes by their German names, without the dots of letters; with these B stands for B flat."""
_MODES = {
    **dict.fromkeys(("major", "maj", "ma", "majeur", "maggiore", "mayor"), "major"),
    **dict.fromkeys(("minor", "min", "mi", "m", "mineur", "minore", "menor"), "minor"),
    **{mode: mode for mode in (*CHURCH_MODES, "locrian")},
    "dor": "dorian",
    "phr": "phrygian",
    "lyd": "lydian",
    "mix": "mixolydian",
    "aeo": "aeolian",
    "ion": "ionian",
    **_GERMAN_MODES,
    "aeolisch": "aeolian",
}


def _alternatives(words: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, words))


_NAME = re.compile(
    rf"(?P<tonic>{_alternatives((*_SYLLABLES, *_LETTERS))})"
    rf"(?: ?(?P<sign>#|♯|♭|b|sharp|flat|diese|diesis|sostenido|bemolle|bemol)|(?P<syllable>is|es|(?<=[ae])s))?"
    rf"(?: ?(?P<mode>{_alternatives(tuple(_MODES))}))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key's name as it was understood: the tonic's pitch class, and major, minor or a church mode.

    `is_small_letter`: only the small letter says that the key is minor.
    """

    tonic: int
    mode: str
    is_small_letter: bool = False


@lru_cache(maxsize=256)
def _named_key(name: str) -> NamedKey | None:
    """Understand a key's name; None if it is none. A Locrian key is returned, though nothing can be in it."""
    decomposed = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    text = re.sub(r"[\s_:,-]+", " ", plain).strip()
    found = _NAME.fullmatch(text)
    if found is None or plain.rstrip().endswith(("-", "_", ":", ",")):
        return None
    tonic, mode_word = found["tonic"], found["mode"] or ""
    sign, syllable = (found["sign"] or "").lower(), (found["syllable"] or "").lower()
    pitch_class = (_SYLLABLES | _LETTERS)[tonic.lower()] + (sign in _SHARPS or syllable == "is")
    pitch_class -= sign in _FLATS or syllable in {"es", "s"}
    if tonic in {"B", "b"} and not sign and not syllable and mode_word.lower() in (*_GERMAN_MODES, "aeolisch"):
        pitch_class -= 1
    is_small_letter = not mode_word and len(tonic) == 1 and tonic.islower()
    mode = "major" if mode_word in {"", "M"} else _MODES[mode_word.lower()]
    return NamedKey(pitch_class % 12, "minor" if is_small_letter else mode, is_small_letter)


def parse_key(name: str) -> Key | None:
    """Return the key that a person calls "G", "Bb major", "F#m" or "fis-moll"; None if it is no key.

    A mode ("D dorian") is the major key with the same notes; `parse_mode_final` tells where it rests.
    """
    named = _named_key(name)
    if named is None or named.mode == "locrian":
        return None
    if named.mode in CHURCH_MODES:
        return (named.tonic - CHURCH_MODES[named.mode]) % 12, False
    return named.tonic, named.mode == "minor"


def parse_mode_final(name: str) -> int:
    """Return the pitch class of the final of a mode such as "D dorian"; -1 for major, minor and no key."""
    named = _named_key(name)
    return named.tonic if named is not None and named.mode in CHURCH_MODES else -1


def standard_key_name(name: str) -> str:
    """Return a key's name as this program writes it, such as "F# minor" or "D dorian"; other texts as they are."""
    named = _named_key(name)
    if named is None or named.mode == "locrian":
        return name
    if named.mode in CHURCH_MODES:
        return f"{key_name((named.tonic, False)).removesuffix(' major')} {named.mode}"
    return key_name((named.tonic, named.mode == "minor"))


def key_remark(name: str) -> str:
    """Return a sentence about a name that could be understood otherwise; "" for all others."""
    named = _named_key(name)
    if named is None or not named.is_small_letter:
        return ""
    minor, major = (key_name((named.tonic, is_minor)) for is_minor in (True, False))
    return (
        f'the key "{name}" is read as {minor}, since a small letter alone means minor: for the other, give "{major}".'
    )


def similar_key_names(name: str) -> tuple[str, ...]:
    """Return keys that resemble a name which is no key to harmonize in, such as "B locrian"; none for other texts."""
    named = _named_key(name)
    if named is None or named.mode != "locrian":
        return ()
    minor = key_name((named.tonic, True))
    return minor, minor.replace("minor", "phrygian")


def key_level(confidence: float) -> str:
    """Return how certain a key of this probability is, in a word: "sure", "likely" or "guess"."""
    return "sure" if confidence >= 0.8 else "likely" if confidence >= 0.5 else "guess"
