"""From MusicXML to a picture of the staves: verovio engraves an SVG, resvg makes a PNG of it.

Both come with the extra `score` as ready-made wheels that need no system library.
"""

import importlib
from importlib.resources import files
from pathlib import Path
from typing import Any

from bachbridge.errors import BachBridgeError

PICTURE_SUFFIXES = (".png", ".svg")
MAX_BARS = 400
"""Bars that a picture, which is one page, may have."""

_UNITS_PER_PIXEL = 2
"""Of the page's width to a pixel at this scale."""
_PAGE_OPTIONS = {"pageHeight": 60000, "adjustPageHeight": True, "scale": 50}
_LAYOUT_OPTIONS = {"footer": "none", "header": "none", "breaks": "auto", "svgViewBox": True, "svgRemoveXlink": True}
_PNG_WIDTH = 1600
"""Pixels of a PNG."""


def require_libraries(path: Path) -> None:
    """Imports what a picture at `path` takes, so that what is missing is told before the work begins."""
    if path.suffix.lower() in PICTURE_SUFFIXES:
        importlib.import_module("verovio")
    if path.suffix.lower() == ".png":
        importlib.import_module("resvg_py")


def render_picture(musicxml: bytes, suffix: str, width: int = 1050) -> bytes:
    """The score as the bytes of a `.svg`, `width` pixels wide, or of a `.png` of the same page."""
    verovio: Any = importlib.import_module("verovio")
    verovio.enableLog(verovio.LOG_OFF)
    # verovio knows its fonts' place only in the thread that imported it first.
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
