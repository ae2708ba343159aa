"""Every widget of every page: it has a name and a tooltip, is reached by Tab, follows the theme, and is not cut off."""

import pytest
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QScrollBar,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bachbridge_gui.main_window import MIN_SIZE
from bachbridge_gui.presets.midi_learn_overlay import LearnOverlay
from bachbridge_gui.views.top_bar import VIEWS
from tests.support.assembled_window import WindowHarness

PAGES = ("welcome", *VIEWS)
SIZES = ((1280, 820), MIN_SIZE)
INTERACTIVE = (
    QAbstractButton,
    QComboBox,
    QAbstractSpinBox,
    QAbstractSlider,
    QAbstractItemView,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
)


def interactive_widgets(opened: WindowHarness) -> list[QWidget]:
    """Return the visible widgets that can be used, without Qt's own parts of them."""
    found: list[QWidget] = []
    for widget in opened.window.findChildren(QWidget):
        inner = (
            isinstance(widget.parent(), QComboBox | QAbstractSpinBox | QTabBar)
            or isinstance(widget, QScrollBar)
            or widget.objectName().startswith("qt_")
        )
        if widget.isVisible() and isinstance(widget, INTERACTIVE) and not inner:
            found.append(widget)
    return found


def lay_out(opened: WindowHarness, page: str, size: tuple[int, int] = SIZES[0]) -> None:
    opened.window.resize(*size)
    opened.window.show_view(page)
    opened.window.show_keyboard(on=True)
    opened.advance()
    for _ in range(3):
        QApplication.processEvents()


def label_of(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return f"{type(widget).__name__} {widget.accessibleName() or text or widget.objectName()!r}"


@pytest.mark.parametrize("dark", [True, False])
def test_theme_changes_every_widget_at_once(opened: WindowHarness, dark: bool) -> None:
    opened.window.set_theme("light" if dark else "dark")
    QApplication.processEvents()
    opened.window.set_theme("dark" if dark else "light")
    QApplication.processEvents()
    role = (QPalette.ColorGroup.Active, QPalette.ColorRole.ButtonText)
    themed = [
        widget for widget in opened.window.findChildren(QWidget) if widget is not opened.parts.top_bar.panic_button
    ]
    lightness_by_widget = {label_of(widget): widget.palette().color(*role).lightness() for widget in themed}
    opened.window.set_theme("system")
    assert [name for name, lightness in lightness_by_widget.items() if (lightness > 128) is not dark] == []


@pytest.mark.parametrize("page", PAGES)
def test_interactive_widgets_have_name_and_tooltip(opened: WindowHarness, page: str) -> None:
    opened.play_exchange(60, 62, 64)
    lay_out(opened, page)
    found = interactive_widgets(opened)
    assert len(found) > 10
    assert [label_of(widget) for widget in found if not widget.accessibleName()] == []
    assert [label_of(widget) for widget in found if not widget.toolTip()] == []


@pytest.mark.parametrize("page", PAGES)
def test_interactive_widgets_are_reached_by_tab(opened: WindowHarness, qtbot: QtBot, page: str) -> None:
    opened.play_exchange(60, 62, 64)
    lay_out(opened, page)
    reached: list[QWidget] = []
    opened.parts.top_bar.panic_button.setFocus()
    for _ in range(200):
        focus = QApplication.focusWidget()
        assert focus is not None  # an empty combo box is falsy
        if focus in reached:
            break
        reached.append(focus)
        opened.window.focusNextChild()
    wanted = [widget for widget in interactive_widgets(opened) if widget.isEnabled()]
    groups = {widget.group() for widget in reached if isinstance(widget, QAbstractButton) and widget.group()}
    missed = [
        label_of(widget)
        for widget in wanted
        if widget not in reached
        and not any(widget.isAncestorOf(other) for other in reached)
        and not (isinstance(widget, QAbstractButton) and widget.group() in groups)
    ]
    assert missed == []


def missing_px(widget: QAbstractButton) -> int:
    """Return how many pixels are missing for the text of a button."""
    lines = widget.text().replace("&", "").splitlines() or [""]
    needed = max(widget.fontMetrics().horizontalAdvance(line) for line in lines)
    return needed - widget.contentsRect().width()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", PAGES)
def test_button_texts_are_not_cut_off(opened: WindowHarness, page: str, size: tuple[int, int]) -> None:
    opened.play_exchange(60, 62, 64)
    lay_out(opened, page, size)
    buttons = [widget for widget in interactive_widgets(opened) if isinstance(widget, QAbstractButton)]
    assert [(label_of(widget), missing_px(widget)) for widget in buttons if missing_px(widget) > 0] == []


def is_outside(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    return parent is not None and not parent.rect().contains(widget.geometry())


def is_scrolled(widget: QWidget) -> bool:
    """True if the widget lies on a page that is scrolled in a smaller view."""
    parent = widget.parentWidget()
    return parent is not None and isinstance(parent.parentWidget(), QScrollArea)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", PAGES)
def test_widgets_lie_inside_their_parents(opened: WindowHarness, page: str, size: tuple[int, int]) -> None:
    opened.play_exchange(60, 62, 64)
    lay_out(opened, page, size)
    assert (opened.window.width(), opened.window.height()) == size
    found = [w for w in opened.window.findChildren(QWidget) if w.isVisible() and not w.isWindow()]
    lost = [w for w in found if is_outside(w) and not is_scrolled(w) and not isinstance(w, QScrollBar | LearnOverlay)]
    assert [(label_of(w), w.geometry(), w.parentWidget().size()) for w in lost] == []  # pyright: ignore[reportOptionalMemberAccess] # it has one


def test_labels_are_not_cut_off(opened: WindowHarness) -> None:
    lay_out(opened, "roll", SIZES[1])
    labels = [label for label in opened.window.findChildren(QLabel) if label.isVisible() and not label.wordWrap()]
    cut = [label.text() for label in labels if label.sizeHint().width() > label.width() + 1]
    assert cut == []
