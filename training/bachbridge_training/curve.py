"""The picture of a training run: validation by epoch, with attacks and bar lines told and not told."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bachbridge.wholefile import whole_file

_LABELS = {"valid": "nothing but pitches told", "valid_told": "attacks and bar lines told"}
_CEILING = 1.0
"""How far above the best score the picture reaches; the first epochs, far above it, are cut off."""


def draw(history: Sequence[dict[str, float]], path: Path) -> None:
    """Write the PNG of a run's history."""
    figure = Figure(figsize=(7, 4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    steps = [row["step"] for row in history]
    for key, label in _LABELS.items():
        axes.plot(steps, [row[key] for row in history], marker=".", label=label)
    best = min(min(row[key] for row in history) for key in _LABELS)
    axes.set_ylim(best - _CEILING / 10, best + _CEILING)
    axes.set_xlabel("optimizer steps")
    axes.set_ylabel("nats per frame, validation")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    with whole_file(path) as scratch:
        figure.savefig(scratch)
