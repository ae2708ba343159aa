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


def normalize(tune: str) -> str:
    """The tune in normal form, ending with one line end; raises `TuneError`."""
    header, body = _split_header(tune)
    words = _clean_tokens([word for line in body for word in _tokenize(line)])
    return header + _format_lines(words)


def drop_tied_accidentals(tune: str) -> str:
    """The tune without signs on notes that are tied to one with the same sign: they hold over a tie without."""
    ties = _TieTracker()
    return "\n".join(
        TOKEN_PATTERN.sub(ties.drop_accidental, line) if is_music else line for line, is_music in _classify_lines(tune)
    )


def music_lines(tune: str) -> list[str]:
    """The lines that hold music, without comments."""
    return [
        line.partition("%")[0].rstrip()
        for line, is_music in _classify_lines(tune)
        if is_music and line.partition("%")[0]
    ]


def _classify_lines(tune: str) -> Iterator[tuple[str, bool]]:
    """The lines as they are, and whether they hold music."""
    begun = False
    for line in tune.split("\n"):
        yield line, begun and bool(line.strip()) and not _is_text_line(line)
        begun = begun or line.startswith("K:")


class _TieTracker:
    """Follows notes that are tied."""

    def __init__(self) -> None:
        self._last_note: tuple[str, ...] | None = None
        """Sign, letter and octave marks of the last note."""
        self._tied_note: tuple[str, ...] | None = None

    def drop_accidental(self, found: re.Match[str]) -> str:
        """A word without the sign that it has in common with the note before its tie."""
        if found.lastgroup == "tie":
            self._tied_note = self._last_note
        note = NOTE_PATTERN.fullmatch(found[0]) if found.lastgroup == "note" else None
        if note is None:
            return found[0]
        tied, self._tied_note = self._tied_note, None
        self._last_note = (note[1] or "", note[2], note[3])
        if tied is None or tied[1:] != self._last_note[1:] or note[1] not in (None, tied[0]):
            return found[0]
        self._last_note = tied
        return found[0].removeprefix(tied[0])


def header_lines(tune: str) -> str:
    """The three lines of the header as they are in normal form; raises `TuneError`."""
    return _split_header(tune)[0]


# ---------------------------------------------------------------- lines


def _split_header(tune: str) -> tuple[str, list[str]]:
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
    return "".join(field_line(letter, fields.get(letter, ""), fields) + "\n" for letter in "MLK")


def _is_text_line(line: str) -> bool:
    """Whether a line of the body is no music."""
    return bool(re.match(r"[A-Za-z]:[^|:]?", line)) and not re.match(r"[a-gzA-G]:[|:]", line)


def _tokenize(line: str) -> list[AbcToken]:
    """The words of a line of the tune's body."""
    if _is_text_line(line):
        letter, value = line[0], line[2:].strip()
        if letter == "V":
            raise TuneError("the tune has several voices: give tunes of one voice.")
        return [AbcToken("field", field_line(letter, value, {}))] if letter in "MLK" else []
    words = [AbcToken(str(found.lastgroup), found[0]) for found in TOKEN_PATTERN.finditer(line)]
    return words if line.endswith("\\") else [*words, AbcToken("break", "")]


# ---------------------------------------------------------------- words


def _clean_tokens(tokens: list[AbcToken]) -> list[AbcToken]:
    """The words that stay, spelled as they are written here."""
    kept = [word for raw in tokens for word in normalize_token(raw)]
    return _drop_dangling(_merge_gaps(kept))


_GAP_KINDS = ("line", "space", "break")


def _merge_gaps(tokens: list[AbcToken]) -> list[AbcToken]:
    """With one bar line where several stand together, and no spaces beside it."""
    out: list[AbcToken] = []
    for is_gap, run in groupby(tokens, key=lambda word: word.kind in _GAP_KINDS):
        found = list(run)
        out += _merge_gap(found) if is_gap else found
    return out


def _merge_gap(run: list[AbcToken]) -> list[AbcToken]:
    """What is between two other words: a bar line, a line's end, both, or a space."""
    signs = "".join(word.text for word in run if word.kind == "line")
    line = [AbcToken("line", normalize_bar_line(signs))] if signs else []
    ends = [AbcToken("break", "")] if any(word.kind == "break" for word in run) else []
    return line + ends or [AbcToken("space", " ")]


_SOUND_KINDS = ("note", "rest")
_NOTE_PREFIX_KINDS = ("broken", "tuplet", "quote")
"""What a note must follow at once."""


def _drop_dangling(tokens: list[AbcToken]) -> list[AbcToken]:
    """Without chord symbols that no note follows, ties and broken pairs that lead nowhere."""
    out: list[AbcToken] = []
    for index, word in enumerate(tokens):
        rest = tokens[index + 1 : index + 8]
        sound = next((w for w in rest if w.kind in (*_SOUND_KINDS, "line", "quote", "field")), AbcToken("", ""))
        match word.kind:
            case "quote" if sound.kind not in _SOUND_KINDS:
                continue
            case "tie" if not _is_same_note(tokens[index - 1] if index else None, _next_sound(tokens, index)):
                continue
            case "broken" if sound.kind == "line" or not out or out[-1].kind not in _SOUND_KINDS:
                continue
            case "space" if not out or out[-1].kind in (
                *_NOTE_PREFIX_KINDS,
                "ending",
                "line",
                "space",
                "break",
                "field",
            ):
                continue
            case _:
                out.append(word)
    return out


def _next_sound(tokens: list[AbcToken], index: int) -> AbcToken | None:
    return next((word for word in tokens[index + 1 : index + 8] if word.kind in _SOUND_KINDS), None)


def _is_same_note(one: AbcToken | None, other: AbcToken | None) -> bool:
    if one is None or other is None:
        return False
    first, second = NOTE_PATTERN.fullmatch(one.text), NOTE_PATTERN.fullmatch(other.text)
    return bool(first and second and (first[2], first[3]) == (second[2], second[3]) and not second[1])


def _format_lines(tokens: list[AbcToken]) -> str:
    """The words as lines, each ending with a bar line, the last with one that ends the tune."""
    lines = [""]
    due = False
    for index, word in enumerate(tokens):
        before = tokens[index - 1].kind if index else "break"
        due = bool(lines[-1]) and (due or word.kind == "break")
        match word.kind:
            case "break":
                lines[-1] += "" if before in (*_NOTE_PREFIX_KINDS, "line") else " "
            case "field":
                lines[-1:] = [lines[-1], word.text, ""] if lines[-1] else [word.text, ""]
                due = False
            case _:
                lines[-1] += word.text
        following = tokens[index + 1].kind if index + 1 < len(tokens) else ""
        if due and (word.kind == "line" or (word.kind, before) == ("break", "line")) and following != "ending":
            lines.append("")
            due = False
    return _close_tune([line.rstrip() for line in lines if line.strip()])


def _close_tune(lines: list[str]) -> str:
    """The lines with an end: nothing but music, and a bar line for the end of the tune."""
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
