"""The model families and their codecs: the only table that maps a codec's name to a family.

A card names its codec; the codec decides which generator plays the model (see `inference.loading`).
"""

from collections.abc import Mapping
from typing import Literal

Family = Literal["chorale", "infill", "symbols", "phrasing"]
"""`chorale`: frames in four voices, one after another. `infill`: masked cells of a whole canvas. `symbols`: sequences
of symbols, one after another. `phrasing`: it plays nothing, but says where a melody's phrases end."""
HELPER_FAMILY: Family = "phrasing"
"""The family of a model that serves the others: nobody chooses it to play."""

CODEC_FAMILIES: Mapping[str, Family] = {
    "satb": "chorale",
    "infill_grid": "infill",
    "abc": "symbols",
    "chords": "symbols",
    "keys88": "symbols",
    "phrase_ends": HELPER_FAMILY,
}
_FORMER_NAMES = {"canvas": "infill_grid"}
"""Names that older cards and recipes use."""


def current_codec_name(codec: str) -> str:
    """Return the present name of a codec that an older card or recipe may call by a former one."""
    return _FORMER_NAMES.get(codec, codec)


def writes_tunes(codec: str) -> bool:
    """Return True if models with this codec write whole tunes in ABC notation."""
    return codec == "abc"


def family_of_codec(codec: str) -> Family | None:
    """Return the family of a codec, by its present or a former name; None if this version does not know it."""
    return CODEC_FAMILIES.get(current_codec_name(codec))
