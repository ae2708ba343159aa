"""Sound fonts on this machine: where they are found, and a check of a file before a native library reads it.

The format is RIFF with the form type "sfbk" and three chunks: INFO, sdta and pdta (SoundFont Technical Specification
2.04, E-mu Systems 2006; in .sf3 files the samples are Ogg Vorbis).
"""

import os
from pathlib import Path

from bachbridge.errors import BachBridgeError

AUTOMATIC_FONT, NO_FONT = "auto", "none"
"""Words that the setting `sound_font` accepts besides a path."""
_FONT_FOLDERS = (
    "~/.local/share/soundfonts",
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
)
_FONT_SUFFIXES = {".sf2", ".sf3"}
_MAX_FONT_BYTES = 1 << 30
_HEADER_BYTES = 12
_REQUIRED_CHUNKS = {b"INFO", b"sdta", b"pdta"}


def find_sound_font() -> Path | None:
    """Return the sound font named by the environment variable SOUNDFONT, or else the largest in the usual folders."""
    named = os.environ.get("SOUNDFONT")
    if named:
        return Path(named) if Path(named).is_file() else None
    folders = [Path(folder).expanduser() for folder in _FONT_FOLDERS]
    fonts = [font for folder in folders if folder.is_dir() for font in sorted(folder.iterdir())]
    fonts = [font for font in fonts if font.suffix.lower() in _FONT_SUFFIXES and font.is_file()]
    return max(fonts, key=lambda font: font.stat().st_size, default=None)


def choose_sound_font(wanted: str) -> Path | None:
    """Return the file that the setting `sound_font` means, checked; None: the built-in instruments.

    A file that was found and is damaged is passed over. Raises `BachBridgeError` if a named one cannot be used.
    """
    if wanted == NO_FONT:
        return None
    if wanted != AUTOMATIC_FONT:
        named = Path(wanted).expanduser()
        check_sound_font(named)
        return named
    found = find_sound_font()
    if found is not None:
        check_sound_font(found)
    return found


def check_sound_font(path: Path) -> None:
    """Raise `BachBridgeError` if the file is no whole sound font or is larger than 1 GiB."""
    advice = "choose another sound font; the built-in instruments play until then."
    try:
        size = path.stat().st_size
        if size > _MAX_FONT_BYTES:
            raise BachBridgeError(f"The sound font {path.name} is larger than 1 GiB: {advice}")
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
            if header[:4] != b"RIFF" or header[8:] != b"sfbk":
                raise BachBridgeError(f"{path.name} is not a sound font: {advice}")
            at, end = _HEADER_BYTES, 8 + int.from_bytes(header[4:8], "little")
            kinds: set[bytes] = set()
            while at + _HEADER_BYTES <= min(end, size):
                file.seek(at)
                chunk = file.read(_HEADER_BYTES)
                kinds.add(chunk[8:])
                length = int.from_bytes(chunk[4:8], "little")
                at += 8 + length + length % 2
    except OSError as error:
        raise BachBridgeError(f"The sound font {path} cannot be read ({error.strerror}): {advice}") from error
    if size < end or at > size + 1 or not kinds >= _REQUIRED_CHUNKS:
        raise BachBridgeError(f"The sound font {path.name} is damaged or not complete: {advice}")
