"""Text on the pages that are read rather than looked at: headings, sentences, words in bold, and room to scroll."""

import html
import re

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QFont
from PyQt6.QtWidgets import QFrame, QLabel, QScrollArea, QWidget

_MENU_WORD = re.compile(r"\*(.+?)\*")


def scroll_area(page: QWidget) -> QScrollArea:
    """The page in a frame without border that scrolls up and down where there is not room enough."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    return area


def heading_label(text: str, scale: float) -> QLabel:
    """A label in bold, so many times as large as the rest."""
    label = QLabel(text)
    font = QFont(label.font())
    font.setPointSizeF(font.pointSizeF() * scale)
    font.setBold(True)
    label.setFont(font)
    return label


def wrapped_label(text: str) -> QLabel:
    """A label that breaks its lines and can be copied from."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def bold_menu_words(text: str) -> str:
    """The text as rich text, words of the DAW's own in bold."""
    return _MENU_WORD.sub(r"<b>\1</b>", html.escape(text, quote=False))
