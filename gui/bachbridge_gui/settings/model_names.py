"""Names of models for people, each with a line about what it does. Strangers' models have those of their cards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bachbridge_gui.translation import tr, translatable

_MAX_TITLE, _MAX_LINE = 40, 160
"""Characters of a stranger's title and line that are shown."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """The title in the list of models, and a sentence."""

    title: str
    line: str


_SHIPPED = {
    "chorale-lstm": ModelName(
        translatable("Chorale"),
        translatable("Four voices after Bach's chorales, quick enough to harmonize as you play."),
    ),
    "coconet": ModelName(
        translatable("Chorale, filled in"),
        translatable("Listens to the whole phrase, then fills in all four voices at once."),
    ),
    "play-bach": ModelName(
        translatable("Cello suite"),
        translatable("Broken chords after Bach's cello suites: it continues what you play."),
    ),
    "play-bach-heads": ModelName(
        translatable("Cello suite, with dynamics"),
        translatable("Like Cello suite, but each note also has its own length and loudness."),
    ),
    "abc": ModelName(
        translatable("Folk tune"),
        translatable("Irish and Scottish dance tunes: play a few bars, and it continues them."),
    ),
    "keys88": ModelName(translatable("Keys"), translatable("Chorales on piano keys, with as many voices as it likes.")),
}


def model_name(name: str, card: Mapping[str, Any] | None = None) -> ModelName:
    """Return the name for people of the model called `name`, whose parsed `card.json` is `card`."""
    if name in _SHIPPED:
        known = _SHIPPED[name]
        return ModelName(tr(known.title), tr(known.line))
    facts = card or {}
    return ModelName(_one_line(facts.get("title"), _MAX_TITLE) or name, _one_line(facts.get("summary"), _MAX_LINE))


def _one_line(text: object, length: int) -> str:
    """Return a stranger's text without control characters, on one line."""
    words = " ".join(text.split()) if isinstance(text, str) else ""
    return "".join(letter for letter in words if letter.isprintable())[:length]
