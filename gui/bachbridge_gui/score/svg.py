"""Conversion of the engraver's SVG for Qt, which knows only SVG Tiny: no nested pictures and no links by `href`.

The outer picture gets the coordinates of the inner one, links get their old name (`xlink:href`), and text (bar numbers)
is left out. The result is drawn as a stencil, which can be given the text colour of the palette.
"""

import re

from PyQt6.QtCore import QByteArray, QRectF, QSizeF, Qt
from PyQt6.QtGui import QColor, QImage, QPainter
from PyQt6.QtSvg import QSvgRenderer

_INNER_SVG = re.compile(rb'<svg class="definition-scale"[^>]*?viewBox="([^"]*)"[^>]*>')
_PAGE = re.compile(rb'<g class="page-margin"[^>]*>')
_NOTE_HEAD = re.compile(rb'<g [^>]*class="notehead"[^>]*>\s*<use [^>]*/>\s*</g>')
_VIEW_BOX = re.compile(rb'viewBox="[^"]*"')
_TEXT_ELEMENT = re.compile(rb"<text\b[^>]*/>|<text\b.*?</text>", re.DOTALL)


def to_svg_tiny(svg: bytes) -> bytes:
    """Return the picture as SVG Tiny."""
    inner = _INNER_SVG.search(svg)
    if inner is not None:
        head, rest = svg[: inner.start()], svg[inner.end() :]
        body, _, tail = rest.rpartition(b"</svg>")
        body, _, between = body.rpartition(b"</svg>")
        svg = (
            _VIEW_BOX.sub(b'viewBox="' + inner[1] + b'"', head, count=1)
            + b"<g>"
            + body
            + b"</g>"
            + between
            + b"</svg>"
            + tail
        )
    return _TEXT_ELEMENT.sub(b"", svg).replace(b' href="#', b' xlink:href="#')


def note_heads_only(svg: bytes) -> bytes:
    """Return the picture with nothing on it but the heads of its notes."""
    opening = _PAGE.search(svg)
    if opening is None:
        return b""
    return svg[: opening.end()] + b"".join(_NOTE_HEAD.findall(svg)) + b"</g></svg></svg>"


def render_stencil(svg: bytes, width: int, pixel_ratio: float) -> QImage:
    """Return the picture, `width` logical pixels wide, on a transparent background; on any thread.

    The image is null if `svg` is not a valid picture.
    """
    renderer = QSvgRenderer(QByteArray(to_svg_tiny(svg)))
    view = renderer.viewBoxF()
    if not renderer.isValid() or view.isEmpty():
        return QImage()
    size = (QSizeF(width, width * view.height() / view.width()) * pixel_ratio).toSize()
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(image.rect()))
    painter.end()
    image.setDevicePixelRatio(pixel_ratio)
    return image


def tint_stencil(stencil_image: QImage, colour: QColor) -> QImage:
    """Return a copy of the stencil in `colour`."""
    copy = stencil_image.copy()
    copy.setDevicePixelRatio(1)
    painter = QPainter(copy)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(copy.rect(), colour)
    painter.end()
    copy.setDevicePixelRatio(stencil_image.devicePixelRatio())
    return copy
