"""Spelling of the tokens of a tune in ABC, as they are found and in normal form (see `normal_form`)."""

import re
from dataclasses import dataclass
from fractions import Fraction

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.errors import TuneError

_LENGTH_PATTERN = r"\d*/*\d*"
TOKEN_PATTERN = re.compile(
    rf"""
    (?P<quote>"[^"]*"?) | (?P<ornament>![^!\n]*! | \+[^+\n]*\+) | (?P<grace>\{{[^}}]*\}})
    | (?P<field>\[[A-Za-z]:[^\]]*\]) | (?P<ending>\[\ ?[1-9][\d,-]*)
    | (?P<line>:*\|[|:\]]* | \[\|[|:\]]* | ::+ | :\])
    | (?P<tuplet>\([2-9](?::\d?){{0,2}})
    | (?P<stack>\[[^\]]*\]{_LENGTH_PATTERN})
    | (?P<note>(?:\^\^?|__?|=)?[A-Ga-g][,']*{_LENGTH_PATTERN}) | (?P<rest>[zx]{_LENGTH_PATTERN})
    | (?P<broken>[<>]+) | (?P<tie>-) | (?P<space>[\ \t\\]+) | (?P<other>.)
    """,
    re.VERBOSE,
)
"""A token of the music, its kind as the name of the group."""
NOTE_PATTERN = re.compile(rf"(\^\^?|__?|=)?([A-Ga-g])([,']*)({_LENGTH_PATTERN})")
"""Accidental, letter, octave marks and length of a note."""


@dataclass(frozen=True, slots=True)
class AbcToken:
    """A token of the music; `kind` is its group in `TOKEN_PATTERN`, or `break` for a line's end."""

    kind: str
    text: str


def field_line(letter: str, value: str, fields: dict[str, str]) -> str:
    """Return a line of the header in normal form; raise `TuneError`. `fields` are the values of the lines before."""
    match letter:
        case "M":
            word = value.replace(" ", "")
            word = abc_tokens.COMMON_METERS.get(word, word)
            if abc_tokens.meter_length(word) is None:
                raise TuneError(f"the tune has no meter ({value or 'none'}): add a line such as M:6/8.")
        case "L":
            bar = abc_tokens.meter_length(fields.get("M", "")) or Fraction(1)
            word = value.replace(" ", "") or str(abc_tokens.default_unit(bar))
            if word not in abc_tokens.UNIT_LENGTHS:
                raise TuneError(f"the tune has a unit length that cannot be read ({value}): give a line such as L:1/8.")
        case _:
            # "Hp" is the Highland pipes' scale: D major with a low seventh above A, which is where the tunes end.
            word = abc_tokens.normalize_key({"Hp": "D", "HP": "D"}.get(value, value.partition(" -")[0]))
            if word is None:
                raise TuneError(f"the tune has no key ({value}): give a line such as K:G.")
    return f"{letter}:{word}"


def normalize_token(token: AbcToken) -> list[AbcToken]:
    """Return the token in normal form, or nothing if it is left out; raise `TuneError`."""
    match token.kind:
        case "note":
            return [AbcToken("note", _normalize_note(token.text))]
        case "rest":
            return [AbcToken("rest", "z" + _normalize_length(token.text[1:]))]
        case "stack":
            return [AbcToken("note", _highest_note(token.text))]
        case "quote":
            symbol = token.text.strip('"() ')
            return [AbcToken("quote", f'"{symbol}"')] if symbol and abc_tokens.is_chord(symbol) else []
        case "tuplet":
            plain = token.text[:2]
            if token.text not in (plain, f"{plain}:", f"{plain}::", "(3:2", "(3:2:", "(3:2:3", "(2:3", "(4:3"):
                raise TuneError(f"the tune has a tuplet {token.text}: write it with a plain one such as (3.")
            return [AbcToken("tuplet", plain)]
        case "broken" if len(token.text) > 1:
            raise TuneError(f"the tune has pairs of notes with {token.text}: write their lengths out.")
        case "field" if token.text.startswith("["):
            letter, value = token.text[1], token.text[3:-1].strip()
            return [AbcToken("field", field_line(letter, value, {}))] if letter in "MLK" else []
        case "ending" | "other" if token.text.strip("[ ")[:1].isdigit():
            return [AbcToken("ending", f"[{token.text.strip('[ ')[0]}")]
        case "other" if token.text in "&Z":
            raise TuneError(f"the tune has a sign that is not supported ({token.text}): give tunes of one voice.")
        case "ornament" | "grace" | "other":
            return []
        case _:
            return [token]


def _normalize_length(word: str) -> str:
    length = abc_tokens.parse_length(word)
    if length is None:
        raise TuneError(f"the tune has a length {word} that makes no sense: correct it.")
    return abc_tokens.format_length(length)


def _normalize_note(text: str) -> str:
    found = NOTE_PATTERN.fullmatch(text)
    assert found
    accidental, letter, marks = found[1] or "", found[2], found[3]
    octave = marks.count("'") - marks.count(",") + letter.islower()
    spelled = letter.lower() + "'" * (octave - 1) if octave > 0 else letter.upper() + "," * -octave
    return accidental + spelled + _normalize_length(found[4])


def _highest_note(text: str) -> str:
    """Return the highest note of a chord, with the chord's length."""
    inside, _, after = text[1:].partition("]")
    notes = list(NOTE_PATTERN.finditer(inside))
    if not notes:
        raise TuneError(f"the tune has brackets that hold no notes ({text}): correct it.")
    top = max(notes, key=lambda note: abc_tokens.natural_pitch(note[2], note[3]))
    lengths = [abc_tokens.parse_length(word) for word in (top[4], after)]
    if lengths[0] is None or lengths[1] is None:
        raise TuneError(f"the tune has a length in {text} that makes no sense: correct it.")
    return _normalize_note((top[1] or "") + top[2] + top[3] + abc_tokens.format_length(lengths[0] * lengths[1]))


def normalize_bar_line(signs: str) -> str:
    """Return a bar line of any spelling in normal form."""
    ends, begins = signs.startswith(":"), signs.endswith(":")
    if ends or begins:
        return "::" if ends and begins else ":|" if ends else "|:"
    inner = ":|" in signs, "|:" in signs
    if any(inner):
        return "::" if all(inner) else ":|" if inner[0] else "|:"
    return "|]" if set(signs) & set("[]") else "|" if len(signs) == 1 else "||"
