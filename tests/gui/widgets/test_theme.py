"""The themes: text is readable in every pair of colours, and the choice is kept."""

from collections.abc import Iterator

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bachbridge_gui.app import application
from bachbridge_gui.widgets.palette import PART_STYLES, part_colour
from bachbridge_gui.widgets.theme import THEMES, Theme, build_palette
from bachbridge_gui.widgets.tokens import theme_colours

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


VOICE_PAPERS = ("sunken", "ground", "raised")
"""The surfaces on which the colours of the voices are painted."""


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("surface", ["sunken", "sunken_alternate", "ground", "raised", "hover"])
def test_tokens_are_readable_on_every_surface(dark: bool, surface: str) -> None:
    colours = theme_colours(dark=dark)
    paper = QColor(getattr(colours, surface))
    needed = {"text": 4.5, "muted": 4.5, "accent": 4.5, "alert": 4.5, "outline": 3.0, "disabled": 2.4}
    found = {name: contrast(QColor(getattr(colours, name)), paper) for name in needed}
    assert not {name: round(found[name], 2) for name in needed if found[name] < needed[name]}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("text", "paper"),
    [
        ("on_accent", "accent"),
        ("on_accent", "accent_hover"),
        ("on_danger", "danger"),
        ("on_danger", "danger_pressed"),
    ],
)
def test_tokens_for_filled_buttons_are_readable(dark: bool, text: str, paper: str) -> None:
    colours = theme_colours(dark=dark)
    assert contrast(QColor(getattr(colours, text)), QColor(getattr(colours, paper))) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("voice", PART_STYLES)
def test_voice_colours_stand_out_from_every_surface(dark: bool, voice: int) -> None:
    colours = theme_colours(dark=dark)
    papers = {name: QColor(getattr(colours, name)) for name in VOICE_PAPERS}
    found = {name: contrast(part_colour(voice, dark=dark), paper) for name, paper in papers.items()}
    assert not {name: round(ratio, 2) for name, ratio in found.items() if ratio < 3.0}


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
