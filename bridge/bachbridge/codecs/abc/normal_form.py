"""Normal form of tunes in ABC: what stays and how it is spelled, what is left out, and what is refused.

The normal form is `M:`, `L:`, `K:`, each once, then lines of music, so that a network reads only music. It keeps
notes, accidentals, lengths, rests, tuplets, broken rhythm, ties, chord symbols, bar lines, first and second endings,
and changes of key, meter and unit length (on lines of their own). A chord becomes its highest note.

Left out: titles and all other lines of text, comments, slurs, grace notes, ornaments, annotations, beams' back-ticks,
ties between different notes (old for slurs). A line's end within a bar is moved behind the next bar line.

Refused: several voices, overlays, rests of whole bars, tuplets that give their own number of notes, double-dotted
pairs, and tunes without a meter or a key that can be read.
"""

import re
from collections.abc import Iterator
from itertools import groupby

from bachbridge.codecs.abc.spelling import (
    NOTE_PATTERN,
    TOKEN_PATTERN,
    AbcToken,
    field_line,
    normalize_bar_line,
    normalize_token,
)
from bachbridge.errors import TuneError


def split_tunes(text: str) -> list[str]:
    """Return the tunes of a file: each from its `X:` to the next, or to a blank line."""
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


def normalize(tune: str) -> str:
    """Return the tune in normal form, ending with one line end; raise `TuneError`."""
    header, body = _split_header(tune)
    tokens = _clean_tokens([token for line in body for token in _tokenize(line)])
    return header + _format_lines(tokens)


def music_lines(tune: str) -> list[str]:
    """Return the lines that hold music, without comments."""
    return [
        line.partition("%")[0].rstrip()
        for line, is_music in _classify_lines(tune)
        if is_music and line.partition("%")[0]
    ]


def _classify_lines(tune: str) -> Iterator[tuple[str, bool]]:
    """Yield each line unchanged, with True if it holds music."""
    in_body = False
    for line in tune.split("\n"):
        yield line, in_body and bool(line.strip()) and not _is_text_line(line)
        in_body = in_body or line.startswith("K:")


def header_lines(tune: str) -> str:
    """Return the three lines of the header in normal form; raise `TuneError`."""
    return _split_header(tune)[0]


# ---------------------------------------------------------------- lines


def _split_header(tune: str) -> tuple[str, list[str]]:
    """Return the three lines of the header, and the lines of the music."""
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
    return "".join(field_line(letter, fields.get(letter, ""), fields) + "\n" for letter in "MLK")


def _is_text_line(line: str) -> bool:
    """Return True if a line of the body holds text or a field and no music."""
    return bool(re.match(r"[A-Za-z]:[^|:]?", line)) and not re.match(r"[a-gzA-G]:[|:]", line)


def _tokenize(line: str) -> list[AbcToken]:
    """Return the tokens of a line of the tune's body."""
    if _is_text_line(line):
        letter, value = line[0], line[2:].strip()
        if letter == "V":
            raise TuneError("the tune has several voices: give tunes of one voice.")
        return [AbcToken("field", field_line(letter, value, {}))] if letter in "MLK" else []
    tokens = [AbcToken(str(found.lastgroup), found[0]) for found in TOKEN_PATTERN.finditer(line)]
    return tokens if line.endswith("\\") else [*tokens, AbcToken("break", "")]


# ---------------------------------------------------------------- tokens


def _clean_tokens(tokens: list[AbcToken]) -> list[AbcToken]:
    """Return the tokens that stay, in normal form."""
    kept = [token for raw in tokens for token in normalize_token(raw)]
    return _drop_dangling(_merge_gaps(kept))


_GAP_KINDS = ("line", "space", "break")


def _merge_gaps(tokens: list[AbcToken]) -> list[AbcToken]:
    """Merge bar lines that stand together, and drop spaces beside them."""
    out: list[AbcToken] = []
    for is_gap, run in groupby(tokens, key=lambda token: token.kind in _GAP_KINDS):
        group = list(run)
        out += _merge_gap(group) if is_gap else group
    return out


def _merge_gap(run: list[AbcToken]) -> list[AbcToken]:
    """Return what stands between two other tokens: a bar line, a line's end, both, or a space."""
    signs = "".join(token.text for token in run if token.kind == "line")
    line = [AbcToken("line", normalize_bar_line(signs))] if signs else []
    ends = [AbcToken("break", "")] if any(token.kind == "break" for token in run) else []
    return line + ends or [AbcToken("space", " ")]


_SOUND_KINDS = ("note", "rest")
_NOTE_PREFIX_KINDS = ("broken", "tuplet", "quote")
_NO_SPACE_AFTER_KINDS = (*_NOTE_PREFIX_KINDS, "ending", "line", "space", "break", "field")
"""Kinds of tokens that a note must follow directly."""


def _drop_dangling(tokens: list[AbcToken]) -> list[AbcToken]:
    """Drop chord symbols that no note follows, and ties and broken pairs that lead nowhere."""
    out: list[AbcToken] = []
    for index, token in enumerate(tokens):
        rest = tokens[index + 1 : index + 8]
        following = next((t for t in rest if t.kind in (*_SOUND_KINDS, "line", "quote", "field")), AbcToken("", ""))
        match token.kind:
            case "quote" if following.kind not in _SOUND_KINDS:
                continue
            case "tie" if not _is_same_note(tokens[index - 1] if index else None, _next_sound(tokens, index)):
                continue
            case "broken" if following.kind == "line" or not out or out[-1].kind not in _SOUND_KINDS:
                continue
            case "space" if not out or out[-1].kind in _NO_SPACE_AFTER_KINDS:
                continue
            case _:
                out.append(token)
    return out


def _next_sound(tokens: list[AbcToken], index: int) -> AbcToken | None:
    return next((token for token in tokens[index + 1 : index + 8] if token.kind in _SOUND_KINDS), None)


def _is_same_note(one: AbcToken | None, other: AbcToken | None) -> bool:
    if one is None or other is None:
        return False
    first, second = NOTE_PATTERN.fullmatch(one.text), NOTE_PATTERN.fullmatch(other.text)
    return bool(first and second and (first[2], first[3]) == (second[2], second[3]) and not second[1])


def _format_lines(tokens: list[AbcToken]) -> str:
    """Return the tokens as lines, each ending with a bar line, the last with one that ends the tune."""
    lines = [""]
    break_due = False
    for index, token in enumerate(tokens):
        before = tokens[index - 1].kind if index else "break"
        break_due = bool(lines[-1]) and (break_due or token.kind == "break")
        match token.kind:
            case "break":
                lines[-1] += "" if before in (*_NOTE_PREFIX_KINDS, "line") else " "
            case "field":
                lines[-1:] = [lines[-1], token.text, ""] if lines[-1] else [token.text, ""]
                break_due = False
            case _:
                lines[-1] += token.text
        following = tokens[index + 1].kind if index + 1 < len(tokens) else ""
        is_after_bar_line = token.kind == "line" or (token.kind, before) == ("break", "line")
        if break_due and is_after_bar_line and following != "ending":
            lines.append("")
            break_due = False
    return _close_tune([line.rstrip() for line in lines if line.strip()])


def _close_tune(lines: list[str]) -> str:
    """Drop fields after the last music, and end it with a final bar line; raise `TuneError` without music."""
    while lines and _is_field(lines[-1]):
        lines.pop()
    if not lines:
        raise TuneError("the tune has no music: give another one.")
    lines[-1] = _with_final_bar_line(lines[-1])
    return "\n".join(lines) + "\n"


def _is_field(line: str) -> bool:
    return line[:1] in "MLK" and line[1:2] == ":"


def _with_final_bar_line(line: str) -> str:
    line = re.sub(r"\[\d$", "", line)
    for plain, final in (("::", ":|"), ("|:", "|]"), (":|", ":|"), ("|]", "|]"), ("||", "||"), ("|", "|]")):
        if line.endswith(plain):
            return line.removesuffix(plain) + final
    return line + "|]"
