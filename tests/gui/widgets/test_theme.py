"""The themes: text is readable in every pair of colours, and the choice is kept."""

from collections.abc import Iterator

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bachbridge_gui.app import application
from bachbridge_gui.widgets.theme import THEMES, Theme, build_palette

Role, Group = QPalette.ColorRole, QPalette.ColorGroup
TEXT_PAIRS = (
    (Role.WindowText, Role.Window),
    (Role.Text, Role.Base),
    (Role.Text, Role.AlternateBase),
    (Role.ButtonText, Role.Button),
    (Role.HighlightedText, Role.Highlight),
    (Role.ToolTipText, Role.ToolTipBase),
    (Role.PlaceholderText, Role.Base),
    (Role.PlaceholderText, Role.Window),
    (Role.Link, Role.Window),
    (Role.Link, Role.Base),
    (Role.BrightText, Role.Window),
)


def luminance(colour: QColor) -> float:
    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(channel) for channel in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: QColor, other: QColor) -> float:
    """Return the contrast of two colours, from 1 to 21; text needs 4.5 (WCAG 2, level AA)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture
def app(qtbot: QtBot) -> Iterator[QApplication]:
    app = application()
    yield app
    Theme(app)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("text", "background"), TEXT_PAIRS)
def test_palette_text_contrast_is_readable(
    dark: bool, text: QPalette.ColorRole, background: QPalette.ColorRole
) -> None:
    palette = build_palette(dark=dark)
    assert contrast(palette.color(text), palette.color(background)) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_palette_disabled_text_is_fainter_but_visible(dark: bool) -> None:
    palette = build_palette(dark=dark)
    for text, background in ((Role.WindowText, Role.Window), (Role.ButtonText, Role.Button), (Role.Text, Role.Base)):
        disabled = contrast(palette.color(Group.Disabled, text), palette.color(Group.Disabled, background))
        assert 2.0 <= disabled < contrast(palette.color(text), palette.color(background))


@pytest.mark.parametrize("name", THEMES)
def test_theme_keeps_the_choice(app: QApplication, name: str) -> None:
    theme = Theme(app)
    theme.set_theme(name)
    assert theme.name == name
    dark = app.palette().color(Role.Window).lightness() < 128
    hints = app.styleHints()
    assert hints
    assert dark is (name == "dark" or (name == "system" and hints.colorScheme() == Qt.ColorScheme.Dark))


def test_theme_follows_desktop_only_if_system(app: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    hints = app.styleHints()
    assert hints
    themes = {name: Theme(app, name) for name in THEMES}
    for name, theme in themes.items():
        dark_windows: list[bool] = []
        for scheme in (Qt.ColorScheme.Dark, Qt.ColorScheme.Light):
            monkeypatch.setattr(type(hints), "colorScheme", lambda _, scheme=scheme: scheme)
            theme.set_theme(name)
            dark_windows.append(app.palette().color(Role.Window).lightness() < 128)
        assert dark_windows == {"system": [True, False], "light": [False, False], "dark": [True, True]}[name]
