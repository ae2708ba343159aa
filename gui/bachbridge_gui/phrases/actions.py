"""What can be done with the exchanges of the list, in words, and when it cannot be done, why."""

from collections.abc import Sequence
from dataclasses import dataclass

from bachbridge_gui.state.exchanges import Entry

NOTHING = "Choose a phrase first."
EMPTY = "Nothing has been played yet."
ONE = "Choose one phrase only."
HARMONISED = "It was harmonised while you played; another answer is for phrases that were continued."


@dataclass(frozen=True, slots=True)
class Deed:
    """An action: its words, its key, its place among the buttons (row, column, columns), what one will hear or get."""

    name: str
    text: str
    key: str
    place: tuple[int, int, int]
    tip: str

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that do it."""
        return ("Return", "Enter") if self.key == "Enter" else (self.key,)


DEEDS = (
    Deed("play", "Play again", "Enter", (0, 0, 3), "Play the phrase and its answer once more"),
    Deed("another", "Another answer", "A", (0, 3, 3), "Hear a different answer to the same phrase"),
    Deed("keep", "Keep", "K", (1, 0, 2), "Keep the phrase when older ones make room for new ones"),
    Deed("rename", "Rename", "F2", (1, 2, 2), "Give the phrase a name of your own"),
    Deed("delete", "Delete", "Delete", (1, 4, 2), "Take the phrase off the list; Undo brings it back"),
    Deed("export", "Export…", "Ctrl+E", (2, 0, 3), "Save the phrase and its answer as a MIDI file"),
    Deed("session", "Whole session…", "Ctrl+Shift+E", (2, 3, 3), "Save all phrases as one MIDI file, or drag it off"),
)


def all_kept(chosen: Sequence[Entry]) -> bool:
    """Whether the chosen exchanges are kept already: then the same press lets them go."""
    return bool(chosen) and all(entry.kept for entry in chosen)


def why_not(name: str, chosen: Sequence[Entry], count: int, cannot_ask: str) -> str:
    """Why the deed cannot be done with the chosen ones of `count` exchanges; "" if it can.

    `cannot_ask` is the sentence that says why the model cannot be asked now, "" if it can.
    """
    if not count:
        return EMPTY
    if name == "session":
        return ""
    if not chosen:
        return NOTHING
    if name in {"play", "another", "rename"} and len(chosen) > 1:
        return ONE
    if name == "another":
        return HARMONISED if chosen[0].mode == "harmonize" else cannot_ask
    return ""


def tip(deed: Deed, obstacle: str) -> str:
    """The tooltip: what one will hear, or what stands in the way."""
    return obstacle or f"{deed.tip} ({deed.key})"
