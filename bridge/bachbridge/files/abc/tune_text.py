"""The text of an ABC file: its encoding, its tunes, and the lines of a tune.

A tune goes from its `X:` to the next one or to a blank line (ABC standard 2.1, section 2.2.1). Fields before the first
tune are the file's header and hold for every tune (section 2.2.2). Files of any system are read: UTF-8, UTF-16 or
Latin-1, with lines that end in LF, CRLF or CR.

Limits are checked before anything is parsed, so that a file which breaks them is refused at once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bachbridge.errors import TuneError

MAX_FILE_BYTES = 16 << 20
MAX_TUNE_CHARACTERS = 200_000
MAX_NOTES = 50_000
_MAX_SIGNS = 60_000
"""Bar lines, brackets and other signs beside the notes that a tune may have."""
_MAX_LINES = 20_000
"""Lines, and fields within lines, that a tune may have."""
_MAX_SHARED_CHARACTERS = 32 << 20
"""Characters of the file's header that all tunes together may get."""
_MAX_TUNES = 20_000
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_FIELD_LINE = re.compile(r"([A-Zh-wy+]):(?![|:\]])(.*)")
"""A field; a note or a rest before a repeat sign at the beginning of a line is none."""
_BLOCK = re.compile(r"^%%begin(\w{1,32})\b[^\n]*\n.*?(?:^%%end\1[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
"""Directives around lines of text or graphics, which are no music."""
_NO_MUSIC = re.compile(
    r"""^[ \t]*[A-Zh-wy+]:(?![|:\]]).*$ | (?<!\\)%.*$ | "[^"\n]*"? | ![^!\s|\[\]]{1,32}! | \{[^}\n]*\}?
    | \[[A-Za-z]:[^\[\]\n]*\]""",
    re.MULTILINE | re.VERBOSE,
)
"""Fields, comments, texts, decorations and grace notes, as the reader knows them."""
_INLINE_FIELD = re.compile(r"\[[A-Za-z]:")
_ALL_BUT_NOTES = str.maketrans("", "", "".join(chr(code) for code in range(128) if chr(code) not in "ABCDEFGabcdefg"))
_ALL_BUT_SIGNS = str.maketrans("", "", "".join(chr(code) for code in range(128) if chr(code) not in '|:[({<>&!"zxZX'))
_COMMENT = re.compile(r"(?<!\\)%.*")


@dataclass(frozen=True, slots=True)
class AbcLine:
    """A line of a tune without its comment: a field with its letter, or music with an empty letter.

    A directive (`%%…`) is an `I:` field, as section 4.2 of the standard has it.
    """

    letter: str
    text: str


def decode_text(content: bytes) -> str:
    """Decode UTF-8 or UTF-16, or else Latin-1, which old files use; lines end in a line feed."""
    if content[:2] in _UTF16_MARKS:
        text = content.decode("utf-16", "replace")
    elif content[:1] and b"\0" in content[:4]:
        text = content.decode("utf-16-be" if content[0] == 0 else "utf-16-le", "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split_file(text: str) -> list[str]:
    """Return the tunes of a file, each with the fields of the file's header before its `X:`.

    A text without any `X:` that has a key (`K:`) is taken for one tune. Raises `TuneError`.
    """
    if text.count("\nX:") > _MAX_TUNES:
        raise TuneError(f"the file has over {_MAX_TUNES:,} tunes: divide it into smaller files.")
    starts = [0] if text.startswith("X:") else []
    at = text.find("\nX:")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\nX:", at + 1)
    if not starts:
        return [text] if text.startswith("K:") or "\nK:" in text else []
    header = "".join(f"{line}\n" for line in text[: starts[0]][:MAX_TUNE_CHARACTERS].split("\n") if _is_shared(line))
    if len(header) * len(starts) > _MAX_SHARED_CHARACTERS:
        raise TuneError("the file has too long a header for so many tunes: divide it into smaller files.")
    return [
        header + _before_blank_line(text[start:end]) for start, end in zip(starts, [*starts[1:], None], strict=True)
    ]


def _is_shared(line: str) -> bool:
    """Return True if a line of the file's header holds for the tunes: a field, or a directive."""
    return line.startswith("%%") or bool(re.match(r"[ILMmRU]:", line))


def _before_blank_line(tune: str) -> str:
    found = re.search(r"\n[ \t]*\n", tune)
    return tune[: found.start() + 1] if found else tune.rstrip("\n") + "\n"


def tune_lines(tune: str) -> Iterator[AbcLine]:
    """Yield the fields and the lines of music of a tune; raise `TuneError` if the tune is too long.

    Before the key (`K:`) all other text is left out. A field goes on in a line that begins with `+:`.
    """
    if len(tune) > MAX_TUNE_CHARACTERS:
        raise TuneError(f"the tune has over {MAX_TUNE_CHARACTERS:,} characters: cut it into shorter tunes.")
    tune = _BLOCK.sub("", tune)
    _check_counts(tune)
    in_body = False
    letter, texts = "", list[str]()
    """A field or music that may go on in the next line."""
    for raw in tune.split("\n"):
        line = _parse_line(raw, in_body=in_body)
        if line is None:
            continue
        if line.letter == "+":
            texts += [" ", line.text] if texts else []
        elif texts and not line.letter and not letter and texts[-1].endswith("\\"):
            texts[-1] = texts[-1][:-1].rstrip()
            texts.append(line.text)
        else:
            if texts:
                yield AbcLine(letter, "".join(texts))
            letter, texts = line.letter, [line.text]
            in_body = in_body or letter == "K"
    if texts:
        yield AbcLine(letter, "".join(texts))


def holds_notes(tune: str) -> bool:
    """Return False if no letter of the tune can be a note."""
    return len(tune) > MAX_TUNE_CHARACTERS or bool(_music_alone(tune).translate(_ALL_BUT_NOTES))


def _music_alone(tune: str) -> str:
    """Return the music of a tune, in which each letter from A to G is a note or an ornament."""
    return _NO_MUSIC.sub(" ", _BLOCK.sub("", tune)).encode("ascii", "ignore").decode("ascii")


def _check_counts(tune: str) -> None:
    """Raise `TuneError` if a tune has too many notes, lines or other signs; they are counted without being parsed."""
    music = _music_alone(tune)
    if len(music.translate(_ALL_BUT_NOTES)) > MAX_NOTES:
        raise TuneError(f"the tune has over {MAX_NOTES:,} notes: cut it into shorter tunes.")
    if tune.count("\n") + len(_INLINE_FIELD.findall(tune)) > _MAX_LINES:
        raise TuneError(f"the tune has over {_MAX_LINES:,} lines and fields: cut it into shorter tunes.")
    if len(music.translate(_ALL_BUT_SIGNS)) > _MAX_SIGNS or tune.count("[") > _MAX_SIGNS:
        raise TuneError(f"the tune has over {_MAX_SIGNS:,} bar lines and other signs: cut it into shorter tunes.")


def _parse_line(raw: str, *, in_body: bool) -> AbcLine | None:
    """Return the line; None if it holds neither a field nor music."""
    if raw.startswith("%%"):
        return AbcLine("I", raw[2:].strip())
    text = _COMMENT.sub("", raw).strip()
    found = _FIELD_LINE.fullmatch(text)
    if found:
        return AbcLine(found[1], found[2].strip())
    return AbcLine("", text) if text and in_body else None
