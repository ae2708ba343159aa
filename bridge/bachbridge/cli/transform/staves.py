"""The staves that a command writes on request: whether they can be written, told before the work, and their bytes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bachbridge.errors import ConfigError
from bachbridge.files import engraving
from bachbridge.files.musicxml import encode_musicxml
from bachbridge.music.keys import estimate_key
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Bar

SCORE_SUFFIXES = (".musicxml", *engraving.PICTURE_SUFFIXES)


def check_score_format(score: Path) -> None:
    """Whether there is such a kind of score, and what draws it; raises `ConfigError`."""
    if score.suffix.lower() not in SCORE_SUFFIXES:
        raise ConfigError(f"cannot write the score {score}: give it a name that ends in {', '.join(SCORE_SUFFIXES)}.")
    engraving.require_libraries(score)


def check_score_length(score: Path, bars: Sequence[Bar]) -> None:
    """Whether so many bars fit on the score; raises `ConfigError`."""
    if score.suffix.lower() in engraving.PICTURE_SUFFIXES and len(bars) > engraving.MAX_BARS:
        raise ConfigError(f"{len(bars)} bars are too many for a picture: give --score a name that ends in .musicxml.")


def engraved_score(notes: Sequence[Note], bars: Sequence[Bar], title: str, suffix: str) -> bytes:
    """The score of the notes, in the key that they are in."""
    weights = np.zeros(12)
    for note in notes:
        weights[note.pitch % 12] += note.length
    xml = encode_musicxml(notes, bars, estimate_key(weights), title)
    return xml if suffix.lower() == ".musicxml" else engraving.render_picture(xml, suffix)
