"""Draw the layers of the packages from `[tool.importlinter]`.

`python scripts/pages/package_diagram.py > docs/packages.svg` draws them again. Each contract of the kind `layers`
becomes a column. A package may import those below it in its column.
"""

import html
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
_BOX_PX, _GAP_PX, _MARGIN_PX, _COLUMN_PX, _HEAD_PX = 30, 8, 20, 330, 60
_STYLE = """\
  text { font: 14px sans-serif; fill: #1d2430; } .title { font-weight: bold; font-size: 16px; }
  rect { fill: #e8edf6; stroke: #5b6b8c; rx: 5px; } .page { fill: #ffffff; stroke: none; }"""


def layer_columns(pyproject: dict[str, Any]) -> list[tuple[str, list[list[str]]]]:
    """Return for each contract its title and its layers from the top, each with the names of its packages."""
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    return [
        (contract["name"], [[name.strip(" ()") for name in layer.split("|")] for layer in contract["layers"]])
        for contract in contracts
        if contract["type"] == "layers"
    ]


def diagram_svg(columns: list[tuple[str, list[list[str]]]]) -> str:
    """Return the picture, one column for each contract."""
    most = max(len(layers) for _, layers in columns)
    width = len(columns) * _COLUMN_PX + _MARGIN_PX
    height = _HEAD_PX + most * (_BOX_PX + _GAP_PX) + _MARGIN_PX
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<title>The layers of the packages: each imports only from those below it</title>",
        f"<style>\n{_STYLE}\n</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
    ]
    for index, (title, layers) in enumerate(columns):
        lines.extend(_column(index * _COLUMN_PX + _MARGIN_PX, title, layers))
    return "\n".join((*lines, "</svg>", ""))


def _column(x_px: int, title: str, layers: list[list[str]]) -> Iterator[str]:
    yield f'<text class="title" x="{x_px}" y="{_MARGIN_PX + 16}">{html.escape(title)}</text>'
    inner_px = _COLUMN_PX - _MARGIN_PX
    for row, names in enumerate(layers):
        y_px = _HEAD_PX + row * (_BOX_PX + _GAP_PX)
        letters = sum(len(name) + 2 for name in names)
        start_px = float(x_px)
        for name in names:
            share_px = (inner_px - _GAP_PX * (len(names) - 1)) * (len(name) + 2) / letters
            yield f'<rect x="{start_px:.1f}" y="{y_px}" width="{share_px:.1f}" height="{_BOX_PX}"/>'
            size_px = min(14.0, 1.75 * share_px / len(name))
            yield (
                f'<text x="{start_px + share_px / 2:.1f}" y="{y_px + 20}" text-anchor="middle" '
                f'style="font-size: {size_px:.1f}px">{html.escape(name)}</text>'
            )
            start_px += share_px + _GAP_PX


if __name__ == "__main__":
    sys.stdout.write(diagram_svg(layer_columns(tomllib.loads(_PYPROJECT.read_text(encoding="utf-8")))))
