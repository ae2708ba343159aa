"""`bachbridge models`: the installed models, their folders, and the scores on their cards."""

import json as json_format
from typing import Any

import msgspec
from rich.table import Column, Table
from rich.text import Text

from bachbridge.console import make_console
from bachbridge.errors import ModelError
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.library import Card


class _Metrics(msgspec.Struct):
    valid: dict[str, Any] = {}


class _Original(msgspec.Struct):
    metrics: _Metrics = msgspec.field(default_factory=_Metrics)


class _CardMetrics(msgspec.Struct):
    """The scores of a card, which may be written by anybody; those of a converted model are its original's."""

    metrics: _Metrics = msgspec.field(default_factory=_Metrics)
    original: _Original = msgspec.field(default_factory=_Original)


def print_models(*, json: bool = False) -> None:
    """Print a line for each model; for an unusable one, what is wrong with it. `json`: print JSON instead."""
    found = [_model_facts(name, card) for name, card in library.list_models()]
    own_folder = library.search_paths()[0]
    if json:
        print(json_format.dumps({"models": found, "own_models": str(own_folder)}, indent=2))
        return
    console = make_console()
    if not found:
        console.print("No models are installed.")
    else:
        names = Column("model", no_wrap=True)
        table = Table(names, "task", "codec", "score on held-out music", "MB", Column("folder", overflow="fold"))
        for facts in found:
            table.add_row(*map(_plain_text, (facts["name"], *_model_row(facts))))
        console.print(table)
    console.print(f"Put models of your own into {own_folder}", markup=False, soft_wrap=True)


def _model_facts(name: str, card: Card | ModelError) -> dict[str, Any]:
    """Return a model's facts for people and programs; of an unusable one, its name and what is wrong."""
    if isinstance(card, ModelError):
        return {"name": name, "error": str(card)}
    return {
        "name": name,
        "tasks": list(card.tasks),
        "codec": card.codec,
        "score": _validation_score_text(card),
        "bytes": sum((card.folder / file).stat().st_size for file in card.files),
        "folder": str(card.folder),
    }


def _model_row(facts: dict[str, Any]) -> tuple[str, ...]:
    if "error" in facts:
        return ("unusable", "", "", "", facts["error"])
    return (", ".join(facts["tasks"]), facts["codec"], facts["score"], f"{facts['bytes'] / 1e6:.1f}", facts["folder"])


def _plain_text(text: str) -> Text:
    """Return the text of a card without markup and control characters, which a terminal would obey."""
    return Text("".join(letter if letter.isprintable() else "?" for letter in text))


def _validation_score_text(card: Card) -> str:
    """Return the card's first score on held-out music; for a converted model, its original's."""
    try:
        scored = msgspec.convert(card.facts, _CardMetrics)
    except msgspec.ValidationError:
        return ""
    if text := _score_text(scored.metrics.valid):
        return text
    text = _score_text(scored.original.metrics.valid)
    return f"{text} (its original)" if text else ""


def _score_text(figures: dict[str, Any]) -> str:
    """Return the first of the figures that is a score.

    An infill model's score is not comparable with the others' (see `bachbridge_training.infill.nll`).
    """
    if isinstance(loss := figures.get("framewise_nll"), float):
        return f"{loss:.3f} nats, frames in any order"
    scores = ((name, figure) for name, figure in figures.items() if name.startswith(("nats_per_", "bits_per_")))
    return next((f"{figure:.3f} {name.replace('_', ' ')}" for name, figure in scores if isinstance(figure, float)), "")
