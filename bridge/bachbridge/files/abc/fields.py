"""Values of the fields of a tune in ABC: key, meter, unit length, tempo and order of parts.

Meanings follow the ABC standard 2.1, sections 3.1 (fields), 4.6 (clefs and transposition) and 7 (voices).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.errors import TuneError
from bachbridge.music.tonality import key_names

_ACCIDENTAL_SEMITONES = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_MAX_SHIFT_SEMITONES = 60
_PIPES_SHARPS = {"HP": 0, "Hp": 2}
"""Sharps of the Highland pipes' scale: `HP` shows none, `Hp` shows two."""
_KEY = re.compile(r"([A-Ga-g])([#b♯♭]|n(?=\s|$))?(?:\s*([A-Za-z]+))?(?=[\s^_=]|$)")
"""Tonic, accidental (`n`: natural) and mode."""
_KEY_SIGNS = {"♯": "#", "♭": "b", "n": ""}
_EXPLICIT = re.compile(r"(\^\^?|__?|=)([A-Ga-g])")
_SHIFT = re.compile(r"\b(octave|transpose)\s*=\s*([+-]?\d{1,3})\b")
_CLEF_SHIFT = re.compile(r"\b(?:treble|bass|alto|tenor|[GCF]\d?)[1-5]?([+-])8(?!\d)")
_MAX_KEY_NAME = 24
_NUMBER = r"\d{1,4}"


@dataclass(frozen=True, slots=True)
class AbcKey:
    """A key: semitones by letter. `name` is its normal form, or empty for a key that has none.

    `shift` is the transposition in semitones that comes with the field: octaves, clefs with an 8, `transpose=`.
    """

    name: str = "C"
    accidentals: Mapping[str, int] = field(default_factory=dict[str, int])
    shift: int = 0


def parse_key(text: str, current: AbcKey) -> AbcKey:
    """Return the key of a `K:` field; a field without a tonic keeps the `current` one. Raise `TuneError`."""
    value = re.sub(r'"[^"]*"', "", text).strip()
    word = value.split()[0] if value else "none"
    shift = parse_shift(value)
    shift = current.shift if shift is None else shift
    if word in _PIPES_SHARPS:
        sharps = _PIPES_SHARPS[word]
        return AbcKey("D" if sharps else "C", abc_tokens.key_accidentals(sharps), shift)
    if word.lower() == "none":
        return AbcKey("C", _explicit_accidentals(value), shift)
    key = _key_with_tonic(value, shift)
    if key:
        return key
    if "=" in word or word[0] in "^_" or re.match(r"(treble|bass|alto|tenor|perc|clef|none)", word):
        return replace(current, shift=shift, accidentals={**current.accidentals, **_explicit_accidentals(value)})
    named = key_names.parse_key(value) if len(value) < _MAX_KEY_NAME else None
    if named is None:
        raise TuneError(f"the tune has no key ({text[:40]}): give a line such as K:G.")
    name = abc_tokens.format_key(named)
    return AbcKey(name, abc_tokens.key_accidentals(abc_tokens.key_sharps(name) or 0), shift)


def _key_with_tonic(value: str, shift: int) -> AbcKey | None:
    """Return the key of a field that begins with a tonic, with its mode and its explicit accidentals."""
    found = _KEY.match(value)
    if not found:
        return None
    sign = found[2] or ""
    tonic = found[1].upper() + _KEY_SIGNS.get(sign, sign)
    mode = found[3] or ""
    rest = value[found.end() :]
    if mode.lower() == "exp":
        return AbcKey("", _explicit_accidentals(rest), shift)
    name = abc_tokens.normalize_key(tonic + mode)
    if name is None and value[found.start(3) - 1 : found.start(3)] == " ":
        # The word after the tonic is no mode, but a clef.
        name, rest = abc_tokens.normalize_key(tonic), value[found.start(3) :]
    if name is None:
        return None
    explicit = _explicit_accidentals(rest)
    usual = abc_tokens.key_accidentals(abc_tokens.key_sharps(name) or 0)
    return AbcKey("" if explicit else name, {**usual, **explicit}, shift)


def _explicit_accidentals(text: str) -> dict[str, int]:
    words = [word for word in text.split() if word[:1] in "^_=" and "=" not in word[1:]]
    return {letter.upper(): _ACCIDENTAL_SEMITONES[sign] for word in words for sign, letter in _EXPLICIT.findall(word)}


def parse_shift(text: str) -> int | None:
    """Return the semitones of `octave=`, `transpose=` and a clef such as `treble-8`; None if none is given."""
    words = re.sub(r'"[^"]*"', "", text)
    shifts = [int(number) * (12 if name == "octave" else 1) for name, number in _SHIFT.findall(words)]
    shifts += [12 if sign == "+" else -12 for sign in _CLEF_SHIFT.findall(words)]
    if not shifts:
        return None
    return max(-_MAX_SHIFT_SEMITONES, min(_MAX_SHIFT_SEMITONES, sum(shifts)))


def parse_meter(text: str) -> str:
    """Return a meter such as "6/8" of an `M:` field; empty for free meter. Raise `TuneError`."""
    word = text.replace(" ", "")
    if word.lower() in ("", "none"):
        return ""
    word = abc_tokens.COMMON_METERS.get(word, word)
    found = re.fullmatch(rf"[A-Za-z]*\(?({_NUMBER}(?:\+{_NUMBER})*)\)?/({_NUMBER})\]?", word)
    beats = sum(map(int, found[1].split("+"))) if found else 0
    if not found or not 1 <= beats <= 99 or int(found[2]) not in (1, 2, 4, 8, 16, 32):
        raise TuneError(f"the tune has no meter that can be read ({text[:40]}): give a line such as M:6/8.")
    return f"{beats}/{found[2]}"


def parse_unit(text: str) -> Fraction:
    """Return the unit length in whole notes of an `L:` field; raise `TuneError`."""
    found = re.fullmatch(rf"({_NUMBER})(?:\s*/\s*({_NUMBER}))?", text.strip())
    denominator = int(found[2] or 1) if found else 0
    unit = Fraction(int(found[1]), denominator) if found and denominator else Fraction(0)
    if not Fraction(1, 512) <= unit <= 4:
        raise TuneError(f"the tune has a unit length that cannot be read ({text[:40]}): give a line such as L:1/8.")
    return unit


def parse_tempo(text: str, unit: Fraction) -> float | None:
    """Return the quarter notes a minute of a `Q:` field; None for words alone or a tempo that makes no sense.

    All forms are read: "1/4=120", "3/8 = 60", "1/4 3/8=40", "120" and "C2=60" (in unit lengths), `"Slow" 1/4=60`.
    """
    beats, equals, number = re.sub(r'"[^"]*"', "", text).rpartition("=")
    lengths = re.findall(rf"({_NUMBER})/({_NUMBER})", beats)
    if not re.fullmatch(rf"\s*{_NUMBER}(?:\.\d{{1,4}})?\s*", number) or any(int(below) == 0 for _, below in lengths):
        return None
    beat = sum((Fraction(int(above), int(below)) for above, below in lengths), Fraction(0))
    if not lengths:
        units = re.search(_NUMBER, beats)
        beat = unit * (int(units[0]) if equals and units else 1)
    return float(4 * beat * Fraction(number.strip()))


_MAX_PARTS = 500


def parse_part_order(text: str) -> str:
    """Return the letters of a `P:` field in the order in which the parts are played; raise `TuneError`.

    "A2(BC)3" is "AABCBCBC" (section 3.1.9 of the standard); dots mean nothing.
    """
    stack = [""]
    for sign, number in re.findall(rf"([A-Za-z()])\s*({_NUMBER})?", text.replace(".", "")):
        times = int(number or 1)
        if sign == "(":
            stack.append("")
        elif sign != ")" or len(stack) > 1:
            group = stack.pop() if sign == ")" else sign
            if times * len(group) > _MAX_PARTS or len(stack[-1]) > _MAX_PARTS:
                raise TuneError(f"the tune has over {_MAX_PARTS} parts in a row: shorten the line P:{text[:40]}.")
            stack[-1] += group * times
    return "".join(stack)
