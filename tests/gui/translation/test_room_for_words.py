"""No word of the window is cut off in any language, down to 900 by 600 pixels."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QLabel, QPushButton, QToolButton, QWidget

from bachbridge_gui.controls.panel import ControlPanel
from bachbridge_gui.translation import LANGUAGES, use_language
from bachbridge_gui.widgets.segments import SegmentButton
from tests.support.assembled_window import FRAME_NS, WindowHarness

WIDTH_PX, HEIGHT_PX = 900, 600
FRAME_PX = 6
"""The least room that a button needs beside its words."""


@pytest.fixture(params=sorted(LANGUAGES))
def translated_window(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WindowHarness]:
    use_language(request.param)
    harness = WindowHarness(tmp_path)
    harness.window.resize(WIDTH_PX, HEIGHT_PX)
    harness.window.parts.controls.setup.set_open(is_open=True)
    harness.play(60, 64)
    yield harness
    harness.window.close()


def settle() -> None:
    """Let layouts within layouts find their sizes."""
    for _ in range(3):
        QApplication.processEvents()


def missing_px(widget: QWidget) -> int:
    """Return how many pixels a widget lacks for its words; 0 or less if it has room."""
    match widget:
        case QLabel() if not widget.wordWrap() and widget.text():
            return widget.minimumSizeHint().width() - widget.width()
        case QToolButton() if widget.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly:
            return 0
        case QToolButton() | QPushButton() | QCheckBox() | SegmentButton() if widget.text():
            return text_px(widget) + icon_px(widget) + FRAME_PX - widget.width()
        case _:
            return 0


def text_px(button: QAbstractButton) -> int:
    return max(button.fontMetrics().horizontalAdvance(line) for line in button.text().split("\n"))


def icon_px(button: QAbstractButton) -> int:
    style = button.toolButtonStyle() if isinstance(button, QToolButton) else None
    if style == Qt.ToolButtonStyle.ToolButtonTextOnly:
        return 0
    return 0 if button.icon().isNull() else button.iconSize().width() + 4


def cut_words(root: QWidget) -> set[str]:
    widgets = (widget for widget in root.findChildren(QWidget) if widget.isVisibleTo(root))
    texts = ((widget, widget.text()) for widget in widgets if isinstance(widget, QLabel | QAbstractButton))
    return {text for widget, text in texts if missing_px(widget) > 0}


def test_no_word_is_cut_off_on_any_page(translated_window: WindowHarness) -> None:
    for view in ("roll", "score", "connect", "monitor", "help", "welcome"):
        translated_window.window.show_view(view)
        translated_window.advance(FRAME_NS)
        settle()
        assert not cut_words(translated_window.window), view


@pytest.mark.parametrize("width_px", [620, 760, 900, 1100, 1280])
def test_top_bar_shows_whole_words_or_none(translated_window: WindowHarness, width_px: int) -> None:
    translated_window.window.resize(width_px, HEIGHT_PX)
    settle()
    top_bar = translated_window.parts.top_bar
    assert top_bar.width() == width_px
    assert not cut_words(top_bar)


def test_controls_have_room_for_their_labels(translated_window: WindowHarness) -> None:
    controls: ControlPanel = translated_window.parts.controls
    settle()
    assert controls.isVisible()
    assert not {control.label.text() for control in controls.controls if missing_px(control.label) > 0}
