"""The palettes of the light and the dark theme, and the choice between them.

Every widget paints with the palette. The theme "system" follows the desktop's setting while the program runs
(`QStyleHints.colorScheme`).
"""

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication

THEMES = ("system", "light", "dark")

_Role = QPalette.ColorRole
_LIGHT_COLOURS = {
    _Role.Window: "#f3f4f6",
    _Role.WindowText: "#1c2530",
    _Role.Base: "#ffffff",
    _Role.AlternateBase: "#f7f8fa",
    _Role.Text: "#1c2530",
    _Role.Button: "#e9ebef",
    _Role.ButtonText: "#1c2530",
    _Role.BrightText: "#b3261e",
    _Role.Highlight: "#0b5fbf",
    _Role.HighlightedText: "#ffffff",
    _Role.Link: "#0b5fbf",
    _Role.ToolTipBase: "#ffffff",
    _Role.ToolTipText: "#1c2530",
    _Role.PlaceholderText: "#66717f",
    _Role.Light: "#ffffff",
    _Role.Midlight: "#e2e5ea",
    _Role.Mid: "#b9c0c9",
    _Role.Dark: "#8b95a1",
    _Role.Shadow: "#5b6570",
    _Role.Accent: "#0b5fbf",
}
_DARK_COLOURS = {
    _Role.Window: "#1f2329",
    _Role.WindowText: "#e7eaee",
    _Role.Base: "#15181d",
    _Role.AlternateBase: "#1b1f25",
    _Role.Text: "#e7eaee",
    _Role.Button: "#30363f",
    _Role.ButtonText: "#e7eaee",
    _Role.BrightText: "#ff8a80",
    _Role.Highlight: "#4c9bff",
    _Role.HighlightedText: "#0b1420",
    _Role.Link: "#7db6ff",
    _Role.ToolTipBase: "#30363f",
    _Role.ToolTipText: "#e7eaee",
    _Role.PlaceholderText: "#99a3af",
    _Role.Light: "#49515c",
    _Role.Midlight: "#3a414b",
    _Role.Mid: "#4b535e",
    _Role.Dark: "#11141a",
    _Role.Shadow: "#000000",
    _Role.Accent: "#4c9bff",
}
_DARK_CHECKBOX_BASE = "#4b535e"
_DISABLED_TEXT = {True: "#727c88", False: "#868f9a"}
"""Colour of disabled text, in the dark (True) and in the light theme."""

_STYLE = "fusion"


def build_palette(*, dark: bool) -> QPalette:
    """Return the palette of the dark or the light theme."""
    palette = QPalette()
    for role, colour in (_DARK_COLOURS if dark else _LIGHT_COLOURS).items():
        palette.setColor(role, QColor(colour))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_DISABLED_TEXT[dark]))
    return palette


class Theme:
    """The chosen theme of `app`. The object must live as long as the application."""

    def __init__(self, app: QApplication, name: str = "system") -> None:
        self._app = app
        self._name = name
        style = app.style()
        if style is None or style.name() != _STYLE:  # setting it again costs 0.3 s with a window open
            app.setStyle(_STYLE)
        hints = app.styleHints()
        if hints:
            hints.colorSchemeChanged.connect(self._apply)
        self._apply()

    @property
    def name(self) -> str:
        return self._name

    def set_theme(self, name: str) -> None:
        """Choose one of `THEMES`."""
        self._name = name
        self._apply()

    def _apply(self) -> None:
        hints = self._app.styleHints()
        scheme = hints.colorScheme() if hints else Qt.ColorScheme.Light
        dark = self._name == "dark" or (self._name == "system" and scheme == Qt.ColorScheme.Dark)
        palette = build_palette(dark=dark)
        self._app.setPalette(palette)
        if dark:
            # Fusion paints an unchecked box darker than its background; in the dark theme nobody would see it.
            palette.setColor(_Role.Base, QColor(_DARK_CHECKBOX_BASE))
        self._app.setPalette(palette, "QCheckBox")
        self._reapply_style_sheets()

    def _reapply_style_sheets(self) -> None:
        """Set every style sheet again, since a widget with a style sheet keeps the palette it had when it was set."""
        for widget in self._app.allWidgets():
            if sheet := widget.styleSheet():
                widget.setStyleSheet(sheet)
