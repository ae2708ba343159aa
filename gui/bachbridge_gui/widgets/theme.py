"""The palettes of the light and the dark theme, and the choice between them.

Every widget paints with the palette or from its theme's tokens. The theme "system" follows the desktop's
setting while the program runs (`QStyleHints.colorScheme`).
"""

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication

from bachbridge_gui.widgets.style import DesignStyle
from bachbridge_gui.widgets.tokens import theme_colours

THEMES = ("system", "light", "dark")

_Role = QPalette.ColorRole
_ROLE_TOKENS = {
    _Role.Window: "ground",
    _Role.WindowText: "text",
    _Role.Base: "sunken",
    _Role.AlternateBase: "sunken_alternate",
    _Role.Text: "text",
    _Role.Button: "raised",
    _Role.ButtonText: "text",
    _Role.BrightText: "alert",
    _Role.Highlight: "accent",
    _Role.HighlightedText: "on_accent",
    _Role.Link: "accent",
    _Role.ToolTipBase: "raised",
    _Role.ToolTipText: "text",
    _Role.PlaceholderText: "muted",
    _Role.Light: "hover",
    _Role.Midlight: "line",
    _Role.Mid: "line",
    _Role.Dark: "outline",
    _Role.Shadow: "outline",
    _Role.Accent: "accent",
}
"""The token of `ThemeColours` for each role of the palette."""


def build_palette(*, dark: bool) -> QPalette:
    """Return the palette of the dark or the light theme."""
    palette, colours = QPalette(), theme_colours(dark=dark)
    for role, token in _ROLE_TOKENS.items():
        palette.setColor(role, QColor(getattr(colours, token)))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.disabled))
    return palette


class Theme:
    """The chosen theme of `app`. The object must live as long as the application."""

    def __init__(self, app: QApplication, name: str = "system") -> None:
        self._app = app
        self._name = name
        if not isinstance(app.style(), DesignStyle):  # setting it again costs 0.3 s with a window open
            app.setStyle(DesignStyle())
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
        self._app.setPalette(build_palette(dark=dark))
