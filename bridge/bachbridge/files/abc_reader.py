"""Reading and writing files of tunes in ABC; what is written opens in any ABC program."""

from collections.abc import Iterable
from pathlib import Path

from bachbridge.atomic_files import atomic_output, read_limited_bytes
from bachbridge.codecs.abc import normal_form
from bachbridge.codecs.abc.reader import split_header
from bachbridge.errors import TuneError

_MAX_BYTES = 16 << 20


def read_abc(path: Path) -> list[str]:
    """Return the texts of the tunes in a file, unchanged; raises `TuneError`."""
    content = read_limited_bytes(path, _MAX_BYTES, TuneError)
    tunes = normal_form.split_tunes(decode_text(content))
    if not tunes:
        raise TuneError(f"{path} holds no tune (no line begins with X:): give an ABC file.")
    return tunes


def decode_text(content: bytes) -> str:
    """Decode UTF-8, or else Latin-1, which old files use."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def write_abc(path: Path, tunes: Iterable[tuple[str, str]], *, bpm: float) -> None:
    """Write pairs of title and tune, numbered from 1, at `bpm` quarter notes a minute; raises `BachBridgeError`."""
    with atomic_output(path) as scratch:
        scratch.write_text(
            "\n".join(with_file_header(tune, number, title, bpm=bpm) for number, (title, tune) in enumerate(tunes, 1)),
            "utf-8",
        )


def with_file_header(tune: str, number: int, title: str, *, bpm: float) -> str:
    """Return the tune with the header of a file: number, title, meter, unit length, tempo and key."""
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
