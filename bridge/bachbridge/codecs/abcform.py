"""Tunes in ABC in one form: what stays, how it is spelled, what is left out, and what is refused.

The normal form is `M:`, `L:`, `K:`, each once, then lines of music, so that a network sees nothing but music. It keeps
notes, accidentals, lengths, rests, tuplets, broken rhythm, ties, chord symbols, bar lines, first and second endings,
and changes of key, meter and unit length (on lines of their own). A chord becomes its highest note.

Left out: titles and all other lines of words, comments, slurs, grace notes, ornaments, annotations, beams' back-ticks,
ties between different notes (old for slurs). A line's end within a bar is moved behind the next bar line.

Refused: several voices, overlays, rests of whole bars, tuplets that say for how many notes they stand, double-dotted
pairs, and tunes without a meter or a key that can be read.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from bachbridge.codecs import abcwords
from bachbridge.errors import BachBridgeError

_LENGTH = r"\d*/*\d*"
TOKEN = re.compile(
    rf"""
    (?P<quote>"[^"]*"?) | (?P<ornament>![^!\n]*! | \+[^+\n]*\+) | (?P<grace>\{{[^}}]*\}})
    | (?P<field>\[[A-Za-z]:[^\]]*\]) | (?P<ending>\[\ ?[1-9][\d,-]*)
    | (?P<line>:*\|[|:\]]* | \[\|[|:\]]* | ::+ | :\])
    | (?P<tuplet>\([2-9](?::\d?){{0,2}})
    | (?P<stack>\[[^\]]*\]{_LENGTH})
    | (?P<note>(?:\^\^?|__?|=)?[A-Ga-g][,']*{_LENGTH}) | (?P<rest>[zx]{_LENGTH})
    | (?P<broken>[<>]+) | (?P<tie>-) | (?P<space>[\ \t\\]+) | (?P<other>.)
    """,
    re.VERBOSE,
)
"""A word of the music."""
NOTE = re.compile(rf"(\^\^?|__?|=)?([A-Ga-g])([,']*)({_LENGTH})")
"""Sign, letter, octave marks and length of a note."""


class TuneError(BachBridgeError):
    """A tune in ABC that cannot be read."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the music: `kind` is its group in `TOKEN`, or `field` and `break` (a line's end)."""

    kind: str
    text: str


def tunes(text: str) -> list[str]:
    """The tunes of a file: from each `X:` to the next, or to the blank line before what is no music."""
    found: list[list[str]] = []
    inside = False
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if re.match(r"X: *\d*", line):
            found.append([])
            inside = True
        inside = inside and bool(line.strip())
        if inside:
            found[-1].append(line)
    return ["\n".join(lines) + "\n" for lines in found]


def normal(tune: str) -> str:
    """The tune in normal form, ending with one line end; raises `TuneError`."""
    header, body = _parts(tune)
    words = _tidied([word for line in body for word in _words(line)])
    return header + _laid_out(words)


# ---------------------------------------------------------------- lines


def _parts(tune: str) -> tuple[str, list[str]]:
    """The three lines of the header, and the lines of the music."""
    fields: dict[str, str] = {}
    lines = [re.sub(r"(?<!\\)%.*", "", line).strip() for line in tune.splitlines()]
    for index, line in enumerate(lines):
        letter, colon, value = line[:1], line[1:2], line[2:].strip()
        if colon == ":" and letter in "MLK":
            fields.setdefault(letter, value)
        if letter == "V" and colon == ":":
            raise TuneError("the tune has several voices: give tunes of one voice.")
        if letter == "K" and colon == ":":
            return _header(fields), [line for line in lines[index + 1 :] if line]
    raise TuneError("the tune has no key: add a line such as K:G.")


def _header(fields: dict[str, str]) -> str:
    return "".join(_field(letter, fields.get(letter, ""), fields) + "\n" for letter in "MLK")


def _field(letter: str, value: str, fields: dict[str, str]) -> str:
    """A line of the header as it is written here."""
    match letter:
        case "M":
            word = {"C": "4/4", "C|": "2/2"}.get(value, value.replace(" ", ""))
            if abcwords.meter(word) is None:
                raise TuneError(f"the tune has no meter ({value or 'none'}): add a line such as M:6/8.")
        case "L":
            bar = abcwords.meter(fields.get("M", "")) or Fraction(1)
            word = value.replace(" ", "") or str(abcwords.default_unit(bar))
            if word not in abcwords.UNITS:
                raise TuneError(f"the tune has no such unit length ({value}): give a line such as L:1/8.")
        case _:
            # "Hp" is the Highland pipes' scale: D major with a low seventh above A, which is where the tunes end.
            word = abcwords.key_word({"Hp": "D", "HP": "D"}.get(value, value.partition(" -")[0]))
            if word is None:
                raise TuneError(f"the tune has no key ({value}): give a line such as K:G.")
    return f"{letter}:{word}"


def _words(line: str) -> list[Word]:
    """The words of a line of the tune's body."""
    if re.match(r"[A-Za-z]:[^|:]?", line) and not re.match(r"[a-gzA-G]:[|:]", line):
        letter, value = line[0], line[2:].strip()
        if letter == "V":
            raise TuneError("the tune has several voices: give tunes of one voice.")
        return [Word("field", _field(letter, value, {}))] if letter in "MLK" else []
    words = [Word(str(found.lastgroup), found[0]) for found in TOKEN.finditer(line)]
    return words if line.endswith("\\") else [*words, Word("break", "")]


# ---------------------------------------------------------------- words


def _tidied(words: list[Word]) -> list[Word]:
    """The words that stay, spelled as they are written here."""
    spelled = [word for raw in words for word in _spelled(raw)]
    return _without_loose_ends(_merged(spelled))


def _spelled(word: Word) -> list[Word]:
    match word.kind:
        case "note":
            return [Word("note", _note(word.text))]
        case "rest":
            return [Word("rest", "z" + _length(word.text[1:]))]
        case "stack":
            return [Word("note", _highest(word.text))]
        case "quote":
            symbol = word.text.strip('"() ')
            return [Word("quote", f'"{symbol}"')] if symbol and abcwords.is_chord(symbol) else []
        case "tuplet":
            plain = word.text[:2]
            if word.text not in (plain, f"{plain}:", f"{plain}::", "(3:2", "(3:2:", "(3:2:3", "(2:3", "(4:3"):
                raise TuneError(f"the tune has a tuplet {word.text}: write it with a plain one such as (3.")
            return [Word("tuplet", plain)]
        case "broken" if len(word.text) > 1:
            raise TuneError(f"the tune has pairs with {word.text}: write their lengths out.")
        case "field" if word.text.startswith("["):
            letter, value = word.text[1], word.text[3:-1].strip()
            return [Word("field", _field(letter, value, {}))] if letter in "MLK" else []
        case "ending" | "other" if word.text.strip("[ ")[:1].isdigit():
            return [Word("ending", f"[{word.text.strip('[ ')[0]}")]
        case "other" if word.text in "&Z":
            raise TuneError(f"the tune has a sign that is not read ({word.text}): give tunes of one voice.")
        case "ornament" | "grace" | "other":
            return []
        case _:
            return [word]


def _length(word: str) -> str:
    length = abcwords.length_of(word)
    if length is None:
        raise TuneError(f"the tune has a length {word} that says nothing: correct it.")
    return abcwords.length_word(length)


def _note(text: str) -> str:
    found = NOTE.fullmatch(text)
    assert found
    sign, letter, marks = found[1] or "", found[2], found[3]
    octave = marks.count("'") - marks.count(",") + letter.islower()
    spelled = letter.lower() + "'" * (octave - 1) if octave > 0 else letter.upper() + "," * -octave
    return sign + spelled + _length(found[4])


def _highest(text: str) -> str:
    """The highest note of a chord, with the chord's length."""
    inside, _, after = text[1:].partition("]")
    notes = list(NOTE.finditer(inside))
    if not notes:
        raise TuneError(f"the tune has brackets that hold no notes ({text}): correct it.")
    top = max(notes, key=lambda note: abcwords.natural(note[2], note[3]))
    lengths = [abcwords.length_of(word) for word in (top[4], after)]
    if lengths[0] is None or lengths[1] is None:
        raise TuneError(f"the tune has a length in {text} that says nothing: correct it.")
    return _note((top[1] or "") + top[2] + top[3] + abcwords.length_word(lengths[0] * lengths[1]))


_GAPS = ("line", "space", "break")


def _merged(words: list[Word]) -> list[Word]:
    """With one bar line where several stand together, and no spaces beside it."""
    out: list[Word] = []
    for is_gap, run in groupby(words, key=lambda word: word.kind in _GAPS):
        found = list(run)
        out += _gap(found) if is_gap else found
    return out


def _gap(run: list[Word]) -> list[Word]:
    """What is between two other words: a bar line, a line's end, both, or a space."""
    signs = "".join(word.text for word in run if word.kind == "line")
    line = [Word("line", _bar_line(signs))] if signs else []
    ends = [Word("break", "")] if any(word.kind == "break" for word in run) else []
    return line + ends or [Word("space", " ")]


def _bar_line(signs: str) -> str:
    """A bar line in any spelling as it is written here."""
    ends, begins = signs.startswith(":"), signs.endswith(":")
    if ends or begins:
        return "::" if ends and begins else ":|" if ends else "|:"
    inner = ":|" in signs, "|:" in signs
    if any(inner):
        return "::" if all(inner) else ":|" if inner[0] else "|:"
    return "|]" if set(signs) & set("[]") else "|" if len(signs) == 1 else "||"


_SOUNDS = ("note", "rest")
_OPEN = ("broken", "tuplet", "quote")
"""What a note must follow at once."""


def _without_loose_ends(words: list[Word]) -> list[Word]:
    """Without chord symbols that no note follows, ties and broken pairs that lead nowhere."""
    out: list[Word] = []
    for index, word in enumerate(words):
        rest = words[index + 1 : index + 8]
        sound = next((w for w in rest if w.kind in (*_SOUNDS, "line", "quote", "field")), Word("", ""))
        match word.kind:
            case "quote" if sound.kind not in _SOUNDS:
                continue
            case "tie" if not _same_note(words[index - 1] if index else None, _next_sound(words, index)):
                continue
            case "broken" if sound.kind == "line" or not out or out[-1].kind not in _SOUNDS:
                continue
            case "space" if not out or out[-1].kind in (*_OPEN, "ending", "line", "space", "break", "field"):
                continue
            case _:
                out.append(word)
    return out


def _next_sound(words: list[Word], index: int) -> Word | None:
    return next((word for word in words[index + 1 : index + 8] if word.kind in _SOUNDS), None)


def _same_note(one: Word | None, other: Word | None) -> bool:
    if one is None or other is None:
        return False
    first, second = NOTE.fullmatch(one.text), NOTE.fullmatch(other.text)
    return bool(first and second and (first[2], first[3]) == (second[2], second[3]) and not second[1])


def _laid_out(words: list[Word]) -> str:
    """The words as lines, each ending with a bar line, the last with one that ends the tune."""
    lines = [""]
    due = False
    for index, word in enumerate(words):
        before = words[index - 1].kind if index else "break"
        due = bool(lines[-1]) and (due or word.kind == "break")
        match word.kind:
            case "break":
                lines[-1] += "" if before in (*_OPEN, "line") else " "
            case "field":
                lines[-1:] = [lines[-1], word.text, ""] if lines[-1] else [word.text, ""]
                due = False
            case _:
                lines[-1] += word.text
        following = words[index + 1].kind if index + 1 < len(words) else ""
        if due and (word.kind == "line" or (word.kind, before) == ("break", "line")) and following != "ending":
            lines.append("")
            due = False
    return _finished([line.rstrip() for line in lines if line.strip()])


def _finished(lines: list[str]) -> str:
    """The lines with an end: nothing but music, and a bar line for the end of the tune."""
    while lines and _is_field(lines[-1]):
        lines.pop()
    if not lines:
        raise TuneError("the tune has no music: give another one.")
    lines[-1] = _ended(lines[-1])
    return "\n".join(lines) + "\n"


def _is_field(line: str) -> bool:
    return line[:1] in "MLK" and line[1:2] == ":"


def _ended(line: str) -> str:
    line = re.sub(r"\[\d$", "", line)
    for plain, final in (("::", ":|"), ("|:", "|]"), (":|", ":|"), ("|]", "|]"), ("||", "||"), ("|", "|]")):
        if line.endswith(plain):
            return line.removesuffix(plain) + final
    return line + "|]"
