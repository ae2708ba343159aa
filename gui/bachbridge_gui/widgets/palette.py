"""Colours and shapes of the parts, in light and in dark, and the two themes' palettes.

The colours are of the palette of Okabe and Ito ("Color Universal Design", 2008), which people with any kind of colour
vision can tell apart; each part has a shape at its notes' beginning besides.
"""

from dataclasses import dataclass

from bachbridge_gui.state.view_types import PLAYER


@dataclass(frozen=True, slots=True)
class Look:
    """How a part is drawn: its colour as "#rrggbb" on light and on dark paper, and the shape at a note's beginning."""

    name: str
    light: str
    dark: str
    shape: str
    """One of circle, triangle, square, diamond, bar."""


LOOKS = {
    PLAYER: Look("You", "#d55e00", "#ff8a33", "circle"),
    0: Look("Soprano", "#2f95d0", "#6cc4f2", "triangle"),
    1: Look("Alto", "#007d5c", "#25c497", "square"),
    2: Look("Tenor", "#0b4f8a", "#5b8ff0", "diamond"),
    3: Look("Bass", "#a8487f", "#e79cc4", "bar"),
}


def look(voice: int) -> Look:
    """The part's look; further channels than four take the looks again in turn."""
    return LOOKS[PLAYER] if voice == PLAYER else LOOKS[voice % 4]
