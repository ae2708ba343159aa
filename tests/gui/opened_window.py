"""The notice, the buttons, the menu and the native window of an opened window."""

from PyQt6.QtGui import QAction, QWindow
from PyQt6.QtWidgets import QAbstractButton, QToolButton

from tests.support.assembled_window import WindowHarness


def notice_text(opened: WindowHarness) -> str:
    """Let a second pass and return the words of the notice, which are empty if none is shown."""
    opened.advance()
    assert opened.window.notice.isVisible() is bool(opened.window.notice.text())
    return opened.window.notice.text()


def native_window(opened: WindowHarness) -> QWindow:
    """Return the window that gets the keys of the computer's keyboard."""
    found = opened.window.windowHandle()
    assert found
    return found


def top_bar_button(opened: WindowHarness, name: str) -> QAbstractButton:
    (found,) = [made for made in opened.parts.top_bar.findChildren(QToolButton) if made.accessibleName() == name]
    return found


def menu_action(opened: WindowHarness, text: str) -> QAction:
    (found,) = [made for made in opened.parts.top_bar.menu_button.menu().actions() if made.text() == text]  # pyright: ignore[reportOptionalMemberAccess] # it has one
    return found
