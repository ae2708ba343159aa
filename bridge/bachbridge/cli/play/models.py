"""`bachbridge models`: the installed models, their folders, and the scores on their cards."""

from rich.console import Console
from rich.table import Column, Table

from bachbridge.errors import ModelError
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.library import Card


def print_models() -> None:
    """Print a line for each model; for a damaged one, what is wrong with it."""
    console = Console()
    found = library.model_names()
    if not found:
        console.print("No models are installed.")
    else:
        names = Column("model", no_wrap=True)
        table = Table(names, "task", "codec", "score on held-out music", "MB", Column("folder", overflow="fold"))
        for name in found:
            table.add_row(name, *_model_row(name))
        console.print(table)
    console.print(f"Put models of your own into {library.search_paths()[0]}", soft_wrap=True)


def _model_row(name: str) -> tuple[str, ...]:
    try:
        card = library.find_checked_card(name)
    except ModelError as error:
        return ("damaged", "", "", "", str(error))
    size = sum((card.folder / file).stat().st_size for file in card.files)
    return (", ".join(card.tasks), card.codec, _validation_score_text(card), f"{size / 1e6:.1f}", str(card.folder))


def _validation_score_text(card: Card) -> str:
    """Return the card's first score on held-out music.

    An infill model's score is not comparable with the others' (see `bachbridge_training.infill.nll`).
    """
    figures = card.facts.get("metrics", {}).get("valid", {})
    if "framewise_nll" in figures:
        return f"{figures['framewise_nll']:.3f} nats, frames in any order"
    found = (name for name in figures if name.startswith(("nats_per_", "bits_per_")))
    return next((f"{figures[name]:.3f} {name.replace('_', ' ')}" for name in found), "")
