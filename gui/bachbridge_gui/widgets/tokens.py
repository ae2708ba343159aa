"""The measures and colours of the window's design, as plain values for widgets, style and painters.

Lengths are logical pixels on a grid of 4. Letters have four sizes, which are shares of the desktop's own. Surfaces have
three levels: *sunken* is where music and text lie, *ground* is the window, *raised* is what can be pressed. There is
one accent, the colour of brass; it marks what is chosen. Contrasts follow WCAG 2.2, level AA, which a test computes.
"""

from dataclasses import dataclass

SPACE_XS_PX, SPACE_S_PX, SPACE_M_PX, SPACE_L_PX, SPACE_XL_PX = 4, 8, 16, 24, 32
RADIUS_PX, LARGE_RADIUS_PX = 6, 10
LINE_HEIGHT_PX = 28
"""Least height of a control in a row of settings."""
TARGET_HEIGHT_PX = 40
"""Least height of a control that is pressed while playing."""
ICON_SIZE_PX = 16

CAPTION_SCALE, BODY_SCALE, HEADING_SCALE, TITLE_SCALE = 0.85, 1.0, 1.2, 2.0
"""Sizes of letters: notes in the margin, text, headings, the title of a page."""


@dataclass(frozen=True, slots=True)
class ThemeColours:
    """Colours of one theme as "#rrggbb"."""

    sunken: str
    sunken_alternate: str
    """Every other row on sunken ground."""
    ground: str
    raised: str
    hover: str
    """Raised, with the mouse over it."""
    line: str
    """Rules that divide; nobody needs to see them."""
    outline: str
    """Outlines of fields and buttons."""
    text: str
    muted: str
    """Captions, units and placeholders."""
    disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    """Text and icons on the accent."""
    danger: str
    danger_pressed: str
    on_danger: str
    alert: str
    """Text that warns."""


LIGHT = ThemeColours(
    sunken="#fffdf8",
    sunken_alternate="#f8f5ed",
    ground="#f3efe6",
    raised="#fbf8f1",
    hover="#eae4d7",
    line="#d9d2c4",
    outline="#857b6c",
    text="#25211b",
    muted="#675f53",
    disabled="#8f8678",
    accent="#7a5714",
    accent_hover="#664810",
    on_accent="#fffdf8",
    danger="#b3261e",
    danger_pressed="#7f1510",
    on_danger="#ffffff",
    alert="#a3221b",
)
DARK = ThemeColours(
    sunken="#131211",
    sunken_alternate="#191817",
    ground="#1d1b1a",
    raised="#2a2725",
    hover="#36322f",
    line="#38342f",
    outline="#857c70",
    text="#ece7df",
    muted="#aca498",
    disabled="#7c7469",
    accent="#dcb567",
    accent_hover="#e8c680",
    on_accent="#1d1608",
    danger="#c5362c",
    danger_pressed="#8f211a",
    on_danger="#ffffff",
    alert="#ff9a8f",
)


def theme_colours(*, dark: bool) -> ThemeColours:
    """Return the colours of the dark or the light theme."""
    return DARK if dark else LIGHT
