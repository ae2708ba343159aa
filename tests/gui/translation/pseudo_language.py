"""A catalogue that marks every text of the window with brackets, so that a text without them was not translated."""

from pathlib import Path

from babel.messages.catalog import Catalog

from scripts.translations import TEMPLATE, mo_bytes, read_catalog

LANGUAGE = "en_XA"
OPEN, CLOSE = "⟦", "⟧"


def write_pseudo_catalog(folder: Path) -> None:
    """Write `en_XA.mo` into the folder."""
    catalog = Catalog("en", charset="utf-8")
    for message in read_catalog(TEMPLATE):
        if message.id:
            texts = [message.id] if isinstance(message.id, str) else message.id
            marked = tuple(f"{OPEN}{text}{CLOSE}" for text in texts)
            catalog.add(message.id, marked[0] if isinstance(message.id, str) else marked, context=message.context)
    (folder / f"{LANGUAGE}.mo").write_bytes(mo_bytes(catalog))
