"""`bachbridge models`: what models there are, where they lie, and how good they say they are."""

from rich.console import Console
from rich.table import Table

from bachbridge import library
from bachbridge.errors import ModelError


def list_models() -> None:
    """Print a line for each model; a damaged one says what is wrong with it."""
    console = Console()
    found = library.names()
    if not found:
        console.print("There are no models.")
    else:
        table = Table("model", "task", "nats per frame", "MB", "folder")
        for name in found:
            table.add_row(name, *_row(name))
        console.print(table)
    console.print(f"Models of your own go into {library.places()[0]}", soft_wrap=True)


def _row(name: str) -> tuple[str, ...]:
    try:
        card = library.find(name)
    except ModelError as error:
        return ("damaged", "", "", str(error))
    size = sum((card.folder / file).stat().st_size for file in card.files)
    nats = card.facts.get("metrics", {}).get("valid", {}).get("nats_per_frame")
    return (", ".join(card.tasks), f"{nats:.3f}" if nats else "", f"{size / 1e6:.1f}", str(card.folder))
