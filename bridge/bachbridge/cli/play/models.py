"""`bachbridge models`: the installed models, their folders, and the scores on their cards."""

import json as json_format
from typing import Any

from rich.table import Column, Table

from bachbridge.console import make_console
from bachbridge.errors import ModelError
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.library import Card


def print_models(*, json: bool = False) -> None:
    """Print a line for each model; for a damaged one, what is wrong with it. `json`: print JSON instead."""
    found = [_model_facts(name) for name in library.model_names()]
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
            table.add_row(facts["name"], *_model_row(facts))
        console.print(table)
    console.print(f"Put models of your own into {own_folder}", soft_wrap=True)


def _model_facts(name: str) -> dict[str, Any]:
    """Return a model's facts for people and programs; of a damaged one, its name and what is wrong."""
    try:
        card = library.find_checked_card(name)
    except ModelError as error:
        return {"name": name, "error": str(error)}
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
        return ("damaged", "", "", "", facts["error"])
    return (", ".join(facts["tasks"]), facts["codec"], facts["score"], f"{facts['bytes'] / 1e6:.1f}", facts["folder"])


def _validation_score_text(card: Card) -> str:
    """Return the card's first score on held-out music.

    An infill model's score is not comparable with the others' (see `bachbridge_training.infill.nll`).
    """
    figures = card.facts.get("metrics", {}).get("valid", {})
    if "framewise_nll" in figures:
        return f"{figures['framewise_nll']:.3f} nats, frames in any order"
    found = (name for name in figures if name.startswith(("nats_per_", "bits_per_")))
    return next((f"{figures[name]:.3f} {name.replace('_', ' ')}" for name in found), "")
