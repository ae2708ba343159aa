"""Text in the four sizes of the design: headings, captions, wrapped labels, bold menu words, and a scroll area."""

import html
import re

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QFont, QPalette
from PyQt6.QtWidgets import QFrame, QLabel, QScrollArea, QWidget

from bachbridge_gui.widgets.tokens import CAPTION_SCALE, HEADING_SCALE

_MENU_WORD = re.compile(r"\*(.+?)\*")


def scroll_area(page: QWidget) -> QScrollArea:
    """Return a scroll area without a border around the page. It scrolls vertically only."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    return area


def scaled_font(font: QFont, scale: float, *, bold: bool = False) -> QFont:
    """Return a copy of the font with one of the sizes in `tokens`."""
    copy = QFont(font)
    if font.pointSizeF() > 0:
        copy.setPointSizeF(font.pointSizeF() * scale)
    copy.setBold(bold)
    return copy


def heading_label(text: str, scale: float = HEADING_SCALE) -> QLabel:
    """Return a bold label, `scale` times as large as the other text."""
    label = QLabel(text)
    label.setFont(scaled_font(label.font(), scale, bold=True))
    return label


def caption_label(text: str) -> QLabel:
    """Return a caption in small, muted letters."""
    label = QLabel(text)
    label.setFont(scaled_font(label.font(), CAPTION_SCALE))
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label


def wrapped_label(text: str) -> QLabel:
    """Return a label with word wrap and selectable text."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def bold_menu_words(text: str) -> str:
    """Return the text as rich text, with the DAW's menu words (marked as `*word*`) in bold."""
    return _MENU_WORD.sub(r"<b>\1</b>", html.escape(text, quote=False))
