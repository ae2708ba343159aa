"""The plot of a training run: the training loss and the validation scores by epoch, with the figures of its history.

The columns of a history show its family. Chorale networks have nats with and without attacks and bar lines given.
Networks of symbol sequences have bits per symbol in training and validation, and the accuracy of each head.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bachbridge.atomic_files import atomic_output

EpochRow = Mapping[str, float]
_NATS_ABOVE_BEST = 1.0
"""Nats above the best score that the plot shows; the first epochs, far above it, are cut off."""
_TRAINING = "training"
"""Label of the training loss, which also counts onsets, and is measured with dropout."""
_INFILL_LABELS = {
    "valid_8th": "8ths",
    "valid": "8ths and 16ths, mean",
    "valid_told": "16ths, all given",
}
"""Labels of an infilling network's scores."""


@dataclass(frozen=True, slots=True)
class _Panel:
    """Lines by their labels, over the optimizer steps."""

    unit: str
    lines: dict[str, list[float]]
    ceiling: float | None = _NATS_ABOVE_BEST


def plot_history(history: Sequence[EpochRow], path: Path) -> None:
    """Write the PNG of a run's history."""
    plot_stages({"": history}, path)


def plot_stages(histories: Mapping[str, Sequence[EpochRow]], path: Path) -> None:
    """Write the PNG of the histories of a run's stages, by name, one after another.

    The branches of a stage, STAGE/NUMBER, begin at the same step.
    """
    history, beginnings = list[EpochRow](), dict[str, float]()
    for name, rows in histories.items():
        stage, _, branch = name.partition("/")
        end = max((row["step"] for row in history), default=0.0)
        beginning = beginnings.get(stage, end) if branch else end
        if stage in beginnings:  # another branch, or the mean of all: no line leads there from what is drawn before
            history.append(dict.fromkeys(history[0], math.nan) | {"step": beginning})
        beginnings.setdefault(stage, beginning)
        history += [{**row, "step": row["step"] + beginning} for row in rows]
    panels = _choose_panels(history)(history)
    figure = Figure(figsize=(7 * len(panels), 4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    for number, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), number)
        _draw_panel(axes, panel, [row["step"] for row in history])
        _mark_stages(axes, beginnings)
    with atomic_output(path) as scratch:
        figure.savefig(scratch)


def _choose_panels(history: Sequence[EpochRow]) -> Callable[[Sequence[EpochRow]], list[_Panel]]:
    if "f1" in history[0]:
        return _phrase_panels
    return _bits_panels if "accuracy" in history[0] else _nats_panels


def _phrase_panels(history: Sequence[EpochRow]) -> list[_Panel]:
    losses = {_TRAINING: _training_losses(history), "validation": [row["valid"] for row in history]}
    return [
        _Panel("nats per note", losses),
        _Panel("F1 of phrase ends, validation", {"future seen": [row["f1"] for row in history]}, None),
    ]


def _nats_panels(history: Sequence[EpochRow]) -> list[_Panel]:
    both = "valid_8th" in history[0]
    labels = _INFILL_LABELS if both else {"valid": "pitches alone given", "valid_told": "attacks and bar lines given"}
    lines = {_TRAINING: _training_losses(history)}
    lines |= {label: [row[key] for row in history] for key, label in labels.items()}
    return [_Panel("nats per frame", lines, None if both else _NATS_ABOVE_BEST)]


def _bits_panels(history: Sequence[EpochRow]) -> list[_Panel]:
    losses = {
        _TRAINING: [loss / math.log(2) for loss in _training_losses(history)],
        "validation": [row["valid"] for row in history],
    }
    heads = {key.replace("_", " of field "): [row[key] for row in history] for key in history[0] if "accuracy" in key}
    return [_Panel("bits per symbol", losses), _Panel("accuracy, validation", heads, None)]


def _training_losses(history: Sequence[EpochRow]) -> list[float]:
    """Return the loss of each epoch; it is no number for a mean of branches, which was not trained."""
    return [row.get("loss", math.nan) for row in history]


def _mark_stages(axes: Axes, beginnings: Mapping[str, float]) -> None:
    """Write the stages' names at their beginnings; a run without stages has one without a name."""
    for name, step in beginnings.items():
        if name:
            axes.axvline(step, color="gray", linewidth=0.8, linestyle="--")
            axes.annotate(name, (step, 0.98), xycoords=("data", "axes fraction"), rotation=90, va="top", fontsize=8)


def _draw_panel(axes: Axes, panel: _Panel, steps: list[float]) -> None:
    for label, values in panel.lines.items():
        axes.plot(steps, values, marker=".", label=label)
    if panel.ceiling is not None:
        lowest = min(np.nanmin(values) for values in panel.lines.values())
        best = min(np.nanmin(values) for label, values in panel.lines.items() if label != _TRAINING)
        axes.set_ylim(lowest - panel.ceiling / 10, best + panel.ceiling)
    axes.set_xlabel("optimizer steps")
    axes.set_ylabel(panel.unit)
    axes.grid(visible=True, alpha=0.3)
    # The legend stands above the axes, since inside it would cover a line.
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(panel.lines), frameon=False)
