"""Text for the pages with much to read: headings, wrapped labels, bold menu words, and an area that scrolls."""

import html
import re

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QFont
from PyQt6.QtWidgets import QFrame, QLabel, QScrollArea, QWidget

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


def heading_label(text: str, scale: float) -> QLabel:
    """Return a bold label, `scale` times as large as the other text."""
    label = QLabel(text)
    font = QFont(label.font())
    font.setPointSizeF(font.pointSizeF() * scale)
    font.setBold(True)
    label.setFont(font)
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
