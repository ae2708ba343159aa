"""Light and dark: every pair of colours that carries words can be read, and the choice holds."""

from collections.abc import Iterator

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bachbridge_gui.app import application
from bachbridge_gui.widgets.theme import THEMES, Theme, build_palette

Role, Group = QPalette.ColorRole, QPalette.ColorGroup
WORDS = (
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
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part) for part in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: QColor, other: QColor) -> float:
    """Of two colours, from 1 to 21; words want 4.5."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture
def app(qtbot: QtBot) -> Iterator[QApplication]:
    there = application()
    yield there
    Theme(there)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("words", "ground"), WORDS)
def test_words_can_be_read(dark: bool, words: QPalette.ColorRole, ground: QPalette.ColorRole) -> None:
    made = build_palette(dark=dark)
    assert contrast(made.color(words), made.color(ground)) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_what_is_disabled_is_quieter_and_can_still_be_made_out(dark: bool) -> None:
    made = build_palette(dark=dark)
    for words, ground in ((Role.WindowText, Role.Window), (Role.ButtonText, Role.Button), (Role.Text, Role.Base)):
        disabled = contrast(made.color(Group.Disabled, words), made.color(Group.Disabled, ground))
        assert 2.0 <= disabled < contrast(made.color(words), made.color(ground))


@pytest.mark.parametrize("name", THEMES)
def test_a_choice_holds_and_is_named(app: QApplication, name: str) -> None:
    theme = Theme(app)
    theme.set_theme(name)
    assert theme.name == name
    dark = app.palette().color(Role.Window).lightness() < 128
    hints = app.styleHints()
    assert hints
    assert dark is (name == "dark" or (name == "system" and hints.colorScheme() == Qt.ColorScheme.Dark))


def test_the_desktops_change_is_followed_only_where_it_is_asked_for(
    app: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints = app.styleHints()
    assert hints
    themes = {name: Theme(app, name) for name in THEMES}
    for name, theme in themes.items():
        grounds: list[bool] = []
        for scheme in (Qt.ColorScheme.Dark, Qt.ColorScheme.Light):
            monkeypatch.setattr(type(hints), "colorScheme", lambda _, scheme=scheme: scheme)
            theme.set_theme(name)
            grounds.append(app.palette().color(Role.Window).lightness() < 128)
        assert grounds == {"system": [True, False], "light": [False, False], "dark": [True, True]}[name]
