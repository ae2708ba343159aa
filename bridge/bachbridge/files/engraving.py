"""A picture of a score in MusicXML: verovio engraves it as SVG, resvg renders that as PNG.

Both come with the extra `score` as ready-made wheels that need no system library.
"""

import importlib
from importlib.resources import files
from pathlib import Path
from typing import Any

from bachbridge.errors import BachBridgeError

PICTURE_SUFFIXES = (".png", ".svg")
MAX_BARS = 400
"""The most bars on a picture, which is one page."""

_UNITS_PER_PIXEL = 2
"""Units of verovio's page width to a pixel of the SVG, at the scale of `_PAGE_OPTIONS`."""
_PAGE_OPTIONS = {"pageHeight": 60000, "adjustPageHeight": True, "scale": 50}
_LAYOUT_OPTIONS = {"footer": "none", "header": "none", "breaks": "auto", "svgViewBox": True, "svgRemoveXlink": True}
_PNG_WIDTH = 1600
"""In pixels."""


def require_libraries(path: Path) -> None:
    """Import the libraries that a score at `path` needs, so that a missing one is reported before the work begins.

    Raises `ModuleNotFoundError`.
    """
    if path.suffix.lower() in PICTURE_SUFFIXES:
        importlib.import_module("verovio")
    if path.suffix.lower() == ".png":
        importlib.import_module("resvg_py")


def render_picture(musicxml: bytes, suffix: str, width: int = 1050) -> bytes:
    """Return the bytes of an `.svg`, `width` pixels wide, or of a `.png` of the same page; raises `BachBridgeError`."""
    verovio: Any = importlib.import_module("verovio")
    verovio.enableLog(verovio.LOG_OFF)
    # verovio finds its fonts only in the thread that imported it first.
    verovio.setDefaultResourcePath(str(files("verovio") / "data"))
    toolkit = verovio.toolkit()
    toolkit.setOptions(_PAGE_OPTIONS | _LAYOUT_OPTIONS | {"pageWidth": width * _UNITS_PER_PIXEL})
    if not toolkit.loadData(musicxml.decode()) or toolkit.getPageCount() != 1:
        raise BachBridgeError("the score does not fit on one picture: write it as .musicxml.")
    svg = str(toolkit.renderToSVG(1))
    if suffix.lower() == ".svg":
        return svg.encode()
    resvg: Any = importlib.import_module("resvg_py")
    return bytes(resvg.svg_to_bytes(svg_string=svg, width=_PNG_WIDTH, background="white"))
