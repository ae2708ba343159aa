"""The page of the listening test: a template, `page.html`, with the pieces and some words filled in.

The page is one file that loads nothing but the music beside it. Its source lists each piece with the names of its two
versions in alphabetical order; `hidden_names` says what they hide.
"""

import html
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

_COUNTS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


@dataclass(frozen=True, slots=True)
class ListedPiece:
    """One piece on the page: its number in the catalogue, title, the model's seed, and the names of its versions."""

    work: str
    title: str
    seed: int
    names: tuple[str, ...]


def fill_page(template: str, pieces: Sequence[ListedPiece], model: str, version: str) -> str:
    """Return the page; `model` made the pieces' other versions, `version` is the program's."""
    seeds = sorted({piece.seed for piece in pieces})
    data = [asdict(piece) | {"names": sorted(piece.names)} for piece in pieces]
    words = {
        "melodies": f"{_count_word(len(pieces))} chorale {'melody' if len(pieces) == 1 else 'melodies'}",
        "seeds": f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}",
        "model": model,
        "version": version,
    }
    page = template
    for name, text in words.items():
        page = page.replace(f"{{{{{name}}}}}", html.escape(text))
    # "</script>" in a title would end the data.
    return page.replace("{{pieces}}", json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"))


def _count_word(count: int) -> str:
    return _COUNTS[count] if count < len(_COUNTS) else str(count)
