"""Which models there are, and whether they are what their cards say.

A model is a folder with a `card.json`. Folders are looked up in the user's data folder first, then in the package's
own data, then in the checkout that the package runs from (an editable install does not see package data). Nothing is
loaded whose SHA-256 differs from the card's.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from bachbridge.errors import ModelError
from bachbridge.music.notes import VOICES

CARD_FILE = "card.json"
SYMBOL_CODECS = ("abc", "chords", "keys88")
"""The codecs of symbols, one after another: each is a module of `codecs`."""


@dataclass(frozen=True, slots=True)
class Card:
    """A model's `card.json`, read; `facts` holds all of it."""

    name: str
    folder: Path
    codec: str
    """What the network reads and writes: "satb" (frames, one after another), "canvas" (all of a piece at once), or one
    of `SYMBOLS`, whose `facts` say the rest."""
    tasks: tuple[str, ...]
    chain: tuple[int, ...]
    """The order in which the voices of a step are chosen; empty where there is none, as in a canvas."""
    layers: int
    units: int
    sampler: dict[str, float]
    """The sampler's defaults: temperature and top_p."""
    files: dict[str, str]
    """File name → SHA-256."""
    facts: dict[str, Any]
    partner: str = ""
    """The causal model that sings under the player's notes in its stead; "": it does so itself."""


def search_paths() -> tuple[Path, ...]:
    """Where models may lie, the first place first."""
    package = Path(__file__).resolve().parents[2]
    return (user_data_path("bachbridge", appauthor=False) / "models", package / "models", package.parents[1] / "models")


def model_names() -> list[str]:
    """All models that can be found, in alphabetical order."""
    return sorted({folder.name for folder in _model_folders()})


def _model_folders() -> Iterator[Path]:
    for place in search_paths():
        if place.is_dir():
            yield from sorted(folder for folder in place.iterdir() if (folder / CARD_FILE).is_file())


def file_stamps() -> tuple[tuple[str, int, int], ...]:
    """Name, date and size of every file of a model: while they are the same, so are the models."""
    found: list[tuple[str, int, int]] = []
    with suppress(OSError):  # a folder that goes at this moment is seen to be gone the next time
        for folder in _model_folders():
            for path in sorted(folder.iterdir()):
                facts = path.stat()
                found.append((str(path), facts.st_mtime_ns, facts.st_size))
    return tuple(found)


def find_checked_card(name: str) -> Card:
    """The card of the model `name`, its files checked; raises `ModelError`."""
    found = find_card(name)
    check_files(found)
    return found


def find_card(name: str) -> Card:
    """The card of the model `name`, its files unchecked, as far as it can be read; raises `ModelError`."""
    folder = next((folder for folder in _model_folders() if folder.name == name), None)
    if folder is None:
        near = get_close_matches(name, model_names(), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(model_names()) or 'none'}"
        raise ModelError(f"there is no model {name!r}; {hint}")
    return read_card(folder)


def read_card(folder: Path) -> Card:
    """The card in `folder`, its files unchecked."""
    try:
        facts = json.loads((folder / CARD_FILE).read_text("utf-8"))
        return _parse_card(folder, facts)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / CARD_FILE} is not a model's card; install the model again ({error})") from error


def _parse_card(folder: Path, facts: dict[str, Any]) -> Card:
    codec = str(facts["codec"])
    needed = {
        "satb": ("chain", "layers", "units"),
        "canvas": ("partner",),
        **dict.fromkeys(SYMBOL_CODECS, ("vocabulary",)),
    }
    own: dict[str, Any] = {"chain": (), "layers": 0, "units": 0, "partner": ""}
    own |= {name: facts[name] for name in needed.get(codec, ())}
    return Card(
        name=folder.name,
        folder=folder,
        codec=codec,
        tasks=tuple(facts["tasks"]),
        chain=tuple(VOICES.index(voice) for voice in own["chain"]),
        layers=int(own["layers"]),
        units=int(own["units"]),
        sampler={key: float(value) for key, value in facts["sampler"].items()},
        files=dict(facts["files"]),
        facts=facts,
        partner=str(own["partner"]),
    )


def check_files(card: Card) -> None:
    """Whether it plays here, and every file is there and has the card's hash."""
    if str(card.facts.get("format", "")).startswith("litert"):
        raise ModelError(f"{card.name} is made for LiteRT, which does not play here: use the model it was made of.")
    for name, wanted in card.files.items():
        path = card.folder / name
        if not path.is_file():
            raise ModelError(f"{path} is missing; install the model {card.name!r} again")
        if sha256(path) != wanted:
            raise ModelError(f"{path} is not the file that its card describes; install the model {card.name!r} again")


def sha256(path: Path) -> str:
    """The file's hash in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
