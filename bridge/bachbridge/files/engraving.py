"""From MusicXML to a picture of the staves: verovio engraves an SVG, resvg makes a PNG of it.

Both come with the extra `score` as ready-made wheels that need no system library.
"""

import importlib
from importlib.resources import files
from pathlib import Path
from typing import Any

from bachbridge.errors import BachBridgeError

PICTURES = (".png", ".svg")
MAX_BARS = 400
"""Bars that a picture, which is one page, may have."""

_UNITS = 2
"""Of the page's width to a pixel at this scale."""
_PAGE = {"pageHeight": 60000, "adjustPageHeight": True, "scale": 50}
_LOOK = {"footer": "none", "header": "none", "breaks": "auto", "svgViewBox": True, "svgRemoveXlink": True}
_WIDTH = 1600
"""Pixels of a PNG."""


def needs(path: Path) -> None:
    """Imports what a picture at `path` takes, so that what is missing is told before the work begins."""
    if path.suffix.lower() in PICTURES:
        importlib.import_module("verovio")
    if path.suffix.lower() == ".png":
        importlib.import_module("resvg_py")


def picture(musicxml: bytes, suffix: str, width: int = 1050) -> bytes:
    """The score as the bytes of a `.svg`, `width` pixels wide, or of a `.png` of the same page."""
    verovio: Any = importlib.import_module("verovio")
    verovio.enableLog(verovio.LOG_OFF)
    # verovio knows its fonts' place only in the thread that imported it first.
    verovio.setDefaultResourcePath(str(files("verovio") / "data"))
    toolkit = verovio.toolkit()
    toolkit.setOptions(_PAGE | _LOOK | {"pageWidth": width * _UNITS})
    if not toolkit.loadData(musicxml.decode()) or toolkit.getPageCount() != 1:
        raise BachBridgeError("the score does not fit on one picture: write it as .musicxml.")
    svg = str(toolkit.renderToSVG(1))
    if suffix.lower() == ".svg":
        return svg.encode()
    resvg: Any = importlib.import_module("resvg_py")
    return bytes(resvg.svg_to_bytes(svg_string=svg, width=_WIDTH, background="white"))
