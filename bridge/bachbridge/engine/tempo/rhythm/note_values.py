"""Values of notes in 16th steps, as the tables of rhythm count them, and the strengths of places in the bar."""

VALUES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24)
"""Values that have a column of their own; a value in between belongs to the one below it."""
STRENGTHS = 4
"""Strengths of places in the bar."""


def value_index(steps: int) -> int:
    """Return the column of a value of `steps` steps (at least 1)."""
    return max(index for index, value in enumerate(VALUES) if value <= steps)


def strength(place: int, steps_per_bar: int, steps_per_beat: int) -> int:
    """Return 0 for a bar line, 1 for a beat, 2 for a half (or a third) of one, 3 for other places."""
    part = steps_per_beat // 3 if steps_per_beat % 3 == 0 else max(1, steps_per_beat // 2)
    if place % steps_per_bar == 0:
        return 0
    return 1 if place % steps_per_beat == 0 else 2 if place % part == 0 else 3
