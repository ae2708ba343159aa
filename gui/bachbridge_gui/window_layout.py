"""The layout of the window: the bar at the top, the page between its two panels, and what lies below them."""

from PyQt6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from bachbridge_gui.window_parts import WindowParts


def build_stack(parts: WindowParts) -> QStackedWidget:
    """Return the pages, of which one is visible."""
    stack = QStackedWidget()
    stack.setMinimumSize(1, 1)  # the window's own minimum size counts, not that of its largest page
    for view in (parts.welcome_page, parts.help_page, *parts.views):
        stack.addWidget(view)
    return stack


def build_layout(parts: WindowParts, stack: QStackedWidget, notice: QWidget) -> QWidget:
    """Return the window's content."""
    across = QHBoxLayout()
    across.setContentsMargins(0, 0, 0, 0)
    across.setSpacing(0)
    across.addWidget(parts.side_panel)
    middle = QVBoxLayout()
    middle.setSpacing(0)
    middle.addWidget(parts.hearing_strip)
    middle.addWidget(stack, 1)
    across.addLayout(middle, 1)
    across.addWidget(parts.phrases)
    whole = QWidget()
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(parts.top_bar)
    column.addLayout(across, 1)
    for widget in (parts.keyboard_panel, notice, parts.status_bar):
        column.addWidget(widget)
    return whole
