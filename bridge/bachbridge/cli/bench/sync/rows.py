"""Rows of the table that `bench --sync` prints: one figure by each method, and the figure that is wanted.

A group of rows is a module with a generator of `Row`. To add a group, list it in `command`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from rich.table import Column, Table


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured. A figure is None where a method has none, and infinite where it never gets there."""

    name: str
    figures: Mapping[str, float | None]
    """The figures by the method's name."""
    wanted: str
    """The wanted figure in words, such as "≤ 24"; empty if there is none."""
    unit: str
    decimals: int = 2


def rows_table(title: str, rows: Sequence[Row]) -> Table:
    """Return a table with a column for each of the methods of these rows."""
    methods = list(dict.fromkeys(method for row in rows for method in row.figures))
    columns = [Column(method, justify="right") for method in methods]
    table = Table(title, *columns, Column("wanted", justify="right"), "unit")
    for row in rows:
        table.add_row(
            row.name, *(_figure_text(row, row.figures.get(method)) for method in methods), row.wanted, row.unit
        )
    return table


def rows_as_json(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Return the rows as JSON objects; a figure that is infinite becomes a word."""
    return [
        {
            "name": row.name,
            "figures": {method: _json_figure(row, figure) for method, figure in row.figures.items()},
            "wanted": row.wanted,
            "unit": row.unit,
        }
        for row in rows
    ]


def _json_figure(row: Row, figure: float | None) -> float | str | None:
    if figure is None:
        return None
    return round(figure, 4) if isfinite(figure) else _infinity_text(row)


def _figure_text(row: Row, figure: float | None) -> str:
    if figure is None:
        return "-"
    return f"{figure:.{row.decimals}f}" if isfinite(figure) else _infinity_text(row)


def _infinity_text(row: Row) -> str:
    return "never" if row.unit == "pulses" else "lost"
