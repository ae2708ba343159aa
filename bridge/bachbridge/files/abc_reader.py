"""Files of tunes in ABC: reading them, and writing one that any ABC program opens."""

from collections.abc import Iterable
from pathlib import Path

from bachbridge.atomic_files import atomic_output, read_limited_bytes
from bachbridge.codecs.abc import normal_form
from bachbridge.codecs.abc.reader import split_header
from bachbridge.errors import TuneError

_MAX_BYTES = 16 << 20


def read_abc(path: Path) -> list[str]:
    """The tunes of a file, as they are."""
    content = read_limited_bytes(path, _MAX_BYTES, TuneError)
    tunes = normal_form.split_tunes(decode_text(content))
    if not tunes:
        raise TuneError(f"{path} holds no tune (no line begins with X:): give an ABC file.")
    return tunes


def decode_text(content: bytes) -> str:
    """The text of a file: old ones are in Latin-1."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def write_abc(path: Path, tunes: Iterable[tuple[str, str]], *, bpm: float) -> None:
    """Write tunes, each with its title, numbered from 1; `bpm` quarter notes a minute."""
    with atomic_output(path) as scratch:
        scratch.write_text(
            "\n".join(with_file_header(tune, number, title, bpm=bpm) for number, (title, tune) in enumerate(tunes, 1)),
            "utf-8",
        )


def with_file_header(tune: str, number: int, title: str, *, bpm: float) -> str:
    """A tune with the header that a file wants: number, title, meter, unit length, tempo and key."""
    header, body = split_header(normal_form.normalize(tune))
    lines = (
        f"X:{number}",
        f"T:{' '.join(title.split()) or 'Tune'}",
        f"M:{header.meter_word}",
        f"L:{header.unit_word}",
        f"Q:1/4={round(bpm)}",
        f"K:{header.key}",
    )
    return "\n".join(lines) + "\n" + body
