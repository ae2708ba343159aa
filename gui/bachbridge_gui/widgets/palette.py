"""Colours and shapes of the parts, in light and in dark, and the two themes' palettes.

The colours are of the palette of Okabe and Ito ("Color Universal Design", 2008), which people with any kind of colour
vision can tell apart; each part has a shape at its notes' beginning besides.
"""

from dataclasses import dataclass

from bachbridge_gui.state.view_types import PLAYER


@dataclass(frozen=True, slots=True)
class PartStyle:
    """How a part is drawn: its colour as "#rrggbb" on light and on dark paper, and the shape at a note's beginning."""

    name: str
    light: str
    dark: str
    shape: str
    """One of circle, triangle, square, diamond, bar."""


PART_STYLES = {
    PLAYER: PartStyle("You", "#d55e00", "#ff8a33", "circle"),
    0: PartStyle("Soprano", "#2f95d0", "#6cc4f2", "triangle"),
    1: PartStyle("Alto", "#007d5c", "#25c497", "square"),
    2: PartStyle("Tenor", "#0b4f8a", "#5b8ff0", "diamond"),
    3: PartStyle("Bass", "#a8487f", "#e79cc4", "bar"),
}


def part_style(voice: int) -> PartStyle:
    """The part's look; further channels than four take the looks again in turn."""
    return PART_STYLES[PLAYER] if voice == PLAYER else PART_STYLES[voice % 4]
