"""A picture of a score in MusicXML: verovio engraves it as SVG, resvg renders that as PNG, Pillow joins pages as PDF.

Both come with the extra `score` as ready-made wheels that need no system library.
"""

import importlib
import io
from importlib.resources import files
from pathlib import Path
from typing import Any

from bachbridge.errors import BachBridgeError

PICTURE_SUFFIXES = (".png", ".svg")
PDF_SUFFIX = ".pdf"
MAX_BARS = 400
"""The most bars on a picture, which is one page."""

_UNITS_PER_PIXEL = 2
"""Units of verovio's page width to a pixel of the SVG, at the scale of `_PAGE_OPTIONS`."""
_PAGE_OPTIONS = {"pageHeight": 60000, "adjustPageHeight": True, "scale": 50}
_SNUG_OPTIONS = {"pageMarginTop": 28, "pageMarginRight": 4, "pageMarginBottom": 24, "pageMarginLeft": 34}
"""Margins of a picture within a window: room for a brace on the left and for words above."""
_PDF_OPTIONS = {"pageHeight": 2970, "pageWidth": 2100, "scale": 50}
_LAYOUT_OPTIONS = {"footer": "none", "header": "none", "breaks": "auto", "svgViewBox": True, "svgRemoveXlink": True}
_ENGRAVER_FONT = 'font-family="Times, serif"'
_TEXT_FONTS = "font-family=\"Times, 'Times New Roman', 'Liberation Serif', 'DejaVu Serif', 'Noto Serif', serif\""
_PNG_WIDTH = 1600
"""In pixels."""
_A4_WIDTH_INCHES = 8.27


def require_libraries(path: Path) -> None:
    """Import the libraries that a score at `path` needs, so that a missing one is reported before the work begins.

    Raises `ModuleNotFoundError`.
    """
    if path.suffix.lower() in (*PICTURE_SUFFIXES, PDF_SUFFIX):
        importlib.import_module("verovio")
    if path.suffix.lower() in (".png", PDF_SUFFIX):
        importlib.import_module("resvg_py")


def render_picture(musicxml: bytes, suffix: str, width: int = 1050, *, snug: bool = False) -> bytes:
    """Return the bytes of an `.svg`, `width` pixels wide, or of a `.png` of the same page; raises `BachBridgeError`.

    A `snug` page has hardly any margins.
    """
    options = _PAGE_OPTIONS | {"pageWidth": width * _UNITS_PER_PIXEL} | (_SNUG_OPTIONS if snug else {})
    toolkit = _load_score(musicxml, options)
    if toolkit.getPageCount() != 1:
        raise BachBridgeError("the score does not fit on one picture: write it as .pdf or .musicxml.")
    svg = _page_svg(toolkit, 1)
    return svg.encode() if suffix.lower() == ".svg" else _render_png(svg)


def render_pdf(musicxml: bytes) -> bytes:
    """Return the bytes of a document with the score on pages of A4; raises `BachBridgeError`."""
    from PIL import Image

    toolkit = _load_score(musicxml, _PDF_OPTIONS)
    pngs = [_render_png(_page_svg(toolkit, page + 1)) for page in range(toolkit.getPageCount())]
    pages = [Image.open(io.BytesIO(png)).convert("L") for png in pngs]
    document = io.BytesIO()
    pages[0].save(document, "PDF", save_all=True, append_images=pages[1:], resolution=_PNG_WIDTH / _A4_WIDTH_INCHES)
    return document.getvalue()


def _load_score(musicxml: bytes, options: dict[str, Any]) -> Any:
    """Return verovio's toolkit with the score in it; raises `BachBridgeError`."""
    verovio: Any = importlib.import_module("verovio")
    verovio.enableLog(verovio.LOG_OFF)
    # verovio finds its fonts only in the thread that imported it first.
    verovio.setDefaultResourcePath(str(files("verovio") / "data"))
    toolkit = verovio.toolkit()
    toolkit.setOptions(_LAYOUT_OPTIONS | options)
    if not toolkit.loadData(musicxml.decode()) or not toolkit.getPageCount():
        raise BachBridgeError("the score cannot be engraved: write it as .musicxml.")
    return toolkit


def _page_svg(toolkit: Any, page: int) -> str:
    """Return a page, which is counted from 1, with a choice of fonts for its bar numbers and words."""
    return str(toolkit.renderToSVG(page)).replace(_ENGRAVER_FONT, _TEXT_FONTS)


def _render_png(svg: str) -> bytes:
    resvg: Any = importlib.import_module("resvg_py")
    return bytes(resvg.svg_to_bytes(svg_string=svg, width=_PNG_WIDTH, background="white"))
