"""`bachbridge listen -o FOLDER`: melodies of Bach's chorales harmonized, both versions rendered, and the page written.

The folder appears whole or not at all. Piece number n is harmonized with the seed that many after the first, so that
nothing is chosen by ear.
"""

import re
from dataclasses import dataclass
from importlib import resources
from itertools import count
from pathlib import Path
from random import Random

from bachbridge import __version__
from bachbridge.atomic_files import atomic_folder
from bachbridge.cli.listen import hidden_names
from bachbridge.cli.listen.chorales import Chorale, load_chorales
from bachbridge.cli.listen.page import ListedPiece, fill_page
from bachbridge.cli.listen.rendering import Version, write_versions
from bachbridge.cli.transform.infill_run import parse_generation_options
from bachbridge.cli.transform.inputs import unsuitable_model_error
from bachbridge.cli.transform.melody_harmony import HarmonizeOptions, harmonize_melody
from bachbridge.console import track_progress
from bachbridge.errors import ConfigError
from bachbridge.files import engraving, mp3
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.library import Card
from bachbridge.music.notes import SEED_COUNT, Note
from bachbridge.music.phrasing.written import WrittenEnds
from bachbridge.settings import Settings

PAGE_NAME, MUSIC_FOLDER = "index.html", "music"


_GENERATOR_MARK = 'content="bachbridge listen"'
"""A part of the page by which a folder is known to hold one."""
_MUSIC_NAME = re.compile(r"[0-9a-f]{8}\.(mid|mp3|png)")


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """Options of the command; `seed` is the first piece's, `replace` allows the target to exist."""

    model: str
    pieces: int = 10
    seed: int = 1
    replace: bool = False


def holds_listening_page(folder: Path) -> bool:
    """Return True if the folder holds a page that this module wrote, and nothing else."""
    page, music = folder / PAGE_NAME, folder / MUSIC_FOLDER
    return (
        {path.name for path in folder.iterdir()} <= {PAGE_NAME, MUSIC_FOLDER}
        and page.is_file()
        and _GENERATOR_MARK in page.read_text("utf-8", errors="replace")
        and (
            not music.exists() or (music.is_dir() and all(_MUSIC_NAME.fullmatch(path.name) for path in music.iterdir()))
        )
    )


def write_listening_page(target: Path, options: ListenOptions) -> None:
    """Write the folder `target` with the page and its music; shows a progress bar on standard error."""
    chorales = load_chorales()
    if not 1 <= options.pieces <= len(chorales):
        raise ConfigError(f"cannot take {options.pieces} pieces: give --pieces a number from 1 to {len(chorales)}.")
    if options.seed + options.pieces > SEED_COUNT:
        raise ConfigError(f"the seeds after {options.seed} are too large: give --seed a smaller number.")
    mp3.require_encoder()
    engraving.require_libraries(Path("score.png"))
    card = _find_harmonizing_card(options.model)
    random, listed = Random(options.seed), list[ListedPiece]()
    with atomic_folder(target, replace=options.replace) as scratch:
        music = scratch / MUSIC_FOLDER
        music.mkdir()
        numbered = zip(count(options.seed), chorales[: options.pieces], strict=False)
        for seed, chorale in track_progress(numbered, "harmonizing and recording", options.pieces):
            known = frozenset(name for piece in listed for name in piece.names)
            names = hidden_names.draw_names(random, known)
            _write_music(music, chorale, names, _harmonize(chorale, card, options.model, seed), card.name, seed)
            listed.append(ListedPiece(chorale.work, chorale.title, seed, names))
        template = resources.files("bachbridge.cli.listen").joinpath("page.html").read_text("utf-8")
        page = fill_page(template, listed, card.name, __version__)
        (scratch / PAGE_NAME).write_text(page, "utf-8", newline="\n")
    pieces = "1 melody" if len(listed) == 1 else f"{len(listed)} melodies"
    print(f"wrote {target}: {pieces} in two versions; open {target / PAGE_NAME} in a browser")


def _find_harmonizing_card(model: str) -> Card:
    card = library.find_checked_card(model)
    if "harmonize" not in card.tasks:
        raise unsuitable_model_error(model, "cannot harmonize", lambda other: "harmonize" in other.tasks)
    return card


def _harmonize(chorale: Chorale, card: Card, model: str, seed: int) -> tuple[Note, ...]:
    """Return the chorale's melody with the model's other voices, as `bachbridge harmonize` adds them.

    The model is told the fermatas, which belong to the melody; where none are written, it expects phrase ends itself.
    """
    generation = parse_generation_options(model, rules="all", temperature=Settings().temperature, seed=seed, fast=False)
    ends = tuple(start for start, _ in chorale.fermatas)
    written = WrittenEnds(ends, is_complete=True) if ends else None
    return harmonize_melody(chorale.melody, chorale.bars, HarmonizeOptions(generation), card, written).notes


def _write_music(
    folder: Path, chorale: Chorale, names: tuple[str, str], harmony: tuple[Note, ...], model: str, seed: int
) -> None:
    versions = (
        Version(names[0], f"{chorale.title} ({chorale.work}), J. S. Bach", chorale.notes),
        Version(names[1], f"{chorale.title}, harmonized by {model}, seed {seed}", harmony),
    )
    # The order in which the files are written tells nothing either.
    write_versions(folder, chorale, sorted(versions, key=lambda version: version.name))
