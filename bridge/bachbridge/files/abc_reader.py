"""Reading and writing files of tunes in ABC; what is written opens in any ABC program."""

from collections.abc import Iterable
from pathlib import Path

from bachbridge.atomic_files import atomic_output, read_limited_bytes
from bachbridge.codecs.abc import normal_form
from bachbridge.codecs.abc.reader import split_header
from bachbridge.errors import TuneError
from bachbridge.files.abc import tune_text
from bachbridge.files.abc.tune import read_tune

_OCTAVE_SCOPE = "%%propagate-accidentals octave"


def read_abc(path: Path) -> list[str]:
    """Return the texts of the tunes in a file, with what its header says of all; raises `TuneError`."""
    content = read_limited_bytes(path, tune_text.MAX_FILE_BYTES, TuneError)
    try:
        tunes = tune_text.split_file(tune_text.decode_text(content))
    except TuneError as error:
        raise TuneError(f"{path} cannot be read as ABC: {error}") from error
    if not tunes:
        raise TuneError(f"{path} holds no tune (no line begins with X: or K:): give an ABC file.")
    return tunes


def write_abc(path: Path, tunes: Iterable[tuple[str, str]], *, bpm: float) -> None:
    """Write pairs of title and tune, numbered from 1, at `bpm` quarter notes a minute; raises `BachBridgeError`."""
    with atomic_output(path) as scratch:
        scratch.write_text(
            "\n".join(with_file_header(tune, number, title, bpm=bpm) for number, (title, tune) in enumerate(tunes, 1)),
            "utf-8",
        )


def with_file_header(tune: str, number: int, title: str, *, bpm: float) -> str:
    """Return the tune with the header of a file: number, title, meter, unit length, tempo and key.

    Where it matters, a directive says that an accidental holds for its octave alone, as it does in normal form.
    """
    header, body = split_header(normal_form.normalize(tune))
    first = (f"X:{number}", f"T:{' '.join(title.split()) or 'Tune'}")
    fields = (f"M:{header.meter_word}", f"L:{header.unit_word}", f"Q:1/4={round(bpm)}")
    last = (f"K:{header.key}", body)
    plain, explicit = ("\n".join((*first, *fields, *scope, *last)) for scope in ((), (_OCTAVE_SCOPE,)))
    return plain if read_tune(plain).notes == read_tune(explicit).notes else explicit
