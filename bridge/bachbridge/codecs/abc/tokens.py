"""Tokens of a tune in ABC, and which tokens a prefix can still become.

Keys, meters, unit lengths, chord symbols and lengths of notes are taken from tables, so it is known of every prefix
whether it can still become a token. Meanings follow the ABC standard 2.1, sections 3.1, 4.3, 4.6 and 4.18.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction

from bachbridge.codecs.abc.rhythm import QUANTA_PER_UNIT
from bachbridge.music.notes import Key

LETTER_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
"""Places of the letters on the line of fifths."""
_SHARP_ORDER = "FCGDAEB"
MODE_SHARPS = {"": 0, "m": -3, "dor": -2, "mix": -1, "phr": -4, "lyd": 1, "loc": -5}
"""Sharps of a mode in excess of major on the same tonic; negative: flats."""
_MODE_ALIASES = {"maj": "", "ion": "", "min": "m", "aeo": "m", **{word: word for word in MODE_SHARPS}}
_MAX_ACCIDENTALS = 7

METERS = ("C", "C|", *(f"{beats}/{of}" for of in (2, 4, 8, 16) for beats in range(1, 17)))
COMMON_METERS = {"C": "4/4", "C|": "2/2"}
"""Meters that have a sign of their own, and their figures."""
UNIT_LENGTHS = ("1/4", "1/8", "1/16", "1/2", "1/32")

_QUALITIES = ("", "m", "7", "m7", "6", "m6", "9", "m9", "maj7", "M7", "7b9", "dim", "dim7", "d", "aug", "+", "a", "a7")
_ROOTS = tuple(root + sign for root in "ABCDEFG" for sign in ("", "#", "b"))
CHORD_SYMBOLS = tuple(root + quality for root in _ROOTS for quality in (*_QUALITIES, "sus4", "sus", "m7b5"))
_BASS_NAMES = tuple(bass + sign for bass in "ABCDEFGabcdefg" for sign in ("", "#", "b", "+"))


def _prefixes(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word[:end] for word in words for end in range(len(word) + 1))


def key_sharps(key: str) -> int | None:
    """Return the sharps (flats: negative) of a key such as "G", "Em", "A Mixolydian"; None if it is no key."""
    found = re.fullmatch(r"([A-G])([#b]?) *([A-Za-z]*)", key.strip())
    if not found:
        return None
    mode = "m" if found[3] in ("m", "M") else _MODE_ALIASES.get(found[3][:3].lower())
    if mode is None:
        return None
    sharps = FIFTHS[found[1]] + 7 * {"": 0, "#": 1, "b": -1}[found[2]] + MODE_SHARPS[mode]
    return sharps if abs(sharps) <= _MAX_ACCIDENTALS else None


def normalize_key(key: str) -> str | None:
    """Return the key in its normal form: "A Mixolydian" is "Amix"; None if it is no key."""
    if key_sharps(key) is None:
        return None
    found = re.fullmatch(r"([A-G][#b]?) *([A-Za-z]*)", key.strip())
    assert found
    return found[1] + ("m" if found[2] in ("m", "M") else _MODE_ALIASES[found[2][:3].lower()])


KEY_NAMES = tuple(
    key
    for mode in MODE_SHARPS
    for root in _ROOTS
    for key in [root + mode]
    if key_sharps(key) is not None and normalize_key(key)
)
FIELD_VALUES: dict[str, frozenset[str]] = {
    "M": frozenset(METERS),
    "L": frozenset(UNIT_LENGTHS),
    "K": frozenset(KEY_NAMES),
}
"""Values that a field may have, by its letter."""
FIELD_PREFIXES = {letter: _prefixes(words) for letter, words in FIELD_VALUES.items()}


def key_accidentals(sharps: int) -> dict[str, int]:
    """Return the semitones that a key with `sharps` sharps (flats: negative) adds to its letters."""
    letters = _SHARP_ORDER[:sharps] if sharps > 0 else _SHARP_ORDER[len(_SHARP_ORDER) + sharps :] if sharps else ""
    return dict.fromkeys(letters, 1 if sharps > 0 else -1)


def tonic_pitch_class(key: str) -> int:
    """Return the pitch class of a key's tonic."""
    return (LETTER_SEMITONES[key[0]] + key[1:].startswith("#") - key[1:].startswith("b")) % 12


def has_mode(key: str, *, minor: bool) -> bool:
    """Return True if a key in normal form is minor, or, without `minor`, major."""
    return key[1:].lstrip("#b") == ("m" if minor else "")


def format_key(key: Key) -> str:
    """Return a key in normal form, with as few accidentals as possible."""
    tonic, minor = key
    names = [name for name in KEY_NAMES if tonic_pitch_class(name) == tonic and has_mode(name, minor=minor)]
    return min(names, key=lambda name: abs(key_sharps(name) or 0))


def parse_key(word: str) -> Key | None:
    """Return the key of a word such as "F#m"; None for a mode that is neither major nor minor."""
    minor = has_mode(word, minor=True)
    return (tonic_pitch_class(word), minor) if minor or has_mode(word, minor=False) else None


def meter_length(word: str) -> Fraction | None:
    """Return the length of a bar in whole notes; None if `word` is no meter."""
    word = COMMON_METERS.get(word.strip(), word.strip())
    found = re.fullmatch(r"([1-9]\d?) */ *(1|2|4|8|16)", word)
    return Fraction(int(found[1]), int(found[2])) if found else None


def is_compound(word: str) -> bool:
    """Return True if a meter's beats have three parts."""
    return word.strip().split("/")[0] in ("6", "9", "12")


def default_unit(bar: Fraction) -> Fraction:
    """Return the unit length, in whole notes, where no `L:` gives another."""
    return Fraction(1, 16) if bar < Fraction(3, 4) else Fraction(1, 8)


def natural_pitch(letter: str, octaves: str = "") -> int:
    """Return the MIDI pitch of a letter with its octave marks, without accidentals: `C` is 60, `c` is 72."""
    octave = 12 * (octaves.count("'") - octaves.count(","))
    return 60 + LETTER_SEMITONES[letter.upper()] + (12 if letter.islower() else 0) + octave


def key_pitch(key: str, letter: str, octaves: str = "") -> int:
    """Return the MIDI pitch of a letter with its octave marks and the accidental that the key gives it."""
    return natural_pitch(letter, octaves) + key_accidentals(key_sharps(key) or 0).get(letter.upper(), 0)


def key_sign(key: str, letter: str) -> str:
    """Return the accidental that a key gives to a letter, written out."""
    return {1: "^", 0: "=", -1: "_"}[key_accidentals(key_sharps(key) or 0).get(letter.upper(), 0)]


_CHORD_SET, _BASS_SET = frozenset(CHORD_SYMBOLS), frozenset(_BASS_NAMES)
_CHORD_PREFIXES, _BASS_PREFIXES = _prefixes(CHORD_SYMBOLS), _prefixes(_BASS_NAMES)


def is_chord(text: str) -> bool:
    """Return True for a chord symbol such as "D", "F#m7" or "G7/b"."""
    root, slash, bass = text.partition("/")
    return root in _CHORD_SET and (not slash or bass in _BASS_SET)


def is_chord_prefix(text: str) -> bool:
    """Return True if the text can still become a chord symbol."""
    root, slash, bass = text.partition("/")
    return (root in _CHORD_SET and bass in _BASS_PREFIXES) if slash else root in _CHORD_PREFIXES


# ---------------------------------------------------------------- lengths of notes

_MAX_NUMERATOR = 64


def format_length(length: Fraction) -> str:
    """Return a length in units in normal form: "", "2", "/2", "3/2"."""
    numerator = "" if length.numerator == 1 else str(length.numerator)
    return numerator + (f"/{length.denominator}" if length.denominator > 1 else "")


def parse_length(word: str) -> Fraction | None:
    """Return a length in units from any spelling; None if it makes no sense."""
    found = re.fullmatch(r"(\d*)(/*)(\d*)", word)
    if not found or (found[3] and len(found[2]) != 1) or word.endswith("/0"):
        return None
    denominator = int(found[3]) if found[3] else 2 ** len(found[2])
    return Fraction(int(found[1] or 1), denominator) or None


def _length_quanta() -> dict[str, int]:
    values = [Fraction(n, denominator) for denominator in (1, 2, 4, 8, 16) for n in range(1, _MAX_NUMERATOR + 1)]
    return {format_length(value): int(value * QUANTA_PER_UNIT) for value in values}


LENGTH_QUANTA: Mapping[str, int] = _length_quanta()
"""Quanta of every length in normal form."""


def _length_completions() -> dict[str, dict[int, str]]:
    found: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for word, value in sorted(LENGTH_QUANTA.items(), key=lambda item: -item[1]):
        for end in range(len(word) + 1):
            found[word[:end]][value] = word
    return dict(found)


LENGTH_COMPLETIONS: Mapping[str, Mapping[int, str]] = _length_completions()
"""Lengths that a prefix can become, as quanta and word, the longest first."""
